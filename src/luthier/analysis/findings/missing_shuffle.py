"""T8: data come in the same order in every epoch, which the loss of single steps repeats.

Statistic of a curve: autocorrelation of the log step loss, less its moving average over an epoch,
at 1, 2 and 3 epochs. Threshold: all at least the larger of 0.3 and 4 / sqrt(T), in a third of at
least 3 curves of 5 epochs and more. Needs the tag "curves" (step_loss, steps_per_epoch). Source:
measured on networks on the digits data, where it found all and flagged no healthy run.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...typing import Array
from .case import Case
from .curves import Curve
from .finding import Finding
from .wording import count_in

_FEWEST = 3
_EPOCHS = 5
_LEAST = 0.3


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    noted = [c for c in case.curves if c.step_loss is not None and c.steps_per_epoch > 2]
    noted = [c for c in noted if _length(c) >= _EPOCHS * c.steps_per_epoch]
    if len(noted) < _FEWEST:
        return
    n = sum(map(is_periodic, noted))
    if n < len(noted) / 3:
        return
    yield Finding(
        name="missing-shuffle",
        severity="warning",
        title=f"in {count_in(n, len(noted), 'trials')} the loss of single steps repeats itself "
        "with every epoch: the data are not shuffled",
        advice="shuffle the training data before every epoch",
        evidence={"periodic": n, "curves": len(noted)},
        remedy="DataLoader(..., shuffle=True)",
        doubt="a learning rate that has a cycle of one epoch",
        figure="curves",
    )


def _length(curve: Curve) -> int:
    return 0 if curve.step_loss is None else len(curve.step_loss)


def is_periodic(curve: Curve) -> bool:
    """Return whether the step loss of a trial has the period of an epoch."""
    if curve.step_loss is None:
        return False
    epoch = int(curve.steps_per_epoch)
    loss = curve.step_loss[np.isfinite(curve.step_loss)]
    x = np.log(np.maximum(loss, 1e-12))
    kernel = np.ones(epoch) / epoch
    x = x[epoch // 2 :][: len(x) - epoch + 1] - np.convolve(x, kernel, "valid")
    least = max(_LEAST, 4 / np.sqrt(len(x)))
    return all(_autocorrelation(x, k * epoch) >= least for k in (1, 2, 3))


def _autocorrelation(x: Array, lag: int) -> float:
    a, b = x[:-lag] - x.mean(), x[lag:] - x.mean()
    size = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum()) / size if len(a) > 2 and size > 0 else 0.0
