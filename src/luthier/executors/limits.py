"""Limits on the time and memory of one task."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from ..errors import TrialMemoryError, TrialTimeoutError

_MB = 2**20


class TaskLimits(NamedTuple):
    """Limits on one task.

    Attributes:
        time_s: How long it may run, in seconds; infinite for no limit.
        memory_bytes: How much memory it may use, beside what its worker holds when it begins; 0
            for no limit.
    """

    time_s: float = math.inf
    memory_bytes: int = 0

    @classmethod
    def parse(cls, limits: Mapping[str, float] | None) -> TaskLimits:
        """Return limits from what a user passes, {"time_s": 60, "memory_mb": 500}.

        Raises:
            ValueError: One is unknown or not positive.
        """
        limits = limits or {}
        for name, bound in limits.items():
            known = name in ("time_s", "memory_mb")
            if not known or not isinstance(bound, int | float) or not bound > 0:
                raise ValueError(
                    f"limits are 'time_s' and 'memory_mb', each > 0, got {name!r}: {bound!r}"
                )
        memory_bytes = int(limits.get("memory_mb", 0) * _MB)
        return cls(limits.get("time_s", math.inf), memory_bytes)

    def timeout_error(self) -> TrialTimeoutError:
        """Return the error of a task that ran too long."""
        return TrialTimeoutError(f"ran longer than its limit of {self.time_s:g} s and was ended")

    def memory_error(self, used_bytes: float, before_bytes: float) -> TrialMemoryError:
        """Return the error of a task that used too much memory.

        Args:
            used_bytes: What it used.
            before_bytes: What its worker held before, which does not count.
        """
        return TrialMemoryError(
            f"used {used_bytes / _MB:.0f} MB, more than its limit of {self.memory_bytes / _MB:g} "
            f"MB, and was ended (beside {before_bytes / _MB:.0f} MB that its worker held before)"
        )

    def is_too_much_left(self, left_bytes: float) -> bool:
        """Return whether a worker holds so much of earlier tasks that a fresh one takes over."""
        return bool(self.memory_bytes) and left_bytes > self.memory_bytes / 2
