"""A pruner whose answer is known."""

from __future__ import annotations

from ..pruners.base import BasePruner
from ..study.shape import StudyLike
from ..trial.frozen import FrozenTrial


class DeterministicPruner(BasePruner):
    """Always gives the same answer.

    Args:
        is_pruning: The answer.
    """

    def __init__(self, is_pruning: bool) -> None:
        self.is_pruning = is_pruning

    def prune(self, study: StudyLike, trial: FrozenTrial) -> bool:
        return self.is_pruning
