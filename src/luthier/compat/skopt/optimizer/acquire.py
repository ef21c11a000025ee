"""The most promising of random points, by a regressor of the user's own."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....typing import Array
from ..acquisition import gaussian_acquisition


def propose_by_model(search: Any, model: Any) -> Array:
    """Return the point (1, d) that promises most, as models see it.

    With "gp_hedge" one of expected improvement, lower bound and probability is drawn by lot.

    Args:
        search: The Optimizer.
        model: Its fitted regressor.
    """
    points = search.space.rvs(n_samples=search.n_points, random_state=search.rng)
    X = np.asarray(search.space.transform(points), dtype=float)
    name = search.acq_func
    if name == "gp_hedge":
        name = ("EI", "LCB", "PI")[search.rng.randint(3)]
    values = np.asarray(search.yi, dtype=float)
    lowest = values[:, 0].min() if values.ndim == 2 else values.min()
    promise = gaussian_acquisition(
        X, model, lowest, acq_func=name, acq_func_kwargs=search.acq_func_kwargs
    )
    return X[[int(np.argmin(promise))]]
