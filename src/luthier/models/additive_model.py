"""The additive model: what each parameter of a space does to the loss, learned from few trials."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..numerics import additive_gp
from ..numerics.threads import one_thread
from ..space.space import Space
from ..typing import Array, Index
from .training_data import InputEncoder

_MANY = 150  # trials are enough for a thorough search of the hyperparameters
_MOST_DISTANCES = 600_000  # of pairs of trials, all columns together, at a step of a search
_FEWEST = 100  # trials that are looked at however many columns there are
_FEW_STEPS = 8  # from hyperparameters of similar trials; half of the distances are enough then


class AdditiveModel:
    """An additive Gaussian process over trials of a space, in units of the loss.

    Args:
        space: The space that was searched.
        X: (n, d) unit columns, NaN where inactive; n >= 2.
        loss: (n,) finite.
        start: A model of similar trials, from which the search of the hyperparameters begins; None
            for a thorough search.

    Attributes:
        theta: The hyperparameters, of the columns that vary.
    """

    theta: Array

    @one_thread()
    def __init__(
        self, space: Space, X: Array, loss: Array, start: AdditiveModel | None = None
    ) -> None:
        self._encoder = InputEncoder(space)
        self._loss = loss
        self._shift = float(loss.mean())
        self._scale = float(loss.std()) or 1.0
        V = self._columns(X)
        y = (loss - self._shift) / self._scale
        p = len(self._encoder.numbers)
        self.theta = _find_hyperparameters(V, p, y, None if start is None else start.theta)
        self._process, self._mean, self._variance = additive_gp.condition(self.theta, V, p, y)

    def _columns(self, X: Array) -> Array:
        Z = self._encoder.encode(X)
        return np.concatenate([Z.N, Z.C], axis=1)

    @one_thread()
    def predict(self, X: Array) -> Array:
        """Return the expected loss (m,) at unit columns (m, d)."""
        [mean] = additive_gp.predict_neighbours(self._process, self._columns(X), [])
        return np.asarray(self._shift + self._scale * mean)

    @one_thread()
    def predict_neighbours(self, X: Array, others: Sequence[Array]) -> Array:
        """Return the expected loss (1 + k, m) at points, and at others that differ in few columns.

        Args:
            X: (m, d) unit columns.
            others: k times (m, d).
        """
        columns = [self._columns(other) for other in others]
        mean = additive_gp.predict_neighbours(self._process, self._columns(X), columns)
        return np.asarray(self._shift + self._scale * mean)

    @one_thread()
    def predict_variance(self, X: Array) -> Array:
        """Return how uncertain the expected loss is, as a variance (m,), at unit columns (m, d)."""
        variance = additive_gp.predict_variance(self._process, self._columns(X))
        return np.asarray(self._scale**2 * variance)

    def left_out(self) -> tuple[Array, Array, Array]:
        """Return the losses (n,), and mean and sd (n,) of each as predicted from all others.

        The hyperparameters are those of all trials.
        """
        mean = self._shift + self._scale * self._mean
        return self._loss, mean, self._scale * np.sqrt(self._variance)


def _find_hyperparameters(V: Array, p: int, y: Array, near: Array | None) -> Array:
    """Return those of trials, or of as many as a step of the search can take in a short time.

    Args:
        V: (n, d) columns, p numbers first.
        p: Number of numbers.
        y: (n,) standardised.
        near: Hyperparameters of similar trials; None for a thorough search.
    """
    n, d = V.shape
    most = _MOST_DISTANCES if near is None else _MOST_DISTANCES // 2
    many = _spread(n, max(math.isqrt(2 * most // max(d, 1)), _FEWEST))
    if near is None:
        few = many if len(many) < 2 * _MANY else _spread(n, _MANY)
        near = additive_gp.fit(V[few], p, y[few])
        if len(few) == len(many):
            return near
    return additive_gp.fit(V[many], p, y[many], near, _FEW_STEPS)


def _spread(n: int, most: int) -> Index:
    """Return at most so many of n rows, evenly spread."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(np.int64))
