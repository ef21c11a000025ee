"""Local importance: which parameters still matter around one trial."""

from __future__ import annotations

import numpy as np

from ...models.additive_model import AdditiveModel
from ...space.space import Space
from ...typing import Array

_N_VALUES = 200  # of each parameter


def local_importance(model: AdditiveModel, space: Space, x: Array) -> Array:
    """Return the shares (d,) of the variance when one parameter moves and all others stay.

    Args:
        model: Of the loss.
        space: Of the parameters.
        x: (d,) unit columns of the trial; what is inactive there has no share.

    Source: Biedenkapp 2018, section 3.
    """
    variance = np.zeros(space.d)
    at = (np.arange(_N_VALUES) + 0.5) / _N_VALUES
    here = np.tile(x, (_N_VALUES, 1))
    moving = [j for j, dist in enumerate(space.dists) if x[j] == x[j] and dist.n_values != 1]
    if not moving:
        return variance
    others = []
    for j in moving:
        X = here.copy()
        placed = np.where(np.arange(space.d) == j, at[:, None], 0.5)
        X[:, j] = space.place(placed)[:, j] if j in space.unordered else at
        on = space.active(X)
        X[~on] = np.nan
        others.append(np.where(on & np.isnan(X), 0.5, X))
    variance[moving] = model.predict_neighbours(here, others)[1:].var(axis=1)
    total = float(variance.sum())
    return variance / total if total > 0 else variance
