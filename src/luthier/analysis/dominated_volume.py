"""The hypervolume of a study's front, trial by trial."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..errors import StudyError, TooFewResultsError
from ..history.history import History
from ..numerics.hypervolume import growing_hypervolume
from ..trial.record import State
from ..typing import Array, Index
from ..validation import show
from .arguments import takes_history
from .front_points import require_several
from .no_results import no_complete_trials

_MARGIN = 0.1  # of the range, by which the reference lies behind the worst
_MAX_POINTS = 300
_MAX_POINTS_OF_MANY = 50  # with more than four objectives, where a volume takes long
_MAX_OBJECTIVES = 8


class HypervolumeCurve(NamedTuple):
    """The volume that the front dominates, as trials came in.

    Attributes:
        objectives: (m,) their names.
        reference: (m,) the corner up to which it is measured, in the user's sign: as it was given,
            or the worst value of all feasible trials in each objective and 10 % of the range more.
        number: (k,) trials after which it is measured, ascending: all, or an even sample of 300 (of
            50 with more than four objectives).
        volume: (k,) the volume then.
        n: Number of feasible trials with finite values.
    """

    objectives: tuple[str, ...]
    reference: Array
    number: Index
    volume: Array
    n: int


@takes_history
def hypervolume(history: History, reference: Sequence[float] | None = None) -> HypervolumeCurve:
    """Return the hypervolume of the feasible trials, as they came in.

    Trials with an infinite value do not count.

    Args:
        history: All trials.
        reference: (m,) the corner up to which it is measured, in the user's sign; None for one just
            behind the worst. To compare studies, give all of them the same.

    Raises:
        NoCompletedTrialsError: No trial is complete.
        TooFewResultsError: No feasible trial has finite values.
        StudyError: There is one objective only, or more than eight.
        ValueError: The reference is not one finite number for each objective.
    """
    require_several(history)
    m = len(history.directions)
    if m > _MAX_OBJECTIVES:
        raise StudyError(
            f"the hypervolume of more than {_MAX_OBJECTIVES} objectives takes too long, got {m}"
        )
    number = np.flatnonzero(history.eligible & np.isfinite(history.losses).all(axis=1))
    if not (history.state == State.COMPLETE).any():
        raise no_complete_trials(history)
    if not len(number):
        raise TooFewResultsError(f"no feasible trial has finite values ({history})")
    losses = history.losses[number]

    corner = _place_reference(losses) if reference is None else _read(history, reference)
    most = _MAX_POINTS_OF_MANY if m > 4 else _MAX_POINTS
    ends = np.unique(np.linspace(1, len(number), min(most, len(number))).round().astype(int))
    return HypervolumeCurve(
        history.objectives,
        history.losses_of(corner),
        number[ends - 1],
        growing_hypervolume(losses, corner, ends),
        len(number),
    )


def _place_reference(losses: Array) -> Array:
    """Return the worst of losses (n, m) in each objective, and a tenth of the range more."""
    low, high = losses.min(axis=0) / 2, losses.max(axis=0) / 2  # halves: nothing overflows
    margin = np.where(high > low, high - low, np.where(high == 0, 0.5, np.abs(high)))
    with np.errstate(over="ignore"):
        return np.asarray(np.nan_to_num(2 * (high + _MARGIN * margin)))


def _read(history: History, reference: Sequence[float]) -> Array:
    try:
        given = np.asarray(reference, dtype=np.float64)
    except (TypeError, ValueError):
        given = np.empty(0)
    if given.shape != (len(history.directions),) or not np.isfinite(given).all():
        raise ValueError(
            f"reference is one finite number for each of {len(history.directions)} objectives "
            f"({', '.join(history.objectives):.300}), got {show(reference)}"
        )
    return history.losses_of(given)
