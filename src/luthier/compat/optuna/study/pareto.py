"""The trials that no other beats."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ....numerics.pareto import is_non_dominated
from ..trial.frozen import FrozenTrial
from ..trial.result_constraints import is_feasible
from ..trial.state import TrialState
from .direction import StudyDirection


def find_front(
    trials: Sequence[FrozenTrial], directions: Sequence[StudyDirection]
) -> list[FrozenTrial]:
    """Return the complete trials that no other beats in all objectives, by number.

    Where any has constraints, feasible trials only.
    """
    complete = [t for t in trials if t.state is TrialState.COMPLETE]
    if any(t.constraints for t in complete):
        complete = [t for t in complete if is_feasible(t.constraints)]
    if not complete:
        return []
    signs = np.array([-1.0 if d == StudyDirection.MAXIMIZE else 1.0 for d in directions])
    best = is_non_dominated(np.array([t.values for t in complete]) * signs)
    return [t for t, is_best in zip(complete, best, strict=True) if is_best]
