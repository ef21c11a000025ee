"""Densities of priors at points of a space, one term for each parameter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..typing import Array
from .distributions import Distribution


def prior_terms(dists: Sequence[Distribution], with_prior: Sequence[int], X: Array) -> Array:
    """Return log densities (n, d) of priors at unit columns (n, d), relative to uniform.

    They are 0 where a parameter has no prior, and where it is inactive.

    Args:
        dists: (d,) distributions of the parameters.
        with_prior: Columns of those that have a prior.
        X: The points.
    """
    terms = np.zeros(X.shape)
    for j in with_prior:
        on = ~np.isnan(X[:, j])
        terms[on, j] = dists[j].log_prior(X[on, j])
    return terms
