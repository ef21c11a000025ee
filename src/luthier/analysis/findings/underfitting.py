"""T6: training and validation both stay near a constant prediction: the model learns too little.

Statistic of a curve: the last training loss and the last loss are both above 95 % of the loss of a
constant prediction. Threshold: half of the best trials, at least 5. Needs the tag "curves" (train,
baseline).
"""

from __future__ import annotations

from collections.abc import Iterator

from .case import Case
from .curves import Curve
from .finding import Finding
from .wording import count_best

_FEWEST = 5
_NEAR = 0.95


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    top = [c for c in case.top_curves if c.train is not None and c.baseline > 0]
    if len(top) < _FEWEST:
        return
    n = sum(map(underfits, top))
    if n < len(top) / 2:
        return
    yield Finding(
        name="underfitting",
        severity="advice",
        title=f"{count_best(n, len(top))} end near a constant prediction in training as well",
        advice="allow larger models, higher learning rates and longer training, and look at the "
        "data",
        evidence={"underfit": n, "of the best": len(top)},
        doubt="labels that cannot be predicted at all",
        figure="curves",
    )


def underfits(curve: Curve) -> bool:
    """Return whether a trial ends near a constant prediction, in training as well."""
    if curve.train is None or not len(curve.train):
        return False
    return bool(min(curve.train[-1], curve.loss[-1]) > _NEAR * curve.baseline)
