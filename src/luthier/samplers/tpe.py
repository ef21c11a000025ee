"""The tree-structured Parzen estimator."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..history.history import History
from ..numerics.crossed_parzen import Crossed, Ratio
from ..numerics.hypervolume import contributions
from ..numerics.parzen import Axes, Mixture
from ..space.distributions import Categorical
from ..space.space import Space
from ..trial.record import State
from ..typing import Array, Index, Mask
from .base import Sampler, replace_seen, unseen_points
from .ranking import count_finished, rank_trials, scale_to_reference
from .startup import prior_exponent, sample_startup

MAX_BELOW = 25  # kernels of the good density
_MAX_ABOVE = 160  # kernels of the bad density: beyond it the newest, and an even share of the rest
_MAX_CELLS = 64  # discrete numbers with more values than this are treated as continuous
_MAX_LISTED = 512  # points that are scored when few of a finite space are left


class TPE(Sampler):
    """Models the good trials and the rest with a density each, l(x) and g(x), and proposes where l/g is largest.

    Good are the best ceil(gamma n) of the n finished trials, at most 25. Both densities are
    mixtures of product kernels over all parameters together (multivariate), trees of conditional
    parameters included: see `Mixture`. Pruned trials rank behind complete ones, by how far they
    came; failed and running trials count as bad, which keeps workers apart. A proposal costs the
    same however many trials there are.

    With several objectives, good are the best fronts, and of the last of them those that add most
    hypervolume; feasible trials come before infeasible ones, and those by how far they break
    constraints. As trials are then good for different reasons, kernels lend one another columns,
    see `Crossed`, and so do the draws that compete.

    Priors of the space steer: half of the first trials are drawn from them, and l/g is multiplied
    by prior^(10 / n), which fades as trials are finished.

    Args:
        n_startup_trials: Until so many are finished, trials come from a quasi-random sequence, led
            by the centre of the space, or its declared defaults.
        n_candidates: How many draws from l compete; half as many where their columns are mixed.
        gamma: Share of trials that count as good.
        prior_weight: Of the kernel that covers the whole space, where an observation weighs 1.
        bandwidth: Of the kernels, on the unit interval, for one observation; k of them in d
            dimensions get bandwidth * k^(-1/(d + 4)).

    Source: Bergstra 2011 (l/g, recency weights of Optuna for g); Watanabe 2023 (share of 0.15, good
    trials weighed by how much better they are); Hvarfner 2022 (priors); Ozaki 2022 (several
    objectives). Deviations: Scott's rule for the bandwidth instead of gaps between neighbours; one
    mixture over the whole conditional tree; quasi-random start; crossed kernels, which lie between
    one mixture of all columns and one for each.
    """

    def __init__(
        self,
        n_startup_trials: int = 8,
        n_candidates: int = 64,
        gamma: float = 0.15,
        prior_weight: float = 1.0,
        bandwidth: float = 0.2,
    ) -> None:
        self.n_startup_trials = n_startup_trials
        self.n_candidates = n_candidates
        self.gamma = gamma
        self.prior_weight = prior_weight
        self.bandwidth = bandwidth
        least = {
            "n_startup_trials": 1,
            "n_candidates": 1,
            "gamma": 1e-9,
            "prior_weight": 1e-9,
            "bandwidth": 1e-3,
        }
        for name, low in least.items():
            high = 1 if name in ("gamma", "bandwidth") else math.inf
            if not low <= getattr(self, name) <= high:
                raise ValueError(
                    f"{name} must be between {low:g} and {high:g}, got {getattr(self, name)!r}"
                )
        self._axes: tuple[Any, Any] = (None, None)  # a space, and what its columns are
        self._chosen: dict[bytes, Index] = {}  # from fronts, which seldom change

    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        n_below = min(math.ceil(self.gamma * count_finished(history)), MAX_BELOW)
        order, n_finished = rank_trials(history, n_below, cache=self._chosen)
        if n_finished < self.n_startup_trials:
            return sample_startup(space, history, n, rng)
        if self._axes[0] is not space:
            self._axes = (space, axes(space))
        good, bad = self._densities(history, order, n_below, self._axes[1])
        steering = prior_exponent(space, n_finished)
        points = [
            proposal(space, history, good, bad, steering, self.n_candidates, rng) for _ in range(n)
        ]
        X = np.concatenate(points)
        return replace_seen(space, history, X, rng) if n > 1 else X

    def _densities(
        self, history: History, order: Index, n_below: int, axes: Axes
    ) -> tuple[Mixture, Mixture]:
        gains = improvement(history, order, n_below)
        kind = Crossed if is_crossed(history) else Mixture
        return densities(history.X, order, gains, axes, self.prior_weight, self.bandwidth, kind)


def densities(
    X: Array,
    order: Index,
    gains: Array,
    axes: Axes,
    prior_weight: float,
    bandwidth: float,
    kind: type[Mixture] = Mixture,
) -> tuple[Mixture, Mixture]:
    """The densities of good and of bad trials.

    Args:
        X: (n, d) unit columns.
        order: (k,) Which trials there are, the best first.
        gains: (b,) Weights of those that are good: the first b.
        axes: What the columns are.
        prior_weight: Of the kernel that covers the space.
        bandwidth: Of one kernel.
        kind: Of mixture.
    """
    below, above = order[: len(gains)], np.sort(order[len(gains) :])
    weights = recency(len(above))
    if len(above) > _MAX_ABOVE:
        n_new = _MAX_ABOVE // 2
        share = np.arange(_MAX_ABOVE - n_new) * (len(above) - n_new) // (_MAX_ABOVE - n_new)
        weights = np.concatenate(
            [weights[share] * ((len(above) - n_new) / len(share)), weights[-n_new:]]
        )
        above = np.concatenate([above[share], above[-n_new:]])
    good = kind(X[below], gains, axes, prior_weight, bandwidth)
    return good, kind(X[above], weights, axes, prior_weight, bandwidth)


def proposal(
    space: Space,
    history: History,
    good: Mixture,
    bad: Mixture,
    steering: float,
    n_candidates: int,
    rng: np.random.Generator,
) -> Array:
    """(1, d) of some draws from `good`, legal and new, the one that is best by good / bad and the prior."""
    if isinstance(good, Crossed) and isinstance(
        bad, Crossed
    ):  # half as many, as their columns are mixed
        C = candidates(space, history, good, (n_candidates + 1) // 2, rng)
        return recombined(space, history, C, good, bad, steering, rng)
    C = candidates(space, history, good, n_candidates, rng)
    score = good.log_pdf(C) - bad.log_pdf(C)
    if steering:
        score += steering * space.log_prior(C)
    best = int(np.argmax(score))
    return C[best : best + 1]


def recombined(
    space: Space,
    history: History,
    C: Array,
    good: Crossed,
    bad: Crossed,
    steering: float,
    rng: np.random.Generator,
) -> Array:
    """(1, d) of some points, the one that is best, and then, column by column, with what is best there among them all.

    Columns on which others depend stay as they are.
    """

    def belief(X: Array) -> Array:
        return steering * space.log_prior(X) if steering else np.zeros(len(X))

    ratio = Ratio(good, bad, C)
    best = int(np.argmax(ratio.values + belief(C)))
    ratio.start(best)
    x: Array = C[best]
    parents = {space.column[name] for p in space.dists for name in p.when or {}}
    for j in rng.permutation(space.d):
        if np.isnan(x[j]) or j in parents:
            continue
        others = np.repeat(x[None], len(C), axis=0)
        others[:, j] = C[:, j]
        score = ratio.line(j) + belief(others)
        better = np.flatnonzero((score > score[ratio.chosen[j]]) & ~np.isnan(C[:, j]))
        better = better[_legal(space, history, others[better])]
        if len(better):
            best = int(better[np.argmax(score[better])])
            ratio.change(j, best)
            x = others[best]
    return x[None]


def candidates(
    space: Space, history: History, good: Mixture, n: int, rng: np.random.Generator
) -> Array:
    """(k, d) draws from `good` that are legal and new; where there are none, others."""
    C = space.settle(good.sample(rng, n))
    C = C[_legal(space, history, C)]
    if not len(C) and space.finite:
        C = unseen_points(space, history)
    if not len(C):
        C = space.sample(rng, n)
    if len(C) > _MAX_LISTED:
        C = C[rng.choice(len(C), _MAX_LISTED, replace=False)]
    return C


def _legal(space: Space, history: History, X: Array) -> Mask:
    """(k,) which points no constraint of the space forbids and, in a finite one, no trial has."""
    legal: Mask = space.feasible(X)
    if space.finite:
        legal[legal] = ~history.seen(X[legal])
    return legal


def improvement(history: History, order: Index, n_below: int) -> Array:
    """Weights of the good trials, whose mean is 1.

    How much better each is than the best that is not good.

    With several objectives, by the hypervolume that would be lost without each; while none is
    feasible, by violation. Half of a weight is 1 there, and where there are constraints.
    """
    first = order[: n_below + 1]
    complete, m = history.state[first] == State.COMPLETE, len(history.directions)
    if not is_crossed(history):
        return gained(np.where(complete, history.losses[first, 0], np.inf), n_below)
    violation = history.violation[first]
    able = complete & (violation == 0)
    if not able.any():
        gains = gained(np.where(complete, violation, np.inf), n_below)
    elif m == 1:
        gains = gained(np.where(able, history.losses[first, 0], np.inf), n_below)
    else:
        able, gains = able[:n_below], np.zeros(n_below)
        gains[able] = contributions(
            scale_to_reference(history.losses[first[:n_below][able]]), np.zeros(m)
        )
        gains = gains / gains.mean() if gains.max() > 0 else np.ones(n_below)
    return 0.5 + 0.5 * gains


def is_crossed(history: History) -> bool:
    """Whether the densities are `Crossed`."""
    return len(history.directions) > 1 or bool(history.constraint_names)


def gained(loss: Array, n_below: int) -> Array:
    """Weights (n_below,) of good trials from their losses and that of the next, the best first.

    Source: Watanabe 2023, section 3.3.
    """
    finite = loss[np.isfinite(loss)]
    if not len(finite):
        return np.ones(n_below)
    loss = np.minimum(np.maximum(loss, finite[0]), finite[-1])
    gain = (
        loss[-1] * 0.5 - loss[:n_below] * 0.5
    )  # halves, so that the largest losses do not overflow
    return gain / gain.mean() + 1e-12 if gain.max() > 0 else np.ones(n_below)


def recency(n: int) -> Array:
    """Weights by age: the newest 25 count in full, the older the less. Source.

    Bergstra 2011 as in Optuna.
    """
    return (
        np.minimum(1 / n + np.arange(n) * ((1 - 1 / n) / (n - 26)), 1.0) if n > 26 else np.ones(n)
    )


def axes(space: Space) -> Axes:
    """What the columns of a space are to a mixture."""
    numeric = []
    cells = {}
    choices = {}
    for j, p in enumerate(space.dists):
        k = p.n_values
        if k is not None and j in space.unordered:
            choices[j] = k
        elif k is not None and k <= _MAX_CELLS:
            raw = np.arange(k, dtype=np.float64)
            raw = (
                raw
                if isinstance(p, Categorical)
                else p.from_unit(p.to_unit(p.low + raw * (p.step or 0)))
            )
            low, high = p.cells(raw) if k > 1 else (np.zeros(1), np.ones(1))
            cells[j] = (p.to_unit(raw), low, high)
        else:
            numeric.append(j)
    return Axes(np.array(numeric, dtype=np.int64), cells, choices)
