"""Functional ANOVA, by luthier's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ....analysis.importances.fanova import Regime, first_order
from ....numerics import forest
from ...remarks import warn_without_effect
from .base import (
    BaseImportanceEvaluator,
    Target,
    collect,
    find_distributions,
    rank,
    require_one_value,
)

if TYPE_CHECKING:
    from ..study.search import Study


class FanovaImportanceEvaluator(BaseImportanceEvaluator):
    """Share of the variance of a forest's prediction that each parameter alone explains.

    Args:
        n_trees: Number of trees.
        max_depth: Without effect: trees are grown to their ends.
        seed: Of the random numbers.
    """

    def __init__(self, *, n_trees: int = 64, max_depth: int = 64, seed: int | None = None) -> None:
        if max_depth != 64:
            warn_without_effect("max_depth of optuna's fANOVA", "trees are grown to their ends.")
        self._n_trees = n_trees
        self._seed = seed

    def evaluate(
        self, study: Study, params: list[str] | None = None, *, target: Target | None = None
    ) -> dict[str, float]:
        require_one_value(study, target)
        dists = find_distributions(study, params)
        zeros = dict.fromkeys(dists, 0.0)
        several = {name: d for name, d in dists.items() if not d.single()}
        sample = collect(study, dists, target)
        if not several or len(sample.y) <= 1:
            return zeros
        columns = [sample.names.index(name) for name in several]
        X, n_choices = sample.X[:, columns], sample.n_choices[columns]
        rng = np.random.default_rng(self._seed)
        trees = forest.fit(X, sample.y, n_choices, rng, self._n_trees, share=0.8)
        everywhere = Regime(1.0, np.ones(len(several), dtype=bool), np.full(len(several), np.nan))
        shares = first_order(trees, [everywhere])
        found = {name: float(share) for name, share in zip(several, shares, strict=True)}
        return rank({**zeros, **found})
