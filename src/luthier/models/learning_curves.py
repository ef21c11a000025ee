"""Curves: what trials that were trained in part tell of what they would come to, and of points that were not tried."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from ..history.history import History
from ..history.resources import full_resource
from ..history.rungs import Rungs
from ..numerics.acquisition import log_expected_improvement
from ..numerics.extrapolation import Lines
from ..numerics.gp import Inputs, Posterior, Prior, Uneven, fit, matern
from ..numerics.threads import one_thread
from ..space.space import Space
from ..trial.record import State
from ..typing import Array, Index
from .surrogate import Columns, prior, transformed

N_STARTUP = 8  # trials before the first model
_FACTOR, _DEPTH = 2.0, 5  # rungs at R, R/2, ..., R/32
# a trial counts (resource / R) ** _SHARE of one that was trained to its end, as far as doubt goes
_SHARE = 0.5
_USELESS = 0.1  # rungs that explain less of the variance of the end are not learned from
# as in the GP sampler: how much a standard deviation is doubted where trials are as many as
# parameters
_DOUBT = 4.0
_MAX_ROWS = 150  # losses that a model learns from
_MAX_KNOWN = 1000  # trials whose end is predicted: the best
_EVERY = 25  # hyperparameters are fitted anew every ceil(m / 25)th loss
_LEVELS = [
    round(8 * 2 ** (i / 2)) for i in range(22)
]  # numbers of losses that later fits start from


def rungs(most: float, factor: float = _FACTOR, depth: int = _DEPTH) -> Array:
    """(K,) the resources at which trials are compared, ascending; the last is `most`."""
    return most / factor ** np.arange(depth, -1.0, -1.0)


class Seen(NamedTuple):
    """What trials came to on their way.

    Attributes:
        number: (n,) which trials.
        V: (n, K) loss of the first report at or beyond each rung; NaN where there is none.
        order: (n, K) when that became known: 0, 1, 2, ...
        best: The least loss of all reports.
    """

    number: Index
    V: Array
    order: Index
    best: float

    def first(self, m: int) -> Seen:
        """What was known after m losses."""
        V = np.where(self.order < m, self.V, np.nan)
        some = ~np.isnan(V).all(axis=1)
        V = V[some]
        return Seen(self.number[some], V, self.order[some], float(np.nanmin(V)))


def seen(history: History, levels: Array) -> Seen:
    """What a history tells; losses that are not finite count as the worst that is, failed trials too.

    Trials in their first turn are left out: what they told so far is a matter of timing.
    """
    loss, signs = history.reports.column("value")[:, 0], history.values_of(1.0)
    K, n = len(levels), history.n
    kept: Rungs = history.scratch.setdefault("rungs", Rungs())
    order = kept.rows(history, levels.tolist()).T
    V = np.where(order < 0, np.nan, loss[order] * signs) if len(loss) else np.full((n, K), np.nan)
    if (
        not history.turns
    ):  # each trial has had one turn: then the order is theirs, whatever the timing
        order = np.where(order < 0, -1, np.arange(n)[:, None] * K + np.arange(K))
    known, value = order >= 0, history.losses[:, 0]
    ended = (history.state == State.COMPLETE) & ~known[:, -1] & ~np.isnan(value)
    V[ended, -1], known[ended, -1] = value[ended], True
    failed = history.state == State.FAILED
    known[failed] = False
    known[failed, 0] = True
    V[failed, 0] = np.inf
    finite = known & np.isfinite(V)
    worst = np.where(finite, V, -np.inf).max(axis=0, initial=-np.inf)
    worst = np.where(np.isfinite(worst), worst, V[finite].max() if finite.any() else 0.0)
    V = np.where(finite, V, np.where(known, worst, np.nan))
    use = np.flatnonzero(history.fits & history.has_result & known.any(axis=1))
    V = V[use]
    order = order[use]
    known = known[use]
    rank = np.full(V.shape, V.size)
    rank[known] = np.argsort(np.argsort(order[known], kind="stable"), kind="stable")
    told = loss[np.isfinite(loss)] * signs
    least = min(told.min(initial=np.inf), V[known].min(initial=np.inf))
    return Seen(use, V, rank, float(least))


class AtEnd(Columns):
    """Columns of a space, and how far a trial was trained as one number more.

    Points are meant at the end.
    """

    def inputs(self, X: Array) -> Inputs:
        """Unit columns (n, d) as a kernel sees them, trained to the end."""
        return along(super().inputs(X), 1.0)


def along(Z: Inputs, trained: Array | float) -> Inputs:
    """Points trained so far: 1 is the end, 0 one step."""
    return Inputs(np.column_stack([Z.N, np.broadcast_to(trained, Z.n)]), Z.C)


class _Rows(NamedTuple):
    """What a process learns from: losses at rungs, carried to the end and transformed.

    Attributes:
        Z: (k,) points, each with how far it was trained.
        y: (k,) what is expected of it at the end.
        noise: (k,) what that leaves unexplained, by rung.
        near: (K,) the variance of a loss at each rung near the best, before the learned factors.
        final: (n,) what the last loss of each trial comes to at the end.
        best: The least loss, transformed.
    """

    Z: Inputs
    y: Array
    noise: Uneven
    near: Array
    final: Array
    best: float


def _rows(told: Seen, Z: Inputs, levels: Array) -> _Rows:
    """The last loss of each trial, then the others, those of good trials first, as far as there is room."""
    V, K = told.V, len(levels)
    lines, last = Lines.of(V), top(V)
    final = lines.end(V[np.arange(len(V)), last], last)
    points = np.append(final, told.best)
    warped, by = transformed(points), np.argsort(points, kind="stable")

    def warp(v: Array) -> Array:
        return np.asarray(np.interp(v, points[by], warped[by]))

    has = ~np.isnan(V)
    useful = has & (lines.told >= _USELESS)
    i, j = np.nonzero(useful if useful.sum() >= N_STARTUP else has)
    if len(i) > _MAX_ROWS:
        order = np.lexsort((final[i], j != last[i]))
        n = int((j == last[i]).sum())
        half = _MAX_ROWS // 2
        if n > _MAX_ROWS:  # the best, and a sample of all others
            order = order[
                np.concatenate(
                    [np.arange(half), np.linspace(half, n - 1, _MAX_ROWS - half).astype(int)]
                )
            ]
        use = np.sort(order[:_MAX_ROWS])
        i, j = i[use], j[use]
    end, sd = lines.end(V[i, j], j), lines.sd[j]
    y = warp(end)
    variance = np.maximum(np.maximum(warp(end + sd) - y, y - warp(end - sd)) ** 2, 1e-6)
    near = (warp(told.best + lines.sd) - warp(np.full(K, told.best))) ** 2
    trained = along(Inputs(Z.N[i], Z.C[i]), _resource(levels)[j])
    return _Rows(trained, y, Uneven(j, variance, K), near, final, float(warped[-1]))


def _agreement(V: Array) -> tuple[int, float]:
    """How many of some curves (n, K) came to their end, and the highest Kendall's tau of a column with the last."""
    whole = V[~np.isnan(V).any(axis=1)][-_MAX_ROWS:]
    ordered = np.sign(whole[:, None] - whole)
    n_pairs = np.maximum((ordered[:, :, -1] != 0).sum(), 1)
    tau = (ordered[:, :, :-1] * ordered[:, :, -1:]).sum(axis=(0, 1)) / n_pairs
    return int((~np.isnan(V[:, -1])).sum()), float(tau.max(initial=-1.0))


