"""T14: gradients explode or vanish, or nearly all of them are clipped.

Statistic of a curve: a norm of the gradient above 1e4 or above 1000 times its median, or a median
below 1e-5, or more than half of the steps clipped. Threshold: a third of at least 5 curves that
noted it. Needs the tag "curves" (gradient_norm, clipped). Source: BTTackler; Google's tuning
playbook (clipping).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from .case import Case
from .curves import Curve
from .finding import Finding
from .wording import count_in

_FEWEST = 5
_LARGE = 1e4
_TIMES = 1e3
_SMALL = 1e-5
_MOST_CLIPPED = 0.5


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    for what, advice, noted, is_bad in (
        (
            "gradients explode",
            "clip gradients at their 90th percentile, warm up, or lower the learning rate",
            _has_norms,
            explodes,
        ),
        (
            "gradients vanish",
            "look at the initialisation and the activations, and normalise layers",
            _has_norms,
            vanishes,
        ),
        (
            "more than half of the gradients are clipped",
            "clip at a larger norm, such as the 90th percentile, or lower the learning rate",
            _has_clipped,
            is_clipped,
        ),
    ):
        finding = _find_one(case, what, advice, noted, is_bad)
        if finding is not None:
            yield finding


def _find_one(
    case: Case,
    what: str,
    advice: str,
    noted: Callable[[Curve], bool],
    is_bad: Callable[[Curve], bool],
) -> Finding | None:
    curves = [curve for curve in case.curves if noted(curve)]
    n = sum(map(is_bad, curves))
    if len(curves) < _FEWEST or n < len(curves) / 3:
        return None
    return Finding(
        name="bad-gradients",
        severity="warning",
        title=f"{what} in {count_in(n, len(curves), 'trials')}",
        advice=advice,
        evidence={"trials": n, "curves": len(curves)},
        doubt="norms that were measured before clipping",
        figure="curves",
    )


def explodes(curve: Curve) -> bool:
    """Return whether some gradient of a trial is far too large, or is not finite."""
    norm = curve.gradient_norm
    if norm is None or not len(norm):
        return False
    largest = float(np.max(np.nan_to_num(norm, nan=np.inf)))
    return bool(largest > _LARGE or largest > _TIMES * np.nanmedian(norm))


def vanishes(curve: Curve) -> bool:
    """Return whether the gradients of a trial are far too small."""
    norm = curve.gradient_norm
    return norm is not None and len(norm) > 0 and bool(np.nanmedian(norm) < _SMALL)


def is_clipped(curve: Curve) -> bool:
    """Return whether most steps of a trial were clipped."""
    return curve.clipped > _MOST_CLIPPED


def _has_norms(curve: Curve) -> bool:
    return curve.gradient_norm is not None and bool(np.isfinite(curve.gradient_norm).any())


def _has_clipped(curve: Curve) -> bool:
    return curve.clipped == curve.clipped
