"""The tree-structured Parzen estimator, by `luthier.samplers.TPE`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from ...samplers.tpe import TPE
from ..remarks import warn_without_effect
from .base import Document, Domain, Trials
from .suggest import suggest_by

_default_prior_weight = 1.0
_default_n_startup_jobs = 20
_default_n_EI_candidates = 24
_default_gamma = 0.25
_default_linear_forgetting = 25


@lru_cache(maxsize=16)
def _make(settings: tuple[tuple[str, Any], ...]) -> TPE:
    return TPE(**dict(settings))


def suggest(
    new_ids: Sequence[Any],
    domain: Domain,
    trials: Trials,
    seed: Any,
    prior_weight: float | None = None,
    n_startup_jobs: int | None = None,
    n_EI_candidates: int | None = None,
    gamma: float | None = None,
    linear_forgetting: int | None = None,
    verbose: bool = True,
) -> list[Document]:
    """Return documents of new trials where good ones are dense and others are not.

    Args:
        new_ids: Ids of the new trials.
        domain: The problem.
        trials: All trials so far.
        seed: Of this suggestion.
        prior_weight: Weight of the whole space in the densities; None for luthier's default.
        n_startup_jobs: Finished trials before the first model; None for luthier's default.
        n_EI_candidates: Number of draws that compete; None for luthier's default.
        gamma: Without effect: luthier's share of good trials is measured for its own densities.
        linear_forgetting: Without effect: old trials count as much as new ones.
        verbose: Without effect.
    """
    del verbose
    if gamma not in (None, _default_gamma):
        warn_without_effect(
            "gamma of hyperopt's tpe.suggest",
            "Hyperopt takes gamma * sqrt(n) trials as good, luthier a share of n that suits its "
            "own densities; luthier.samplers.TPE(gamma=...) sets that share.",
        )
    if linear_forgetting not in (None, _default_linear_forgetting):
        warn_without_effect(
            "linear_forgetting of hyperopt's tpe.suggest",
            "in luthier old trials count as much as new ones.",
        )
    given = {
        "prior_weight": prior_weight,
        "n_startup_trials": n_startup_jobs and max(1, int(n_startup_jobs)),
        "n_candidates": n_EI_candidates and max(int(n_EI_candidates), 24),
    }
    settings = tuple((name, value) for name, value in given.items() if value is not None)
    return suggest_by(_make(settings), new_ids, domain, trials, seed)
