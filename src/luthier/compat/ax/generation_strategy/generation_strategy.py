"""A strategy: steps that propose trials one after the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ....samplers.base import Sampler
from ...remarks import heed_others
from ..adapter.base import Adapter
from ..core.arm import Arm
from ..core.experiment import Experiment
from ..core.generator_run import GeneratorRun
from ..core.trial import Trial
from ..exceptions.core import DataRequiredError
from ..exceptions.generation_strategy import (
    GenerationStrategyCompleted,
    MaxParallelismReachedException,
)
from ..history import has_all_results, propose
from .external_generation_node import ExternalGenerationNode
from .generation_node import GenerationNode, GenerationStep
from .generator_spec import GeneratorSpec

__all__ = ["GenerationNode", "GenerationStep", "GenerationStrategy", "GeneratorSpec"]


_READ_FROM_EXPERIMENT = dict.fromkeys(
    ("data", "pending_observations", "status_quo_features"), "the experiment has them."
)


class GenerationStrategy:
    """Steps that propose trials one after the other.

    Args:
        steps: The steps.
        name: The strategy's name.
        nodes: The same as steps.

    Raises:
        ValueError: There are no steps, or the first one is none.
    """

    def __init__(
        self,
        steps: Sequence[GenerationNode] | None = None,
        name: str | None = None,
        nodes: Sequence[GenerationNode] | None = None,
    ) -> None:
        if isinstance(steps, str):  # name comes first in older versions
            steps, name = None, steps
        chosen = list(nodes or steps or ())
        if not chosen or not all(isinstance(n, GenerationNode) for n in chosen):
            raise ValueError(f"a GenerationStrategy needs a list of steps or nodes, got {chosen!r}")
        self._nodes = chosen
        self.name = name or "+".join(n.name for n in chosen)
        self.experiment: Experiment | None = None
        self.seed: int | None = None
        self.starts_at_centre = False
        self._generator_runs: list[GeneratorRun] = []
        self._samplers: dict[int, Sampler] = {}
        self._place = 0
        for spec in (n.spec for n in chosen if not n.is_external):
            spec.warn_of_settings()

    @property
    def nodes(self) -> list[GenerationNode]:
        """The steps."""
        return self._nodes

    _steps = nodes

    @property
    def current_node_name(self) -> str:
        """Name of the step that proposed last."""
        return self._nodes[self._place].name

    @property
    def current_node(self) -> GenerationNode:
        """The step that proposed last."""
        return self._nodes[self._place]

    @property
    def current_step_index(self) -> int:
        """Its place among the steps."""
        return self._place

    def begin_at(self, place: int) -> None:
        """Go on from the step at a place."""
        self._place = place

    @property
    def optimization_complete(self) -> bool:
        """Whether all steps have given their trials."""
        last = self._nodes[-1]
        if last.num_trials < 0 or self.experiment is None or self._place < len(self._nodes) - 1:
            return False
        return len(self._trials_of(self.experiment, last)) >= last.num_trials

    def choose_node(self, experiment: Experiment) -> GenerationNode:
        """Return the step that proposes the next trial.

        Raises:
            DataRequiredError: It waits for results.
            MaxParallelismReachedException: As many trials run as it allows.
            GenerationStrategyCompleted: All steps have given their trials.
        """
        self.experiment = experiment
        while True:
            node = self._nodes[self._place]
            trials = self._trials_of(experiment, node)
            is_given = 0 <= node.num_trials <= len(trials)
            is_last = self._place == len(self._nodes) - 1
            if not is_given or node.num_trials < 0:
                break
            if is_last:
                raise GenerationStrategyCompleted(
                    f"Generation strategy {self.name} generated all the trials as specified in its "
                    "steps."
                )
            if self._count_observed(experiment, trials) < node.min_trials_observed:
                if not node.enforce_num_trials:
                    break
                raise DataRequiredError(
                    "All trials for current node have been generated, but not enough data has been "
                    f"observed: {node.name} needs {node.min_trials_observed} completed trials "
                    "before the next node."
                )
            self._place += 1
        n_running = sum(t.status.is_running for t in trials)
        if node.max_parallelism is not None and n_running >= node.max_parallelism:
            raise MaxParallelismReachedException(n_running, node_name=node.name)
        return node

    def current_generator_run_limit(self, experiment: Experiment | None = None) -> tuple[int, bool]:
        """Return how many trials could begin now (-1 for no limit), and whether none ever will.

        Args:
            experiment: The experiment; None for that of the last trial.
        """
        experiment = experiment or self.experiment
        if experiment is None:
            return -1, False
        self.experiment = experiment
        if self.optimization_complete:
            return 0, True
        try:
            node = self.choose_node(experiment)
        except (MaxParallelismReachedException, DataRequiredError):
            return 0, False
        trials = self._trials_of(experiment, node)
        limits = []
        if node.num_trials >= 0 and node.enforce_num_trials:
            limits.append(node.num_trials - len(trials))
        if node.max_parallelism is not None:
            limits.append(node.max_parallelism - sum(t.status.is_running for t in trials))
        return min(limits, default=-1), False

    @property
    def trials_as_df(self) -> Any:
        """Table of the trials; None before the first."""
        return None if self.experiment is None else self.experiment.to_df()

    @property
    def adapter(self) -> Adapter | None:
        """What the method of the last proposal expects of points; None before the first."""
        if self.experiment is None or not self._generator_runs:
            return None
        return Adapter(self.experiment, str(self._generator_runs[-1].generator_key))

    model = adapter

    def _trials_of(self, experiment: Experiment, node: GenerationNode) -> list[Trial]:
        trials = experiment.trials.values()
        if node.counts_all:
            return list(trials)
        name = node.name
        mine = (name, "CenterOfSearchSpace") if node is self._nodes[0] else (name,)
        return [t for t in trials if t.generation_node in mine]

    def _count_observed(self, experiment: Experiment, trials: list[Trial]) -> int:
        config = experiment.optimization_config
        ended = [t for t in trials if t.status.is_completed or t.status.is_early_stopped]
        return len([t for t in ended if config is None or has_all_results(config, t)])

    def gen_single_trial(
        self, experiment: Experiment, fixed_features: Any = None, **kwargs: Any
    ) -> GeneratorRun:
        """Return a proposal for the next trial.

        Args:
            experiment: The experiment.
            fixed_features: Params that are set, in its attribute `parameters`.
            **kwargs: `data` and others of Ax, without effect.

        Raises:
            TypeError: An argument is not known.
        """
        heed_others("Ax's GenerationStrategy", kwargs, _READ_FROM_EXPERIMENT)
        node = self.choose_node(experiment)
        fixed = {} if fixed_features is None else dict(fixed_features.parameters)
        name, key = node.name, node.key
        params = None if fixed else self._find_centre(experiment)
        if params is not None:
            name = key = "CenterOfSearchSpace"
        elif isinstance(node, ExternalGenerationNode):
            params = node.propose(experiment, fixed)
        else:
            params = self._propose(experiment, node.spec, fixed)
        run = GeneratorRun([Arm(params)], key, name)
        self._generator_runs.append(run)
        return run

    gen = gen_single_trial

    def _propose(
        self, experiment: Experiment, spec: GeneratorSpec, fixed: dict[str, Any]
    ) -> dict[str, Any]:
        config = experiment.optimization_config
        n_objectives = 1 if config is None else len(config.objective.sums)
        if self._place not in self._samplers:
            self._samplers[self._place] = spec.generator_enum.make_sampler(n_objectives)
        sampler = self._samplers[self._place]
        seed = spec.seed if spec.seed is not None else self.seed
        number = len(experiment.trials)
        return propose(experiment, sampler, fixed, None if seed is None else [seed, number])

    def _find_centre(self, experiment: Experiment) -> dict[str, Any] | None:
        """Return the centre of the space for the first trial; None where it is not wanted."""
        if not self.starts_at_centre or experiment.trials:
            return None
        space = experiment.search_space.to_space({})
        X = space.centre() if space.d else None
        return None if X is None else experiment.search_space.complete(space.decode(X)[0])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, GenerationStrategy):
            return NotImplemented
        return repr(self) == repr(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"GenerationStrategy(name={self.name!r}, nodes={self._nodes})"


def count_initial_trials(n_parameters: int, n_trials: int | None = None) -> int:
    """Return how many trials come before a model, for a number of parameters."""
    wanted = 2 * n_parameters
    if n_trials is not None:
        wanted = min(wanted, math.ceil(n_trials / 5))
    return max(wanted, 5)
