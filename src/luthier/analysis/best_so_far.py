"""The best value so far: after each trial, second, unit of cost or kilowatt-hour."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple, get_args

import numpy as np

from ..errors import TooFewResultsError
from ..history.history import History
from ..measure.energy import KWH
from ..trial.record import State, TrialRow
from ..typing import Array, Index
from ..validation import check_name, is_number
from .arguments import takes_history
from .measured_trials import collect_measured
from .points import Points, divide_values, gather_points

_MAX_UNVALUED = 1_000  # of each state

Effort = Literal["trial", "time", "cost", "energy"]
"""What is counted on the way: numbers of trials, seconds, cost, or kWh."""

RowsOf = Callable[[list[int]], list[TrialRow]]
"""Reads the rows of trials with some numbers."""


class Unvalued(NamedTuple):
    """Trials that ended without a value.

    Attributes:
        state: How they ended.
        n: How many there are in all.
        number: (k,) some of them, evenly: at most 1,000.
        x: (k,) where they stand.
    """

    state: State
    n: int
    number: Index
    x: Array


class Incumbent(NamedTuple):
    """The best value so far: a line of steps, and the trials that it was made of.

    Attributes:
        objective: Name of the objective.
        direction: "minimize" or "maximize".
        by: What `x` counts: "trial", the number of the trial; "time", seconds since the first trial
            began; "cost" and "energy", the sum over all trials that have ended by then.
        x: (k,) where the best value changed.
        value: (k,) the best from there on; none where no trial is feasible.
        number: (k,) the trial that it is of.
        end: Where the line ends.
        points: The trials that have a value.
        unvalued: The trials that were pruned, and those that failed; none where there are none.
    """

    objective: str
    direction: str
    by: str
    x: Array
    value: Array
    number: Index
    end: float
    points: Points
    unvalued: tuple[Unvalued, ...]


@takes_history
def incumbent(
    history: History,
    objective: str | None = None,
    by: Effort = "trial",
    rows_of: RowsOf | None = None,
) -> Incumbent:
    """Follow the best value of an objective, among feasible complete trials.

    Args:
        history: All trials.
        objective: Name of one; None for the first.
        by: What is counted on the way.
        rows_of: Reads rows, for the energy that trials noted in their tags.

    Raises:
        NoCompletedTrialsError: No trial has a value.
        TooFewResultsError: No complete trial noted what is to be counted.
        StudyError: There is no such objective.
        ValueError: `by` is none of these words.
    """
    trials = collect_measured(history, objective)
    effort, end = _count(history, by, rows_of)
    x = effort[trials.number]
    known = ~np.isnan(x)
    if not known.any():
        raise TooFewResultsError(
            f"no complete trial has noted its {by} ({history}): {_ADVICE[by]}; or count by 'trial'"
        )

    of_use = np.flatnonzero(known & trials.feasible)
    of_use = of_use[np.argsort(x[of_use], kind="stable")]
    loss = trials.loss[of_use]
    before = np.concatenate([[math.inf], np.minimum.accumulate(loss)[:-1]]) if len(loss) else loss
    better = loss < before
    better[:1] = True
    best = of_use[better]
    return Incumbent(
        objective=trials.objective,
        direction=trials.direction,
        by=by,
        x=x[best],
        value=trials.value[best],
        number=trials.number[best],
        end=end,
        points=gather_points(trials, x, divide_values(x)),
        unvalued=tuple(_gather_unvalued(history, effort)),
    )


def _gather_unvalued(history: History, effort: Array) -> Iterator[Unvalued]:
    """Yield the trials that were pruned, and those that failed, as far as their place is known."""
    for state in (State.PRUNED, State.FAILED):
        number = np.flatnonzero((history.state == state) & ~np.isnan(effort))
        n = len(number)
        if n:
            some = number[np.linspace(0, n - 1, min(n, _MAX_UNVALUED)).round().astype(int)]
            yield Unvalued(state, n, some, effort[some])


_ADVICE = {
    "trial": "",
    "time": "trials that were added as they are may have no times",
    "cost": "call trial.set_cost(...) in the objective",
    "energy": "run the objective within luthier.measure.energy(trial)",
}


def _count(history: History, by: str, rows_of: RowsOf | None) -> tuple[Array, float]:
    """Return how much was spent by the end of each trial (n,), NaN where unknown, and in all."""
    check_name("by", by, get_args(Effort))
    if by == "trial":
        return history.number.astype(np.float64), float(history.n - 1)
    if by == "time":
        first = float(np.nanmin(history.started_s, initial=math.inf))
        spent = history.finished_s - first if first < math.inf else history.finished_s * math.nan
    else:
        used = history.cost if by == "cost" else read_energy(history, rows_of)
        order = np.argsort(history.finished_s, kind="stable")  # NaN last, then by number
        spent = np.empty(history.n)
        spent[order] = np.cumsum(np.nan_to_num(used[order]))
        if np.isnan(used).all():
            spent[:] = math.nan
    return np.asarray(spent), float(np.nanmax(spent, initial=0.0))


def read_energy(history: History, rows_of: RowsOf | None) -> Array:
    """Return the electricity (n,) that trials noted, in kWh; NaN where they did not."""
    energy = np.full(history.n, np.nan)
    if rows_of is not None:
        for row in rows_of(list(range(history.n))):
            kwh = row.tags.get(KWH)
            if is_number(kwh):
                energy[row.number] = kwh
    return energy
