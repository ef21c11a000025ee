"""T12: the loss of most trials jumps up at the same step.

Statistic: the change into each step, of each curve, in standard deviations of its other changes (by
the median absolute deviation). Threshold: above 5 at the same step, not the first three, in half of
at least 5 curves. It is a count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from .case import Case
from .curves import Curve
from .finding import Finding
from .wording import count_in

_FEWEST = 5
_LEAST = 5.0
_FIRST = 3
_TO_SD = 1.4826  # from the median absolute deviation of a normal variable


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    curves = [c for c in case.curves if np.isfinite(c.loss).all() and len(c.loss) >= 8]
    if len(curves) < _FEWEST:
        return
    counts = Counter(step for curve in curves for step in _list_jumps(curve))
    if not counts:
        return
    step, n = counts.most_common(1)[0]
    if n < len(curves) / 2:
        return
    yield Finding(
        name="jump",
        severity="advice",
        title=f"{count_in(n, len(curves), 'trials')} jump up at step {step:g}",
        advice="look at what happens there: a learning rate that restarts, an optimiser whose "
        "state is lost when a checkpoint is loaded, another data set",
        evidence={"jumping": n, "curves": len(curves), "step": step},
        doubt="warm restarts that are meant",
        figure="curves",
    )


def _list_jumps(curve: Curve) -> list[float]:
    """The steps at which a curve jumps up."""
    change = np.diff(curve.loss)
    middle = float(np.median(change))
    sd = _TO_SD * float(np.median(np.abs(change - middle)))
    least = max(_LEAST * sd, 0.05 * curve.fall)
    at = np.flatnonzero(change - middle > least) + 1
    return [float(curve.steps[i]) for i in at if i >= _FIRST]
