"""E3: the leaders cannot be told from each other.

Statistic: Student's t of the re-runs of the best leader and each other one, paired in their order
(a repeat has the same random numbers for all). Threshold: every p-value above 0.2, with at least 3
leaders of at least 3 re-runs. Needs `Study.confirm`.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...numerics.stats import paired_t
from .case import Case
from .confirmed import list_confirmed
from .finding import Finding

_FEWEST = 3
_LEAST_P = 0.2


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    leaders = list_confirmed(case.history, _FEWEST)
    if len(leaders) < _FEWEST or case.losses.shape[1] > 1:
        return
    first, *others = sorted(leaders, key=lambda leader: leader.mean)
    n = min(len(leader.losses) for leader in leaders)
    p = [paired_t(first.losses[:n], leader.losses[:n]) for leader in others]
    if min(p) <= _LEAST_P:
        return
    numbers = ", ".join(str(leader.number) for leader in (first, *others))
    yield Finding(
        name="inseparable-leaders",
        severity="note",
        title=f"trials {numbers} cannot be told from each other by {n} new runs each (the "
        f"smallest p is {min(p):.2f})",
        advice="take the one that is cheapest, fastest or simplest",
        evidence={"smallest p": min(p), "leaders": float(len(leaders)), "runs each": float(n)},
        remedy='study.choose("..., then smallest size")',
        doubt="more repeats",
        figure="confirmation",
    )
