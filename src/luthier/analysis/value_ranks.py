"""Ranks of values over pairs of parameters: colours that no outlier can wash out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..history.history import History
from ..numerics.rank_tests import average_ranks
from ..typing import Array, Index, Mask
from .arguments import takes_history
from .axes import Axis, read_axes
from .measured_trials import collect_measured
from .parallel_lines import sample_trials
from .points import MAX_POINTS


class Ranks(NamedTuple):
    """Trials by some of their params, with the rank of each.

    Attributes:
        axes: d parameters.
        objective: Name of the objective.
        direction: "minimize" or "maximize".
        number: (k,) numbers of the trials, the worst first.
        raw: (k, d) their params: numbers, or the index of a choice; NaN where inactive.
        value: (k,) in the user's sign; may be infinite.
        rank: (k,) from 0, the best, to 1, the worst of all n trials; equals have their mean.
        feasible: (k,) whether the trial breaks no constraint.
        n: How many complete trials there are: of more than 5,000 only the best half are given, and
            an even sample of the others.
    """

    axes: tuple[Axis, ...]
    objective: str
    direction: str
    number: Index
    raw: Array
    value: Array
    rank: Array
    feasible: Mask
    n: int


@takes_history
def rank(
    history: History, params: Sequence[str] | None = None, objective: str | None = None
) -> Ranks:
    """Return the complete trials by some params, with the rank of each.

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
    n = trials.n
    ranks = (average_ranks(trials.loss) - 1) / max(n - 1, 1)
    shown = sample_trials(trials, MAX_POINTS)[::-1]
    trials = trials.take(shown)
    columns = [history.space.column[axis.name] for axis in axes]
    return Ranks(
        axes,
        trials.objective,
        trials.direction,
        trials.number,
        history.space.raw(history.X[trials.number])[:, columns],
        trials.value,
        ranks[shown],
        trials.feasible,
        n,
    )
