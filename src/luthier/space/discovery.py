"""Conditions that the trials of a define-by-run objective show."""

from __future__ import annotations

import msgspec
import numpy as np

from ..errors import ConditionError
from ..typing import Array, Mask
from .distributions import Distribution
from .space import Space


def discover_conditions(
    space: Space, X: Array, absent: Mask | None = None, may_lack: Mask | None = None
) -> Space:
    """Return a space whose conditions were not declared with the conditions that trials show.

    A parameter that was absent from some trials is taken to depend on the first discrete parameter
    whose values say exactly when it is present.

    Args:
        space: As the objective's suggest calls made it known.
        X: (n, d) trials that have run, NaN where the objective did not ask for the parameter.
        absent: (n, d) where it did not, if X has NaN for what lies outside of the space too.
        may_lack: (n,) those that may have ended before they asked for all of their parameters: that
            one is absent from them counts only for values of the parent with which no trial has it.
            None for no such trials.
    """
    absent = np.isnan(X) if absent is None else absent
    known = ~np.isnan(X)
    whole = np.ones(len(X), dtype=bool) if may_lack is None else ~may_lack
    found: dict[str, Distribution] = {}
    for j, dist in enumerate(space.dists):
        if dist.when or not absent[:, j].any() or absent[:, j].all():
            continue
        for p, above in enumerate(space.dists):
            if p == j or above.n_values is None or above.n_values > 64:
                continue
            there = known[:, p]
            with_j = np.unique(X[there & ~absent[:, j], p])
            counts = whole | ~np.isin(X[:, p], with_j)
            without_j = np.unique(X[there & absent[:, j] & counts, p])
            lonely = (~absent[:, j] & absent[:, p]).any()
            if (
                len(with_j)
                and not lonely
                and not np.isin(with_j, without_j).any()
                and (p < j or len(without_j))
            ):
                values = tuple(above.value(above.from_unit(v)) for v in with_j)
                found[space.names[j]] = msgspec.structs.replace(dist, when={space.names[p]: values})
                break
    try:
        return space.with_params(found) if found else space
    except ConditionError:  # two parameters that explain each other
        return space
