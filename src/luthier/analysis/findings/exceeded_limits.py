"""S24: trials that a limit of time or memory ended.

Threshold: more than 10 % of the trials that are over, at least 3. It is a count; where a rule tells
them from the others (Fisher's p below 0.01), it is named.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...trial.record import State
from .case import Case
from .finding import Finding
from .region import find_region, say_where

_MOST = 0.1
_LIMITS = (
    ("memory_mb", "memory", "TrialMemoryError"),
    ("time_s", "time", "TrialTimeoutError"),
)


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    rows = [row for row in case.rows.values() if row.state.finished]
    for limit, what, error in _LIMITS:
        ended = np.array([row.number for row in rows], dtype=np.int64)
        hit = np.array([row.state == State.FAILED and error in (row.error or "") for row in rows])
        n = int(hit.sum())
        if n < 3 or n <= _MOST * len(rows):
            continue
        region = find_region(case, case.history.X[ended], hit)
        yield Finding(
            name="exceeded-limits",
            severity="warning",
            title=f"{n} of {len(rows)} trials were ended by the limit of {what}{say_where(region)}",
            advice="put a constraint on the size of what is trained, or raise the limit",
            evidence={"trials": n, "share": n / len(rows)},
            remedy=f"study.optimize(objective, limits={{'{limit}': ...}})",
            doubt="a machine that was slow or full at that time",
            figure="timeline",
        )
