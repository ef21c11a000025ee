"""S15: the search was still improving when it ended.

Statistic: how often the last third of the trials brought a new best that was better by at least 2 %
of the median minus the best. In any order by chance the number of records there is a Poisson
variable of mean log(3/2). Threshold: its p-value, a total gain of 10 % of the median minus the
best; at least 20 trials. Source: Rényi 1962 (records); Google's tuning playbook ("still improving
at the end").
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ...numerics.count_tests import poisson_tail
from .case import Case
from .finding import Finding

_FEWEST = 20
_LEAST_STEP = 0.02
_LEAST_GAIN = 0.1


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    if len(case) < _FEWEST or case.losses.shape[1] > 1 or case.spread == 0:
        return
    best = np.minimum.accumulate(case.losses[:, 0])
    begin = 2 * len(best) // 3
    steps = -np.diff(best[begin - 1 :])
    n_records = int((steps >= _LEAST_STEP * case.spread).sum())
    gain = float(steps.sum())
    if n_records < 2 or gain < _LEAST_GAIN * case.spread:
        yield None
        return
    n = len(best) - begin
    yield Finding(
        name="early-end",
        severity="advice",
        title=f"the last {n} trials improved the best value {n_records} times, by {gain:.3g} in "
        "all: the search had not converged",
        advice=f"go on: run {n} more trials, or as many as pay for such a gain",
        evidence={"new bests": n_records, "gain": gain, "median minus best": case.spread},
        p=poisson_tail(n_records, math.log(3 / 2)),
        remedy=f"study.optimize(objective, n_trials={n})",
        doubt="more trials without a new best",
        figure="history",
    )
