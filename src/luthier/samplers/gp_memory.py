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

from ..models.hyperparameters import TrainingSet
from ..numerics import feature_gp
from ..numerics.gp import Inputs, Posterior
from ..transfer.source_models import SourceModels
from ..typing import Array
from .gp_acquisitions import Gain, Process

_NO_SAY = 0.01  # a weight below which a process has no say
_SHARE_OF_DOUBT = 0.3  # of the doubt without memory, where earlier tasks have a say


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

    def list_weights(self) -> list[tuple[str, float]]:
        """Return the tasks and their weights, those with the largest first, whatever the sign."""
        weights = self.process.share_of()
        order = np.argsort(-np.abs(weights), kind="stable").tolist()
        return [(self.sources.matched[t].task.name, float(weights[t])) for t in order]

    def predict(self, Z: Inputs) -> tuple[Array, Array]:
        """Return mean (m,) and variance (m,) at m points."""
        return self.process.predict(Z, self.sources.predict(Z))

    def gradients(self, Z: Inputs) -> tuple[Array, Array, Array, Array]:
        """Return `predict`, and the derivatives (m, p) of both by the numbers."""
        F, pull = self.sources.trace(Z)
        found = self.process.gradients(Z, F)
        mean_by = found.mean_by + pull(found.mean_by_features)
        variance_by = found.variance_by + pull(found.variance_by_features)
        return found.mean, found.variance, mean_by, variance_by

    def append(self, Z: Inputs, noise: float | None = None) -> None:
        """Add one point, observed as the mean there, without noise."""
        self.process.append(Z, self.sources.predict(Z))


class TaskProcessFitter:
    """Fits processes that know earlier tasks, anew only where the plain one was fitted anew."""

    def __init__(self) -> None:
        self._fitted: tuple[bytes, Array] = (b"", np.empty(0))

    def fit(self, sources: SourceModels, data: TrainingSet, theta: Array, bounds: Array) -> Array:
        """Return hyperparameters of the process that knows earlier tasks.

        Args:
            sources: The earlier tasks.
            data: The trials that the plain process was fitted to.
            theta: Its hyperparameters.
            bounds: Of these.
        """
        parts = (theta, data.y, data.Z.N, data.Z.C, sources.weights)
        key = b"".join(part.tobytes() for part in parts)
        if self._fitted[0] != key:
            F = sources.predict(data.Z)
            found = feature_gp.fit(data.Z, F, data.y, data.prior, theta, bounds)
            self._fitted = (key, found)
        return self._fitted[1]


def condition_on(sources: SourceModels, theta: Array, Z: Inputs, y: Array) -> TaskProcess:
    """Return the process that knows earlier tasks, given standardised losses (n,) at n points."""
    F = sources.predict(Z)
    return TaskProcess(sources, feature_gp.FeaturePosterior.of(theta, Z, F, y))


def log_evidence(left_out: tuple[Array, Array], y: Array) -> float:
    """Return the sum of the log densities of y (n,), each as foretold from all others."""
    mean, variance = left_out
    return float(-0.5 * (np.log(variance) + (y - mean) ** 2 / variance).sum())


def weigh(process: TaskProcess, plain: Posterior, y: Array) -> float:
    """Return w, from the evidence (n,) for each process: 1 / (1 + exp(-D))."""
    D = log_evidence(process.process.left_out(y), y) - log_evidence(plain.left_out(y), y)
    return 1 / (1 + math.exp(-min(max(D, -700.0), 700.0)))


def relieve_doubt(doubt: float, weight: float) -> float:
    """Return the factor on standard deviations of both processes.

    Earlier tasks have looked where the present one has not, so that it explores less with them.

    Args:
        doubt: That factor without memory, at least 1.
        weight: w.
    """
    return doubt if weight < _NO_SAY else 1 + _SHARE_OF_DOUBT * (doubt - 1)


def mix(knowing: Gain, plain: Gain, weight: float) -> Gain:
    """Return the gain by both processes, or by one of them where the other has no say.

    Args:
        knowing: The gain by the process that knows earlier tasks.
        plain: The gain by the other.
        weight: w.
    """
    if weight < _NO_SAY:
        return plain
    return knowing if weight > 1 - _NO_SAY else MixedEI(knowing, plain, weight)


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
