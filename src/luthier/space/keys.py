"""Keys by which points of a space are told apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..typing import Array
from .distributions import Categorical, Distribution

_DIGITS = 9  # of a unit column
_MAX_ROUNDED = 10 ** (_DIGITS - 1)  # values whose unit columns these digits tell apart

Fine = Sequence[tuple[int, Distribution]]


def find_fine(dists: Sequence[Distribution]) -> Fine:
    """Return the columns, with their distributions, of more values than rounded ones tell apart."""
    return [
        (j, dist)
        for j, dist in enumerate(dists)
        if not isinstance(dist, Categorical) and (dist.n_values or 1) > _MAX_ROUNDED
    ]


def make_keys(X: Array, fine: Fine) -> list[bytes]:
    """Return one hashable key for each row; equal rows of a finite space have equal keys.

    Rows that differ have different keys, but for values of a continuous parameter that are nearer
    to each other than a billionth of its range.

    Args:
        X: (n, d) unit columns, NaN where inactive.
        fine: What `find_fine` returns for the space.
    """
    rounded = np.round(np.nan_to_num(X, nan=-1.0), _DIGITS)
    for j, dist in fine:
        raw = dist.from_unit(X[:, j])
        rounded[:, j] = np.where(np.isnan(raw), np.inf, raw + 0.0)
    return [row.tobytes() for row in rounded]
