"""T14: gradients explode or vanish.

Statistic of a curve: a norm of the gradient above 1e4 or above 1000 times its median, or a median
below 1e-5. Threshold: a third of at least 5 curves that noted it. Needs the tag "curves"
(gradient_norm). Source: BTTackler.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .case import Case
from .finding import Finding

_FEWEST = 5
_LARGE = 1e4
_TIMES = 1e3
_SMALL = 1e-5


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    norms = [
        c.gradient_norm for c in case.curves if c.gradient_norm is not None and len(c.gradient_norm)
    ]
    if len(norms) < _FEWEST:
        return
    median = np.array([np.nanmedian(norm) for norm in norms])
    largest = np.array([np.max(np.nan_to_num(norm, nan=np.inf)) for norm in norms])
    for what, hit, advice in (
        (
            "explode",
            (largest > _LARGE) | (largest > _TIMES * median),
            "clip gradients at their 90th percentile, warm up, or lower the learning rate",
        ),
        (
            "vanish",
            median < _SMALL,
            "look at the initialisation and the activations, and normalise layers",
        ),
    ):
        n = int(hit.sum())
        if n >= len(norms) / 3:
            yield Finding(
                name="bad-gradients",
                severity="warning",
                title=f"gradients {what} in {n} of {len(norms)} trials",
                advice=advice,
                evidence={"trials": n, "curves": len(norms)},
                doubt="norms that were measured before clipping",
                figure="curves",
            )