def top(V: Array) -> Index:
    """(n,) the highest rung at which each trial has a loss."""
    return np.asarray(V.shape[1] - 1 - np.argmax(~np.isnan(V)[:, ::-1], axis=1))


def _resource(levels: Array) -> Array:
    """(K,) how far training is at each rung, as an input of the process.

    By its logarithm, 1 at the end.
    """
    return np.asarray(1 + np.log(levels / levels[-1]) / math.log(1.5 * _FACTOR**_DEPTH))


@dataclass(slots=True)
class Curves:
    """A Gaussian process over (point, how far it was trained), given all losses so far.

    Each loss is first carried to the end by straight lines through the trials that went from rung
    to rung; what they leave unexplained is noise, whose size at each rung is learned too. So a rung
    whose ranks mean nothing has no weight, and what was trained to the end counts as it is.

    Attributes:
        levels: (K,) rungs.
        posterior: The process; inputs as of `AtEnd`.
        number: (n,) trials that it knows something of, the 1,000 that promise most.
        mean: (n,) what it expects of them at the end.
        sd: (n,) its standard deviation there.
        last: (n,) their highest rungs.
        best: The least loss, as the process sees losses.
        doubt: Factor on standard deviations.
        spent: Steps that all trials took.
        n_ended: How many trials came to their end.
        agreement: How those rank on their way and at the end: Kendall's tau, of the rung where it
            is highest.

    Source: in the spirit of Swersky 2014 (freeze-thaw) and Klein 2020 (MOBSTER: one process over
    points and resource); Li 2022 (Hyper-Tune) learns how far rungs can be trusted from ranks, here
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
    _linked: Array  # (K,) correlation of the process at a rung with that at the end
    _noise: Array  # (K,) variance of a loss at a rung

    def rates(self, mean: Array, sd: Array, last: Index) -> Array:
        """(n,) log of the most improvement per step that can be expected of training a trial further.

        For each rung h above: training to h tells something, and if the mean is then below the
        best, the rest is trained too. Seen from today that mean is normal; its standard deviation
        is what a loss at h tells about the end. The improvement is E[max(best - mean(h), 0)], its
        price the steps to h and, as likely as it goes on, the rest.

        Args:
            mean: (n,) at the end.
            sd: (n,) at the end.
            last: (n,) highest rung reached, -1 for a new point.
        """
        done, found = np.append(0.0, self.levels)[last + 1], np.full(len(mean), -np.inf)
        sd = self.doubt * sd
        for h, level in enumerate(self.levels):
            told = (
                sd
                if h + 1 == len(self.levels)
                else self._linked[h] * sd**2 / np.sqrt(sd**2 + self._noise[h])
            )
            s = np.maximum(told, 1e-9)
            price = level - done + ndtr((self.best - mean) / s) * (self.levels[-1] - level)
            with np.errstate(divide="ignore", invalid="ignore"):
                rate = log_expected_improvement(mean, s, self.best) - np.log(price)
            found = np.where(last < h, np.fmax(found, rate), found)
        return found

    def straight(self) -> Array:
        """(n,) log of the expected improvement per step of training each trial to its end, come what may."""
        price = np.maximum(self.levels[-1] - self.levels[self.last], 1e-9 * self.levels[-1])
        return np.asarray(
            log_expected_improvement(self.mean, self.doubt * self.sd, self.best) - np.log(price)
        )

    def at_end(self, Z: Inputs) -> tuple[Array, Array]:
        """Mean and standard deviation (m,) each of points, as of `AtEnd`, that are trained to the end."""
        mean, variance = self.posterior.predict(Z)
        return mean, np.sqrt(variance)


@one_thread()
def curves(space: Space, history: History, resource: float | None = None) -> Curves | None:
    """The model of a history; what was made for the same state of it is used again.

    Args:
        space: Of the points.
        history: All trials and reports.
        resource: How far trials are trained; None for what is known of it, or else how far any has
            come.

    Returns:
        None while fewer than 8 trials have reported, or all say the same.
    """
    last = history.last_step[history.last_step > 0]
    resource = resource or full_resource(history) or (float(last.max()) if len(last) else None)
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
    kept = history.scratch.get("curves")
    if kept is None or kept[0] != key:
        kept = history.scratch["curves"] = (key, _modelled(space, history, rungs(resource)))
    model: Curves | None = kept[1]
    return model


def _modelled(space: Space, history: History, levels: Array) -> Curves | None:
    columns, told = Columns(space), seen(history, levels)
    if len(told.number) < N_STARTUP or not columns.d or np.nanmax(told.V) == np.nanmin(told.V):
        return None
    Z = columns.inputs(history.X[told.number])
    rows = _rows(told, Z, levels)
    theta = _fitted(history, columns, told, levels, int((~np.isnan(told.V)).sum()))
    posterior = Posterior.of(theta, rows.Z, rows.y, room=16, uneven=rows.noise)
    most = np.sort(np.argsort(rows.final, kind="stable")[:_MAX_KNOWN])
    mean, variance = posterior.predict(along(Inputs(Z.N[most], Z.C[most]), 1.0))
    p, d = rows.Z.N.shape[1], columns.d
    linked = matern(posterior.rho[p - 1] * (1 - _resource(levels)) ** 2)
    factors, last = np.append(np.exp(theta[d + 3 :]), 0.0), top(told.V)
    worth = float(((levels[last] / levels[-1]) ** _SHARE).sum())
    return Curves(
        levels,
        posterior,
        told.number[most],
        mean,
        np.sqrt(variance),
        last[most],
        rows.best,
        1 + _DOUBT * d / worth,
        float(levels[last].sum()),
        *_agreement(told.V),
        linked,
        factors * rows.near + posterior.noise,
    )


def _fitted(history: History, columns: Columns, told: Seen, levels: Array, m: int) -> Array:
    """Hyperparameters after the last multiple of ceil(m / 25) losses.

    They start from those at the level below.
    """
    m -= m % math.ceil(m / _EVERY)
    past = told.first(m)
    known = history.scratch.setdefault("fits", {})
    key = past.V.tobytes() + history.X[past.number].tobytes()
    if m in known and known[m][0] == key:
        return np.asarray(known[m][1])
    rows = _rows(past, columns.inputs(history.X[past.number]), levels)
    d, n_factors = columns.d + 1, len(levels) - 1
    believed = Prior(rho=prior(columns.d).rho, shape=(0.0, 1.0))
    start = np.array([believed.rho[0]] * d + [0.0, math.log(1e-3)] + [0.0] * n_factors)
    bounds = np.array(
        [(-9.0, 7.0)] * d + [(-4.0, 4.0), (math.log(1e-6), 1.0)] + [(-4.0, 6.0)] * n_factors
    )
    level = max((k for k in _LEVELS if N_STARTUP <= k < m), default=0)
    starts = [_fitted(history, columns, told, levels, level)] if level else []
    if m in _LEVELS or not level:
        noisy = start.copy()
        noisy[d + 1] = math.log(0.3)
        starts += [start, noisy]
    theta = fit(rows.Z, rows.y, believed, starts, bounds, uneven=rows.noise)
    if len(known) > 64:
        known.clear()
    known[m] = (key, theta)
    return theta
