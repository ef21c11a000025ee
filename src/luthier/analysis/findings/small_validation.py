"""E6: the validation set is too small to tell trials apart.

Statistic: the binomial standard error of the best accuracy, sqrt(a (1 - a) / n), by the best less
the median. Threshold: above 1. Needs the tag "curves" (n_validation) and a score between 0 and 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from .case import Case
from .curves import TAG
from .finding import Finding

_FEWEST = 10


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    if len(case) < _FEWEST or case.losses.shape[1] > 1 or case.spread == 0:
        return
    value = case.history.values_of(case.losses[:, 0])
    best = float(value[case.order[0]])
    n = _count_rows(case)
    if not n or value.min() < 0 or value.max() > 1:
        return
    error = math.sqrt(best * (1 - best) / n)
    if error <= case.spread:
        return
    yield Finding(
        name="small-validation",
        severity="warning",
        title=f"{n} validation rows measure {best:.3g} to within {error:.2g}, and the best is "
        f"only {case.spread:.2g} better than the median trial",
        advice=f"validate on {math.ceil(n * (2 * error / case.spread) ** 2)} rows or more, or by "
        "repeated cross-validation",
        evidence={"standard error": error, "median minus best": case.spread, "rows": float(n)},
        doubt="leaders that are confirmed to differ",
        figure="edf",
    )


def _count_rows(case: Case) -> int:
    """The median of the validation rows that trials noted; 0 where none did."""
    noted = [row.tags.get(TAG) for row in case.rows.values()]
    counts = [tag.get("n_validation") for tag in noted if isinstance(tag, dict)]
    known = [n for n in counts if isinstance(n, int | float) and n > 0]
    return int(np.median(known)) if known else 0
