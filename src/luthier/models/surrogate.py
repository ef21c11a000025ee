"""Surrogate: what a study's trials tell about the points that were not tried."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..errors import SamplerError
from ..history.history import History
from ..numerics.acquisition import log_probability_below
from ..numerics.gp import Inputs, Posterior, Prior, cholesky, fit
from ..numerics.threads import one_thread
from ..numerics.warping import half_rank, log_warp, standardise
from ..space.space import Space
from ..trial.record import State
from ..typing import Array, Index, Mask

MIN_NOISE = (
    1e-6  # variance of the noise, as a share of that of the losses, of an objective that has none
)
_START_NOISE, _MUCH_NOISE = math.log(1e-3), math.log(0.3)  # where fits start
_LEVELS = [
    round(8 * 2 ** (i / 2)) for i in range(14)
]  # numbers of outcomes that later fits start from
_FAR = 1e3  # median sizes of a constraint, beyond which its values count alike
_MOST = 500  # observations that a surrogate is fitted to: the latest


class Columns:
    """Which unit columns of a space are numbers to a kernel, and which are categories.

    Constants are neither.

    A number that is inactive stands in the middle of its range, an inactive category is one more
    category: what was switched off is told by the parent. A kernel on points imputed like this is
    positive definite, which one that gives a fixed distance to inactive points is not.
    """

    def __init__(self, space: Space) -> None:
        several = [j for j, p in enumerate(space.dists) if p.n_values != 1]
        self.numbers = np.array([j for j in several if j not in space.unordered], dtype=np.int64)
        self.categories = np.array([j for j in several if j in space.unordered], dtype=np.int64)
        self.all = np.concatenate([self.numbers, self.categories])

    @property
    def d(self) -> int:
        """How many there are of both."""
        return len(self.all)

    def inputs(self, X: Array) -> Inputs:
        """Unit columns (n, d) as a kernel sees them."""
        N, C = X[:, self.numbers], X[:, self.categories]
        return Inputs(np.where(np.isnan(N), 0.5, N), np.where(np.isnan(C), -1.0, C))


class Outcomes(NamedTuple):
    """What finished trials came to.

    Attributes:
        number: (k,) which trials, in ascending order.
        loss: (k,) finite losses: of complete trials as they are; pruned ones follow the worst of
            those, by how far they came and the loss there, and failed ones lie half the range
            beyond.
    """

    number: Index
    loss: Array


def outcomes(history: History) -> Outcomes:
    """The trials that a model of one objective can learn from; those that fit the space."""
    state, fits = history.state, history.fits
    complete = (state == State.COMPLETE) & fits
    over = np.flatnonzero(history.has_result & fits)
    loss = np.where(complete, history.losses[:, 0], np.nan)
    finite = loss[np.isfinite(loss)]
    if not len(finite):
        return Outcomes(over[:0], np.empty(0))
    low, high = float(finite.min()), float(finite.max())
    loss = np.clip(loss, low, high)  # infinities count as the best and the worst there is
    span = min(high - low, 1e300) or max(abs(high), 1.0)
    pruned = over[(state[over] != State.COMPLETE) & (state[over] != State.FAILED)]
    if len(pruned):
        pruned = pruned[np.lexsort((history.last_loss[pruned], -history.last_step[pruned]))]
        loss[pruned] = high + 0.25 * span * np.arange(1, len(pruned) + 1) / len(pruned)
    loss[over[state[over] == State.FAILED]] = high + 0.5 * span
    return Outcomes(over, loss[over])


class Results(NamedTuple):
    """What finished trials came to in all objectives.

    Attributes:
        number: (k,) which trials, in ascending order.
        losses: (k, m) finite.
        good: (k,) which can be improved on: complete ones that keep all constraints; any, where
            there is one objective and no constraint.
    """

    number: Index
    losses: Array
    good: Mask


def results(history: History) -> Results:
    """The trials that models of all objectives can learn from; those that fit the space.

    Failed trials that told of constraints are for the models of those. Of one objective see
    `outcomes`. Of several: infinities count as the best and the worst there is. Pruned trials count
    with their last report, but not as better than the median of complete ones, nor as worse than
    the worst; without a report, and where trials failed, as half the range beyond the worst.
    """
    state, limited = history.state, bool(history.constraint_names)
    if len(history.directions) == 1:
        number, loss = outcomes(history)
        losses, good = loss[:, None], np.ones(len(number), dtype=bool)
    else:
        number, losses = _several(history)
        good = state[number] == State.COMPLETE
    if limited:
        use = (state[number] != State.FAILED) | np.isnan(history.constraints[number]).all(axis=1)
        number = number[use]
        losses = losses[use]
        good = good[use]
        good &= (state[number] == State.COMPLETE) & history.feasible[number]
    return Results(number, losses, good)


def _several(history: History) -> tuple[Index, Array]:
    """See `results`."""
    state, fits = history.state, history.fits
    complete = (state == State.COMPLETE) & fits & ~np.isnan(history.losses).any(axis=1)
    over = np.flatnonzero(complete | (history.has_result & fits & (state != State.COMPLETE)))
    if not complete.any():
        return over[:0], np.empty((0, len(history.directions)))
    losses, reported = history.losses.copy(), np.full(history.losses.shape, np.nan)
    by_step = np.argsort(history.report_step, kind="stable")
    reported[history.report_number[by_step]] = history.report_losses[by_step]  # the last one stays
    for j, told in enumerate(losses.T):
        finite = told[complete & np.isfinite(told)]
        low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)
        beyond = high + 0.5 * (min(high - low, 1e300) or max(abs(high), 1.0))
        told[complete] = np.clip(told[complete], low, high)
        middle = float(np.sort(told[complete])[(complete.sum() - 1) // 2])
        part = np.where(np.isfinite(reported[:, j]), np.clip(reported[:, j], middle, high), beyond)
        told[~complete] = np.where(state == State.FAILED, beyond, part)[~complete]
    return over, losses[over]


def prior(d: int) -> Prior:
    """Of the hyperparameters in d dimensions: the more there are, the longer the lengthscales.

    Source: Hvarfner 2024: lengthscales are of the order of sqrt(d). Deviations: shorter ones; and a
    part in common, so that twenty lengthscales can all be short.
    """
    return Prior(rho=(2 - math.log(max(d, 1)), 0.8, 1.3))


class Hyperparameters:
    """Fits a kernel to the first m outcomes, again and again as m grows.

    Up to 50 outcomes at each, then at every ceil(m / 50)th. A fit starts from the fit at the
    greatest level below, of 8, 11, 16, 23, ..., so it is quick, and yet the same in a process that
    has seen none of the earlier ones. At a level it starts afresh too, once with little noise and
    once with much: a posterior may have a mode at each.

    Args:
        noise: Variance of the noise, as a share of that of the losses; None learns it.
        warp_inputs: Whether numbers are warped.
    """

    def __init__(self, noise: float | None = None, warp_inputs: bool = False) -> None:
        self.noise = noise
        self.warp_inputs = warp_inputs
        self._known: dict[int, tuple[bytes, Array]] = {}

    def at(self, Z: Inputs, y: Array, warp: Callable[[Array], Array]) -> tuple[int, Array]:
        """How many of the first outcomes were used, and the hyperparameters at the mode of their posterior."""
        m = len(y) - len(y) % math.ceil(len(y) / 50)
        return m, self._fitted(m, Z, y, warp)

    def _fitted(self, m: int, Z: Inputs, y: Array, warp: Callable[[Array], Array]) -> Array:
        key = Z.N[:m].tobytes() + Z.C[:m].tobytes() + y[:m].tobytes()
        known = self._known.get(m)
        if known is not None and known[0] == key:
            return known[1]
        p, d = Z.N.shape[1], Z.N.shape[1] + Z.C.shape[1]
        n_shapes = 2 * p if self.warp_inputs else 0
        believed = prior(d)
        bounds = np.array(
            [(-9.0, 7.0)] * d + [(-4.0, 4.0), (math.log(MIN_NOISE), 1.0)] + [(-2.0, 2.0)] * n_shapes
        )
        if self.noise is not None:
            bounds[d + 1] = math.log(max(self.noise, MIN_NOISE))
        start = np.array(
            [believed.rho[0]] * d + [believed.signal[0], _START_NOISE] + [0.0] * n_shapes
        )
        start[d + 1] = np.clip(start[d + 1], *bounds[d + 1])
        level = max((k for k in _LEVELS if k < m), default=0)
        starts = [self._fitted(level, Z, y, warp)] if level else []
        if m in _LEVELS or not level:
            noisy = start.copy()
            noisy[d + 1] = np.clip(_MUCH_NOISE, *bounds[d + 1])
            starts += [start, noisy]
        theta = fit(
            Z.rows(0, m), standardise(warp(y[:m])), believed, starts, bounds, self.warp_inputs
        )
        if len(self._known) > 64:
            self._known.clear()
        self._known[m] = (key, theta)
        return theta


def transformed(y: Array) -> Array:
    """Losses (n,) as a model learns them.

    Ranks beyond the median, resolution near the best, mean 0 and variance 1.
    """
    return standardise(log_warp(half_rank(y)))


def transformed_beside(y: Array) -> Array:
    """Losses (n,) in one of several objectives as a model learns them.

    Resolution near the best, mean 0, variance 1.

    What is bad in one objective may be the best in another, so ranks alone count only where losses
    are outliers: more than 3 interquartile ranges beyond the upper quartile (Tukey's outer fence).
    """
    low, high = np.quantile(y / 8, [0.25, 0.75]).tolist()  # eighths: the fence cannot overflow
    fence, width = 8 * (high + 3 * (high - low)), 8 * (high - low)
    far = y > fence
    if width > 0 and far.any():
        worse, rank = np.unique(y[far], return_inverse=True)
        y = y.copy()
        y[far] = fence + width * (rank + 1) / len(worse)
    return standardise(log_warp(y))


@one_thread()
def rank_correlation(space: Space, X: Array, loss: Array) -> float:
    """Of losses (n,) at unit columns (n, d) and of what a model predicts for each from the others.

    Kendall's tau over the pairs whose losses differ.
    """
    Z, y = Columns(space).inputs(X), transformed(loss)
    _, theta = Hyperparameters().at(Z, loss, transformed)
    got = Posterior.of(theta, Z, y).left_out(y)
    agree = np.sign(y[:, None] - y) * np.sign(got[:, None] - got)
    return float(agree.sum() / max(int((y[:, None] != y).sum()), 1))


class Limit(NamedTuple):
    """What trials told of one constraint.

    Attributes:
        number: (k,) which trials.
        value: (k,) finite; kept at most at 0.
    """

    number: Index
    value: Array


def limits(history: History) -> dict[str, Limit]:
    """By name, the constraints that may be broken.

    Complete and failed trials that fit the space and told of them.

    Infinities count as the largest and the smallest there is. What always is the same, and kept, is
    left out.
    """
    over = history.fits & ((history.state == State.COMPLETE) | (history.state == State.FAILED))
    found = {}
    for name, told in zip(history.constraint_names, history.constraints.T, strict=True):
        number = np.flatnonzero(over & ~np.isnan(told))
        value = told[number]
        finite = value[np.isfinite(value)]
        value = (
            np.clip(value, finite.min(initial=-1.0), finite.max(initial=1.0))
            if len(finite) < len(value)
            else value
        )
        if len(value) and (value.max() > 0 or value.min() < value.max()):
            found[name] = Limit(number, value)
    return found


def compressed(value: Array) -> Array:
    """Values (k,) of a constraint without far tails; 0 stays where it is.

    As asinh in units of the median size.

    What is more than a thousand times as large counts as a thousand times.
    """
    size = np.abs(value[value != 0]) / 2  # halves: the middle of two cannot overflow
    if not len(size):
        return value
    with np.errstate(over="ignore"):
        return np.arcsinh(np.clip(value / 2 / max(float(np.median(size)), 1e-300), -_FAR, _FAR))


def centred(value: Array) -> Array:
    """Values (k,) of a constraint as a model learns them: compressed, mean 0 and variance 1."""
    return standardise(compressed(value))


def bound(value: Array) -> float:
    """Where 0 lies among what `centred` makes of values (k,).

    1 away from values that all are the same.
    """
    y = compressed(value)
    spread = float(y.std())
    mean = float(y.mean())
    return -mean / spread if centred(value).any() else -math.copysign(1.0, mean)


@one_thread()
def probability_of_feasibility(space: Space, history: History, X: Array) -> Array:
    """(k,) the probability that all constraints are kept at unit columns (k, d), noise aside.

    Raises:
        SamplerError: Fewer than two different trials told of some constraint.
    """
    columns, log_p = Columns(space), np.zeros(len(X))
    for name, limit in limits(history).items():
        number, value = limit.number[-_MOST:], limit.value[-_MOST:]
        Z = columns.inputs(history.X[number])
        if not (np.ptp(Z.N, axis=0).any() or np.ptp(Z.C, axis=0).any()):
            raise SamplerError(
                f"a model of the constraint {name!r} needs two different trials that told of it, "
                f"got {len(number)} of "
                f"{history!r}"
            )
        _, theta = Hyperparameters().at(Z, value, centred)
        mean, variance = Posterior.of(theta, Z, centred(value)).predict(columns.inputs(X))
        log_p += log_probability_below(mean, np.sqrt(variance), bound(value))
    return np.asarray(np.exp(log_p))


class Surrogate:
    """A Gaussian process over a study's complete trials, in units of the loss.

    Of losses beyond the median only the ranks are learned; near the best, where it matters, the
    scale is true.

    Args:
        space: What was searched.
        history: At least two different complete trials.

    Attributes:
        noise: Standard deviation of an observation, in units of the loss.

    Raises:
        SamplerError: There are fewer, or several objectives.
    """

    @one_thread()
    def __init__(self, space: Space, history: History) -> None:
        if len(history.directions) > 1:
            raise SamplerError(f"a surrogate models one objective, got {len(history.directions)}")
        self.columns = Columns(space)
        loss = history.losses[:, 0]
        number = np.flatnonzero(
            (history.state == State.COMPLETE) & history.fits & np.isfinite(loss)
        )[-_MOST:]
        Z = self.columns.inputs(history.X[number])
        if len(number) < 2 or not (np.ptp(Z.N, axis=0).any() or np.ptp(Z.C, axis=0).any()):
            raise SamplerError(
                f"a surrogate needs two different complete trials, got {len(number)} of {history!r}"
            )
        y = half_rank(loss[number])
        self._shift = float(y.mean())
        self._scale = float(y.std()) or 1.0
        _, theta = Hyperparameters().at(Z, loss[number], half_rank)
        self._model = Posterior.of(theta, Z, standardise(y))
        self.noise = math.sqrt(self._model.noise) * self._scale

    @one_thread()
    def predict(self, X: Array) -> tuple[Array, Array]:
        """Mean (n,) and standard deviation (n,) of the noise-free loss at unit columns (n, d)."""
        mean, variance = self._model.predict(self.columns.inputs(X))
        return np.asarray(self._shift + self._scale * mean), np.asarray(
            self._scale * np.sqrt(variance)
        )

    @one_thread()
    def draws(self, X: Array, n: int, rng: np.random.Generator) -> Array:
        """(n, len(X)) joint draws of the noise-free loss."""
        mean, covariance = self._model.predict_joint(self.columns.inputs(X))
        covariance.reshape(-1)[:: len(X) + 1] += 1e-9 * self._model.signal
        draws = mean + rng.standard_normal((n, len(X))) @ cholesky(covariance).T
        return np.asarray(self._shift + self._scale * draws)
