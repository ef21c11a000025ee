"""S2: a range of which most brings nothing good.

Statistic: the best tenth lie within less than a fifth of the range, away from its bounds, while the
other trials do not. Threshold: the p-value of a range so small. A search that has gone there by
itself needs no advice: so that interval holds at most 30 % of the last third of the trials, and the
range that is advised less than half of them, or 1.5 times its share of the whole. At least 50
trials. Source: Google's tuning playbook ("too few points in the good region").
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...space.distributions import Categorical
from ...space.normal import Normal
from ...typing import Array
from .action import declare_anew
from .case import Case
from .finding import Finding
from .wording import declare, percent, with_range

_FEWEST = 50
_WIDEST = 0.2
_EDGE = 0.05
_MOST_LATE = 0.3
_MOST_LATE_WIDER = 0.5
_MOST_CONCENTRATED = 1.5


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    if len(case) < _FEWEST:
        return
    for j, name, dist in case.parameters:
        u = case.X[:, j]
        top = u[case.top]
        if (
            isinstance(dist, Categorical | Normal)
            or dist.n_values is not None
            or np.isnan(top).any()
        ):
            continue
        low, high = float(top.min()), float(top.max())
        is_inside = (u >= low) & (u <= high)
        inside, n = int(is_inside.sum()), int((~np.isnan(u)).sum())
        margin = (high - low) / 2 + _EDGE
        ends = max(low - margin, 0.0), min(high + margin, 1.0)
        is_wide = high - low >= _WIDEST or low < _EDGE or high > 1 - _EDGE
        if is_wide or _is_there(u, (low, high), ends):
            yield None
            continue
        a, b = (float(dist.from_unit(end)) for end in ends)
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


def _is_there(u: Array, best: tuple[float, float], advised: tuple[float, float]) -> bool:
    """Whether the last third of the trials has gone to where the best are, by itself."""
    late = u[-(len(u) // 3) :]
    share = float(((late >= best[0]) & (late <= best[1])).mean())
    wider = float(((late >= advised[0]) & (late <= advised[1])).mean())
    width = advised[1] - advised[0]
    return share > _MOST_LATE or wider >= max(_MOST_LATE_WIDER, _MOST_CONCENTRATED * width)


def _range_tail(share: float, k: int) -> float:
    """P(the range of k uniform variables <= share): the k themselves choose the interval."""
    return k * share ** (k - 1) - (k - 1) * share**k
