"""A step whose params a user's own method proposes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..core.data import Data
from ..core.experiment import Experiment
from .generation_node import GenerationNode


class ExternalGenerationNode(GenerationNode):
    """A step whose params a user's own method proposes: a class to be derived from.

    Args:
        name: Name of the step.
        should_deduplicate: Without effect: the method's params are taken as they are.
        transition_criteria: When the next step begins.
        pausing_criteria: When the step waits.
        **kwargs: Others of Ax, without effect.
    """

    is_external = True
    learns = False

    def __init__(
        self,
        name: str,
        should_deduplicate: bool = False,
        transition_criteria: Sequence[Any] | None = None,
        pausing_criteria: Sequence[Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            name,
            transition_criteria=transition_criteria,
            pausing_criteria=pausing_criteria,
            should_deduplicate=should_deduplicate or None,
            **kwargs,
        )

    @property
    def key(self) -> str:
        """Its own name."""
        return self.name

    def update_generator_state(self, experiment: Experiment, data: Data) -> None:
        """Take notice of the results, before a proposal.

        Args:
            experiment: The experiment.
            data: The results of all trials.
        """
        raise NotImplementedError

    def get_next_candidate(self, pending_parameters: list[dict[str, Any]]) -> Mapping[str, Any]:
        """Return the params of the next trial.

        Args:
            pending_parameters: Params of the trials that run.
        """
        raise NotImplementedError

    def propose(self, experiment: Experiment, fixed: Mapping[str, Any]) -> dict[str, Any]:
        """Return the params of the next trial, in the space of the experiment.

        Raises:
            ValueError: They are not in the space.
        """
        self.update_generator_state(experiment, experiment.lookup_data())
        running = [experiment.trials[i].params for i in sorted(experiment.running_trial_indices)]
        space = experiment.search_space
        params = space.complete({**self.get_next_candidate(running), **fixed})
        space.check_membership(params, raise_error=True)
        return params
