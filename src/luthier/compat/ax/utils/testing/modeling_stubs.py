"""An observation for tests; models of Ax's tests say on use what to do instead."""

from __future__ import annotations

import numpy as np

from ...adapter.registry import Generators
from ...core.observation import Observation, ObservationData, ObservationFeatures
from ...generation_strategy.generation_strategy import GenerationStep, GenerationStrategy
from ...inside import refuse_names


def get_observation1trans(
    first_metric_signature: str = "a", second_metric_signature: str = "b"
) -> Observation:
    """Return an observation of two metrics."""
    data = ObservationData(
        [first_metric_signature, second_metric_signature],
        np.array([9.0, 25.0]),
        np.array([[1.0, 2.0], [3.0, 4.0]]),
    )
    return Observation(ObservationFeatures({"x": 9.0, "y": 121.0}, 0), data, "1_1")


def get_generation_strategy() -> GenerationStrategy:
    """Return a strategy: five points that fill the space, then a model."""
    return GenerationStrategy(
        [GenerationStep(Generators.SOBOL, num_trials=5), GenerationStep(Generators.BOTORCH_MODULAR)]
    )


__getattr__ = refuse_names("ax.utils.testing.modeling_stubs", "Make a GenerationStrategy of steps.")
