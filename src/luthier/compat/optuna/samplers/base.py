"""What a sampler is, for users' own too."""

from __future__ import annotations

import abc
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..distributions import BaseDistribution
from ..marks import warn
from ..trial.frozen import FrozenTrial
from ..trial.result_constraints import CONSTRAINTS_KEY
from ..trial.state import TrialState

if TYPE_CHECKING:
    from ..study.shape import StudyLike

ConstraintsFunc = Callable[[FrozenTrial], Sequence[float]]


class BaseSampler(abc.ABC):
    """Base of samplers.

    Params are sampled together (relative), as far as the sampler knows them, and those that the
    objective asks for beyond that one by one (independent).
    """

    def __str__(self) -> str:
        return type(self).__name__

    @abc.abstractmethod
    def infer_relative_search_space(
        self, study: StudyLike, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return the parameters that are sampled together."""

    @abc.abstractmethod
    def sample_relative(
        self, study: StudyLike, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return values of parameters that are sampled together."""

    @abc.abstractmethod
    def sample_independent(
        self,
        study: StudyLike,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Return the value of one parameter."""

    def before_trial(self, study: StudyLike, trial: FrozenTrial) -> None:  # noqa: B027
        """Be told of a trial that begins."""

    def after_trial(  # noqa: B027
        self,
        study: StudyLike,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """Be told of a trial that ends."""

    def reseed_rng(self) -> None:  # noqa: B027
        """Take other random numbers from here on, as another thread or process has the same."""

    def _raise_error_if_multi_objective(self, study: StudyLike) -> None:
        self.require_one_objective(study)

    def require_one_objective(self, study: StudyLike) -> None:
        """Refuse several objectives.

        Raises:
            ValueError: There are several.
        """
        if len(study.directions) > 1:
            raise ValueError(
                "If the study is being used for multi-objective optimization, "
                f"{type(self).__name__} cannot be used."
            )


class ParamByParam(BaseSampler):
    """Base of samplers that know no parameters together."""

    def infer_relative_search_space(
        self, study: StudyLike, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return {}

    def sample_relative(
        self, study: StudyLike, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return {}


def store_constraints(
    constraints_func: ConstraintsFunc, study: StudyLike, trial: FrozenTrial, state: TrialState
) -> None:
    """Note what a user's function says of the constraints of a trial that has ended.

    Raises:
        ValueError: It says NaN.
    """
    if state not in (TrialState.COMPLETE, TrialState.PRUNED):
        return
    found = None
    try:
        values = constraints_func(trial)
        if np.any(np.isnan(values)):
            raise ValueError("Constraint values cannot be NaN.")
        if not isinstance(values, tuple | list):
            warn(
                f"Constraints should be a sequence of floats but got {type(values).__name__}.",
            )
        found = tuple(values)
    finally:
        study.storage.set_trial_system_attr(trial.trial_id, CONSTRAINTS_KEY, found)
