"""Threshold: a trial goes on while what it reports stays within bounds."""

from __future__ import annotations

import math

from ..history.history import History
from ..validation import check_real
from .base import Decision, Scheduler, is_due


class Threshold(Scheduler):
    """Stops a trial whose latest reported value is below `lower`, above `upper`, or NaN.

    Bounds are in the user's sign, whatever the direction of the study; a value on a bound is
    within. An infinite value is out of bounds on the side that has one.

    Args:
        lower: Smallest value that goes on; None for no such bound.
        upper: Largest value that goes on; None for no such bound.
        n_warmup_steps: Step before which no trial is stopped.
        interval_steps: A trial is judged at its first report in each interval of so many steps
            after the warm-up.

    Raises:
        ValueError: There is no bound, or an argument is out of its range.

    Source: Optuna's ThresholdPruner.
    """

    def __init__(
        self,
        lower: float | None = None,
        upper: float | None = None,
        n_warmup_steps: float = 0,
        interval_steps: float = 1,
    ) -> None:
        if lower is None and upper is None:
            raise ValueError(
                "Threshold needs lower, upper or both, as in Threshold(upper=10.0); got neither"
            )
        for name, bound in (("lower", lower), ("upper", upper)):
            if bound is not None:
                check_real(name, bound, -math.inf)
        if lower is not None and upper is not None and lower > upper:
            raise ValueError(
                f"lower must not be above upper, got lower = {lower!r} and upper = {upper!r}"
            )
        check_real("n_warmup_steps", n_warmup_steps, 0)
        check_real("interval_steps", interval_steps, 0, above=True)
        self.lower = lower
        self.upper = upper
        self.n_warmup_steps = n_warmup_steps
        self.interval_steps = interval_steps

    def decide(self, history: History, number: int) -> Decision:
        """Stop a trial whose latest value is out of bounds."""
        steps, losses = history.reports_of(number)
        if not is_due(steps, self.n_warmup_steps, self.interval_steps):
            return Decision.CONTINUE
        value = float(losses[-1]) * (-1 if history.directions[0] == "maximize" else 1)
        within = (
            value == value
            and (self.lower is None or value >= self.lower)
            and (self.upper is None or value <= self.upper)
        )
        return Decision.CONTINUE if within else Decision.STOP
