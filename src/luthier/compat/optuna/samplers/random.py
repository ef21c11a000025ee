"""Uniform draws, and the random numbers behind them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from ..trial.frozen import FrozenTrial
from .base import ParamByParam

if TYPE_CHECKING:
    from ..study.shape import StudyLike


def draw(distribution: BaseDistribution, rng: np.random.RandomState) -> Any:
    """A value of a distribution, the one that Optuna draws with the same numbers."""
    if type(distribution) is FloatDistribution:  # the quickest to tell
        return _draw_float(distribution, rng.random_sample())
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[int(rng.random_sample(len(distribution.choices)).argmax())]
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    return at_share(distribution, rng.random_sample())


def at_share(distribution: FloatDistribution | IntDistribution, u: float) -> float:
    """The value at a share u of a range, on its scale."""
    if isinstance(distribution, IntDistribution):
        return _draw_int(distribution, u)
    return _draw_float(distribution, u)


def _draw_int(distribution: IntDistribution, u: float) -> int:
    low, high, step = distribution.low, distribution.high, distribution.step
    a, b = low - 0.5 * step, high + 0.5 * step
    if distribution.log:
        value = round(math.exp(math.log(a) + u * (math.log(b) - math.log(a))))
    else:
        value = low + round((a + u * (b - a) - low) / step) * step
    return min(max(value, low), high)


def _draw_float(distribution: FloatDistribution, u: float) -> float:
    low, high, step = distribution.low, distribution.high, distribution.step
    if distribution.log:
        value = math.exp(math.log(low) + u * (math.log(high) - math.log(low)))
    elif step is not None:
        a, b = low - 0.5 * step, high + 0.5 * step
        value = low + round((a + u * (b - a) - low) / step) * step
    else:
        value = low + u * (high - low)
    return min(max(value, low), high)


class RandomSampler(ParamByParam):
    """Draws every parameter from its range, uniformly on its scale.

    Args:
        seed: Of the random numbers; None for others each time.
    """

    def __init__(self, seed: int | None = None) -> None:
        self._rng = np.random.RandomState(seed)

    def reseed_rng(self) -> None:
        self._rng.seed()

    def sample_independent(
        self,
        study: StudyLike,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        return draw(param_distribution, self._rng)
