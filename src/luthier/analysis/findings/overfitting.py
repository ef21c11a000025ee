"""T5: trials are best long before they end, and get worse from there on.

Statistic of a curve: the best loss comes before 70 % of the reports, and the last ones (their
median of three) are above it by more than the largest of 10 % of the best, two standard deviations
of the steps, and 2 % of the fall; the training loss falls meanwhile where it was noted. Threshold:
half of the best trials, at least 5. Source: Google's tuning playbook, measured on networks on the
digits data.
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
_EARLY = 0.7


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    top = case.top_curves
    if len(top) < _FEWEST:
        return
    hit = [curve for curve in top if overfits(curve)]
    if len(hit) < len(top) / 2:
        return
    at = float(np.median([curve.steps[int(curve.loss.argmin())] for curve in hit]))
    known = all(curve.train is not None for curve in hit)
    yield Finding(
        name="overfitting",
        severity="advice",
        title=f"{count_best(len(hit), len(top))} overfit: they are best around step {at:g} of "
        f"{top[0].steps[-1]:g}, and get worse from there on"
        + ("" if known else " (their training losses are not known)"),
        advice="stop there and return the best value rather than the last, regularise, or take "
        "more data; until then the search prefers what overfits slowly",
        evidence={"overfit": len(hit), "of the best": len(top), "best step": at},
        doubt="a training loss that rises as well: then the learning rate is too high",
        figure="curves",
    )


def overfits(curve: Curve) -> bool:
    """Return whether a trial gets worse after it was best, while it still learns."""
    loss = curve.loss
    if not np.isfinite(loss).all() or len(loss) < 8:
        return False
    best = int(loss.argmin())
    if best >= _EARLY * len(loss) or curve.fall <= 0:
        return False
    step_sd = float(np.std(np.diff(loss[best:]))) if len(loss) - best > 2 else 0.0
    rise = float(np.median(loss[-3:]) - loss[best])
    least = max(0.1 * abs(loss[best]), 2 * step_sd, 0.02 * curve.fall)
    falls = curve.train is None or len(curve.train) < 4 or trend(curve.train[best:]) < 0
    return bool(rise > least and falls)
