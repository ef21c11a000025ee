"""S3: a linear scale where all good values are at its very beginning: a log scale fits.

Statistic: the share of the best tenth in the lowest tenth of a linear range that begins at 0, or
that spans more than two decades. Threshold: above 80 %, and binomial p against the larger of 10 %
and a third of the share of all trials there; and trials there are better than those next to them
(rank sums, p below 0.01), as a sampler may have gone there by chance. Where the best is 0 itself, a
log scale does not reach it. At least 30 trials. The thresholds are ours.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ...numerics.count_tests import binomial_tail
from ...numerics.rank_tests import rank_sum
from ...space.distributions import Categorical
from ...space.normal import Normal
from ...typing import Array
from .action import declare_anew
from .case import Case
from .finding import Finding
from .wording import count_best, declare, with_range

_FEWEST = 30
_LOWEST = 0.1
_LEAST_SHARE = 0.8
_LEAST_RATIO = 100
_NEAR = 0.4
_MOST_LIKELY = 0.01


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    if len(case) < _FEWEST:
        return
    for j, name, dist in case.parameters:
        if isinstance(dist, Categorical | Normal) or dist.scale != "linear" or dist.low < 0:
            continue
        if dist.low > 0 and dist.high / dist.low <= _LEAST_RATIO:
            continue
        if (dist.n_values or math.inf) < _LEAST_RATIO:
            continue
        u = case.X[:, j]
        top = u[case.top]
        low, low_all = int((top < _LOWEST).sum()), float((u < _LOWEST).mean())
        raw = dist.from_unit(top)
        is_zero = not np.median(raw) > 0
        if low <= _LEAST_SHARE * len(top) or is_zero or not _is_better(case, u):
            yield None
            continue
        least = float(raw[raw > 0].min())
        begin = dist.low or max(1.0 * (dist.step or 0), 10 ** math.floor(math.log10(least) - 1))
        rescaled = with_range(dist, begin, dist.high, "log")
        yield Finding(
            name="wrong-scale",
            severity="advice",
            subject=name,
            title=f"{count_best(low, len(top), 'values')} of {name} lie in the lowest tenth of "
            f"its range, {dist.low:g} .. {dist.high:g}, which is searched on a linear scale",
            advice="search it on a log scale, which spends as many trials on each power of ten",
            evidence={"share of the best in the lowest tenth": low / len(top), "of all": low_all},
            p=binomial_tail(low, len(top), max(_LOWEST, low_all / 3)),
            remedy=declare(name, rescaled),
            action=declare_anew("rescale", rescaled),
            doubt="good values above the lowest tenth",
            figure="slices",
        )


def _is_better(case: Case, u: Array) -> bool:
    """Whether trials in the lowest tenth are better than those next to it, by rank sums."""
    lowest = u < _LOWEST
    near = (u < _NEAR) & ~lowest
    return rank_sum(case.rank[lowest], case.rank[near]) < _MOST_LIKELY
