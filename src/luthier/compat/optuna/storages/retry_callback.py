"""What retries a trial whose worker was silent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..marks import deprecated_class, experimental_class, experimental_func
from ..trial.frozen import FrozenTrial, create_trial
from ..trial.state import TrialState

if TYPE_CHECKING:
    from ..study.shape import StudyLike


@experimental_class("2.8.0")
class RetryHeartbeatStaleTrialCallback:
    """Adds a trial like one whose worker was silent, to be run again.

    Args:
        max_retry: How often; None for any number.
        inherit_intermediate_values: Whether the new trial has the reports of the old one.
    """

    def __init__(
        self, max_retry: int | None = None, inherit_intermediate_values: bool = False
    ) -> None:
        self._max_retry = max_retry
        self._inherit_intermediate_values = inherit_intermediate_values

    def __call__(self, study: StudyLike, trial: FrozenTrial) -> None:
        history = [*trial.system_attrs.get("retry_history", []), trial.number]
        if self._max_retry is not None and self._max_retry < len(history):
            return
        attrs: dict[str, Any] = {"failed_trial": trial.number, **trial.system_attrs}
        study.add_trial(
            create_trial(
                state=TrialState.WAITING,
                params=trial.params,
                distributions=trial.distributions,
                user_attrs=trial.user_attrs,
                system_attrs={**attrs, "retry_history": history},
                intermediate_values=(
                    trial.intermediate_values if self._inherit_intermediate_values else None
                ),
            )
        )

    @staticmethod
    @experimental_func("2.8.0")
    def retried_trial_number(trial: FrozenTrial) -> int | None:
        """Return the number of the trial that another runs again; None for none."""
        return trial.system_attrs.get("failed_trial")

    @staticmethod
    @experimental_func("3.0.0")
    def retry_history(trial: FrozenTrial) -> list[int]:
        """Return the numbers of the trials that one runs again, the first one first."""
        history: list[int] = trial.system_attrs.get("retry_history", [])
        return history


@deprecated_class("4.9.0", "6.0.0", text="Use `RetryHeartbeatStaleTrialCallback` instead.")
class RetryFailedTrialCallback(RetryHeartbeatStaleTrialCallback):
    """An older name."""
