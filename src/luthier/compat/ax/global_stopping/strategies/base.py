"""When a search is over: a class to be derived from."""

from __future__ import annotations

from ...core.experiment import Experiment


class BaseGlobalStoppingStrategy:
    """Says when a search is over: a class to be derived from.

    Args:
        min_trials: How many trials there are at least.
        inactive_when_pending_trials: Whether a search goes on while trials run.
    """

    def __init__(self, min_trials: int, inactive_when_pending_trials: bool = True) -> None:
        self.min_trials = min_trials
        self.inactive_when_pending_trials = inactive_when_pending_trials

    def should_stop_optimization(self, experiment: Experiment) -> tuple[bool, str]:
        """Return whether the search is over, and why."""
        if self.inactive_when_pending_trials and experiment.running_trial_indices:
            return False, "There are pending trials in the experiment."
        n_ended = sum(t.status.is_terminal for t in experiment.trials.values())
        if n_ended < self.min_trials:
            return False, f"{n_ended} trials have ended, and {self.min_trials} are asked for."
        return self._should_stop_optimization(experiment)

    def _should_stop_optimization(self, experiment: Experiment) -> tuple[bool, str]:
        raise NotImplementedError
