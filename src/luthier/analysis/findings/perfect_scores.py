"""E5: scores that are nearly perfect from the first trials on, as where the target leaks.

Statistic: the median of the first ten values of a score that is maximised and lies between 0 and 1.
Threshold: at least 0.995, and below 1 + 1e-9. It is a note.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .case import Case
from .finding import Finding

_FEWEST = 10
_LEAST = 0.995


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    if len(case) < _FEWEST or case.history.directions[0] != "maximize":
        return
    value = case.history.values_of(case.losses[:, 0])
    first = float(np.median(value[:_FEWEST]))
    if first < _LEAST or value.max() > 1 + 1e-9 or value.min() < 0:
        return
    yield Finding(
        name="perfect-scores",
        severity="note",
        title=f"the first {_FEWEST} trials already score {first:.4g} (median): does the target "
        "leak into the features?",
        advice="look for a column that knows the answer, and for rows that are in both sets; if "
        "there are none, the task needs no tuning",
        evidence={"median of the first": first},
        doubt="a task that is this easy: compare with a model of one feature",
        figure="history",
    )
