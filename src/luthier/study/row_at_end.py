"""The row of a trial whose turn is over, from its outcome and what is known of it."""

from __future__ import annotations

import math

from ..errors import ReportError
from ..history.history import History
from ..trial.outcome import Outcome
from ..trial.record import ReportValue, State, TrialRow
from ..validation import to_error_text


def row_at_end(
    history: History, number: int, token: int, outcome: Outcome, worker: str
) -> TrialRow:
    """The row of a trial whose turn is over; its earlier turns count too.

    Args:
        history: The study's trials, with its reports.
        number: The trial's.
        token: Under which its worker holds it.
        outcome: How it ended.
        worker: The worker's name.
    """
    values = outcome.values
    if values is None and outcome.state in (State.PRUNED, State.PAUSED):
        values = history.reports.last(number)

    error = outcome.error
    if error and history.granted[number] >= history.last_step[number]:
        error += (
            f"\nThe trial had been resumed at step {history.granted[number]:g} and reported "
            "nothing since. If that is where trials end, tell the scheduler so (max_resource), "
            "or return what the checkpoint had come to"
        )

    started_s = outcome.started_s
    params = outcome.params
    cost = outcome.cost
    constraints = outcome.constraints
    turns = history.turns.get(number, ())
    earlier_cost = float(history.cost[number])  # of earlier turns, or before it was retried
    if not math.isnan(earlier_cost):
        cost = earlier_cost + (cost or 0.0)
    if turns:
        started_s = None
        params = {**turns[-1].params, **params}
        constraints = {**history.constraints_of(number), **constraints}

    return TrialRow(
        number=number,
        state=outcome.state,
        params=params,
        values=values,
        tags=outcome.tags,
        error=None if error is None else to_error_text(error),
        started_s=started_s or float(history.started_s[number]),
        finished_s=outcome.finished_s,
        worker=worker,
        token=token,
        cost=cost,
        turns=turns,
        constraints=constraints,
        proposal=outcome.proposal or history.proposal(number),
    )


def check_n_values(number: int, value: ReportValue, m: int) -> None:
    """Refuse a report that has not one value for each of m objectives.

    Raises:
        ReportError: It has not.
    """
    if m == 1 and isinstance(value, tuple):
        raise ReportError(
            f"report(value, step) expects two numbers, got value = {list(value)!r} (list) in "
            f"trial {number}"
        )
    if m > 1 and (not isinstance(value, tuple) or len(value) != m):
        raise ReportError(
            f"report(values, step) expects {m} values, got {value!r} in trial {number}"
        )
