"""T3: trials still learn fast when they end: the learning rate is too low, or they end too early.

Statistic of a curve: the last tenth of the reports (at least two) still gains, for each report,
more than a quarter of the mean gain of a report, and the curve falls throughout. Threshold: half of
the best trials, at least 5. A network that too high a rate destroyed looks slow as well, so
divergence, constant predictions and oscillation are named before. Source: AutoTrainer (slow
convergence).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...numerics.rank_tests import trend
from .case import Case
from .curves import Curve
from .finding import Finding
from .wording import count_best, percent

_FEWEST = 5
_LEAST_SHARE = 0.25
_FALLING = -2.33


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    top = case.top_curves
    if len(top) < _FEWEST:
        return
    n = sum(map(is_slow, top))
    if n < len(top) / 2:
        return
    gains = [_late_gain(curve) for curve in top]
    yield Finding(
        name="slow-learning",
        severity="advice",
        title=f"{count_best(n, len(top))} still learn fast when they end: a report at the end "
        f"gains {percent(float(np.median(gains)))} of what a report gained on average",
        advice="train longer, or allow learning rates three times as high",
        evidence={"slow": n, "of the best": len(top), "late gain": float(np.median(gains))},
        doubt="a learning rate that is meant to decay later",
        figure="curves",
    )


def is_slow(curve: Curve) -> bool:
    """Return whether a trial falls steadily and still does at its end."""
    if not np.isfinite(curve.loss).all() or curve.fall <= 0:
        return False
    half = curve.loss[len(curve.loss) // 2 :]
    is_falling = trend(half) < min(_FALLING, -0.45 * len(half) ** 0.5)
    return is_falling and _late_gain(curve) > _LEAST_SHARE


def _late_gain(curve: Curve) -> float:
    """The gain of a report in the last tenth, by the mean gain of all reports."""
    n = len(curve.loss)
    k = max(2, n // 10)
    late = float(curve.loss[-k - 1] - curve.loss[-1]) / k
    mean = curve.fall / (n - 1)
    return late / mean if mean > 0 else 0.0
