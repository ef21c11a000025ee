"""Successive halving: from rung to rung the best third of a bracket goes on."""

from __future__ import annotations

from ..numerics.halving import rung_steps, survivors
from ..validation import check_whole
from .hyperband import Brackets, Plan


class SuccessiveHalving(Brackets):
    """One bracket of `Hyperband`, again and again.

    Rungs stand at min_resource · reduction_factor^k and at max_resource; floor(n_trials /
    reduction_factor^k) trials of a bracket come to rung k, at least one. A free worker fills the
    next bracket while this one is waited for.

    Args:
        n_trials: Number of trials that begin a bracket, 1 to a million.
        min_resource: The first rung, in steps.
        max_resource: The last; None learns it: trials run through until one is complete, whose last
            step it is.
        reduction_factor: One in so many goes on.

    Raises:
        ValueError: An argument is out of its range.

    Source: Jamieson & Talwalkar 2016. Deviation: rungs as in Li 2018.
    """

    def __init__(
        self,
        n_trials: int = 27,
        min_resource: float = 1,
        max_resource: float | None = None,
        reduction_factor: float = 3,
    ) -> None:
        check_whole("n_trials", n_trials, 1, 1_000_000)
        self.n_trials = n_trials
        super().__init__(min_resource, max_resource, reduction_factor)

    def _make_plan(self, max_resource: float) -> Plan:
        steps = rung_steps(self.min_resource, max_resource, self.reduction_factor)
        return Plan(tuple(steps), (survivors(self.n_trials, len(steps), self.reduction_factor),))
