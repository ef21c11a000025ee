"""The strategy for an experiment without one."""

from __future__ import annotations

import math
from typing import Any

from ...remarks import warn_without_effect
from ..adapter.registry import Generators
from ..core.search_space import SearchSpace
from .generation_node import GenerationStep
from .generation_strategy import GenerationStrategy, count_initial_trials

DEFAULT_BAYESIAN_CONCURRENCY = 3
DEFAULT_BAYESIAN_PARALLELISM = DEFAULT_BAYESIAN_CONCURRENCY
_HEEDED = ("experiment", "verbose", "suggested_model_override", "use_batch_trials")


def choose_generation_strategy(
    search_space: SearchSpace,
    *,
    num_trials: int | None = None,
    num_initialization_trials: int | None = None,
    max_initialization_trials: int | None = None,
    min_sobol_trials_observed: int | None = None,
    enforce_sequential_optimization: bool = True,
    max_parallelism_override: int | None = None,
    max_parallelism_cap: int | None = None,
    no_bayesian_optimization: bool = False,
    force_random_search: bool = False,
    random_seed: int | None = None,
    **kwargs: Any,
) -> GenerationStrategy:
    """Return a strategy: points that fill the space, then a Gaussian process.

    Args:
        search_space: The space.
        num_trials: How many trials there will be.
        num_initialization_trials: How many come before the model.
        max_initialization_trials: How many at most.
        min_sobol_trials_observed: How many of them must have results.
        enforce_sequential_optimization: Whether trials wait for results.
        max_parallelism_override: How many trials of a step may run at a time.
        max_parallelism_cap: The same, as a limit of the choice.
        no_bayesian_optimization: No model at all.
        force_random_search: The same.
        random_seed: The same seed gives the same trials.
        **kwargs: Ax's other settings; each without effect is said once.
    """
    for name, value in kwargs.items():
        if name not in _HEEDED and value:
            warn_without_effect(
                f"{name} of choose_generation_strategy", "luthier has no such step."
            )
    n_first = num_initialization_trials
    if n_first is None:
        n_first = count_initial_trials(len(search_space.tunable_parameters), num_trials)
        if max_initialization_trials is not None:
            n_first = min(n_first, max_initialization_trials)
    limit: int | None = DEFAULT_BAYESIAN_CONCURRENCY
    if max_parallelism_cap is not None:
        limit = min(DEFAULT_BAYESIAN_CONCURRENCY, max_parallelism_cap)
    if max_parallelism_override is not None:
        limit = None if max_parallelism_override < 0 else max_parallelism_override
    if not enforce_sequential_optimization:
        limit = None
    observed = math.ceil(n_first / 2) if min_sobol_trials_observed is None else None
    if no_bayesian_optimization or force_random_search:
        chosen = GenerationStrategy([GenerationStep(Generators.SOBOL)], name="Sobol")
    else:
        first = GenerationStep(
            Generators.SOBOL,
            num_trials=n_first,
            min_trials_observed=min_sobol_trials_observed or observed or 0,
            enforce_num_trials=enforce_sequential_optimization,
            use_all_trials_in_exp=True,
        )
        then = GenerationStep(Generators.BOTORCH_MODULAR, max_concurrency=limit)
        chosen = GenerationStrategy([first, then], name="Sobol+BoTorch")
    chosen.seed = random_seed
    return chosen
