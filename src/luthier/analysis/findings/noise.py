"""S6: noise that is larger than the differences between trials.

Statistic: the standard deviation of repeats of the same params, pooled, by the median loss minus
the best. Threshold: above 0.5, whose lower 95 % limit (chi-square, by Wilson and Hilferty) is above
0.3; at least 3 degrees of freedom. Source: Google's tuning playbook (study variance).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from .case import Case
from .finding import Finding

_FEWEST = 3
_MOST = 0.5
_SURE = 0.3


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    dof = sum(len(same) - 1 for same in case.repeats)
    if dof < _FEWEST or len(case) < 10 or case.losses.shape[1] > 1:
        return
    loss = case.history.losses[:, 0]
    squares = sum(float(((loss[same] - loss[same].mean()) ** 2).sum()) for same in case.repeats)
    sd = math.sqrt(squares / dof)
    gap = _gap(case)
    ratio = sd / gap if gap > 0 else np.inf * (sd > 0)
    upper = dof * (1 - 2 / (9 * dof) + 1.645 * math.sqrt(2 / (9 * dof))) ** 3  # 95 % of chi-square
    if not ratio > _MOST or not ratio * math.sqrt(dof / upper) > _SURE:
        return
    n_repeats = math.ceil((sd / (0.3 * gap)) ** 2) if gap > 0 else 5
    yield Finding(
        name="noise",
        severity="warning",
        title=f"repeats of the same params differ by {sd:.3g} (standard deviation), and the best "
        f"is {f'only {gap:.3g}' if gap else 'not'} better than the median",
        advice="the best value is mostly luck: confirm the leaders, and give each trial more "
        f"folds, seeds or validation data ({min(n_repeats, 99)} times as much)",
        evidence={"sd of repeats": sd, "median minus best": gap, "degrees of freedom": dof},
        remedy="study.confirm(k=5, repeats=5)",
        doubt="a smaller deviation in more repeats",
        figure="history",
    )


def _gap(case: Case) -> float:
    """The median loss minus the best mean of repeats, or the best loss without any."""
    loss = case.history.losses[:, 0]
    best = min(float(loss[same].mean()) for same in case.repeats)
    return max(float(np.median(case.losses[:, 0])) - best, 0.0)
