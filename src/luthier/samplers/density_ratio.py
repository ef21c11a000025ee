"""Proposals by the ratio of two densities, as TPE and BOHB make them.

Notation: l(x) is the density of good trials, g(x) that of the others. A proposal is the best of
some draws from l by log l(x) - log g(x) + exponent * log prior(x). The expected improvement grows
with l / g: Bergstra 2011, section 4.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..history.history import History
from ..numerics.crossed_parzen import Crossed, Ratio
from ..numerics.parzen import Axes, Mixture
from ..space.distributions import Distribution
from ..space.space import Space
from ..typing import Array, Index, Mask
from ..validation import check_real, check_whole
from .base import unseen_points
from .startup import raw_values

if TYPE_CHECKING:
    from ..transfer.lending import LentRows

MAX_GOOD = 25
"""Most kernels of the density of good trials."""

_MAX_OTHERS = 160  # kernels of g: beyond it the newest half, and an even sample of the rest
_N_NEWEST = 25  # trials that count in full, however many there are
_MAX_CELLS = 64  # discrete numbers with more values than this are treated as continuous
_MAX_COMBINED = 500  # columns that take values of other candidates
_MAX_LISTED = 512  # points that are scored when few of a finite space are left


def check_settings(n_candidates: int, gamma: float, prior_weight: float, bandwidth: float) -> None:
    """Raise ValueError where a setting of the densities is out of range."""
    check_whole("n_candidates", n_candidates, least=1, most=100_000)
    check_real("gamma", gamma, least=1e-9, most=1)
    check_real("prior_weight", prior_weight, least=1e-9)
    check_real("bandwidth", bandwidth, least=1e-3, most=1)


class Densities(NamedTuple):
    """The densities of good and of other trials.

    Attributes:
        good: l.
        others: g.
        prior_exponent: Exponent of the density of the space's priors.
    """

    good: Mixture
    others: Mixture
    prior_exponent: float


class DensityFitter:
    """Fits densities to trials of one space at a time.

    Args:
        prior_weight: Weight of the kernel that covers the whole space; an observation has 1.
        bandwidth: Of a single kernel, on the unit interval.
    """

    def __init__(self, prior_weight: float, bandwidth: float) -> None:
        self._prior_weight = prior_weight
        self._bandwidth = bandwidth
        self._axes: tuple[Space, Axes] | None = None

    def fit(
        self,
        space: Space,
        X: Array,
        order: Index,
        weights: Array,
        prior_exponent: float,
        kind: type[Mixture] = Mixture,
        lent: LentRows | None = None,
    ) -> Densities:
        """Return the densities of some trials.

        Args:
            space: The space of the trials.
            X: (n, d) unit columns of all trials.
            order: (k,) rows of those to use, the best first.
            weights: (b,) weights of the good ones: the first b.
            prior_exponent: Exponent of the density of the space's priors.
            kind: Of mixture.
            lent: Rows of earlier tasks that have kernels as well; None without.
        """
        known = self._axes
        if known is None or known[0] is not space:
            known = (space, mixture_axes(space))
            self._axes = known
        axes = known[1]
        good = order[: len(weights)]
        # What is not good is in the order of numbers but for some, which this sort makes use of.
        others, recency = _select_others(np.sort(order[len(weights) :], kind="stable"))
        good_X, others_X = X[good], X[others]
        if lent is not None:
            good_X = np.concatenate([good_X, lent.good])
            weights = np.concatenate([weights, lent.good_weights])
            others_X = np.concatenate([others_X, lent.others])
            recency = np.concatenate([recency, lent.other_weights])
        h = self._bandwidth
        # Trials that are good for different reasons need not lie where any one of them is best.
        adapts = not issubclass(kind, Crossed)
        return Densities(
            kind(good_X, weights, axes, self._prior_weight, h, adapts),
            kind(others_X, recency, axes, self._prior_weight, h),
            prior_exponent,
        )


def _select_others(numbers: Index) -> tuple[Index, Array]:
    """Return the trials that get a kernel in g, and their weights, from ascending numbers (k,).

    Of more than 160: the newest half, and an even sample of the older ones with the weight of all.
    """
    n = len(numbers)
    if n <= _MAX_OTHERS:
        return numbers, recency_weights(np.arange(n), n)
    n_newest = _MAX_OTHERS // 2
    n_older = n - n_newest
    n_sampled = _MAX_OTHERS - n_newest
    sampled = np.arange(n_sampled) * n_older // n_sampled
    older_weights = recency_weights(sampled, n) * (n_older / n_sampled)
    newest = np.arange(n_older, n)
    return (
        np.concatenate([numbers[sampled], numbers[newest]]),
        np.concatenate([older_weights, recency_weights(newest, n)]),
    )


def recency_weights(place: Index, n: int) -> Array:
    """Return weights (k,) by age: the newest 25 of n count in full, older ones less.

    Args:
        place: (k,) places in the order of age, 0 for the oldest.
        n: How many there are.

    Source: the linear forgetting of Hyperopt, as in Optuna.
    """
    if n <= _N_NEWEST + 1:
        return np.ones(len(place))
    slope = (1 - 1 / n) / (n - _N_NEWEST - 1)
    return np.asarray(np.minimum(1 / n + place * slope, 1.0))


def improvement_weights(loss: Array, n_good: int) -> Array:
    """Return weights of good trials: how much better each is than the best of the others.

    Args:
        loss: Losses of the good trials and of the next one, the best first.
        n_good: Number of good trials.

    Returns:
        (n_good,) positive weights whose mean is 1.

    Source: Watanabe 2023, section 3.3.
    """
    finite = loss[np.isfinite(loss)]
    if not len(finite):
        return np.ones(n_good)
    loss = np.minimum(np.maximum(loss, finite[0]), finite[-1])
    gain: Array = (
        loss[-1] * 0.5 - loss[:n_good] * 0.5
    )  # halves, so that the largest do not overflow
    return gain / gain.mean() + 1e-12 if gain.max() > 0 else np.ones(n_good)


def propose(
    space: Space,
    history: History,
    densities: Densities,
    n_candidates: int,
    rng: np.random.Generator,
) -> Array:
    """Return (1, d) the best of some draws from l that are feasible and new.

    Args:
        space: The space to search.
        history: All trials so far.
        densities: l and g. If they are `Crossed`, half as many draws compete, but columns of
            several of them are combined.
        n_candidates: Number of draws.
        rng: Source of the draws.
    """
    good, others, exponent = densities
    if isinstance(good, Crossed) and isinstance(others, Crossed):
        candidates = _draw_candidates(space, history, good, (n_candidates + 1) // 2, rng)
        ratio = Ratio(good, others, candidates)
        return _combine_columns(space, history, candidates, ratio, exponent, rng)
    candidates = _draw_candidates(space, history, good, n_candidates, rng)
    score = good.log_pdf(candidates) - others.log_pdf(candidates)
    if exponent:
        score += exponent * space.log_prior(candidates)
    best = int(np.argmax(score))
    return candidates[best : best + 1]


def _combine_columns(
    space: Space,
    history: History,
    candidates: Array,
    ratio: Ratio,
    exponent: float,
    rng: np.random.Generator,
) -> Array:
    """Return (1, d) the best candidate, with better columns of other candidates.

    Columns are visited in random order, 500 of them at most. Each takes the value, among those of
    all candidates, with which the point is best. Columns on which others depend stay as they are.
    """
    score = ratio.values
    if exponent:
        score = score + exponent * space.log_prior(candidates)
    best = int(np.argmax(score))
    ratio.start(best)
    x: Array = candidates[best]
    parents = {space.column[name] for p in space.dists for name in p.when or {}}
    for j in rng.permutation(space.d)[:_MAX_COMBINED]:
        if np.isnan(x[j]) or j in parents:
            continue
        score = ratio.line(j)
        if exponent:
            changed = np.repeat(x[None], len(candidates), axis=0)
            changed[:, j] = candidates[:, j]
            score = score + exponent * space.log_prior(changed)
        better = score > score[ratio.chosen[j]]
        rows = np.flatnonzero(better & ~np.isnan(candidates[:, j]))
        for best in rows[np.argsort(-score[rows], kind="stable")].tolist():
            y = x.copy()
            y[j] = candidates[best, j]
            if _may_propose(space, history, y[None])[0]:
                ratio.change(j, best)
                x = y
                break
    return x[None]


def _draw_candidates(
    space: Space, history: History, good: Mixture, n: int, rng: np.random.Generator
) -> Array:
    """Return (k, d) draws from l that are feasible and new; where there are none, other points."""
    candidates = space.settle(good.sample(rng, n))
    candidates = candidates[_may_propose(space, history, candidates)]
    if not len(candidates) and space.finite:
        candidates = unseen_points(space, history)
    if not len(candidates):
        candidates = space.sample(rng, n)
    if len(candidates) > _MAX_LISTED:
        candidates = candidates[rng.choice(len(candidates), _MAX_LISTED, replace=False)]
    return candidates


def _may_propose(space: Space, history: History, X: Array) -> Mask:
    """(k,) whether points (k, d) are feasible and, in a finite space, no trial has them."""
    allowed: Mask = space.feasible(X)
    if space.finite:
        allowed[allowed] = ~history.seen(X[allowed])
    return allowed


def mixture_axes(space: Space) -> Axes:
    """Return what the columns of a space are to a mixture."""
    numeric = []
    cells = {}
    choices = {}
    for j, p in enumerate(space.dists):
        k = p.n_values
        if k is not None and j in space.unordered:
            choices[j] = k
        elif k is not None and k <= _MAX_CELLS:
            cells[j] = _cells(p, k)
        else:
            numeric.append(j)
    return Axes(np.array(numeric, dtype=np.int64), cells, choices)


def _cells(p: Distribution, k: int) -> tuple[Array, Array, Array]:
    """Return the k unit values of a discrete distribution, and the ends of their cells."""
    raw = raw_values(p)
    low, high = p.cells(raw) if k > 1 else (np.zeros(1), np.ones(1))
    return p.to_unit(raw), low, high
