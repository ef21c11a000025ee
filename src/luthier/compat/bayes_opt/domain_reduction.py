"""Bounds that narrow while a search runs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...space.distributions import Float
from ...typing import Array
from .target_space import TargetSpace


class DomainTransformer(ABC):
    """Base of what changes bounds; a class of one's own works."""

    @abstractmethod
    def initialize(self, target_space: TargetSpace) -> None:
        """Look at the bounds before the search."""

    @abstractmethod
    def transform(self, target_space: TargetSpace) -> Mapping[str, Any]:
        """Return name to new bounds."""


class SequentialDomainReductionTransformer(DomainTransformer):
    """Bounds that move to the best point and get narrower, the less it moves.

    Args:
        parameters: Without effect.
        gamma_osc: Factor of the width where the best point goes to and fro.
        gamma_pan: Factor where it goes on in one direction.
        eta: Factor where it stays.
        minimum_window: The least width, or name to it.

    Source: Stander & Craig 2002. Deviation: bounds never leave those of the beginning.
    """

    def __init__(
        self,
        parameters: Any = None,
        gamma_osc: float = 0.7,
        gamma_pan: float = 1.0,
        eta: float = 0.9,
        minimum_window: Any = 0.0,
    ) -> None:
        self.parameters = parameters
        self.gamma_osc = gamma_osc
        self.gamma_pan = gamma_pan
        self.eta = eta
        self.minimum_window = minimum_window

    def initialize(self, target_space: TargetSpace) -> None:
        if not all(isinstance(p, Float) for p in target_space.luthier_space.dists):
            raise ValueError(
                "SequentialDomainReductionTransformer narrows real parameters only: leave it out, "
                "or make whole numbers and categories real"
            )
        self.original_bounds = target_space.bounds.copy()
        self.bounds = [self.original_bounds]
        least = self.minimum_window
        if isinstance(least, Mapping):
            least = [least[key] for key in target_space.keys]
        self._least = np.broadcast_to(np.asarray(least, dtype=float), len(self.original_bounds))
        if (self._least > np.ptp(self.original_bounds, axis=1)).any():
            raise ValueError("minimum_window is wider than the bounds")
        self._width = np.ptp(self.original_bounds, axis=1)
        self._middle = self.original_bounds.mean(axis=1)
        self._move = np.zeros(len(self._middle))

    def transform(self, target_space: TargetSpace) -> dict[str, Any]:
        best = target_space.max()
        if best is None:
            return {}
        self._update(target_space.params_to_array(best["params"]))
        half = np.maximum(self._width, self._least) / 2
        low, high = self.original_bounds.T
        middle = np.clip(self._middle, low + half, high - half)
        new = np.stack([np.maximum(middle - half, low), np.minimum(middle + half, high)], axis=1)
        self.bounds.append(new)
        return {key: tuple(b) for key, b in zip(target_space.keys, new.tolist(), strict=True)}

    def _update(self, best: Array) -> None:
        """Move the middle to the best point, and change the width."""
        move = 2 * (best - self._middle) / np.where(self._width > 0, self._width, 1.0)
        turn = np.sign(move * self._move) * np.sqrt(np.abs(move * self._move))
        gamma = 0.5 * (self.gamma_pan * (1 + turn) + self.gamma_osc * (1 - turn))
        factor = self.eta + np.abs(move) * (gamma - self.eta)
        self._width = np.minimum(self._width * factor, np.ptp(self.original_bounds, axis=1))
        self._move = move
        self._middle = best
