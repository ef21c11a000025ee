"""DEHB: the brackets of Hyperband, whose places at every rung are filled by evolution."""

from __future__ import annotations

import numpy as np

from ..history.history import History
from ..numerics.halving import Slots, brackets, rung_thresholds
from .base import Decision
from .hyperband import Brackets, Plan


class DEHB(Brackets):
    """Brackets for the sampler `DEHB` of the same settings.

    The first pass through the brackets is `Hyperband`. From then on each place at each rung is a
    trial of its own, which is run up to that rung and is over there: what it was bred from tells
    whether it was worth it. Nobody pauses any more, and no worker waits.

    Args:
        min_resource: The least that a trial gets, in steps.
        max_resource: The most; None learns it: trials run through until one is complete, whose last
            step it is.
        reduction_factor: How much more a trial gets at the next rung.

    Raises:
        ValueError: An argument is out of its range.

    Source: Awad 2021, section 3, asynchronous. Deviation: sizes of brackets as in Li 2018.
    """

    def __init__(
        self,
        min_resource: float = 1,
        max_resource: float | None = None,
        reduction_factor: float = 3,
    ) -> None:
        super().__init__(min_resource, max_resource, reduction_factor)

    def _make_plan(self, max_resource: float) -> Plan:
        table = brackets(self.min_resource, max_resource, self.reduction_factor)
        self._slots = Slots(table)
        sizes = tuple(tuple(n for n, _ in b) for b in table)
        return Plan(self._slots.steps, sizes, self._slots.n_first)

    def decide(self, history: History, number: int) -> Decision:
        """Decide as `Hyperband` in the first pass; later, stop a trial at its rung."""
        plan = self._plan(history)
        if plan is None or number < self._slots.n_first or history.confirming[number]:
            return super().decide(history, number)
        level = int(self._slots.at(np.array([number]))[0][0])
        over = (
            level < len(plan.steps) - 1
            and history.last_step[number] >= rung_thresholds(plan.steps)[level]
        )
        return Decision.STOP if over else Decision.CONTINUE
