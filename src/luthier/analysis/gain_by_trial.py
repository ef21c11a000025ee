"""How much a search could still gain, as it was known after each of some trials."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..errors import TooFewResultsError
from ..history.history import History
from ..typing import Array, Index
from .arguments import takes_history
from .measured_trials import collect_measured
from .remaining_gain import convergence

_FIRST = 20
_MAX_POINTS = 8
_MAX_POINTS_OF_MANY = 4  # with more trials than one model takes, each of which takes a second
_MANY = 500


class Improvement(NamedTuple):
    """What was left to be gained; see `Convergence` for each number.

    Attributes:
        objective: Name of the objective.
        direction: "minimize" or "maximize".
        number: (k,) trials after which it is estimated, ascending, even on a log scale.
        regret_bound: (k,) NaN where the model of that time could not be believed.
        noise: (k,)
        expected_gain: (k,) of 20 more trials.
        chance: (k,)
    """

    objective: str
    direction: str
    number: Index
    regret_bound: Array
    noise: Array
    expected_gain: Array
    chance: Array


@takes_history
def improvement(history: History, objective: str | None = None) -> Improvement:
    """Follow what was left to be gained.

    A search has converged where the bound stays below the noise.

    Args:
        history: All trials.
        objective: Name of one; None for the first.

    Raises:
        NoCompletedTrialsError: No trial has a value.
        TooFewResultsError: No model of the trials so far could be believed.
        StudyError: There is no such objective.
    """
    trials = collect_measured(history, objective)
    most = _MAX_POINTS if trials.n <= _MANY else _MAX_POINTS_OF_MANY
    first = min(_FIRST, trials.n)
    ends = np.unique(np.geomspace(first, trials.n, most).round().astype(np.int64))
    found = np.full((len(ends), 4), np.nan)
    reason = ""
    for k, end in enumerate(ends.tolist()):
        later = history.number > trials.number[end - 1]
        try:
            c = convergence(history.without(later), objective)
        except TooFewResultsError as e:
            reason = str(e)
            continue
        found[k] = c.regret_bound, c.noise, c.expected_gain, c.chance
    if np.isnan(found).all():
        raise TooFewResultsError(reason)
    return Improvement(trials.objective, trials.direction, trials.number[ends - 1], *found.T.copy())
