"""The search was no better than random draws.

Statistic: where the sampler has concentrated (the spread of some parameter in the last third is
below 60 % of that in the first), whether the last third is better than the first, by rank sums.
Threshold: p above 0.2 and a median that is no better; at least 60 trials. The rule is ours.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...numerics.rank_tests import rank_sum
from .case import Case
from .finding import Finding

_FEWEST = 60
_CONCENTRATED = 0.6
_MOST_LIKELY = 0.2


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    n = len(case)
    if n < _FEWEST:
        return
    first, last = case.rank[: n // 3], case.rank[-(n // 3) :]
    ordered = [j for j, _, _ in case.parameters if j not in case.space.unordered]
    spreads = [
        (float(np.nanstd(case.X[-(n // 3) :, j])), float(np.nanstd(case.X[: n // 3, j])))
        for j in ordered
        if not np.isnan(case.X[:, j]).any()
    ]
    concentrated = any(a < _CONCENTRATED * b for a, b in spreads)
    if not concentrated or np.median(last) < np.median(first):
        return
    p = rank_sum(last, first)
    if p <= _MOST_LIKELY:
        return
    yield Finding(
        name="no-better-than-random",
        severity="advice",
        title=f"the last {n // 3} trials are no better than the first {n // 3}, though the "
        "sampler had chosen where to search",
        advice="the model may be misled by noise, by made-up values of crashed trials, or by a "
        "search in the wrong direction; compare with the sampler Random",
        evidence={
            "median of the last": float(np.median(last)),
            "median of the first": float(np.median(first)),
        },
        remedy="create_study(..., sampler=luthier.samplers.Random())",
        doubt="a best that was found late all the same",
        figure="history",
    )
