"""All points of a finite space."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..errors import SpaceError
from ..typing import Array, Mask
from .conditions import Condition
from .distributions import Categorical, Distribution

MAX_ENUMERATED = 1_000_000  # finite spaces up to this many points can be listed
MAX_NUMBERS = 20_000_000  # points times parameters, beyond which they cannot


def list_points(
    dists: Sequence[Distribution],
    conditions: Sequence[Condition],
    allows: Callable[[Condition, Array], Mask],
) -> Array:
    """Return all points (n, d): parents before children, the last parameter fastest.

    Args:
        dists: The d distributions, of finitely many values each.
        conditions: Those of parents before those of children.
        allows: For which rows of unit columns a condition holds.

    Raises:
        SpaceError: There are more than a million points, or so many parameters that all points have
            more than twenty million values.
    """
    d = len(dists)
    by_column = {condition.column: condition for condition in conditions}
    X = np.full((1, d), np.nan)
    n_numbers = 0  # that are moved as the points multiply
    for j in [j for j in range(d) if j not in by_column] + list(by_column):
        p = dists[j]
        # Columns of parents that are inactive are NaN already.
        on = allows(by_column[j], X) if j in by_column else np.ones(len(X), dtype=bool)
        n = p.n_values or 1
        n_points = int(on.sum()) * n + int((~on).sum())
        n_numbers += n_points * d if n > 1 else 0
        if n_points > MAX_ENUMERATED or n_numbers > MAX_NUMBERS:
            raise SpaceError(
                f"the grid has more than {MAX_ENUMERATED:,} points, or more than "
                f"{MAX_NUMBERS:,} values in its points of {d:,} parameters; take wider "
                "steps or fewer parameters"
            )

        i = np.arange(n, dtype=float)
        values = p.to_unit(i if isinstance(p, Categorical) else p.values(i)) + np.zeros(n)
        if n == 1:
            X[on, j] = values
            continue
        full = np.repeat(X[on], n, axis=0)
        full[:, j] = np.tile(values, int(on.sum()))
        X = np.concatenate([full, X[~on]])
    return X[np.lexsort(np.nan_to_num(X, nan=-1.0).T[::-1])] if d else X
