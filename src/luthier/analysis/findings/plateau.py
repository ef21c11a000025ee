"""T4: trials have learnt all that they can long before they end.

Statistic of a curve: the best of the last 40 % of the reports gains less than 0.5 % of the fall on
the best before. Threshold: three quarters of the best trials, at least 5, with at least 10 reports.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .case import Case
from .curves import Curve
from .finding import Finding
from .wording import count_best

_FEWEST = 5
_FEWEST_REPORTS = 10
_LATE = 0.4
_LEAST_GAIN = 0.005


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    top = [curve for curve in case.top_curves if len(curve.loss) >= _FEWEST_REPORTS]
    if len(top) < _FEWEST:
        return
    n = sum(map(is_flat, top))
    if n < 0.75 * len(top):
        return
    yield Finding(
        name="plateau",
        severity="note",
        title=f"{count_best(n, len(top))} gain nothing in the last 40 % of their training",
        advice="train for fewer steps, or let the learning rate decay earlier",
        evidence={"flat": n, "of the best": len(top)},
        doubt="a late gain, as of a decay that comes at the end",
        figure="curves",
    )


def is_flat(curve: Curve) -> bool:
    """Return whether a trial gains nothing in the last 40 % of its reports."""
    loss = curve.loss
    if not np.isfinite(loss).all() or curve.fall <= 0:
        return False
    at = len(loss) - int(_LATE * len(loss))
    gain = float(loss[:at].min() - loss[at:].min())
    is_level = float(loss[-1] - loss.min()) <= 0.05 * curve.fall
    return gain < _LEAST_GAIN * curve.fall and is_level
