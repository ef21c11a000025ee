"""Hyperband: successive halving from several budgets on."""

from __future__ import annotations

from ....numerics.halving import brackets
from .successive_halving import SuccessiveHalving


class Hyperband(SuccessiveHalving):
    """Successive halving from several budgets on, one bracket after the other."""

    def plan(self, low: float, high: float) -> list[list[tuple[int, float]]]:
        return [list(b) for b in brackets(low, high, self.eta)]
