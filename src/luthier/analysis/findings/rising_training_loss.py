"""T11: the training loss rises in the second half of training.

Statistic of a curve: Mann and Kendall's trend of the training loss in its second half above 2.33,
and an end above 1.1 times its least. Threshold: half of the best trials, at least 5. Needs the tag
"curves" (train). Source: Google's tuning playbook ("training loss rises: a bug").
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...numerics.rank_tests import trend
from .case import Case
from .curves import Curve
from .finding import Finding
from .wording import count_best

_FEWEST = 5
_LEAST_TREND = 2.33


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    top = [c for c in case.top_curves if c.train is not None and len(c.train) >= 8]
    if len(top) < _FEWEST:
        return
    n = sum(map(rises, top))
    if n < len(top) / 2:
        return
    yield Finding(
        name="rising-training-loss",
        severity="warning",
        title=f"the training loss of {count_best(n, len(top))} rises in the second half",
        advice="look for a fault: a learning rate that grows, augmentation that is switched on "
        "late, a loss whose terms change",
        evidence={"rising": n, "of the best": len(top)},
        doubt="a loss whose weights change on purpose",
        figure="curves",
    )


def rises(curve: Curve) -> bool:
    """Return whether the training loss rises in its second half."""
    if curve.train is None or not np.isfinite(curve.train).all():
        return False
    half = curve.train[len(curve.train) // 2 :]
    least = float(curve.train.min())
    return trend(half) > _LEAST_TREND and bool(curve.train[-1] > least + 0.1 * abs(least))
