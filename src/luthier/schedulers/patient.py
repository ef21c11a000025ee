"""Patient: a trial goes on until it has been getting worse for a while."""

from __future__ import annotations

from ..history.history import History
from ..history.rungs import replace_non_finite
from ..validation import check_real, check_whole
from .base import Decision, Next, Resume, Scheduler


class Patient(Scheduler):
    """Stops a trial, or asks another scheduler, once its latest reports are all worse.

    They must all be worse than the best report before them. Counts reports, in the order of their
    steps, so steps may be uneven. Reports that equal the best before are not worse: a flat curve
    goes on.

    Args:
        scheduler: It decides then; None stops the trial, which is early stopping within a trial.
        patience: The latest `patience` + 1 reports must all be worse.
        min_delta: Least difference by which they must be worse, in units of the value.

    Raises:
        ValueError: An argument is out of its range, or `scheduler` is not one.

    Source: Optuna's PatientPruner. Deviation: NaN is the worst loss, not a missing one, so a curve
    that turns to NaN runs out of patience.
    """

    def __init__(
        self, scheduler: Scheduler | None = None, patience: int = 5, min_delta: float = 0.0
    ) -> None:
        if scheduler is not None and not isinstance(scheduler, Scheduler):
            raise ValueError(
                f"scheduler must be a scheduler, such as Median(), or None, got {scheduler!r}"
            )
        check_whole("patience", patience, 0)
        check_real("min_delta", min_delta, 0)
        self.scheduler = scheduler
        self.patience = patience
        self.min_delta = min_delta

    def decide(self, history: History, number: int) -> Decision:
        """Continue until patience is exhausted, then ask `scheduler`."""
        losses = replace_non_finite(history.reports_of(number)[1])
        before = losses[: -self.patience - 1]
        latest = losses[-self.patience - 1 :]
        if not len(before) or not float(before.min()) + self.min_delta < float(latest.min()):
            return Decision.CONTINUE
        return Decision.STOP if self.scheduler is None else self.scheduler.decide(history, number)

    def next(self, history: History) -> Next | Resume:
        """Return the answer of `scheduler`."""
        return Next.START if self.scheduler is None else self.scheduler.next(history)

    @property
    def resumes(self) -> bool:
        """Whether `scheduler` does."""
        return self.scheduler is not None and self.scheduler.resumes
