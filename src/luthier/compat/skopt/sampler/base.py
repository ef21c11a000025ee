"""Base of the generators of first points."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from ....typing import Array
from ...remarks import warn_without_effect
from ..space.space import Space

_OF_OTHERS = {"min_skip", "max_skip", "primes", "lhs_type", "criterion", "iterations", "skip"}


class InitialPointGenerator(ABC):
    """Generates points that cover a space."""

    def generate(self, dimensions: Any, n_samples: int, random_state: Any = None) -> list[Any]:
        """Return points.

        Args:
            dimensions: The space, or its dimensions.
            n_samples: How many points.
            random_state: Seed or generator.
        """
        rng = check_random_state(random_state)
        space = Space(dimensions)
        before = space.get_transformer()
        space.set_transformer("normalize")
        try:
            return space.inverse_transform(self.cover(space.n_dims, n_samples, rng))
        finally:
            space.set_transformer(before)

    @abstractmethod
    def cover(self, d: int, n: int, rng: np.random.RandomState) -> Array:
        """Return n points (n, d) of the unit cube."""

    def set_params(self, **params: Any) -> InitialPointGenerator:
        """Set arguments by name, of which those of other generators have no effect; returns itself.

        Raises:
            ValueError: No generator has such an argument.
        """
        for name, value in params.items():
            if name in vars(self):
                setattr(self, name, value)
            elif name in _OF_OTHERS:
                warn_without_effect(
                    f"{name} of skopt's {type(self).__name__}", "another generator has it."
                )
            else:
                raise ValueError(f"{type(self).__name__} has no argument {name!r}")
        return self
