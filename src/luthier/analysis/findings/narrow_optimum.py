"""S2: a range of which most brings nothing good.

Statistic: the best tenth lie within less than a fifth of the range, away from its bounds, while the
other trials do not. Threshold: the p-value of a range so small, where the interval holds at most
30 % of the last third of the trials: a search that has gone there by itself needs no advice. At
least 50 trials. Source: Google's tuning playbook ("too few points in the good region").
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...space.distributions import Categorical
from .action import declare_anew
from .case import Case
from .finding import Finding
from .wording import declare, percent, with_range

_FEWEST = 50
_WIDEST = 0.2
_EDGE = 0.05
_MOST_LATE = 0.3


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    if len(case) < _FEWEST:
        return
    for j, name, dist in case.parameters:
        u = case.X[:, j]
        top = u[case.top]
        if isinstance(dist, Categorical) or dist.n_values is not None or np.isnan(top).any():
            continue
        low, high = float(top.min()), float(top.max())
        is_inside = (u >= low) & (u <= high)
        inside, n = int(is_inside.sum()), int((~np.isnan(u)).sum())
        late = float(is_inside[-(len(u) // 3) :].mean())
        if high - low >= _WIDEST or low < _EDGE or high > 1 - _EDGE or late > _MOST_LATE:
            yield None
            continue
        margin = (high - low) / 2 + _EDGE
        a, b = (float(dist.from_unit(min(max(v, 0.0), 1.0))) for v in (low - margin, high + margin))
        narrow = with_range(dist, float(f"{a:.2g}"), float(f"{b:.2g}"))
        yield Finding(
            name="narrow-optimum",
            severity="note",
            subject=name,
            title=f"the best {len(top)} trials lie within {percent(high - low)} of the range of "
            f"{name}, and {percent(1 - inside / n)} of all trials outside of it",
            advice=f"narrow it to {narrow.low:g} .. {narrow.high:g}",
            evidence={"width of the best": high - low, "share of all inside": inside / n},
            p=_range_tail(inside / n, len(top)),
            remedy=declare(name, narrow),
            action=declare_anew("narrow", narrow),
            doubt="a good trial outside of that part",
            figure="slices",
        )


def _range_tail(share: float, k: int) -> float:
    """P(the range of k uniform variables <= share): the k themselves choose the interval."""
    return k * share ** (k - 1) - (k - 1) * share**k
