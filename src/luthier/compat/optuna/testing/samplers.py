"""A sampler whose answers are known."""

from __future__ import annotations

from typing import Any

from ..distributions import BaseDistribution
from ..samplers.base import BaseSampler
from ..study.shape import StudyLike
from ..trial.frozen import FrozenTrial


class DeterministicSampler(BaseSampler):
    """Gives each parameter a value that is known.

    Args:
        params: Name to value.
    """

    def __init__(self, params: dict[str, Any]) -> None:
        self.params = params

    def infer_relative_search_space(
        self, study: StudyLike, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return {}

    def sample_relative(
        self, study: StudyLike, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return {}

    def sample_independent(
        self,
        study: StudyLike,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        value = self.params[param_name]
        assert param_distribution.contains(param_distribution.to_internal_repr(value))
        return value
