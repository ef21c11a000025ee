"""S13: a scheduler that stops nearly every trial, or none.

Threshold: more than 95 % of at least 30 trials that are over were stopped, or none of them with a
scheduler and reports, where none is paused either. It is a count.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...trial.record import State
from ...wording import count_of
from .case import Case
from .finding import Finding
from .wording import percent

_FEWEST = 30
_MOST = 0.95


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    state = case.history.state
    n_pruned, n_complete = int((state == State.PRUNED).sum()), int((state == State.COMPLETE).sum())
    n = n_pruned + n_complete
    if n < _FEWEST:
        return
    share = n_pruned / n
    evidence = {"share stopped": share, "trials": float(n)}
    if share > _MOST:
        yield Finding(
            name="pruned-share",
            severity="warning",
            title=f"{percent(share)} of {n} trials were stopped early, and {_say_few(n_complete)} "
            "trained to the end",
            advice="let trials train longer before they are first compared (a larger "
            "min_resource), and look whether the direction is right",
            evidence=evidence,
            remedy="study.scheduler = luthier.schedulers.ASHA(min_resource=..., "
            "reduction_factor=2)",
            doubt="a budget that is meant to be spent on few trials",
            figure="curves",
        )
    elif n_pruned == 0 and case.is_scheduled and not case.history.paused:
        yield Finding(
            name="pruned-share",
            severity="advice",
            title=f"the study has a scheduler, and none of {n} trials was stopped",
            advice="let the objective report after each epoch and ask trial.should_stop()"
            if not case.history.n_reports
            else "compare trials earlier (a smaller min_resource), or let the objective raise "
            "luthier.TrialPruned where trial.should_stop() is true",
            evidence=evidence,
            doubt="a scheduler that only pauses",
            figure="curves",
        )


def _say_few(n: int) -> str:
    return f"only {count_of(n, 'trial')}" if n else "none"
