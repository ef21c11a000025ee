"""PED-ANOVA, by luthier's own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ....analysis.importances.ped_anova import separation
from ....numerics.pareto import fronts
from ....typing import Array, Mask
from ..distributions import BaseDistribution
from ..marks import warn
from ..study.direction import StudyDirection
from ..trial.frozen import FrozenTrial
from ..trial.state import TrialState
from .base import BaseImportanceEvaluator, Target, check_params, encode, rank

if TYPE_CHECKING:
    from ..study.search import Study


class PedAnovaImportanceEvaluator(BaseImportanceEvaluator):
    """How well each parameter separates the good trials from the others.

    Args:
        target_quantile: Share of the trials that are good.
        region_quantile: Share of the trials that they are compared with.
        evaluate_on_local: Accepted; good trials are always compared with trials.
    """

    def __init__(
        self,
        *,
        target_quantile: float = 0.1,
        region_quantile: float = 1.0,
        evaluate_on_local: bool = True,
    ) -> None:
        assert 0.0 < target_quantile < region_quantile <= 1.0, (
            "condition 0.0 < `target_quantile` < `region_quantile` <= 1.0 must be satisfied"
        )
        if region_quantile != 1.0 and not evaluate_on_local:
            warn("If `evaluate_on_local` is False, `region_quantile` has no effect.", stacklevel=2)
        self._target_quantile = target_quantile
        self._region_quantile = region_quantile

    def evaluate(
        self, study: Study, params: list[str] | None = None, *, target: Target | None = None
    ) -> dict[str, float]:
        complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        dists = _find(complete, params)
        trials = [t for t in complete if _is_finite(t, target)]
        if len(trials) <= 1:
            warn(
                "The number of trials is too small to compute importances. Parameter importances "
                "will be equal.",
                stacklevel=2,
            )
            return dict.fromkeys(dists, 0.0)
        losses = self._losses(study, trials, target)
        good = _best(losses, self._target_quantile)
        region = _best(losses, self._region_quantile)
        if good.sum() == region.sum():
            warn(
                "Target and region quantiles select the same set of trials. Parameter importances "
                "will be equal.",
                stacklevel=2,
            )
        X, n_choices = encode([t for t, among in zip(trials, region, strict=True) if among], dists)
        shares = separation(X, n_choices, good[region])
        found = {
            name: 0.0 if d.single() else float(share)
            for (name, d), share in zip(dists.items(), shares, strict=True)
        }
        return rank(found)

    def _losses(self, study: Study, trials: Sequence[FrozenTrial], target: Target | None) -> Array:
        """Return losses (n, m) of trials."""
        if target is not None:
            warn(
                f"{type(self).__name__} computes the importances of params to achieve low "
                "`target` values. If this is not what you want, please modify target, e.g., by "
                "multiplying the output by -1.",
                stacklevel=3,
            )
            return np.array([[target(t)] for t in trials], dtype=float)
        maximized = np.array([d == StudyDirection.MAXIMIZE for d in study.directions])
        return np.array([t.values for t in trials]) * np.where(maximized, -1.0, 1.0)


def _find(complete: Sequence[FrozenTrial], params: list[str] | None) -> dict[str, BaseDistribution]:
    """The latest distribution of each parameter that any complete trial has."""
    check_params(params)
    known = {name: d for t in complete for name, d in t.distributions.items()}
    if params is None:
        return known
    if missing := [name for name in params if name not in known]:
        raise ValueError(
            "Study must contain at least one completed trial for each specified parameter. "
            f"Missing parameters: {missing}."
        )
    return {name: known[name] for name in params}


def _is_finite(trial: FrozenTrial, target: Target | None) -> bool:
    values = trial.values if target is None else [target(trial)]
    return all(map(math.isfinite, values))


def _best(losses: Array, share: float) -> Mask:
    """Which trials (n,) are among the best share, those that are as good as the last included."""
    order = losses[:, 0] if losses.shape[1] == 1 else fronts(losses).astype(float)
    k = max(math.ceil(share * len(order)), 1)
    return np.asarray(order <= np.sort(order)[k - 1])
