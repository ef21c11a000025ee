"""S21: values that stand for a crash, such as 0, 1e6 or infinity, are told as results.

Statistic: the share of trials with exactly one value that is the worst or the best of all and lies
apart from the others by more than their interquartile range. Threshold: above 5 %, at least 3
trials; also infinite values, however they lie. It is a count.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...trial.record import State
from ...typing import Array
from .case import Case
from .finding import Finding
from .wording import percent

_FEWEST = 20
_MOST = 0.05
_ROUND = (0.0, 1.0, -1.0, 100.0, 999.0, 1000.0, 9999.0, 1e4, 1e5, 1e6, 1e9, 1e10, 1e12, 1e20, 1e30)


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    history = case.history
    complete = (history.state == State.COMPLETE) & ~history.confirming
    value = history.values[complete, 0]
    if len(value) < _FEWEST or history.values.shape[1] > 1:
        return
    for suspect in _suspects(value):
        n = int((value == suspect).sum())
        if n < 3 or n <= _MOST * len(value):
            continue
        best = suspect == history.values_of(history.losses[complete, 0].min())
        yield Finding(
            name="crash-values",
            severity="warning",
            title=f"{n} of {len(value)} trials ({percent(n / len(value))}) came to exactly "
            f"{suspect:g}, far from all others" + (" and better than all" if best else ""),
            advice="let a run that crashed fail: raise an exception in the objective, or tell its "
            "state; a made-up value misleads every model of the search",
            evidence={"value": suspect, "trials": n, "share": n / len(value)},
            remedy='study.tell(trial, state="failed")',
            doubt="a metric that takes this value by itself",
            figure="edf",
        )


def _suspects(value: Array) -> list[float]:
    """Values at one end that many share, and that lie apart from the others."""
    finite = value[np.isfinite(value)] / 2  # differences of halves cannot overflow
    found = [v for v in (np.inf, -np.inf) if (value == v).any()]
    for end in {float(finite.min()), float(finite.max())} if len(finite) else ():
        rest = finite[finite != end]
        if len(rest) < 5:
            continue
        q1, q3 = np.quantile(rest, [0.25, 0.75])
        gap = float(np.abs(rest - end).min())
        is_round = abs(2 * end) in _ROUND
        if gap / (1 if is_round else 3) > q3 - q1:
            found.append(2 * end)
    return found
