"""A model of learning curves: what partly trained trials, and points not tried, would come to.

Notation: n trials with a report, K rungs, m losses at rungs, d parameters. V (n, K) holds the loss
of each trial at each rung. A rung is a step at which trials are compared; the last one, R, is the
end of training.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from scipy.special import ndtr

from ..history.history import History
from ..history.resources import full_resource
from ..history.rungs import Rungs
from ..numerics.acquisition import log_expected_improvement
from ..numerics.extrapolation import Lines
from ..numerics.gp import Inputs, Posterior, Prior, Uneven, matern
from ..numerics.threads import one_thread
from ..space.space import Space
from ..trial.record import State
from ..typing import Array, Index
from .hyperparameters import Hyperparameters, TrainingSet, lengthscale_prior
from .training_data import InputEncoder, transform_loss

N_STARTUP = 8
"""Trials with a report, before the first model."""

# rungs at R, R/2, ..., R/32
_REDUCTION_FACTOR = 2.0
_N_REDUCTIONS = 5
# a trial counts (resource / R) ** _SHARE of one that was trained to its end, as far as doubt goes
_SHARE = 0.5
_MIN_R_SQUARED = 0.1  # rungs that explain less of the variance at the end are not learned from
# as in the GP sampler: how much a standard deviation is doubted with as many trials as parameters
_DOUBT = 4.0
_MAX_LOSSES = 150  # losses that the model learns from
_MAX_PREDICTED = 1000  # trials whose end is predicted: the best


def rung_levels(
    resource: float, factor: float = _REDUCTION_FACTOR, depth: int = _N_REDUCTIONS
) -> Array:
    """Return (K,) the steps at which trials are compared, ascending; the last is `resource`."""
    least = np.finfo(np.float64).smallest_subnormal  # where steps are as small as numbers are
    return np.maximum(resource / factor ** np.arange(depth, -1.0, -1.0), least)


class CurveTable(NamedTuple):
    """Losses of trials at rungs.

    Attributes:
        number: (n,) numbers of the trials.
        V: (n, K) loss of the first report at or beyond each rung; NaN where there is none.
        order: (n, K) rank 0, 1, 2, ... in which these losses became known.
        best: The smallest loss of all reports of trials that have a result.
    """

    number: Index
    V: Array
    order: Index
    best: float

    def first(self, m: int) -> CurveTable:
        """Return what was known after m losses."""
        V = np.where(self.order < m, self.V, np.nan)
        reported = ~np.isnan(V).all(axis=1)
        V = V[reported]
        return CurveTable(self.number[reported], V, self.order[reported], float(np.nanmin(V)))


def tabulate_curves(history: History, levels: Array) -> CurveTable:
    """Return the losses of all trials at rungs.

    A loss that is not finite counts as the worst at its rung. So does a failed trial, at the first
    rung. A complete trial that did not report so far has its value at the last rung.

    Args:
        history: All trials and reports.
        levels: (K,) rungs.
    """
    K = len(levels)
    n = history.n
    signs = history.values_of(1.0)
    loss = history.reports.column("value")[:, 0]

    row = _cache_of(history).rungs.rows(history, levels.tolist()).T
    V = np.where(row < 0, np.nan, loss[row] * signs) if len(loss) else np.full((n, K), np.nan)
    order = row
    if not history.turns:
        # Each trial has been trained in one go. Then losses are ordered by trial, whatever the
        # timing of workers was.
        order = np.where(row < 0, -1, np.arange(n)[:, None] * K + np.arange(K))

    known = row >= 0
    value = history.losses[:, 0]
    ended = (history.state == State.COMPLETE) & ~known[:, -1] & ~np.isnan(value)
    V[ended, -1] = value[ended]
    known[ended, -1] = True
    failed = history.state == State.FAILED
    known[failed] = False
    known[failed, 0] = True
    V[failed, 0] = np.inf

    finite = known & np.isfinite(V)
    worst = np.where(finite, V, -np.inf).max(axis=0, initial=-np.inf)
    worst = np.where(np.isfinite(worst), worst, V[finite].max() if finite.any() else 0.0)
    V = np.where(finite, V, np.where(known, worst, np.nan))

    learns = history.fits & history.has_result & ~history.unblamed
    use = np.flatnonzero(learns & known.any(axis=1))
    V = V[use]
    order = order[use]
    known = known[use]
    rank = np.full(V.shape, V.size)
    rank[known] = np.argsort(np.argsort(order[known], kind="stable"), kind="stable")

    counts = history.has_result[history.report_number]
    reported = loss[counts & np.isfinite(loss)] * signs
    best = min(reported.min(initial=np.inf), V[known].min(initial=np.inf))
    return CurveTable(use, V, rank, float(best))


def append_resource(Z: Inputs, resource: Array | float) -> Inputs:
    """Return points with one number more: how far they are trained.

    Args:
        Z: n points.
        resource: (n,) as of `_resource_input`: 1 is the end, 0 about one step.
    """
    return Inputs(np.column_stack([Z.N, np.broadcast_to(resource, Z.n)]), Z.C)


def _resource_input(levels: Array) -> Array:
    """Return (K,) the logarithm of each rung as an input of the process; 1 at the end."""
    range_ = math.log(1.5 * _REDUCTION_FACTOR**_N_REDUCTIONS)
    return np.asarray(1 + np.log(levels / levels[-1]) / range_)


class _CurveData(NamedTuple):
    """Losses at rungs, carried to the end and transformed: what the process learns from.

    Attributes:
        Z: k points, each with how far it was trained.
        y: (k,) loss that is expected of it at the end.
        noise: (k,) variance that this leaves unexplained, by rung.
        near_best: (K,) variance of a loss near the best at each rung, before the learned factors.
        final: (n,) loss at the end that is expected of each trial, from its last report.
        best: The smallest loss, transformed.
    """

    Z: Inputs
    y: Array
    noise: Uneven
    near_best: Array
    final: Array
    best: float


def _carry_to_end(table: CurveTable, Z: Inputs, levels: Array) -> _CurveData:
    """Return what the process learns from a table of curves of n points."""
    V = table.V
    K = len(levels)
    lines = Lines.of(V)
    last = highest_rung(V)
    final = lines.end(V[np.arange(len(V)), last], last)

    # The transform of losses, as a function that can be evaluated between them.
    losses = np.append(final, table.best)
    transformed = transform_loss(losses)
    ascending = np.argsort(losses, kind="stable")

    def warp(v: Array) -> Array:
        return np.asarray(np.interp(v, losses[ascending], transformed[ascending]))

    known = ~np.isnan(V)
    informative = known & (lines.r_squared >= _MIN_R_SQUARED)
    trial, rung = np.nonzero(informative if informative.sum() >= N_STARTUP else known)
    if len(trial) > _MAX_LOSSES:
        use = _select_losses(final[trial], rung == last[trial])
        trial = trial[use]
        rung = rung[use]

    end = lines.end(V[trial, rung], rung)
    sd = lines.sd[rung]
    y = warp(end)
    variance = np.maximum(np.maximum(warp(end + sd) - y, y - warp(end - sd)) ** 2, 1e-6)
    near_best = (warp(table.best + lines.sd) - warp(np.full(K, table.best))) ** 2
    points = append_resource(Inputs(Z.N[trial], Z.C[trial]), _resource_input(levels)[rung])
    noise = Uneven(rung, variance, K)
    return _CurveData(points, y, noise, near_best, final, float(transformed[-1]))


def _select_losses(final: Array, is_last: Array) -> Index:
    """Return the rows of the losses to learn from, ascending.

    The last loss of each trial, then earlier ones, those of good trials first. Where the last
    losses are too many: the best half, and an even sample of the others.

    Args:
        final: (m,) loss that is expected at the end of each loss's trial.
        is_last: (m,) whether a loss is the last of its trial.
    """
    order = np.lexsort((final, np.logical_not(is_last)))
    n_last = int(is_last.sum())
    if n_last > _MAX_LOSSES:
        n_best = _MAX_LOSSES // 2
        rest = np.linspace(n_best, n_last - 1, _MAX_LOSSES - n_best).astype(int)
        order = order[np.concatenate([np.arange(n_best), rest])]
    return np.sort(order[:_MAX_LOSSES])


def highest_rung(V: Array) -> Index:
    """Return (n,) the highest rung at which each trial has a loss."""
    return np.asarray(V.shape[1] - 1 - np.argmax(~np.isnan(V)[:, ::-1], axis=1))


def _rank_agreement(V: Array) -> float:
    """Return the highest Kendall's tau of a rung with the last one, over curves (n, K) that ended.

    Of many curves the latest 150 are compared.
    """
    whole = V[~np.isnan(V).any(axis=1)][-_MAX_LOSSES:]
    ordered = np.sign(whole[:, None] - whole)
    n_pairs = np.maximum((ordered[:, :, -1] != 0).sum(), 1)
    tau = (ordered[:, :, :-1] * ordered[:, :, -1:]).sum(axis=(0, 1)) / n_pairs
    return float(tau.max(initial=-1.0))


@dataclass(slots=True)
class CurveModel:
    """A Gaussian process over (point, how far it was trained), given all losses so far.

    Each loss is first carried to the end by straight lines through the trials that went from rung
    to rung. What the lines leave unexplained is noise, whose size at each rung is learned too. So a
    rung whose ranks mean nothing has no weight, and a trial trained to the end counts as it is.

    Attributes:
        levels: (K,) rungs.
        posterior: The process; its last number is how far a point was trained.
        number: (n,) the trials that are predicted: the best 1,000.
        mean: (n,) expected loss at the end, as the process sees losses.
        sd: (n,) standard deviation of the loss at the end.
        last: (n,) highest rung that each of them reached.
        best: The smallest loss, as the process sees losses.
        doubt: Factor on standard deviations.
        spent: Steps that all trials took.
        n_ended: Number of trials with a loss at the last rung.
        agreement: Kendall's tau between the ranks of trials on their way and at the end, of the
            rung where it is highest.

    Source: in the spirit of Swersky 2014 (freeze-thaw) and Klein 2020 (MOBSTER: one process over
    points and resource). Li 2022 (Hyper-Tune) learns from ranks how far rungs can be trusted; here
    it is a variance of the same model.
    """

    levels: Array
    posterior: Posterior
    number: Index
    mean: Array
    sd: Array
    last: Index
    best: float
    doubt: float
    spent: float
    n_ended: int
    agreement: float
    _correlation: Array  # (K,) of the process at a rung with the process at the end
    _noise: Array  # (K,) variance of a loss at a rung

    def rates(self, mean: Array, sd: Array, last: Index) -> Array:
        """Return (n,) the log of the largest expected improvement per step of training further.

        For each higher rung h: training to h shows a loss, and if the mean is then below the best,
        the rest is trained too. Seen from today that later mean is normal; its standard deviation
        is what a loss at h says about the end. The improvement is E[max(best - mean(h), 0)]. Its
        price is the steps to h and, as likely as training goes on, the rest.

        Args:
            mean: (n,) expected loss at the end.
            sd: (n,) standard deviation there.
            last: (n,) highest rung reached, -1 for a new point.
        """
        done = np.append(0.0, self.levels)[last + 1]
        best_rate = np.full(len(mean), -np.inf)
        sd = self.doubt * sd
        for h, level in enumerate(self.levels):
            if h + 1 == len(self.levels):
                later_sd = sd
            else:
                later_sd = self._correlation[h] * sd**2 / np.sqrt(sd**2 + self._noise[h])
            later_sd = np.maximum(later_sd, 1e-9)

            goes_on = ndtr((self.best - mean) / later_sd)
            price = level - done + goes_on * (self.levels[-1] - level)
            with np.errstate(divide="ignore", invalid="ignore"):
                rate = log_expected_improvement(mean, later_sd, self.best) - np.log(price)
            best_rate = np.where(last < h, np.fmax(best_rate, rate), best_rate)
        return best_rate

    def rates_to_end(self) -> Array:
        """Return (n,) the log of the expected improvement per step of training each to its end."""
        left = np.maximum(self.levels[-1] - self.levels[self.last], 1e-9 * self.levels[-1])
        improvement = log_expected_improvement(self.mean, self.doubt * self.sd, self.best)
        return np.asarray(improvement - np.log(left))

    def predict_end(self, Z: Inputs) -> tuple[Array, Array]:
        """Return mean and standard deviation (m,) of m points that are trained to the end."""
        mean, variance = self.posterior.predict(append_resource(Z, 1.0))
        return mean, np.sqrt(variance)


@one_thread()
def fit_curves(space: Space, history: History, resource: float | None = None) -> CurveModel | None:
    """Return the model of a history; one that was fitted to the same trials is used again.

    Args:
        space: The space of the points.
        history: All trials and reports.
        resource: Step at which training ends. None: the step of the furthest complete trial, or
            else of the furthest trial that has a result.

    Returns:
        None while fewer than 8 trials have reported, or all losses are the same.
    """
    reached = history.last_step[history.has_result & (history.last_step > 0)]
    resource = resource or full_resource(history) or (float(reached.max(initial=0.0)) or None)
    if resource is None:
        return None
    key = (
        history.revision,
        history.n,
        history.n_reports,
        history.reports.n_replaced,
        resource,
        space,
    )
    cache = _cache_of(history)
    if cache.key != key:
        cache.model = _fit(space, history, rung_levels(resource))
        cache.key = key
    return cache.model


class _Cache:
    """Work for one history that a later call can use again; it never changes a result.

    Attributes:
        rungs: Reports that count at rungs.
        hyperparameters: Earlier fits.
        key: State of the history that the model was fitted to; None before the first model.
        model: The last model.
    """

    def __init__(self) -> None:
        self.rungs = Rungs()
        self.hyperparameters = Hyperparameters(interval=25, n_levels=22, round_levels=True)
        self.key: tuple[object, ...] | None = None
        self.model: CurveModel | None = None


_caches: WeakKeyDictionary[History, _Cache] = WeakKeyDictionary()


def _cache_of(history: History) -> _Cache:
    """Return the cache of a history; it is deleted with the history."""
    cache = _caches.get(history)
    if cache is None:
        cache = _caches[history] = _Cache()
    return cache


@dataclass(frozen=True, slots=True)
class _CurveObservations:
    """Losses of a history at rungs, in the order in which they became known."""

    history: History
    encoder: InputEncoder
    table: CurveTable
    levels: Array

    def __len__(self) -> int:
        return int((~np.isnan(self.table.V)).sum())

    def key(self, m: int) -> bytes:
        past = self.table.first(m)
        return past.V.tobytes() + self.history.X[past.number].tobytes()

    def first(self, m: int) -> TrainingSet:
        past = self.table.first(m)
        Z = self.encoder.encode(self.history.X[past.number])
        data = _carry_to_end(past, Z, self.levels)
        prior = Prior(rho=lengthscale_prior(self.encoder.d).rho, shape=(0.0, 1.0))
        return TrainingSet(data.Z, data.y, prior, data.noise)


def _fit(space: Space, history: History, levels: Array) -> CurveModel | None:
    encoder = InputEncoder(space)
    table = tabulate_curves(history, levels)
    V = table.V
    if len(table.number) < N_STARTUP or not encoder.d or np.nanmax(V) == np.nanmin(V):
        return None

    hyperparameters = _cache_of(history).hyperparameters
    _, theta = hyperparameters.estimate(_CurveObservations(history, encoder, table, levels))
    Z = encoder.encode(history.X[table.number])
    data = _carry_to_end(table, Z, levels)
    posterior = Posterior.of(theta, data.Z, data.y, room=16, uneven=data.noise)

    best = np.sort(np.argsort(data.final, kind="stable")[:_MAX_PREDICTED])
    mean, variance = posterior.predict(append_resource(Inputs(Z.N[best], Z.C[best]), 1.0))

    d = encoder.d
    rho = posterior.rho[data.Z.N.shape[1] - 1]  # of how far a point was trained
    last = highest_rung(V)
    n_trials = float(((levels[last] / levels[-1]) ** _SHARE).sum())
    with np.errstate(over="ignore"):  # steps may be as large as numbers are
        spent = float(levels[last].sum())
    noise_factors = np.append(np.exp(theta[d + 3 :]), 0.0)
    return CurveModel(
        levels=levels,
        posterior=posterior,
        number=table.number[best],
        mean=mean,
        sd=np.sqrt(variance),
        last=last[best],
        best=data.best,
        doubt=1 + _DOUBT * d / n_trials,
        spent=spent,
        n_ended=int((~np.isnan(V[:, -1])).sum()),
        agreement=_rank_agreement(V),
        _correlation=matern(rho * (1 - _resource_input(levels)) ** 2),
        _noise=noise_factors * data.near_best + posterior.noise,
    )
