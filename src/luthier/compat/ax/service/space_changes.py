"""Changes of the search space of an experiment that has trials."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..core.experiment import Experiment
from ..core.parameter import RangeParameter
from ..core.runner import RunnerConfig
from ..exceptions.core import UserInputError
from .utils.instantiation import InstantiationBase

logger = logging.getLogger("ax.service.ax_client")
RunnerUpdates = RunnerConfig.SearchSpaceUpdateArguments | None


@contextlib.contextmanager
def tell_runner(experiment: Experiment, runner_updates: RunnerUpdates) -> Iterator[None]:
    """Tell the runner of the search space as it is at the end of the block.

    Args:
        experiment: The experiment.
        runner_updates: What the runner is told besides.

    Raises:
        Exception: What the runner raised; the search space and the baseline are as before then.
    """
    space, baseline = experiment.search_space.clone(), experiment.status_quo
    yield
    if experiment.runner is None:
        return
    try:
        experiment.runner.on_search_space_update(
            search_space=experiment.search_space, arguments=runner_updates
        )
    except Exception:
        experiment.search_space, experiment.status_quo = space, baseline
        raise


class SpaceChangesMixin:
    """What a client changes in its search space: a class to be derived from."""

    @property
    def experiment(self) -> Experiment:
        """The experiment."""
        raise NotImplementedError

    def set_search_space(
        self, parameters: Sequence[Any], parameter_constraints: Sequence[str] | None = None
    ) -> None:
        """Replace the search space; trials outside it no longer count."""
        read = InstantiationBase.make_search_space
        self.experiment.search_space = read(parameters, parameter_constraints)

    def add_parameters(
        self,
        parameters: Sequence[Any],
        backfill_values: Mapping[str, Any],
        status_quo_values: Mapping[str, Any] | None = None,
        parameter_constraints: Sequence[str] | None = None,
        runner_updates: RunnerUpdates = None,
    ) -> None:
        """Add parameters to the search space; the trials so far count in the new one.

        Args:
            parameters: RangeParameterConfig and its kin.
            backfill_values: The value of each that the trials so far had.
            status_quo_values: The value of each in the baseline; None for backfill_values.
            parameter_constraints: Texts such as "x1 + 2 * x2 <= 3", of old parameters too.
            runner_updates: What the runner is told besides.

        Raises:
            UserInputError: A value is missing.
        """
        experiment, made = self.experiment, [p.to_parameter() for p in parameters]
        names = [p.name for p in made]
        if missing := [n for n in names if n not in backfill_values]:
            raise UserInputError(
                "You must provide backfill values for all parameters being added. Missing values "
                f"for parameters: {missing}."
            )
        if extra := [n for n in backfill_values if n not in names]:
            logger.warning("Backfill values of %s are not used: these are not added.", extra)
        for parameter in made:
            parameter.backfill_value = parameter.cast(backfill_values[parameter.name])
        known = {**experiment.search_space.parameters, **{p.name: p for p in made}}
        read = InstantiationBase.constraint_from_str
        constraints = [read(c, known) for c in parameter_constraints or ()]
        with tell_runner(experiment, runner_updates):
            experiment.add_parameters_to_search_space(
                made, status_quo_values or backfill_values, constraints
            )

    def disable_parameters(
        self, default_parameter_values: Mapping[str, Any], runner_updates: RunnerUpdates = None
    ) -> None:
        """Search some parameters no longer.

        Args:
            default_parameter_values: Name to the value of all new trials.
            runner_updates: What the runner is told besides.
        """
        with tell_runner(self.experiment, runner_updates):
            self.experiment.disable_parameters_in_search_space(default_parameter_values)

    def update_parameters(
        self, parameters: Sequence[Any], runner_updates: RunnerUpdates = None
    ) -> None:
        """Replace the bounds of parameters; trials outside them no longer count.

        Args:
            parameters: Each a RangeParameterConfig.
            runner_updates: What the runner is told besides.

        Raises:
            UserInputError: One is not in the search space, or not a range there.
        """
        space = self.experiment.search_space
        for parameter in parameters:
            if parameter.name not in space.parameters:
                raise UserInputError(f"Parameter {parameter.name} not found in search space.")
            if not isinstance(space.parameters[parameter.name], RangeParameter):
                raise UserInputError(f"Parameter {parameter.name} is not a RangeParameter.")
        with tell_runner(self.experiment, runner_updates):
            for parameter in parameters:
                made = parameter.to_parameter()
                made.backfill_value = space[parameter.name].backfill_value
                space.update_parameter(made)

    @property
    def runner_config_type(self) -> type[RunnerConfig] | None:
        """The class of the runner's settings; None without a runner."""
        runner = self.experiment.runner
        return None if runner is None else runner.config_type
