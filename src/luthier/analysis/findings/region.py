"""A region of the space in which something happens far more often than elsewhere, as a rule."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...numerics.count_tests import hypergeometric_tail
from ...space.distributions import Categorical
from ...typing import Array, Mask
from .case import Case
from .wording import percent

_MOST_LIKELY = 0.01
_QUANTILES = np.linspace(0.1, 0.9, 9)


class Region(NamedTuple):
    """A rule such as "lr > 0.1 and model = 'svm'".

    Attributes:
        rule: The rule in words.
        names: The parameters that it names.
        inside: (n,) which points it holds.
        share: Of the points inside, how many are marked.
        p: Fisher's p-value, times the number of rules that were tried.
    """

    rule: str
    names: tuple[str, ...]
    inside: Mask
    share: float
    p: float


class _Side(NamedTuple):
    """One side of a cut of one column."""

    column: int
    text: str
    inside: Mask


def find_region(case: Case, X: Array, marked: Mask, least_ratio: float = 2.0) -> Region | None:
    """Return the rule of at most two parts that tells marked points best from the others.

    Cuts are at the deciles of numbers, and at each choice. The second part is searched given the
    first, as in a tree of depth 2.

    Args:
        case: The study.
        X: (n, d) unit columns.
        marked: (n,) which points are marked.
        least_ratio: By how much more frequent they must be inside than overall.
    """
    n_marked, n = int(marked.sum()), len(marked)
    if not 0 < n_marked < n:
        return None
    sides = _list_sides(case, X)
    first = _choose(sides, np.ones(n, dtype=bool), marked, len(sides))
    if first is None:
        return None
    found = [first]
    others = [side for side in sides if side.column != first[0][0].column]
    second = _choose(others, first[0][0].inside, marked, len(sides) ** 2)
    if second is not None and second[1] < first[1] / 10:
        found.append(([first[0][0], *second[0]], second[1]))
    parts, p = found[-1]
    inside = np.logical_and.reduce([part.inside for part in parts])
    share = float(marked[inside].mean())
    if share < least_ratio * n_marked / n:
        return None
    names = tuple(case.space.names[part.column] for part in parts)
    return Region(" and ".join(part.text for part in parts), names, inside, share, p)


def say_where(region: Region | None) -> str:
    """Return the end of a sentence that names a region, as ", 90 % of those with lr > 0.1".

    It is "" for a region that may be chance, of a p-value above 0.01.
    """
    if region is None or region.p >= _MOST_LIKELY:
        return ""
    share = "all" if region.share == 1 else percent(region.share)
    return f", {share} of those with {region.rule}"


def _choose(
    sides: list[_Side], within: Mask, marked: Mask, n_tried: int
) -> tuple[list[_Side], float] | None:
    """The side that holds most of the marked points beyond chance, and its corrected p-value."""
    n, n_marked = len(marked), int(marked.sum())
    best: tuple[list[_Side], float] | None = None
    for side in sides:
        inside = side.inside & within
        size = int(inside.sum())
        if size and size < n:
            tail = hypergeometric_tail(int(marked[inside].sum()), size, n_marked, n)
            p = min(1.0, n_tried * tail)
            if best is None or p < best[1]:
                best = [side], p
    return best


def _list_sides(case: Case, X: Array) -> list[_Side]:
    found = []
    for j, name, dist in case.parameters:
        u = X[:, j]
        active = ~np.isnan(u)
        if isinstance(dist, Categorical) and not dist.ordered:
            for k, choice in enumerate(dist.choices):
                found.append(_Side(j, f"{name} = {choice!r}", u == k))
            continue
        cuts = np.unique(np.quantile(u[active], _QUANTILES)) if active.any() else ()
        for cut in cuts:
            value = dist.value(float(dist.from_unit(float(cut))))
            text = f"{value:.3g}" if isinstance(value, float) else repr(value)
            found.append(_Side(j, f"{name} > {text}", u > cut))
            found.append(_Side(j, f"{name} <= {text}", u <= cut))
    return found
