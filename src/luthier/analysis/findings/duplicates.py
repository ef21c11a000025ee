"""S9: the same params again and again, though nobody asked for repeats.

Statistic: the share of trials whose params another trial had before. Threshold: above 5 % in a
space of more than 10 points for each trial; at least 20 trials. It is a count.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from .case import Case
from .finding import Finding
from .wording import percent

_FEWEST = 20
_MOST = 0.05
_POINTS_EACH = 10


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    history = case.history
    ran = np.flatnonzero(history.fits & ~history.confirming & history.has_result)
    n = len(ran)
    if n < _FEWEST or not case.space.d or _count_points(case) <= _POINTS_EACH * n:
        return
    share = 1 - len(set(case.space.keys(history.X[ran]))) / n
    if share <= _MOST:
        return
    yield Finding(
        name="duplicates",
        severity="advice",
        title=f"{percent(share)} of {n} trials ran params that an earlier trial had",
        advice="look for params that are enqueued twice or a seed that is set in each worker; "
        "where repeats are meant, study.confirm counts them as such",
        evidence={"share of repeated params": share, "trials": n},
        doubt="an objective that is noisy, and repeated on purpose",
        figure="history",
    )


def _count_points(case: Case) -> float:
    """Number of points of the space, infinity for a continuous one; conditions play no part."""
    return math.prod(float(dist.n_values or math.inf) for _, _, dist in case.parameters)
