"""T13: validation is better than training all along, which is rare without a leak.

Statistic of a curve: the share of reports with a loss below the training loss. Threshold: above 90
% in 90 % of at least 5 curves. Needs the tag "curves" (train).
"""

from __future__ import annotations

from collections.abc import Iterator

from .case import Case
from .curves import Curve
from .finding import Finding
from .wording import count_in

_FEWEST = 5
_LEAST_SHARE = 0.9


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    noted = [c for c in case.curves if c.train is not None and len(c.train) == len(c.loss)]
    if len(noted) < _FEWEST:
        return
    n = sum(map(_is_below, noted))
    if n < _LEAST_SHARE * len(noted):
        return
    yield Finding(
        name="validation-below-training",
        severity="note",
        title=f"validation is better than training in {count_in(n, len(noted), 'trials')}",
        advice="look for rows of the validation set among the training data; dropout and "
        "augmentation make the training loss larger as well",
        evidence={"below": n, "curves": len(noted)},
        doubt="a training loss that is measured without dropout and augmentation",
        figure="curves",
    )


def _is_below(curve: Curve) -> bool:
    return curve.train is not None and float((curve.loss < curve.train).mean()) > _LEAST_SHARE
