"""No pruning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..trial.frozen import FrozenTrial
from .base import BasePruner

if TYPE_CHECKING:
    from ..study.shape import StudyLike


class NopPruner(BasePruner):
    """Lets every trial run to its end."""

    def prune(self, study: StudyLike, trial: FrozenTrial) -> bool:
        return False
