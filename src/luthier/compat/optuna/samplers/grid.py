"""All combinations of given values."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..distributions import BaseDistribution, equal_choices
from ..logging import get_logger
from ..marks import warn
from ..trial.frozen import FrozenTrial
from ..trial.state import TrialState
from .base import ParamByParam

if TYPE_CHECKING:
    from ..study.shape import StudyLike

_logger = get_logger("optuna.samplers")

GridValueType = str | float | int | bool | None
_PLACE = "grid_id"
_SPACE = "search_space"


class GridSampler(ParamByParam):
    """Tries all combinations of given values, and stops the study when all were tried.

    Args:
        search_space: Name to values.
        seed: Of the order.
    """

    def __init__(
        self, search_space: Mapping[str, Sequence[GridValueType]], seed: int | None = None
    ) -> None:
        for name, values in search_space.items():
            for value in values:
                if value is not None and not isinstance(value, str | int | float | bool):
                    warn(
                        f"{name} contains a value with the type of {type(value)}, which is not "
                        "supported by `GridSampler`. Please make sure a value is `str`, `int`, "
                        "`float`, `bool` or `None` for persistent storage.",
                        stacklevel=2,
                    )
        self._space = {name: list(values) for name, values in sorted(search_space.items())}
        self._points = list(itertools.product(*self._space.values()))
        self._rng = np.random.default_rng(seed or 0)
        order = self._rng.permutation(len(self._points))
        self._points = [self._points[i] for i in order]

    def reseed_rng(self) -> None:
        self._rng = np.random.default_rng()

    def before_trial(self, study: StudyLike, trial: FrozenTrial) -> None:
        if _PLACE in trial.system_attrs or "fixed_params" in trial.system_attrs:
            return
        place = trial.number
        if not 0 <= place < len(self._points):
            left = self._left(study)
            if not left:
                _logger.warning(
                    "`GridSampler` is re-evaluating a configuration because the grid has been "
                    "exhausted. This may happen due to a timing issue during distributed "
                    "optimization or when re-running optimizations on already finished studies."
                )
                left = list(range(len(self._points)))
            place = int(self._rng.choice(left))
        storage = study.storage
        storage.set_trial_system_attr(trial.trial_id, _SPACE, self._space)
        storage.set_trial_system_attr(trial.trial_id, _PLACE, place)

    def sample_independent(
        self,
        study: StudyLike,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        if _PLACE not in trial.system_attrs:
            raise ValueError(
                "All parameters must be specified when using GridSampler with enqueue_trial."
            )
        if param_name not in self._space:
            raise ValueError(f"The parameter name, {param_name}, is not found in the given grid.")
        point = self._points[trial.system_attrs[_PLACE]]
        value = point[list(self._space).index(param_name)]
        if not param_distribution.contains(param_distribution.to_internal_repr(value)):
            warn(
                f"The value `{value}` is out of range of the parameter `{param_name}`. The value "
                f"will be used but the actual distribution is: `{param_distribution}`.",
            )
        return value

    def after_trial(
        self,
        study: StudyLike,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        left = self._left(study)
        if not left:
            study.stop()
        elif len(left) == 1:
            attrs = study.storage.get_trial_system_attrs(trial.trial_id)
            if attrs[_PLACE] == left[0]:
                study.stop()

    def is_exhausted(self, study: StudyLike) -> bool:
        """Whether all combinations were tried."""
        return not self._left(study)

    def _left(self, study: StudyLike) -> list[int]:
        """The points that nobody tries; where there are none, those that are not finished."""
        tried, running = set(), set()
        for trial in study.storage.get_all_trials(study.study_id, deepcopy=False):
            attrs = trial.system_attrs
            if _PLACE not in attrs or not self._is_same(attrs[_SPACE]):
                continue
            if trial.state.is_finished():
                tried.add(attrs[_PLACE])
            elif trial.state is TrialState.RUNNING:
                running.add(attrs[_PLACE])
        everything = set(range(len(self._points)))
        return list(everything - tried - running or everything - tried)

    def _is_same(self, space: Mapping[str, Sequence[GridValueType]]) -> bool:
        return space.keys() == self._space.keys() and all(
            len(values) == len(self._space[name])
            and all(map(equal_choices, values, self._space[name]))
            for name, values in space.items()
        )
