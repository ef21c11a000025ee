"""The surrogate: a Gaussian process that predicts the loss of points that were not tried."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..errors import SamplerError
from ..history.history import History
from ..numerics.acquisition import log_probability_below
from ..numerics.gp import Inputs, Posterior, cholesky
from ..numerics.threads import one_thread
from ..numerics.warping import half_rank, rank_outliers, standardise
from ..space.space import Space
from ..trial.record import State
from ..typing import Array
from .hyperparameters import Hyperparameters, TrainingSet, lengthscale_prior
from .training_data import (
    InputEncoder,
    collect_constraints,
    constraint_threshold,
    standardise_constraint,
    transform_loss,
)

MAX_OBSERVATIONS = 500
"""Observations that a surrogate is fitted to: the latest."""

_N_LEVELS = 9  # of `Hyperparameters`, up to 128 observations: with more the mode is the same one


@dataclass(frozen=True, slots=True)
class WarpedOutcomes:
    """Outcomes of points, and how a model sees them.

    Attributes:
        Z: Inputs of n points.
        y: (n,) outcomes: losses, costs or values of a constraint.
        warp: Monotone transform of outcomes.
    """

    Z: Inputs
    y: Array
    warp: Callable[[Array], Array]

    def __len__(self) -> int:
        return len(self.y)

    def key(self, m: int) -> bytes:
        return self.Z.N[:m].tobytes() + self.Z.C[:m].tobytes() + self.y[:m].tobytes()

    def first(self, m: int) -> TrainingSet:
        Z = self.Z.rows(0, m)
        prior = lengthscale_prior(Z.N.shape[1] + Z.C.shape[1])
        return TrainingSet(Z, standardise(self.warp(self.y[:m])), prior)


class Surrogate:
    """A Gaussian process over a study's complete trials, in units of the loss.

    Near the best, where it matters, the scale is true; beyond the median of the losses only ranks
    are learned, so that nothing bad can hide what is good. Otherwise the scale is true of all but
    outliers.

    Args:
        space: The space that was searched.
        history: At least two different complete trials; the latest 500 are used.
        objective: Column of the one whose losses are learned; None for the only one.
        near_best: Whether the scale is to be true near the best, rather than everywhere.

    Attributes:
        noise: Standard deviation of an observation, in units of the loss.
        prior_sd: Standard deviation of the loss where nothing is known, in units of the loss.

    Raises:
        SamplerError: There are fewer trials, or several objectives of which none is named.
    """

    @one_thread()
    def __init__(
        self,
        space: Space,
        history: History,
        objective: int | None = None,
        near_best: bool = True,
    ) -> None:
        if objective is None and len(history.directions) > 1:
            raise SamplerError(f"a surrogate models one objective, got {len(history.directions)}")
        self._encoder = InputEncoder(space)

        loss = history.losses[:, objective or 0]
        usable = (history.state == State.COMPLETE) & history.fits & np.isfinite(loss)
        number = np.flatnonzero(usable)[-MAX_OBSERVATIONS:]
        Z = self._encoder.encode(history.X[number])
        if not _differ(Z):
            raise SamplerError(
                f"a surrogate needs two different complete trials, got {len(number)} of {history}"
            )

        warp = half_rank if near_best else rank_outliers
        y = warp(loss[number])
        self._y = y
        self._shift = float(y.mean())
        self._scale = float(y.std()) or 1.0
        theta = _estimate(Z, loss[number], warp)
        self._model = Posterior.of(theta, Z, standardise(y))
        self.noise = math.sqrt(self._model.noise) * self._scale
        self.prior_sd = math.sqrt(self._model.signal) * self._scale

    @one_thread()
    def predict(self, X: Array) -> tuple[Array, Array]:
        """Return mean (n,) and standard deviation (n,) of the noise-free loss at X (n, d)."""
        mean, variance = self._model.predict(self._encoder.encode(X))
        sd = self._scale * np.sqrt(variance)
        return np.asarray(self._shift + self._scale * mean), np.asarray(sd)

    @one_thread()
    def predict_joint(self, X: Array) -> tuple[Array, Array]:
        """Return mean (n,) and covariance (n, n) of the noise-free loss at X (n, d)."""
        mean, covariance = self._model.predict_joint(self._encoder.encode(X))
        return np.asarray(self._shift + self._scale * mean), np.asarray(self._scale**2 * covariance)

    @one_thread()
    def predict_average(self, X: Array) -> tuple[float, float]:
        """Return mean and standard deviation of the average of the noise-free losses at X (n, d).

        What is uncertain of the points together does not average out, so the variance is the mean
        of their joint covariance, and not of their variances.

        Source: Moosbauer 2021, eq. 10.
        """
        mean, variance = self._model.predict_average(self._encoder.encode(X))
        return self._shift + self._scale * mean, self._scale * math.sqrt(variance)

    @one_thread()
    def draws(self, X: Array, n: int, rng: np.random.Generator) -> Array:
        """Return (n, len(X)) joint draws of the noise-free loss at unit columns X."""
        mean, covariance = self._model.predict_joint(self._encoder.encode(X))
        covariance.reshape(-1)[:: len(X) + 1] += 1e-9 * self._model.signal  # on the diagonal
        draws = mean + rng.standard_normal((n, len(X))) @ cholesky(covariance).T
        return np.asarray(self._shift + self._scale * draws)

    def left_out(self) -> tuple[Array, Array, Array]:
        """Return how each trial's loss would have been predicted from all others.

        The hyperparameters are those of all trials.

        Returns:
            The losses (n,) as the surrogate learned them, true in the better half; the mean (n,)
            and the standard deviation (n,) that it predicts, noise included.
        """
        mean, variance = self._model.left_out(standardise(self._y))
        return self._y, self._shift + self._scale * mean, self._scale * np.sqrt(variance)


@one_thread()
def rank_correlation(space: Space, X: Array, loss: Array) -> float:
    """Return Kendall's tau of losses and of what a model predicts for each from the others.

    Pairs of equal losses do not count.

    Args:
        space: The space of the points.
        X: (n, d) unit columns.
        loss: (n,) losses there.
    """
    Z = InputEncoder(space).encode(X)
    y = transform_loss(loss)
    theta = _estimate(Z, loss, transform_loss)
    predicted, _ = Posterior.of(theta, Z, y).left_out(y)

    agree = np.sign(y[:, None] - y) * np.sign(predicted[:, None] - predicted)
    n_pairs = int((y[:, None] != y).sum())
    return float(agree.sum() / max(n_pairs, 1))


@one_thread()
def probability_of_feasibility(space: Space, history: History, X: Array) -> Array:
    """Return (k,) the probability that all constraints are satisfied at X (k, d), noise aside.

    Raises:
        SamplerError: Fewer than two different trials reported some constraint.
    """
    encoder = InputEncoder(space)
    points = encoder.encode(X)
    log_p = np.zeros(len(X))
    for name, observed in collect_constraints(history).items():
        number = observed.number[-MAX_OBSERVATIONS:]
        value = observed.value[-MAX_OBSERVATIONS:]
        Z = encoder.encode(history.X[number])
        if not _differ(Z):
            raise SamplerError(
                f"a model of the constraint {name!r} needs two different trials that reported it, "
                f"got {len(number)} of {history}"
            )
        theta = _estimate(Z, value, standardise_constraint)
        model = Posterior.of(theta, Z, standardise_constraint(value))
        mean, variance = model.predict(points)
        log_p += log_probability_below(mean, np.sqrt(variance), constraint_threshold(value))
    return np.asarray(np.exp(log_p))


def _estimate(Z: Inputs, y: Array, warp: Callable[[Array], Array]) -> Array:
    """Return hyperparameters of a model of outcomes (n,) at n points."""
    return Hyperparameters(n_levels=_N_LEVELS).estimate(WarpedOutcomes(Z, y, warp))[1]


def _differ(Z: Inputs) -> bool:
    """Whether there are two different points."""
    return Z.n > 1 and bool(np.ptp(Z.N, axis=0).any() or np.ptp(Z.C, axis=0).any())
