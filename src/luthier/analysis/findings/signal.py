"""How much of the losses a model predicts, and what a parameter adds to that."""

from __future__ import annotations

import numpy as np

from ...numerics import forest
from ...typing import Array, Index
from ..fitted_surrogate import fit_surrogate
from ..importances.ranking import count_choices
from ..importances.rare_choices import group_rare_choices
from ..model_quality import ModelQuality, forest_quality
from .case import Case

_MOST = 400  # trials that a model sees, drawn at random
_N_TREES = 64
_N_POINTS = 512
_FEWEST_ACTIVE = 30  # of them, for the effect of a parameter


def draw_trials(case: Case) -> tuple[Array, Array, Index]:
    """Return at most 400 trials: X (n, d), ranks of losses in [0, 1] (n,), choices a column (d,).

    Ranks, because a few diverged trials would own the variance.
    """
    at = np.arange(len(case))
    if len(at) > _MOST:
        at = np.sort(case.rng.choice(at, _MOST, replace=False))
    rank = np.argsort(np.argsort(case.rank[at], kind="stable"), kind="stable")
    space, X, _ = group_rare_choices(case.space, case.X[at])
    return X, rank / max(len(at) - 1, 1), count_choices(space)


def measure_signal(case: Case) -> ModelQuality:
    """Return how well a forest predicts each trial by the trees that have not seen it."""
    X, y, n_choices = draw_trials(case)
    fitted = forest.fit(X, y, n_choices, case.rng, _N_TREES, min_leaf=3)
    return forest_quality(fitted, X, y)


def total_effects(case: Case, objective: int = 0) -> tuple[Array, ModelQuality]:
    """Return the share of the variance that each parameter takes part in (d,), by a model.

    Also how well the model, a Gaussian process, predicts each trial from others. The variance is
    that over the space, and a column is exchanged among points that are drawn from it. A parameter
    that is not always active counts where it is; NaN for one on which others depend.

    Args:
        case: The study.
        objective: Which one, by its column.

    Source: Jansen 1999 (total effects). Deviation: conditions.
    """
    name = case.history.objectives[objective] if objective else None
    fitted = fit_surrogate(case.history, name, even_if_poor=True)
    model = fitted.model
    rng = case.rng
    X = case.space.sample(rng, _N_POINTS)
    base = model.predict(X)[0]
    parents = {parent for _, _, dist in case.parameters for parent in dist.when or ()}
    effect = np.full(case.space.d, np.nan)
    for j, name, _ in case.parameters:
        active = ~np.isnan(X[:, j])
        if name in parents or active.sum() < _FEWEST_ACTIVE:
            continue
        changed = X[active]
        changed[:, j] = rng.permutation(changed[:, j])
        variance = float(base[active].var()) or 1.0
        change = base[active] - model.predict(changed)[0]
        effect[j] = float((change**2).mean()) / 2 / variance
    return effect, fitted.quality
