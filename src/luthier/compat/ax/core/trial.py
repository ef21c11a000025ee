"""A trial of an experiment."""

from __future__ import annotations

import datetime
from typing import Any

from ..exceptions.core import UnsupportedError, UserInputError
from ..raw_data import read_steps
from .arm import Arm
from .data import Measurement
from .generator_run import GeneratorRun
from .trial_status import TrialStatus


class Trial:
    """A trial with one arm.

    Args:
        experiment: The experiment that it belongs to.
        index: Its index.
        generator_run: Where its params come from; None for the user.
        ttl_seconds: After how many seconds a running trial counts as failed.
    """

    def __init__(
        self,
        experiment: Any,
        index: int,
        generator_run: GeneratorRun | None = None,
        ttl_seconds: float | None = None,
    ) -> None:
        self.experiment = experiment
        self.index = index
        self._generator_run = generator_run
        self.ttl_seconds = ttl_seconds
        self.arm: Arm | None = None
        self.run_metadata: dict[str, Any] = {}
        self.status_reason: str | None = None
        self.measurements: list[Measurement] = []
        self.n_attached = 0  # those that were replaced count again
        self.latest: dict[str, Measurement] = {}
        self.time_created = datetime.datetime.now()
        self.time_run_started: datetime.datetime | None = None
        self.time_completed: datetime.datetime | None = None
        self._status = TrialStatus.CANDIDATE
        if generator_run is not None and generator_run.arms:
            self.add_arm(generator_run.arms[0])

    @property
    def status(self) -> TrialStatus:
        """Its state."""
        return self._status

    @property
    def generator_run(self) -> GeneratorRun | None:
        """Where its params come from; None for the user."""
        return self._generator_run

    @property
    def generator_runs(self) -> list[GeneratorRun]:
        """Where its params come from."""
        return [] if self._generator_run is None else [self._generator_run]

    @property
    def generation_node(self) -> str | None:
        """Step of the strategy that proposed it; None for the user."""
        run = self.generator_run
        return None if run is None else run.node_name

    @property
    def arms(self) -> list[Arm]:
        """Its arm, as a list."""
        return [] if self.arm is None else [self.arm]

    @property
    def params(self) -> dict[str, Any]:
        """Its params; empty without an arm."""
        return {} if self.arm is None else self.arm.parameters

    def add_arm(self, arm: Arm) -> Trial:
        """Set its arm, and name it."""
        self.arm = Arm(arm.parameters, arm.name or f"{self.index}_0")
        return self

    def mark_running(self, no_runner_required: bool = False, unsafe: bool = False) -> Trial:
        """Begin it."""
        self.time_run_started = datetime.datetime.now()
        return self._mark(TrialStatus.RUNNING)

    def run(self) -> Trial:
        """Begin it by the experiment's runner."""
        runner = self.experiment.runner
        if runner is not None and hasattr(runner, "run"):
            self.run_metadata.update(runner.run(self) or {})
        return self.mark_running()

    def mark_completed(self, unsafe: bool = False) -> Trial:
        """End it with its results."""
        return self._end(TrialStatus.COMPLETED)

    def mark_failed(self, reason: str | None = None, unsafe: bool = False) -> Trial:
        """End it without results."""
        return self._end(TrialStatus.FAILED, reason)

    def mark_abandoned(self, reason: str | None = None, unsafe: bool = False) -> Trial:
        """Give it up.

        Raises:
            ValueError: It is over.
        """
        if self._status.is_terminal:
            raise ValueError(f"Cannot abandon a trial in a terminal state: {self._status.name}.")
        return self._end(TrialStatus.ABANDONED, reason)

    def mark_early_stopped(self, unsafe: bool = False) -> Trial:
        """Stop it with the results so far.

        Args:
            unsafe: Whether it may have none.

        Raises:
            UnsupportedError: It has none.
        """
        if not self.measurements and not unsafe:
            raise UnsupportedError(
                f"Cannot mark trial early stopped: trial {self.index} has no data; use "
                "mark_trial_failed or mark_trial_abandoned."
            )
        return self._end(TrialStatus.EARLY_STOPPED)

    def mark_as(self, status: TrialStatus) -> Trial:
        """Set its state."""
        return self._end(status) if status.is_terminal else self._mark(status)

    def restore(
        self, status: TrialStatus, reason: str | None, generator_run: GeneratorRun | None
    ) -> None:
        """Set its state and its origin as they were stored."""
        self._status, self.status_reason = status, reason
        self._generator_run = generator_run

    def _mark(self, status: TrialStatus) -> Trial:
        self._status = status
        return self

    def _end(self, status: TrialStatus, reason: str | None = None) -> Trial:
        self.time_completed = datetime.datetime.now()
        self.status_reason = reason
        return self._mark(status)

    def update_trial_data(self, raw_data: Any) -> str:
        """Add results, or replace them.

        Args:
            raw_data: A number, (mean, sem), metric to one of these, or a list of (step, dict).

        Returns:
            The last of them, as text.

        Raises:
            UserInputError: They are not of that form, or the experiment does not know a metric.
        """
        config, known = self.experiment.optimization_config, self.experiment.metrics
        names = [] if config is None else config.objective.metric_names
        steps = read_steps(raw_data, names)
        for name in (n for _, found in steps for n in found):
            if name not in known:
                raise UserInputError(
                    f"Unable to find metric {name!r} on the experiment, which has "
                    f"{list(known)}; name it in tracking_metric_names."
                )
        for step, found in steps:
            self.experiment.attach_results(self.index, found, step)
        return str(steps[-1][1]) if steps else ""

    @property
    def means(self) -> dict[str, float]:
        """The latest result of each metric."""
        return {n: m.mean for n, m in self.latest.items()}

    @property
    def sems(self) -> dict[str, float]:
        """The standard error of each of them."""
        return {n: m.sem for n, m in self.latest.items()}

    def get_metric_mean(self, metric_name: str) -> float:
        """Return the latest result of a metric.

        Raises:
            ValueError: There is none.
        """
        if metric_name not in self.means:
            raise ValueError(f"Metric {metric_name} not yet in data for trial {self.index}.")
        return self.means[metric_name]

    @property
    def objective_mean(self) -> float:
        """The latest result of the objective."""
        config = self.experiment.optimization_config
        if config is None:
            raise ValueError("No optimization config has been set.")
        return self.get_metric_mean(config.objective.metric_names[0])

    def __repr__(self) -> str:
        return (
            f"Trial(experiment_name={self.experiment.name!r}, index={self.index}, "
            f"status={self._status!r}, arm={self.arm})"
        )


BaseTrial = Trial
