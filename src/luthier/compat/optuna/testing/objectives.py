"""Objectives that end badly."""

from __future__ import annotations

from ..exceptions import TrialPruned
from ..trial.live import Trial


def fail_objective(_: Trial) -> float:
    """Fail.

    Raises:
        ValueError: Always.
    """
    raise ValueError


def pruned_objective(trial: Trial) -> float:
    """End early.

    Raises:
        TrialPruned: Always.
    """
    raise TrialPruned
