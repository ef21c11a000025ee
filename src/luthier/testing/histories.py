"""Histories that are written down by hand, or made at random."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from msgspec.structs import replace

from ..history.history import History
from ..space.distributions import Float
from ..space.space import Space
from ..trial.record import State, TrialRow

_LINE = Space({"x": Float(0, 1)})


def trial(
    params: Mapping[str, Any] | None = None,
    value: float | Sequence[float] | None = None,
    state: State | None = None,
    reports: Mapping[float, float] | Sequence[float] = (),
    **fields: Any,
) -> TrialRow:
    """Return a trial for `history`.

    Args:
        params: Name to value; None for none.
        value: Its value, or one for each objective.
        state: None for COMPLETE with a value, RUNNING without.
        reports: Step to intermediate value; a sequence stands for the steps 1, 2, ...
        **fields: Other fields of `TrialRow`, such as `cost` or `constraints`.
    """
    if state is None:
        state = State.RUNNING if value is None else State.COMPLETE
    if value is not None:
        value = tuple(value) if isinstance(value, Sequence) else (value,)
    steps = reports if isinstance(reports, Mapping) else dict(enumerate(reports, start=1))
    return TrialRow(
        number=-1,
        state=state,
        params=dict(params or {}),
        values=value,
        reports=tuple((float(step), v) for step, v in steps.items()),
        **fields,
    )


def history(
    *rows: TrialRow,
    space: Space | None = None,
    directions: Sequence[str] = ("minimize",),
    seed: int = 0,
    objectives: Sequence[str] | None = None,
    crash: bool = False,
    budget: int | None = None,
) -> History:
    """Return a history of trials, numbered in their order.

    Args:
        *rows: The trials; see `trial`. Reports are stored trial by trial.
        space: The parameters; None for one parameter "x" from 0 to 1.
        directions: "minimize" or "maximize", one for each objective.
        seed: The study's seed.
        objectives: Names of the objectives; None for the default names.
        crash: Whether a trial that fails breaks a constraint, "crash".
        budget: Number of trials that there will be in all; None for not known.
    """
    made = History(_LINE if space is None else space, directions, seed, objectives)
    made.update_info(crash=crash, budget=budget)
    made.put([replace(row, number=number) for number, row in enumerate(rows)])
    for number, row in enumerate(rows):
        for step, value in row.reports:
            made.put_report(number, step, value)
    return made


def random_history(
    space: Space, n: int, n_objectives: int = 1, seed: int = 0, value: float | None = None
) -> History:
    """Return n trials at random points: most are complete, some failed, pruned or running.

    Args:
        space: The parameters.
        n: Number of trials.
        n_objectives: Number of objectives; all are minimised.
        seed: Of the points and the values.
        value: Value of every trial; None for random ones.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for i, params in enumerate(space.decode(space.sample(rng, n))):
        state = State.COMPLETE
        if i % 11 == 10:
            state = State.RUNNING
        elif i % 7 == 6:
            state = State.FAILED
        elif i % 5 == 4:
            state = State.PRUNED
        drawn = rng.random(n_objectives).tolist()
        values = drawn if value is None else [value] * n_objectives
        rows.append(
            TrialRow(
                number=-1,
                state=state,
                params=params,
                values=tuple(values) if state in (State.COMPLETE, State.PRUNED) else None,
                reports=((3.0, tuple(values)),) if state == State.PRUNED else (),
            )
        )
    return history(*rows, space=space, directions=["minimize"] * n_objectives, seed=seed)


def rebuild(given: History) -> History:
    """Return a history with the same trials, as a storage would give it back.

    Reports come trial by trial, whatever the order was in which they were made.
    """
    again = History(given.space, given.directions, given.seed, given.objectives)
    again.update_info(crash=given.crash, budget=given.budget)
    none = np.asarray(np.isnan(given.values).all(axis=1))
    rows = []
    for number in range(given.n):
        values = None if none[number] else tuple(given.values[number].tolist())
        times = (given.started_s[number], given.finished_s[number], given.cost[number])
        started_s, finished_s, cost = (None if np.isnan(t) else float(t) for t in times)
        rows.append(
            TrialRow(
                number=number,
                state=State(int(given.state[number])),
                params=given.params(number),
                values=values,
                started_s=started_s,
                finished_s=finished_s,
                cost=cost,
                constraints=given.constraints_of(number),
                turns=given.turns.get(number, ()),
                token=int(given.n_claims[number]),
                tags={"confirms": 0} if given.confirming[number] else {},
            )
        )
    again.put(rows)
    for number in range(given.n):
        steps, values_at = given.reports.of(number)
        for step, v in zip(steps.tolist(), values_at.tolist(), strict=True):
            again.put_report(number, step, tuple(v))
    return again
