"""T7: the first steps of training destroy the model, which then predicts a constant.

Statistic of a curve: the largest step loss of the first three epochs is above 1.5 times that of the
first step, and the median loss of the last half is within 3 % of the loss of a constant prediction.
Threshold: a fifth of at least 5 curves that noted it. Needs the tag "curves" (step_loss,
steps_per_epoch, baseline). Source: measured on networks on the digits data, where the factor of no
healthy run passed 1.1, and of learning rates that are far too high it was 1.8 and more.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .case import Case
from .constant_predictions import STUCK
from .curves import Curve
from .finding import Finding
from .region import find_region, say_where
from .wording import count_in

_FEWEST = 5
_LEAST_SHARE = 0.2
_LEAST_SPIKE = 1.5
_EPOCHS = 3


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    noted = [
        c
        for c in case.curves
        if c.step_loss is not None and c.steps_per_epoch > 0 and c.baseline > 0
    ]
    if len(noted) < _FEWEST:
        return
    hit = np.array([blows_up(curve) for curve in noted])
    n = int(hit.sum())
    if n < _LEAST_SHARE * len(noted):
        return
    region = find_region(case, case.history.X[[curve.number for curve in noted]], hit)
    yield Finding(
        name="early-blow-up",
        severity="advice",
        title=f"in {count_in(n, len(noted), 'trials')} the loss shoots up in the first {_EPOCHS} "
        f"epochs, and then stays that of a constant prediction{say_where(region)}",
        advice="narrow the learning rate from above by a factor of ten, warm it up or clip "
        "gradients; a higher rate would not help, though these curves look slow",
        evidence={"blown up": n, "curves": len(noted)},
        doubt="the same end with a tenth of the learning rate",
        figure="curves",
    )


def blows_up(curve: Curve) -> bool:
    """Return whether the loss of a trial shoots up at first and stays that of a constant."""
    steps = curve.step_loss
    if steps is None or len(steps) < 2 or not steps[0] > 0:
        return False
    early = steps[: max(2, int(_EPOCHS * curve.steps_per_epoch))]
    spike = float(np.max(np.nan_to_num(early, nan=np.inf))) / float(steps[0])
    half = curve.loss[len(curve.loss) // 2 :]
    return bool(spike > _LEAST_SPIKE and float(np.median(half)) >= STUCK * curve.baseline)
