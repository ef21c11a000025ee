"""T7: the model predicts the same for every row, as with unbalanced classes or dead units.

Statistic of a curve: the median distance of the accuracy from the share of the most frequent label
is at most one validation row, where that share is above 60 %; or the median loss of the last half
is within 3 % of the loss of a constant prediction. Threshold: half of the best trials, or a third
of at least 5 curves that noted it. Needs the tag "curves" (accuracy, majority, baseline). Source:
measured on networks on the digits data; comparing with the majority alone fails for balanced
classes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .case import Case
from .curves import Curve
from .finding import Finding
from .wording import count_in

_FEWEST = 5
STUCK = 0.97
"""Share of the loss of a constant prediction above which a trial has not left it."""


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    noted = [curve for curve in case.curves if is_noted(curve)]
    if len(noted) < _FEWEST:
        return
    n = sum(map(is_constant, noted))
    top = [curve for curve in case.top_curves if is_noted(curve)]
    n_top = sum(map(is_constant, top))
    if n < len(noted) / 3 and not (top and n_top >= len(top) / 2):
        return
    yield Finding(
        name="constant-predictions",
        severity="warning" if n_top else "advice",
        title=f"predictions are no better than a constant in {count_in(n, len(noted), 'trials')}",
        advice="weight the classes or sample them evenly, and look at the learning rate: too high "
        "a rate kills a network in its first steps",
        evidence={"constant": n, "curves": len(noted), "of the best": n_top},
        doubt="predictions that differ between rows",
        figure="curves",
    )


def is_noted(curve: Curve) -> bool:
    """Return whether a trial noted what a constant prediction comes to."""
    return curve.baseline == curve.baseline or (
        curve.accuracy is not None and curve.majority == curve.majority
    )


def is_constant(curve: Curve) -> bool:
    """Return whether a trial does no better than a constant prediction."""
    if curve.accuracy is not None and curve.majority > 0.6:
        row = 1 / curve.n_validation if curve.n_validation > 0 else 0.002
        return float(np.median(np.abs(curve.accuracy - curve.majority))) <= row
    half = curve.loss[len(curve.loss) // 2 :]
    return bool(float(np.median(half)) >= STUCK * curve.baseline > 0)
