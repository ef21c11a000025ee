"""Expected improvement and upper confidence bounds, for maximisation."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...numerics.acquisition import log_expected_improvement
from ...typing import Array


def EI_empirical(samples: Array, thresh: float) -> float:
    """Return the mean improvement of samples over a threshold."""
    return float(np.maximum(samples - thresh, 0).mean())


def EI_gaussian_empirical(
    mean: float,
    var: float,
    thresh: float,
    rng: np.random.Generator,
    N: int,
) -> float:
    """Return the expected improvement of a normal number over a threshold, from N draws."""
    return EI_empirical(rng.standard_normal(N) * np.sqrt(var) + mean, thresh)


def EI_gaussian(mean: Any, var: Any, thresh: Any) -> Any:
    """Return the expected improvement of a normal number over a threshold."""
    return np.exp(logEI_gaussian(mean, var, thresh))


def logEI_gaussian(mean: Any, var: Any, thresh: Any) -> Any:
    """Return the logarithm of the expected improvement, also where that is beyond floats."""
    mean, var, thresh = np.broadcast_arrays(*np.atleast_1d(mean, var, thresh))
    log = log_expected_improvement(-mean.astype(float), np.sqrt(var), -thresh.astype(float))
    return log if len(log) > 1 else float(log[0])


def UCB(mean: Any, var: Any, zscore: float) -> Any:
    """Return the mean and zscore standard deviations."""
    return mean + np.sqrt(var) * zscore
