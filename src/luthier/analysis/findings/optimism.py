"""E2: the best value is better than its params deserve.

Statistic: the mean of the re-runs of the best trial less the value that it was chosen by, in
standard errors of that mean. Threshold: above 2 errors, and 5 % of the gain on the median trial; at
least 3 re-runs. Needs `Study.confirm`. Source: Cawley & Talbot 2010.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .case import Case
from .confirmed import list_confirmed
from .finding import Finding

_FEWEST = 3
_LEAST_ERRORS = 2.0
_LEAST_SHARE = 0.05


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    leaders = list_confirmed(case.history, _FEWEST)
    if not leaders or case.losses.shape[1] > 1 or not len(case):
        return
    winner = min(leaders, key=lambda leader: leader.loss)
    gap = winner.mean - winner.loss
    gain = float(np.median(case.losses[:, 0])) - winner.loss
    if gap <= _LEAST_ERRORS * winner.error or gap <= _LEAST_SHARE * gain:
        return
    values = case.history.values_of(np.array([winner.loss, winner.mean]))
    yield Finding(
        name="optimism",
        severity="note",
        title=f"trial {winner.number} was chosen for {values[0]:.4g}, and comes to "
        f"{values[1]:.4g} on average over {len(winner.losses)} new runs",
        advice="report the mean of the new runs, not the best value of the search",
        evidence={"gap": gap, "standard error": winner.error, "gain": gain},
        remedy="study.confirm(k=5, repeats=5)",
        doubt="more repeats",
        figure="confirmation",
    )
