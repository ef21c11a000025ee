"""S3: a linear scale where all good values are at its very beginning: a log scale fits.

Statistic: the share of the best tenth in the lowest tenth of a linear range that begins at 0, or
that spans more than two decades. Threshold: above 80 %, and binomial p against the larger of 10 %
and a third of the share of all trials there; at least 30 trials. The threshold is ours.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from ...numerics.count_tests import binomial_tail
from ...space.distributions import Categorical
from .case import Case
from .finding import Finding
from .wording import declare, with_range

_FEWEST = 30
_LOWEST = 0.1
_LEAST_SHARE = 0.8
_LEAST_RATIO = 100


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    if len(case) < _FEWEST:
        return
    for j, name, dist in case.parameters:
        if isinstance(dist, Categorical) or dist.scale != "linear" or dist.low < 0:
            continue
        if dist.low > 0 and dist.high / dist.low <= _LEAST_RATIO:
            continue
        if (dist.n_values or math.inf) < _LEAST_RATIO:
            continue
        u = case.X[:, j]
        top = u[case.top]
        low, low_all = int((top < _LOWEST).sum()), float((u < _LOWEST).mean())
        if low <= _LEAST_SHARE * len(top):
            yield None
            continue
        raw = dist.from_unit(top)
        least = float(raw[raw > 0].min(initial=dist.high))
        begin = dist.low or max(1.0 * (dist.step or 0), 10 ** math.floor(math.log10(least) - 1))
        yield Finding(
            name="wrong-scale",
            severity="advice",
            subject=name,
            title=f"{low} of the best {len(top)} values of {name} lie in the lowest tenth of its "
            f"range, {dist.low:g} .. {dist.high:g}, which is searched on a linear scale",
            advice="search it on a log scale, which spends as many trials on each power of ten",
            evidence={"share of the best in the lowest tenth": low / len(top), "of all": low_all},
            p=binomial_tail(low, len(top), max(_LOWEST, low_all / 3)),
            remedy=declare(name, with_range(dist, begin, dist.high, "log")),
            doubt="good values above the lowest tenth",
            figure="slices",
        )
