"""The parameters that all trials have."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .distributions import BaseDistribution
from .trial.frozen import FrozenTrial
from .trial.state import TrialState

if TYPE_CHECKING:
    from .study.shape import StudyLike


def _narrow(
    space: dict[str, BaseDistribution] | None, trials: Sequence[FrozenTrial]
) -> dict[str, BaseDistribution] | None:
    """The parameters of a space that trials have in the same way; None for what is not known."""
    for trial in trials:
        own = trial.distributions
        if space is None:
            space = dict(own)
        elif any(own.get(name) != d for name, d in space.items()):
            space = {name: d for name, d in space.items() if own.get(name) == d}
    return space


def _states(include_pruned: bool) -> tuple[TrialState, ...]:
    return (TrialState.COMPLETE, *([TrialState.PRUNED] if include_pruned else []))


def intersection_search_space(
    trials: list[FrozenTrial], include_pruned: bool = False
) -> dict[str, BaseDistribution]:
    """Return the parameters that all complete trials have in the same way, by name.

    Args:
        trials: Trials in any state.
        include_pruned: Whether pruned trials count too.
    """
    states = _states(include_pruned)
    space = _narrow(None, [t for t in trials if t.state in states])
    return dict(sorted((space or {}).items()))


class IntersectionSearchSpace:
    """The parameters that all trials of a study have; trials are looked at once.

    Args:
        include_pruned: Whether pruned trials count too.
    """

    def __init__(self, include_pruned: bool = False) -> None:
        self._states = _states(include_pruned)
        self._space: dict[str, BaseDistribution] | None = None
        self._first = 0  # trials below this number were looked at
        self._study_id: int | None = None

    def calculate(self, study: StudyLike) -> dict[str, BaseDistribution]:
        """Return the parameters, by name.

        Raises:
            ValueError: It was used for another study.
        """
        if self._study_id is None:
            self._study_id = study.study_id
        elif self._study_id != study.study_id:
            raise ValueError("`IntersectionSearchSpace` cannot handle multiple studies.")
        trials = study.get_trials(deepcopy=False)[self._first :]
        self._space = _narrow(self._space, [t for t in trials if t.state in self._states])
        over = 0
        while over < len(trials) and trials[over].state.is_finished():
            over += 1
        self._first += over
        return copy.deepcopy(dict(sorted((self._space or {}).items())))
