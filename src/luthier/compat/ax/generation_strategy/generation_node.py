"""The steps of a strategy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...remarks import heed_others
from ..adapter.registry import Generators
from .generator_spec import GeneratorSpec
from .transition_criterion import MaxGenerationParallelism, MaxTrialsAwaitingData, MinTrials

_WITHOUT_EFFECT = {
    "best_model_selector": "the first method proposes.",
    "best_generator_selector": "the first method proposes.",
    "should_deduplicate": "no trial is proposed twice.",
    "input_constructors": "a node reads the experiment.",
    "trial_type": "trials are of one type.",
    "suggested_experiment_status": "an experiment has no status.",
    "fallback_specs": "the method has no failure that another mends.",
    "step_index": "nodes are counted.",
}


class GenerationNode:
    """A step: one method, until another one takes over.

    Args:
        name: Name of the step.
        generator_specs: The method; of several the first.
        transition_criteria: When the next step begins.
        pausing_criteria: When the step waits.
        node_name: The same as name, in older versions.
        model_specs: The same as generator_specs, in older versions.
        **kwargs: `should_deduplicate` and others of Ax, without effect.

    Raises:
        TypeError: An argument is not known.
    """

    def __init__(
        self,
        name: str | None = None,
        generator_specs: Sequence[GeneratorSpec] | None = None,
        transition_criteria: Sequence[Any] | None = None,
        pausing_criteria: Sequence[Any] | None = None,
        node_name: str | None = None,
        model_specs: Sequence[GeneratorSpec] | None = None,
        **kwargs: Any,
    ) -> None:
        heed_others("Ax's GenerationNode", kwargs, _WITHOUT_EFFECT)
        specs = list(generator_specs or model_specs or ())
        if not specs and not self.is_external:
            raise ValueError("a GenerationNode needs generator_specs, got none")
        self.generator_specs = specs
        self.name = name or node_name or self.key
        self.transition_criteria = list(transition_criteria or ())
        self.pausing_criteria = list(pausing_criteria or ())
        self.num_trials = -1
        self.min_trials_observed = 0
        self.max_parallelism: int | None = None
        self.enforce_num_trials = True
        self.counts_all = False  # the trials of all steps and of the user
        for criterion in self.transition_criteria:
            self._heed(criterion)
        for criterion in self.pausing_criteria:
            if isinstance(criterion, MaxGenerationParallelism):
                self.max_parallelism = criterion.threshold

    def _heed(self, criterion: Any) -> None:
        if not isinstance(criterion, MinTrials):
            return
        if criterion.count_only_trials_with_data or criterion.only_in_statuses:
            self.min_trials_observed = criterion.threshold
        else:
            self.num_trials = criterion.threshold
        self.counts_all = self.counts_all or criterion.use_all_trials_in_exp

    is_external = False

    @property
    def key(self) -> str:
        """Ax's name of its method."""
        return self.spec.generator_key

    @property
    def spec(self) -> GeneratorSpec:
        """Its method."""
        return self.generator_specs[0]

    generator_spec = spec

    @property
    def learns(self) -> bool:
        """Whether proposals depend on results, and a model of luthier can predict others."""
        return self.spec.generator_enum.learns

    def __repr__(self) -> str:
        return f"GenerationNode({self.name!r}, {self.key})"


class GenerationStep(GenerationNode):
    """A step of a strategy: a method for a number of trials.

    Args:
        generator: The method.
        num_trials: For how many trials; -1 for all that follow.
        min_trials_observed: How many of them must have results before the next step.
        max_parallelism: How many may run at a time; None for no bound.
        enforce_num_trials: Whether to wait for results rather than give more trials.
        generator_kwargs: Ax's settings of the method.
        generator_gen_kwargs: Ax's settings of single proposals.
        max_concurrency: The same as max_parallelism, in newer versions.
        use_all_trials_in_exp: Count the trials of all steps.
        **kwargs: `model`, `model_kwargs`, `model_gen_kwargs` of older versions, and others without
            effect.
    """

    def __init__(
        self,
        generator: Generators | None = None,
        num_trials: int = -1,
        min_trials_observed: int = 0,
        max_parallelism: int | None = None,
        enforce_num_trials: bool = True,
        generator_kwargs: Mapping[str, Any] | None = None,
        generator_gen_kwargs: Mapping[str, Any] | None = None,
        max_concurrency: int | None = None,
        use_all_trials_in_exp: bool = False,
        **kwargs: Any,
    ) -> None:
        spec = GeneratorSpec(
            generator if generator is not None else kwargs.pop("model", None),
            generator_kwargs or kwargs.pop("model_kwargs", None),
            generator_gen_kwargs or kwargs.pop("model_gen_kwargs", None),
        )
        name = kwargs.pop("generator_name", None) or kwargs.pop("model_name", None)
        super().__init__(name or spec.generator_key, [spec])
        self.num_trials = num_trials
        self.min_trials_observed = min_trials_observed
        self.max_parallelism = max_parallelism if max_concurrency is None else max_concurrency
        self.enforce_num_trials = enforce_num_trials
        self.counts_all = use_all_trials_in_exp
        if enforce_num_trials and num_trials > 0:
            self.pausing_criteria.append(MaxTrialsAwaitingData(num_trials))
        if self.max_parallelism is not None:
            self.pausing_criteria.append(MaxGenerationParallelism(self.max_parallelism))
