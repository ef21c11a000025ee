"""Some parameters fixed, the others by another sampler."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..distributions import BaseDistribution
from ..marks import experimental_class, warn
from ..trial.frozen import FrozenTrial
from ..trial.state import TrialState
from .base import BaseSampler

if TYPE_CHECKING:
    from ..study.shape import StudyLike


@experimental_class("2.4.0")
class PartialFixedSampler(BaseSampler):
    """Gives some parameters fixed values, and asks another sampler for the others.

    Args:
        fixed_params: Name to value.
        base_sampler: The other sampler.
    """

    def __init__(self, fixed_params: dict[str, Any], base_sampler: BaseSampler) -> None:
        self._fixed_params = fixed_params
        self._base_sampler = base_sampler

    def reseed_rng(self) -> None:
        self._base_sampler.reseed_rng()

    def infer_relative_search_space(
        self, study: StudyLike, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        space = self._base_sampler.infer_relative_search_space(study, trial)
        return {name: d for name, d in space.items() if name not in self._fixed_params}

    def sample_relative(
        self, study: StudyLike, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return self._base_sampler.sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: StudyLike,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        if param_name not in self._fixed_params:
            return self._base_sampler.sample_independent(
                study, trial, param_name, param_distribution
            )
        value = self._fixed_params[param_name]
        if not param_distribution.contains(param_distribution.to_internal_repr(value)):
            warn(
                f"Fixed parameter '{param_name}' with value {value} is out of range for "
                f"distribution {param_distribution}.",
            )
        return value

    def before_trial(self, study: StudyLike, trial: FrozenTrial) -> None:
        self._base_sampler.before_trial(study, trial)

    def after_trial(
        self,
        study: StudyLike,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        self._base_sampler.after_trial(study, trial, state, values)
