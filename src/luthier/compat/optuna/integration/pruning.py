"""Callbacks of other libraries that report to a trial and end it where the pruner says so."""

from __future__ import annotations

from ..exceptions import TrialPruned
from ..trial.live import Trial


def report(trial: Trial, value: float, step: int) -> bool:
    """Report a value, and return whether the trial ends here."""
    trial.report(float(value), step=step)
    return trial.should_prune()


def pruned(step: int) -> TrialPruned:
    """The exception that ends a trial."""
    return TrialPruned(f"Trial was pruned at iteration {step}.")
