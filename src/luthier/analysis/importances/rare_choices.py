"""Choices that few trials have, of a parameter with very many, as one.

A model cannot tell them apart, and its cost grows with their number.
"""

from __future__ import annotations

import numpy as np

from ...space.distributions import Categorical
from ...space.space import Space
from ...typing import Array

_MANY = 256  # choices up to which all stand alone; beyond it, so many of them at most
_FEWEST = 3  # trials that a choice needs to stand alone: as many as a leaf of a tree


def group_rare_choices(space: Space, X: Array) -> tuple[Space, Array, str]:
    """Return a space and trials in which rare choices are one, and what to say of it.

    A parameter on which others depend stays as it is. The space has no hard constraints.

    Args:
        space: Of the trials.
        X: (n, d) unit columns.
    """
    params = dict(space.params)
    gates = {gate for dist in space.dists for gate in dist.when or ()}
    X, told = X.copy(), []
    for j in space.unordered:
        name, dist = space.names[j], space.dists[j]
        n_choices = dist.n_values or 0
        if n_choices <= _MANY or name in gates:
            continue
        known = ~np.isnan(X[:, j])
        counts = np.bincount(X[known, j].astype(np.int64), minlength=n_choices)
        common = np.argsort(-counts, kind="stable")[:_MANY]
        common = common[counts[common] >= _FEWEST]

        group = np.full(n_choices, len(common))
        group[common] = np.arange(len(common))
        X[known, j] = group[X[known, j].astype(np.int64)]
        params[name] = Categorical(tuple(range(len(common) + 1)), when=dist.when)
        told.append(
            f"{len(common):,} of {n_choices:,} choices of {name} are told apart, as at least "
            f"{_FEWEST} trials have each; the others count as one"
        )
    return (Space(params) if told else space), X, "; ".join(told)
