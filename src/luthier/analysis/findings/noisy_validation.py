"""T10: the loss of one trial changes as much between its last reports as trials differ.

Statistic: the median, over trials, of the standard deviation of the differences in the last third
of a curve, by sqrt(2), and 0 for a curve that only rises or only falls there; over the standard
deviation of the final losses of the better half of the trials. Threshold: above 1; at least 10
curves. Source: Google's tuning playbook (late step variance).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ...typing import Array
from .case import Case
from .finding import Finding

_FEWEST = 10
_MOST = 1.0


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    curves = [c for c in case.curves if np.isfinite(c.loss).all() and len(c.loss) >= 9]
    if len(curves) < _FEWEST:
        return
    final = np.array([curve.loss[-1] for curve in curves])
    better = np.argsort(final, kind="stable")[: max(5, len(final) // 2)]
    steps = [_find_change(curves[i].loss[-len(curves[i].loss) // 3 :]) for i in better]
    noise = float(np.median(steps)) / math.sqrt(2)
    differences = float(final[better].std())
    if noise <= _MOST * differences or noise == 0:
        return
    yield Finding(
        name="noisy-validation",
        severity="warning",
        title=f"late reports of one trial change by {noise:.3g}, and the better half of "
        f"{len(curves)} trials differ by {differences:.3g}: the ranking is mostly noise",
        advice="validate on more data, or report the mean of the last evaluations",
        evidence={"noise": noise, "differences": differences, "curves": float(len(curves))},
        remedy="study.confirm(k=5, repeats=5)",
        doubt="leaders that are confirmed to differ",
        figure="curves",
    )


def _find_change(loss: Array) -> float:
    """The standard deviation of the steps of a curve; 0 where it only rises or falls."""
    steps = np.diff(loss)
    is_steady = (steps >= 0).all() or (steps <= 0).all()
    return 0.0 if is_steady else float(np.std(steps))
