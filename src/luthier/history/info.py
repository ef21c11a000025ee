"""Facts about a study that are not trials."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from .task import Task


class StudyInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about a study that samplers, schedulers and models may need beside its trials.

    Attributes:
        directions: "minimize" or "maximize", one for each objective.
        objectives: Names of the objectives.
        seed: The study's seed, for what must not differ between its workers.
        crash: Whether a trial that fails breaks a constraint, "crash".
        budget: Number of trials that there will be in all; None where it is not known.
        hidden: Numbers of trials whose results somebody has set aside.
        comparisons: What people preferred: the better trial, the worse one, and whether they were
            called equal.
        memory: Earlier tasks that samplers may learn from.
    """

    directions: tuple[str, ...]
    objectives: tuple[str, ...]
    seed: int = 0
    crash: bool = False
    budget: int | None = None
    hidden: frozenset[int] = frozenset()
    comparisons: tuple[tuple[int, int, bool], ...] = ()
    memory: tuple[Task, ...] = ()

    def mark_hidden(self, n: int) -> NDArray[np.bool_]:
        """(n,) whether the result of each of `n` trials is set aside."""
        mask = np.zeros(n, dtype=np.bool_)
        mask[[number for number in self.hidden if number < n]] = True
        return mask
