"""S18: a few trials take most of the time.

Statistic: the share of the time of all trials that the slowest 5 % took. Threshold: above one half,
and at least a minute; at least 40 trials. It is a count.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .case import Case
from .finding import Finding
from .wording import percent

_FEWEST = 40
_LEAST_S = 60.0


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    duration = case.history.duration_s
    duration = duration[~np.isnan(duration) & (duration >= 0)]
    if len(duration) < _FEWEST:
        return
    n_slow = max(1, len(duration) // 20)
    slow = float(np.sort(duration)[-n_slow:].sum())
    whole = float(duration.sum())
    if slow > whole / 2 and slow >= _LEAST_S:
        yield Finding(
            name="stragglers",
            severity="advice",
            title=f"the slowest {n_slow} of {len(duration)} trials took {percent(slow / whole)} "
            "of the time of all",
            advice="bound the time of a trial, or let cost count in the search",
            evidence={"share of time": slow / whole, "slowest s": float(duration.max())},
            remedy=f"study.optimize(objective, "
            f'limits={{"time_s": {np.quantile(duration, 0.95):.0f}}})',
            doubt="a slow machine among the workers",
            figure="timeline",
        )
