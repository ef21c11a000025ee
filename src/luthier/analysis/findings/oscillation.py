"""T1: the loss swings up and down while the trial trains, as with too high a learning rate.

Statistic of a curve: in its second half, the share of changes of at least 10 % of the fall whose
sign is the opposite of the one before. Threshold: at least a fifth of the changes of a curve, in
half of the best trials, at least 5. Source: AutoTrainer (a swing of 0.03 of accuracy in 20 % of the
epochs), made relative to the fall, as the fixed bound flags half of healthy runs.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .case import Case
from .curves import Curve
from .finding import Finding
from .wording import count_best

_FEWEST = 5
_SWING = 0.1
_LEAST_SHARE = 0.2


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    top = case.top_curves
    if len(top) < _FEWEST:
        return
    n = sum(map(oscillates, top))
    if n < len(top) / 2:
        return
    yield Finding(
        name="oscillation",
        severity="advice",
        title=f"{count_best(n, len(top))} swing up and down in the second half of training, by "
        "more than a tenth of all that they gained",
        advice="lower the learning rate towards the end (a third of it, or a decay), warm it up, "
        "or take larger batches",
        evidence={"swinging": n, "of the best": len(top)},
        doubt="a validation set that is so small that it swings by itself",
        figure="curves",
    )


def oscillates(curve: Curve) -> bool:
    """Return whether a curve swings in its second half."""
    half = curve.loss[len(curve.loss) // 2 :]
    if not np.isfinite(curve.loss).all() or curve.fall <= 0 or len(half) < 4:
        return False
    change = np.diff(half)
    large = np.abs(change) >= _SWING * curve.fall
    swings = large[1:] & large[:-1] & (np.sign(change[1:]) != np.sign(change[:-1]))
    return bool(swings.mean() >= _LEAST_SHARE)
