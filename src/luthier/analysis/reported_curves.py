"""Curves of what trials reported while they were trained, with a fan of forecasts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from ..errors import TooFewResultsError
from ..history.history import History
from ..history.resources import full_resource
from ..history.rungs import Rungs
from ..trial.record import State
from ..typing import Array, Index
from .arguments import takes_history
from .forecasting import forecast
from .measured_trials import find_objective

LEVELS = (0.5, 0.8, 0.95)
"""Of the intervals of a forecast."""

_MAX_CURVES = 200
_MAX_REPORTS = 200  # of one curve
_N_BANDS = 60  # steps at which bands are given
_SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)


class Fan(NamedTuple):
    """Forecast of one trial that is not complete, from its last report on.

    Attributes:
        number: Of the trial.
        step: (k,) steps.
        value: (k,) what is expected there, in the user's sign.
        low: (3, k) and
        high: (3, k) ends of the intervals that hold the value with the probabilities `LEVELS`.
    """

    number: int
    step: Array
    value: Array
    low: Array
    high: Array


class Bands(NamedTuple):
    """Quantiles of the curves of all trials, step by step.

    Attributes:
        step: (s,) steps.
        share: (5,) the shares of the trials below each quantile: .05, .25, .5, .75 and .95.
        value: (5, s) quantiles of the values reported at each step or, failing that, next after it.
        n: (s,) number of trials that have come so far.
    """

    step: Array
    share: Array
    value: Array
    n: Index


class Curves(NamedTuple):
    """What trials reported, one curve for each.

    Attributes:
        objective: Name of the objective.
        direction: "minimize" or "maximize".
        number: (c,) numbers of the trials, the worst first: of more than 200 the best hundred by
            their last report, and an even sample of the others.
        state: (c,) a `State` each.
        begin: (c + 1,) curve i is `step[begin[i] : begin[i + 1]]` and `value` likewise.
        step: (p,) ascending in each curve; of more than 200 reports an even sample, with both ends.
        value: (p,) in the user's sign; may be infinite or NaN.
        n: Number of trials that have reported.
        bands: Of all of them; None where each is given as a curve.
        fans: Forecasts of the best trials that are not complete.
    """

    objective: str
    direction: str
    number: Index
    state: NDArray[np.int8]
    begin: Index
    step: Array
    value: Array
    n: int
    bands: Bands | None
    fans: tuple[Fan, ...]


@takes_history
def curves(history: History, objective: str | None = None, n_fans: int = 3) -> Curves:
    """Return what trials reported.

    Args:
        history: All trials and reports.
        objective: Name of one; None for the first.
        n_fans: For how many of the trials that are not complete a forecast is made, the best by
            their last report first; there is none with several objectives, or before a trial is
            complete.

    Raises:
        TooFewResultsError: No trial has reported anything.
        StudyError: There is no such objective.
    """
    j = find_objective(history, objective)
    if not history.n_reports:
        raise TooFewResultsError(
            f"no trial has reported an intermediate value ({history}): call "
            "trial.report(value, step) in the objective"
        )
    order = np.lexsort((history.report_step, history.report_number))
    owner = history.report_number[order]
    loss = history.report_losses[order, j]
    first = np.flatnonzero(np.diff(owner, prepend=-1))
    after = np.append(first[1:], len(owner))
    last = np.where(np.isnan(loss[after - 1]), np.inf, loss[after - 1])

    shown = _sample(last)[::-1]
    parts = [_thin(first[i], after[i]) for i in shown.tolist()]
    at = order[np.concatenate(parts)]
    number = owner[first[shown]]
    return Curves(
        objective=history.objectives[j],
        direction=history.directions[j],
        number=number,
        state=history.state[number],
        begin=np.concatenate([[0], np.cumsum([len(part) for part in parts])]),
        step=history.report_step[at],
        value=history.reports.column("value")[at, j],
        n=len(first),
        bands=_bands(history, j) if len(first) > _MAX_CURVES else None,
        fans=_fans(history, owner[first], last, n_fans),
    )


def _sample(last: Array) -> Index:
    """Return the positions of the curves to give, the best first."""
    order = np.argsort(last, kind="stable")
    if len(order) <= _MAX_CURVES:
        return order
    n_best = _MAX_CURVES // 2
    rest = np.linspace(n_best, len(order) - 1, _MAX_CURVES - n_best).round().astype(int)
    return np.concatenate([order[:n_best], order[rest]])


def _thin(begin: int, end: int) -> Index:
    n = min(end - begin, _MAX_REPORTS)
    return np.asarray(np.linspace(begin, end - 1, n).round().astype(np.int64))


def _bands(history: History, j: int) -> Bands:
    steps = np.unique(history.report_step)
    if len(steps) > _N_BANDS:
        steps = steps[np.linspace(0, len(steps) - 1, _N_BANDS).round().astype(int)]
    rows = Rungs().rows(history, steps.tolist())
    value = history.reports.column("value")[:, j]
    quantiles = np.full((len(_SHARES), len(steps)), np.nan)
    n = np.zeros(len(steps), dtype=np.int64)
    for k, row in enumerate(rows):
        there = value[row[row >= 0]]
        n[k] = len(there)
        finite = there[np.isfinite(there)]
        if len(finite):
            quantiles[:, k] = 2 * np.quantile(finite / 2, _SHARES)  # halves: nothing overflows
    return Bands(steps, np.array(_SHARES), quantiles, n)


def _fans(history: History, number: Index, last: Array, n_fans: int) -> tuple[Fan, ...]:
    """Return forecasts of the best trials (c,), by their last report, that are not complete."""
    end = full_resource(history)
    if end is None or len(history.directions) > 1:
        return ()
    state, step = history.state[number], history.last_step[number]
    open_ = (state != State.COMPLETE) & (state != State.FAILED) & (step > 0) & (step < end)
    open_ &= np.isfinite(last)
    best = np.flatnonzero(open_)
    best = best[np.argsort(last[best], kind="stable")][:n_fans]
    return tuple(_fan(history, int(i)) for i in number[best])


def _fan(history: History, number: int) -> Fan:
    """Return the forecast of a trial; the errors are normal, so that one level gives all."""
    found = forecast(history, number, LEVELS[-1], None)
    value = np.array(found.values)
    wide = np.array(found.high) / 2 - np.array(found.low) / 2
    share = ndtri(0.5 + np.array(LEVELS) / 2) / ndtri(0.5 + LEVELS[-1] / 2)
    half = share[:, None] * wide
    return Fan(number, np.array(found.steps), value, value - half, value + half)
