"""S1: the best trials lie at a bound of a range, so that better ones may lie beyond.

Statistic: the share of the best tenth in the outer 5 % of the range, on its scale; a value that
owns a larger cell counts as the outer part. Threshold: at least 30 %; binomial p against the larger
of 5 % and a third of the share of all trials there; and trials there are better than those next to
them (rank sums, p below 0.01), as a sampler may have gone there by chance. At least 30 trials. A
bound that nature sets is none: 0, and 1 for fractions. Source: Google's tuning playbook; Ax (search
space health check).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...numerics.count_tests import binomial_tail
from ...numerics.rank_tests import rank_sum
from ...space.distributions import Categorical, Int
from ...space.normal import Normal
from ...typing import Array
from .action import declare_anew
from .case import Case
from .finding import Finding
from .wording import Numeric, count_best, declare, percent, with_range

_FEWEST = 30
_EDGE = 0.05
_LEAST_SHARE = 0.3
_NEAR = 0.3
_MOST_LIKELY = 0.01
_MOST_WIDENED = 2


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    if len(case) < _FEWEST:
        return
    for j, name, dist in case.parameters:
        if isinstance(dist, Categorical | Normal) or (dist.n_values or np.inf) < 3:
            continue
        for side in ("lower", "upper"):
            if not has_natural_limit(dist, side):
                yield _look(case, j, name, dist, side)


def has_natural_limit(dist: Numeric, side: str) -> bool:
    """Return whether a bound cannot be moved: 0 below, 1 above for fractions, 1 for counts."""
    if side == "lower":
        return dist.low == 0 or (isinstance(dist, Int) and dist.low == 1)
    return (dist.high == 1 and dist.scale != "log") or dist.scale == "reverse_log"


def _look(case: Case, j: int, name: str, dist: Numeric, side: str) -> Finding | None:
    u = case.X[:, j] if side == "lower" else 1 - case.X[:, j]
    top = u[case.top]
    top = top[~np.isnan(top)]
    if len(top) < 5:
        return None
    width = max(_EDGE, 1 / dist.n_values if dist.n_values else 0.0)
    at_edge = _count(top, width)
    share, share_all = at_edge / len(top), _count(u, width) / int((~np.isnan(u)).sum())
    if share < max(_LEAST_SHARE, width) or not _is_better(case, u, width):
        return None
    p = binomial_tail(at_edge, len(top), max(width, share_all / 3))
    bound = dist.low if side == "lower" else dist.high
    return Finding(
        name="optimum-at-bound",
        severity="advice",
        subject=name,
        title=f"{count_best(at_edge, len(top), 'values')} lie at the {side} bound of {name}, "
        f"{bound:g}: the optimum may lie beyond",
        evidence={
            "share of the best at the bound": share,
            "share of all at the bound": share_all,
            "bound": float(bound),
        },
        p=p,
        **_advise(case, name, dist, side),
        doubt=f"best trials of a wider range that lie within {percent(1 - width)} of this one",
        figure="slices",
    )


def _is_better(case: Case, u: Array, width: float) -> bool:
    """Whether trials at the bound are better than those next to it, by rank sums.

    A sampler that has gone to a bound by chance has many good trials there and next to it.
    """
    at_edge = u <= width + 1e-9
    near = (u <= max(_NEAR, 4 * width)) & ~at_edge
    return rank_sum(case.rank[at_edge], case.rank[near]) < _MOST_LIKELY


def _count(u: Array, width: float) -> int:
    return int((u <= width + 1e-9).sum())


def _advise(case: Case, name: str, dist: Numeric, side: str) -> dict[str, Any]:
    """The fields of a finding that say what to do."""
    n_widened = case.n_widened.get(name, 0)
    if n_widened >= _MOST_WIDENED:
        return {
            "advice": f"{name} has been widened {n_widened} times already: do not widen it again, "
            "and ask whether extreme values really help"
        }
    wider = widen(dist, side)
    to = f"down to {wider.low:g}" if side == "lower" else f"up to {wider.high:g}"
    scale = ", and on a log scale" if wider.scale != dist.scale else ""
    return {
        "advice": f"widen it ({to}{scale}) and start from these trials",
        "remedy": declare(name, wider),
        "action": declare_anew("widen", wider),
    }


def widen(dist: Numeric, side: str) -> Numeric:
    """Return a wider range on one side: by a decade on a log scale, else fourfold.

    It stops at 0, for whole numbers that were larger at 1, and at 1 for what lies between 0 and 1.
    A positive range of a decade and more is widened to below on a log scale: 0 is far from there.
    """
    low, high = float(dist.low), float(dist.high)
    if side == "upper":
        to = 10 * high if dist.scale == "log" else high + 3 * (high - low)
        if high < 1 and not isinstance(dist, Int):
            to = min(to, 1.0)
        return with_range(dist, low, to)

    least = 1.0 if isinstance(dist, Int) and low >= 1 else 0.0
    if dist.scale == "log" or (dist.scale == "linear" and low > 0 and high >= 10 * low):
        return with_range(dist, max(low / 10, least), high, "log")
    to = low - 3 * (high - low)
    return with_range(dist, max(to, least) if low >= 0 else to, high)
