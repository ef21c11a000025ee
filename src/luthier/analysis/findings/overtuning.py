"""E1: the search went past its real best: the winner by the search is not the winner when run anew.

Statistic (Schneider 2025): the confirmed mean of the best trial less the smallest confirmed mean of
an earlier leader, by the gain of that leader on the median trial. Threshold: above 10 % and twice
its standard error an advice, above 100 % a warning. Needs `Study.confirm`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from .case import Case
from .confirmed import list_confirmed
from .finding import Finding
from .wording import percent

_LEAST = 0.1
_LEAST_ERRORS = 2.0


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    leaders = list_confirmed(case.history)
    if len(leaders) < 2 or case.losses.shape[1] > 1 or not len(case):
        return
    winner = min(leaders, key=lambda leader: leader.loss)
    best = min(leaders, key=lambda leader: leader.mean)
    lost = winner.mean - best.mean
    gain = float(np.median(case.losses[:, 0])) - best.mean
    error = math.hypot(winner.error, best.error)
    share = lost / gain if gain > 0 else np.inf * (lost > 0)
    if best.number == winner.number or share < _LEAST or lost < _LEAST_ERRORS * error:
        return
    yield Finding(
        name="overtuning",
        severity="warning" if share >= 1 else "advice",
        title=f"trial {winner.number}, the best as it was observed, is worse than trial "
        f"{best.number} when both are run anew: the search lost {percent(share)} of its gain to "
        "luck",
        advice=f"take trial {best.number}; give trials more folds or repeats, or a finer metric",
        evidence={"lost": lost, "gain": gain, "share": share, "standard error": error},
        remedy="study.confirm(k=5, repeats=5).best.params",
        doubt="more repeats",
        figure="confirmation",
    )
