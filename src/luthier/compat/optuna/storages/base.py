"""The verbs of Optuna's storages."""

from __future__ import annotations

import abc
import uuid
from collections.abc import Container, Sequence
from typing import Any

from ..distributions import BaseDistribution
from ..exceptions import UpdateFinishedTrialError
from ..study.direction import StudyDirection
from ..study.records import FrozenStudy
from ..trial.frozen import FrozenTrial
from ..trial.state import TrialState

DEFAULT_STUDY_NAME_PREFIX = "no-name-"


def generated_name() -> str:
    """A name for a study to which nobody gave one."""
    return f"{DEFAULT_STUDY_NAME_PREFIX}{uuid.uuid4()}"


class BaseStorage(abc.ABC):
    """Home of studies and trials, by their numbers in it.

    A study or trial that does not exist is a KeyError, a trial that is over and would be changed an
    UpdateFinishedTrialError. Every verb is safe for threads.
    """

    # -- studies --------------------------------------------------------------------------------

    @abc.abstractmethod
    def create_new_study(
        self, directions: Sequence[StudyDirection], study_name: str | None = None
    ) -> int:
        """Add a study and return its number.

        Raises:
            DuplicatedStudyError: The name is taken.
        """

    @abc.abstractmethod
    def delete_study(self, study_id: int) -> None:
        """Remove a study with its trials."""

    @abc.abstractmethod
    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> None:
        """Note something about a study."""

    @abc.abstractmethod
    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
        """Note something of the machinery."""

    @abc.abstractmethod
    def get_study_id_from_name(self, study_name: str) -> int:
        """Return the number of a study."""

    @abc.abstractmethod
    def get_study_name_from_id(self, study_id: int) -> str:
        """Return the name of a study."""

    @abc.abstractmethod
    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        """Return the directions of a study."""

    @abc.abstractmethod
    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        """Return what the user has noted about a study."""

    @abc.abstractmethod
    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:
        """Return what the machinery has noted about a study."""

    @abc.abstractmethod
    def get_all_studies(self) -> list[FrozenStudy]:
        """Return all studies, the oldest first."""

    # -- trials ---------------------------------------------------------------------------------

    @abc.abstractmethod
    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        """Add a trial that runs, or one like a template, and return its number in the storage."""

    @abc.abstractmethod
    def set_trial_param(
        self,
        trial_id: int,
        param_name: str,
        param_value_internal: float,
        distribution: BaseDistribution,
    ) -> None:
        """Set a parameter of a trial."""

    @abc.abstractmethod
    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        """Set where a trial is, with its values; false where another worker took it already."""

    @abc.abstractmethod
    def set_trial_intermediate_value(
        self, trial_id: int, step: int, intermediate_value: float
    ) -> None:
        """Set the value of a trial at a step."""

    @abc.abstractmethod
    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Note something about a trial."""

    @abc.abstractmethod
    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Note something of the machinery about a trial."""

    @abc.abstractmethod
    def get_trial(self, trial_id: int) -> FrozenTrial:
        """Return a trial; it is not to be changed."""

    @abc.abstractmethod
    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        """Return the trials of a study, by number."""

    def get_trial_id_from_study_id_trial_number(self, study_id: int, trial_number: int) -> int:
        """Return the number of a trial in the storage, from that in its study."""
        trials = self.get_all_trials(study_id, deepcopy=False)
        if len(trials) <= trial_number:
            raise KeyError(
                f"No trial with trial number {trial_number} exists in study with study_id "
                f"{study_id}."
            )
        return trials[trial_number].trial_id

    def get_trial_number_from_id(self, trial_id: int) -> int:
        """Return the number of a trial in its study."""
        return self.get_trial(trial_id).number

    def get_trial_param(self, trial_id: int, param_name: str) -> float:
        """Return the stored form of a parameter."""
        trial = self.get_trial(trial_id)
        return trial.distributions[param_name].to_internal_repr(trial.params[param_name])

    def get_trial_params(self, trial_id: int) -> dict[str, Any]:
        """Return the params of a trial."""
        return self.get_trial(trial_id).params

    def get_trial_user_attrs(self, trial_id: int) -> dict[str, Any]:
        """Return what the user has noted about a trial."""
        return self.get_trial(trial_id).user_attrs

    def get_trial_system_attrs(self, trial_id: int) -> dict[str, Any]:
        """Return what the machinery has noted about a trial."""
        return self.get_trial(trial_id).system_attrs

    def get_n_trials(
        self, study_id: int, state: tuple[TrialState, ...] | TrialState | None = None
    ) -> int:
        """Return how many trials there are, in some states."""
        states = (state,) if isinstance(state, TrialState) else state
        return len(self.get_all_trials(study_id, deepcopy=False, states=states))

    def get_best_trial(self, study_id: int) -> FrozenTrial:
        """Return the complete trial with the best value.

        Raises:
            ValueError: None is complete.
            RuntimeError: There are several objectives.
        """
        complete = self.get_all_trials(study_id, deepcopy=False, states=[TrialState.COMPLETE])
        if not complete:
            raise ValueError("No trials are completed yet.")
        directions = self.get_study_directions(study_id)
        return find_best(complete, directions)

    def remove_session(self) -> None:  # noqa: B027  (most have none)
        """Let go of what this thread holds open."""

    def check_trial_is_updatable(self, trial_id: int, trial_state: TrialState) -> None:
        """Refuse to change a trial that is over.

        Raises:
            UpdateFinishedTrialError: It is.
        """
        if trial_state.is_finished():
            raise finished_error(self.get_trial(trial_id).number)


def find_best(complete: Sequence[FrozenTrial], directions: Sequence[StudyDirection]) -> FrozenTrial:
    """The best of complete trials.

    Raises:
        RuntimeError: There are several objectives.
    """
    if len(directions) > 1:
        raise RuntimeError("Best trial can be obtained only for single-objective optimization.")
    choose = max if directions[0] == StudyDirection.MAXIMIZE else min
    return choose(complete, key=lambda t: t.values[0])


def finished_error(number: int) -> UpdateFinishedTrialError:
    """The error for a trial that is over and was to be changed."""
    return UpdateFinishedTrialError(f"Trial#{number} has already finished and can not be updated.")
