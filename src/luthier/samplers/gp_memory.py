"""The gain in one loss that a Gaussian process expects which knows earlier tasks.

Two processes are conditioned on the same trials: one as usual, and one that also knows what earlier
tasks predict. Each has its say by how well it foretells each trial from all others, so earlier
tasks that mislead lose their weight by evidence, whatever they are.

Notation: n trials, m points, T earlier tasks, w the weight of the process that knows them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..models.hyperparameters import lengthscale_prior
from ..numerics import feature_gp
from ..numerics.gp import Inputs, Posterior
from ..transfer.source_models import SourceModels
from ..typing import Array
from .gp_acquisitions import Gain, Process


class TaskProcess:
    """A process whose features are what earlier tasks predict.

    Args:
        sources: The earlier tasks.
        process: Conditioned on the trials.
    """

    def __init__(self, sources: SourceModels, process: feature_gp.FeaturePosterior) -> None:
        self.sources = sources
        self.process = process

    @property
    def rho(self) -> Array:
        """(d,) inverse squared lengthscales."""
        return self.process.rho

    def predict(self, Z: Inputs) -> tuple[Array, Array]:
        """Return mean (m,) and variance (m,) at m points."""
        return self.process.predict(Z, self.sources.predict(Z))

    def gradients(self, Z: Inputs) -> tuple[Array, Array, Array, Array]:
        """Return `predict`, and the derivatives (m, p) of both by the numbers."""
        return self.process.gradients(Z, *self.sources.slopes(Z))

    def append(self, Z: Inputs, noise: float | None = None) -> None:
        """Add one point, observed as the mean there, without noise."""
        self.process.append(Z, self.sources.predict(Z))


def fit_task_process(
    sources: SourceModels, Z: Inputs, y: Array, theta: Array, n_fitted: int, bounds: Array
) -> TaskProcess:
    """Return the process that knows earlier tasks.

    Args:
        sources: The earlier tasks.
        Z: n points.
        y: (n,) standardised losses.
        theta: Hyperparameters of the process that does not know them.
        n_fitted: How many of the first trials those were fitted to; the same are used here.
        bounds: Of theta.
    """
    F = sources.predict(Z)
    k = n_fitted
    prior = lengthscale_prior(len(theta) - 2)
    found = feature_gp.fit(Z.rows(0, k), F[:k], y[:k], prior, theta, bounds)
    return TaskProcess(sources, feature_gp.FeaturePosterior.of(found, Z, F, y))


def log_evidence(left_out: tuple[Array, Array], y: Array) -> float:
    """Return the sum of the log densities of y (n,), each as foretold from all others."""
    mean, variance = left_out
    return float(-0.5 * (np.log(variance) + (y - mean) ** 2 / variance).sum())


def weigh(process: TaskProcess, plain: Posterior, y: Array) -> float:
    """Return w, from the evidence (n,) for each process: 1 / (1 + exp(-D))."""
    D = log_evidence(process.process.left_out(y), y) - log_evidence(plain.left_out(y), y)
    return 1 / (1 + math.exp(-min(max(D, -700.0), 700.0)))


class MixedEI:
    """The log of w EI_1 + (1 - w) EI_0, each with a best of its own.

    Args:
        knowing: EI_1, of the process that knows earlier tasks.
        plain: EI_0.
        weight: w.
    """

    def __init__(self, knowing: Gain, plain: Gain, weight: float) -> None:
        self.knowing = knowing
        self.plain = plain
        self.weight = weight
        least = 1e-300
        self._log_weights = (math.log(max(weight, least)), math.log(max(1 - weight, least)))

    @property
    def models(self) -> Sequence[Process]:
        """Models that it evaluates."""
        return [*self.plain.models, *self.knowing.models]

    def value(self, Z: Inputs) -> Array:
        """Return (m,) values."""
        a, b = self._log_weights
        return np.asarray(np.logaddexp(a + self.knowing.value(Z), b + self.plain.value(Z)))

    def slope(self, Z: Inputs) -> tuple[Array, Array]:
        """Return values (m,), and their derivatives (m, p) by the numbers."""
        f1, by1 = self.knowing.slope(Z)
        f0, by0 = self.plain.slope(Z)
        f1, f0 = f1 + self._log_weights[0], f0 + self._log_weights[1]
        f = np.logaddexp(f1, f0)
        return f, np.exp(f1 - f)[:, None] * by1 + np.exp(f0 - f)[:, None] * by0

    def pretend_observed(self, Z: Inputs, feasible: bool) -> None:
        """Take one point as observed, with the loss that each process expects there."""
        self.knowing.pretend_observed(Z, feasible)
        self.plain.pretend_observed(Z, feasible)
