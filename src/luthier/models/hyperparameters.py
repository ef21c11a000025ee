"""Estimates of kernel hyperparameters, fitted again and again as observations arrive.

Notation: theta holds the logarithms of d inverse squared lengthscales (rho), of the variance of
the process (signal) and of the variance of an observation (noise), then the parameters of input
warps or the factors of uneven noise.
"""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

import numpy as np

from ..numerics.gp import Inputs, Prior, Uneven, fit
from ..typing import Array, Index

MIN_NOISE = 1e-6
"""Smallest variance of the noise, as a share of that of the losses."""

# where fits start, and the bounds of all but the noise
_LOG_LITTLE_NOISE = math.log(1e-3)
_LOG_MUCH_NOISE = math.log(0.3)
_RHO_BOUNDS = (-9.0, 7.0)
_SIGNAL_BOUNDS = (-4.0, 4.0)
_WARP_BOUNDS = (-2.0, 2.0)
_FACTOR_BOUNDS = (-4.0, 6.0)

_MAX_CACHED = 64


def lengthscale_prior(d: int) -> Prior:
    """Return the prior of the hyperparameters in d dimensions.

    The more dimensions, the longer the lengthscales.

    Source: Hvarfner 2024: lengthscales are of the order of sqrt(d). Deviations: shorter
    lengthscales, and a part that all dimensions share, so that twenty of them can all be short.
    """
    return Prior(rho=(2 - math.log(max(d, 1)), 0.8, 1.3))


class TrainingSet(NamedTuple):
    """Observations that a kernel is fitted to.

    Attributes:
        Z: Inputs of n points.
        y: (n,) standardised outcomes.
        prior: Prior of the hyperparameters.
        uneven: Noise of the observations beside the common one; None where there is none.
        groups: Columns with one lengthscale in common, see `gp.spread`; None where each has its
            own.
    """

    Z: Inputs
    y: Array
    prior: Prior
    uneven: Uneven | None = None
    groups: Index | None = None

    @property
    def n_scales(self) -> int:
        """Number of lengthscales."""
        if self.groups is not None:
            return int(max(self.groups)) + 1
        return int(self.Z.N.shape[1] + self.Z.C.shape[1])


class Observations(Protocol):
    """Observations in the order in which they became known."""

    def __len__(self) -> int:
        """Number of observations."""

    def key(self, m: int) -> bytes:
        """Return bytes that differ wherever the first m observations do."""

    def first(self, m: int) -> TrainingSet:
        """Return what a kernel is fitted to after m observations."""


class Hyperparameters:
    """Fits a kernel to the first m observations, and again as m grows.

    With n observations, m is the largest multiple of ceil(n / interval): every new observation is
    used at first, later every second one, and so on. A fit starts from the fit at the level below
    m, of 8, 11, 16, 23, ..., so it is quick, and still the same in a process that has seen none of
    the earlier fits. A fit at a level also starts afresh, once with little noise and once with
    much, because a posterior may have a mode at each.

    Args:
        noise: Variance of the noise, as a share of that of the losses; None estimates it.
        warp_inputs: Also estimate a monotone warp of each number.
        interval: Number of observations up to which each of them gives a new fit.
        n_levels: Number of levels; the last is 8 * 2^((n_levels - 1) / 2).
        round_levels: Replace a level by the fit that precedes it anyway, so that levels cost no
            fits of their own. Such a fit starts from the level below alone.
    """

    def __init__(
        self,
        noise: float | None = None,
        warp_inputs: bool = False,
        *,
        interval: int = 50,
        n_levels: int = 14,
        round_levels: bool = False,
    ) -> None:
        self.noise = noise
        self.warp_inputs = warp_inputs
        self.interval = interval
        self.round_levels = round_levels
        self._levels = [round(8 * 2 ** (i / 2)) for i in range(n_levels)]
        self._cache: dict[int, tuple[bytes, Array]] = {}

    def estimate(self, observations: Observations) -> tuple[int, Array]:
        """Return how many of the first observations were used, and theta at the posterior mode."""
        m = self._round(len(observations))
        return m, self._estimate(m, observations)

    def bounds(self, data: TrainingSet) -> Array:
        """Return (len(theta), 2) the bounds of theta."""
        return self._start(data)[1]

    def _round(self, n: int) -> int:
        """Return the largest multiple of ceil(n / interval) that is at most n."""
        return n - n % math.ceil(n / self.interval)

    def _estimate(self, m: int, observations: Observations) -> Array:
        key = observations.key(m)
        cached = self._cache.get(m)
        if cached is not None and cached[0] == key:
            return cached[1]

        data = observations.first(m)
        start, bounds = self._start(data)

        level = max((k for k in self._levels if k < m), default=0)
        starts = []
        if level:
            below = self._round(level) if self.round_levels else level
            starts.append(self._estimate(below, observations))
        if m in self._levels or not level:
            noise_at = data.n_scales + 1
            noisy = start.copy()
            noisy[noise_at] = np.clip(_LOG_MUCH_NOISE, *bounds[noise_at])
            starts += [start, noisy]

        theta = fit(
            data.Z,
            data.y,
            data.prior,
            starts,
            bounds,
            self.warp_inputs,
            data.uneven,
            data.groups,
        )
        if len(self._cache) > _MAX_CACHED:
            self._cache.clear()
        self._cache[m] = (key, theta)
        return theta

    def _start(self, data: TrainingSet) -> tuple[Array, Array]:
        """Return theta where a fresh fit starts, and its bounds (len(theta), 2)."""
        d = data.n_scales
        n_warps = 2 * data.Z.N.shape[1] if self.warp_inputs else 0
        n_factors = data.uneven.n_groups - 1 if data.uneven is not None else 0

        noise_bounds = (math.log(MIN_NOISE), 1.0)
        if self.noise is not None:
            fixed = math.log(max(self.noise, MIN_NOISE))
            noise_bounds = (fixed, fixed)
        bounds = np.array(
            [_RHO_BOUNDS] * d
            + [_SIGNAL_BOUNDS, noise_bounds]
            + [_WARP_BOUNDS] * n_warps
            + [_FACTOR_BOUNDS] * n_factors
        )

        noise = float(np.clip(_LOG_LITTLE_NOISE, *noise_bounds))
        start = [data.prior.rho[0]] * d + [data.prior.signal[0], noise]
        return np.array(start + [0.0] * (n_warps + n_factors)), bounds
