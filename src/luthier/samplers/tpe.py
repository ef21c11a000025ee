"""The tree-structured Parzen estimator."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..distributions import Array, Categorical
from ..history import History
from ..numerics.hypervolume import contributions, reference_point
from ..numerics.parzen import Axes, Mixture
from ..space import Space
from ..trial import State
from .base import Sampler, remaining
from .population import spread, trust
from .ranking import ranked

MAX_BELOW = 25  # kernels of the good density
_MAX_ABOVE = 160  # kernels of the bad density: beyond it the newest, and an even share of the rest
_MAX_CELLS = 64  # discrete numbers with more values than this are treated as continuous
_MAX_LISTED = 512  # points that are scored when few of a finite space are left


class TPE(Sampler):
    """Models the good trials and the rest with a density each, l(x) and g(x), and proposes where l/g is largest.

    Good are the best ceil(gamma n) of the n finished trials, at most 25. Both densities are mixtures of product kernels
    over all parameters together (multivariate), trees of conditional parameters included: see `Mixture`. Pruned trials
    rank behind complete ones, by how far they came; failed and running trials count as bad, which keeps workers apart.
    A proposal costs the same however many trials there are.

    Priors of the space steer: half of the first trials are drawn from them, and l/g is multiplied by
    prior^(10 / n), which fades as trials are finished.

    Args:
        n_startup_trials: Until so many are finished, trials come from a quasi-random sequence, led by the centre of the
            space, or its declared defaults.
        n_candidates: How many draws from l compete.
        gamma: Share of trials that count as good.
        prior_weight: Of the kernel that covers the whole space, where an observation weighs 1.
        bandwidth: Of the kernels, on the unit interval, for one observation; k of them in d dimensions get
            bandwidth * k^(-1/(d + 4)).

    Source: Bergstra 2011 (l/g, recency weights of Optuna for g); Watanabe 2023 (share of 0.15, good trials weighed by
    how much better they are); Hvarfner 2022 (priors). Deviations: Scott's rule for the bandwidth instead of gaps
    between neighbours; one mixture over the whole conditional tree; quasi-random start.
    """

    def __init__(
        self,
        n_startup_trials: int = 8,
        n_candidates: int = 64,
        gamma: float = 0.15,
        prior_weight: float = 1.0,
        bandwidth: float = 0.2,
    ) -> None:
        self.n_startup_trials, self.n_candidates = n_startup_trials, n_candidates
        self.gamma, self.prior_weight, self.bandwidth = gamma, prior_weight, bandwidth
        least = {"n_startup_trials": 1, "n_candidates": 1, "gamma": 1e-9, "prior_weight": 1e-9, "bandwidth": 1e-3}
        for name, low in least.items():
            high = 1 if name in ("gamma", "bandwidth") else math.inf
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name} must be between {low:g} and {high:g}, got {getattr(self, name)!r}")
        self._axes: tuple[Any, Any] = (None, None)  # a space, and what its columns are

    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        order, n_finished = ranked(history, MAX_BELOW)
        if n_finished < self.n_startup_trials:
            return spread(space, history, n, rng)
        if self._axes[0] is not space:
            self._axes = (space, axes(space))
        good, bad = self._densities(history, order, n_finished, self._axes[1])
        steering = trust(space, n_finished)
        points = [proposal(space, history, good, bad, steering, self.n_candidates, rng) for _ in range(n)]
        return np.concatenate(points)

    def _densities(
        self, history: History, order: NDArray[np.int64], n_finished: int, axes: Axes
    ) -> tuple[Mixture, Mixture]:
        n_below = min(math.ceil(self.gamma * n_finished), MAX_BELOW)
        gains = improvement(history, order, n_below)
        return densities(history.X, order, gains, axes, self.prior_weight, self.bandwidth)


def densities(
    X: Array, order: NDArray[np.int64], gains: Array, axes: Axes, prior_weight: float, bandwidth: float
) -> tuple[Mixture, Mixture]:
    """The densities of good and of bad trials.

    Args:
        X: (n, d) unit columns.
        order: (k,) Which trials there are, the best first.
        gains: (b,) Weights of those that are good: the first b.
        axes: What the columns are.
        prior_weight: Of the kernel that covers the space.
        bandwidth: Of one kernel.
    """
    below, above = order[: len(gains)], np.sort(order[len(gains) :])
    weights = recency(len(above))
    if len(above) > _MAX_ABOVE:
        n_new = _MAX_ABOVE // 2
        share = np.arange(_MAX_ABOVE - n_new) * (len(above) - n_new) // (_MAX_ABOVE - n_new)
        weights = np.concatenate([weights[share] * ((len(above) - n_new) / len(share)), weights[-n_new:]])
        above = np.concatenate([above[share], above[-n_new:]])
    good = Mixture(X[below], gains, axes, prior_weight, bandwidth)
    return good, Mixture(X[above], weights, axes, prior_weight, bandwidth)


def proposal(
    space: Space, history: History, good: Mixture, bad: Mixture, steering: float, n_candidates: int,
    rng: np.random.Generator,
) -> Array:  # fmt: skip
    """(1, d) of some draws from `good`, legal and new, the one that is best by good / bad and the prior."""
    C = space.settle(good.sample(rng, n_candidates))
    if space.constraints:
        C = C[space.feasible(C)]
    if space.finite:
        C = C[~history.seen(C)]
        if not len(C):
            C = remaining(space, history)
    if not len(C):
        C = space.sample(rng, n_candidates)
    if len(C) > _MAX_LISTED:
        C = C[rng.choice(len(C), _MAX_LISTED, replace=False)]
    score = good.log_pdf(C) - bad.log_pdf(C)
    if steering:
        score += steering * space.log_prior(C)
    best = int(np.argmax(score))
    return C[best : best + 1]


def improvement(history: History, order: NDArray[np.int64], n_below: int) -> Array:
    """Weights of the good trials, whose mean is 1: how much better each is than the best that is not good.

    With several objectives, the hypervolume that is lost without it. Infeasible ones weigh by their violation where
    none is feasible.
    """
    first = order[: n_below + 1]
    complete = history.state[first] == State.COMPLETE
    violation = history.violation[first] if history.constraint_names else np.zeros(len(first))
    able = complete & (violation == 0)
    if not able.any():
        return gained(np.where(complete, violation, np.inf), n_below)
    if len(history.directions) == 1:
        return gained(np.where(able, history.losses[first, 0], np.inf), n_below)
    losses, weights = history.losses[first[:n_below]], np.zeros(n_below)
    weights[able[:n_below]] = contributions(losses[able[:n_below]], reference_point(losses[able[:n_below]]))
    return weights / weights.mean() + 1e-12 if weights.max() > 0 else np.ones(n_below)


def gained(loss: Array, n_below: int) -> Array:
    """Weights (n_below,) of good trials from their losses and that of the next, the best first.

    Source: Watanabe 2023, section 3.3.
    """
    finite = loss[np.isfinite(loss)]
    if not len(finite):
        return np.ones(n_below)
    loss = np.minimum(np.maximum(loss, finite[0]), finite[-1])
    gain = loss[-1] * 0.5 - loss[:n_below] * 0.5  # halves, so that the largest losses do not overflow
    return gain / gain.mean() + 1e-12 if gain.max() > 0 else np.ones(n_below)


def recency(n: int) -> Array:
    """Weights by age: the newest 25 count in full, the older the less. Source: Bergstra 2011 as in Optuna."""
    return np.minimum(1 / n + np.arange(n) * ((1 - 1 / n) / (n - 26)), 1.0) if n > 26 else np.ones(n)


def axes(space: Space) -> Axes:
    """What the columns of a space are to a mixture."""
    numeric, cells, choices = [], {}, {}
    for j, p in enumerate(space.dists):
        k = p.n_values
        if k is not None and j in space.unordered:
            choices[j] = k
        elif k is not None and k <= _MAX_CELLS:
            raw = np.arange(k, dtype=np.float64)
            raw = raw if isinstance(p, Categorical) else p.from_unit(p.to_unit(p.low + raw * (p.step or 0)))
            low, high = p.cells(raw) if k > 1 else (np.zeros(1), np.ones(1))
            cells[j] = (p.to_unit(raw), low, high)
        else:
            numeric.append(j)
    return Axes(np.array(numeric, dtype=np.int64), cells, choices)
