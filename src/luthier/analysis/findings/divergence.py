"""T2: training diverges.

Statistic of a curve: a report that is not finite, or a last loss above three times the best and
above the first, still rising. Threshold: a fifth of at least 10 curves, or one of the best trials.
Where a rule tells diverged trials from the others (Fisher's p below 0.01), it is named. Source:
AutoTrainer (abnormal loss), measured on networks on the digits data.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...numerics.rank_tests import trend
from .case import Case
from .curves import Curve
from .finding import Finding
from .region import find_region, say_where
from .wording import percent

_FEWEST = 10
_LEAST_SHARE = 0.2
_TIMES = 3.0


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    curves = case.curves
    if len(curves) < _FEWEST:
        return
    hit = np.array([diverges(curve) for curve in curves])
    share = float(hit.mean())
    n_top = sum(map(diverges, case.top_curves))
    if share < _LEAST_SHARE and not (share > 0.1 and n_top):
        return
    X = case.history.X[[curve.number for curve in curves]]
    region = find_region(case, X, hit)
    yield Finding(
        name="divergence",
        severity="warning" if n_top else "advice",
        title=f"training diverges in {int(hit.sum())} of {len(curves)} trials "
        f"({percent(share)}){say_where(region)}",
        advice="narrow the learning rate from above by a factor of ten, warm it up or clip "
        "gradients, and raise luthier.TrialPruned at the first loss that is not finite",
        evidence={
            "share diverged": share,
            "curves": float(len(curves)),
            "of the best": float(n_top),
        },
        doubt="curves that recover when they are trained on",
        figure="curves",
    )


def diverges(curve: Curve) -> bool:
    """Return whether the loss of a trial blows up."""
    loss = curve.loss
    if not np.isfinite(loss).all():
        return True
    low = float(loss.min())
    blown = loss[-1] > max(_TIMES * low, low + _TIMES * curve.fall, loss[0])
    return bool(low >= 0 and blown and (loss[-1] > loss[-3] or trend(loss) > 0))
