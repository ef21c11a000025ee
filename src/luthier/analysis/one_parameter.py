"""Values against one parameter at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..history.history import History
from .arguments import takes_history
from .axes import Axis, read_axes
from .measured_trials import collect_measured
from .points import Points, gather_points


class Slice(NamedTuple):
    """The trials by one of their params.

    Attributes:
        axis: The parameter; of choices the points hold the index.
        objective: Name of the objective.
        direction: "minimize" or "maximize".
        points: The trials in which it is active and in its present range.
        n_inactive: Number of the others.
    """

    axis: Axis
    objective: str
    direction: str
    points: Points
    n_inactive: int


@takes_history
def slices(
    history: History, params: Sequence[str] | None = None, objective: str | None = None
) -> tuple[Slice, ...]:
    """Return the complete trials by each of some params.

    Args:
        history: All trials.
        params: Names; None for all.
        objective: Name of one; None for the first.

    Raises:
        NoCompletedTrialsError: No trial has a value.
        TooFewResultsError: There are no parameters.
        StudyError: There is no such objective.
        UnknownParameterError: There is no such parameter.
    """
    axes = read_axes(history.space, params)
    trials = collect_measured(history, objective)
    raw = history.space.raw(history.X[trials.number])
    found = []
    for axis in axes:
        x = raw[:, history.space.column[axis.name]]
        points = gather_points(trials, x, axis.edges())
        found.append(Slice(axis, trials.objective, trials.direction, points, trials.n - points.n))
    return tuple(found)
