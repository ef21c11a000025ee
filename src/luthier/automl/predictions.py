"""What models said of rows that they had not seen: scored, joined over folds, and kept small.

Predictions are probabilities (n, c) of classes, or numbers (n,). Classes are numbered from 0.
"""

from __future__ import annotations

import base64
import zlib
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from ..evaluation.metrics import Metric
from ..typing import Array, Index, Mask

_MOST_BYTES = 600_000  # of one trial's predictions in a file


def score_predictions(metric: Metric, y: Any, predictions: Array, n_classes: int) -> float:
    """Return the value of a metric for predictions.

    Args:
        metric: What is measured.
        y: (n,) targets; classes as numbers from 0 on.
        predictions: (n, c) probabilities, or (n,) numbers.
        n_classes: Number of classes; 0 for numbers.
    """
    if metric.rows is None or metric.total is None:
        assert metric.score is not None
        recorded = Recorded(predictions) if n_classes == 0 else RecordedClasses(predictions)
        return float(metric.score(recorded, np.zeros((len(y), 1)), y))
    rows = score_each(metric, y, predictions, n_classes)
    return metric.total(rows, y, np.ones(len(y)))


def score_each(metric: Metric, y: Any, predictions: Array, n_classes: int) -> Array:
    """Return what a metric that has rows gives each row (n,); see `score_predictions`."""
    assert metric.rows is not None
    answer: Any = predictions
    if n_classes and metric.needs == "predict":
        answer = predictions.argmax(axis=1)
    elif n_classes == 2 and metric.needs == "decision":
        answer = predictions[:, 1]
    return metric.rows(y, answer, np.arange(n_classes))


class Recorded(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A model that says what was recorded, for metrics that ask models.

    Args:
        predictions: (n,) numbers.
    """

    def __init__(self, predictions: Array) -> None:
        self.predictions = predictions
        self.fitted_ = True

    def predict(self, X: Any) -> Array:
        return self.predictions


class RecordedClasses(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier that says what was recorded.

    Args:
        predictions: (n, c) probabilities.
    """

    def __init__(self, predictions: Array) -> None:
        self.predictions = predictions
        self.classes_ = np.arange(predictions.shape[1])

    def predict(self, X: Any) -> Index:
        return np.asarray(self.predictions.argmax(axis=1))

    def predict_proba(self, X: Any) -> Array:
        return self.predictions


class OutOfFold:
    """Predictions for rows by models that were not trained on them, as 16-bit numbers.

    Args:
        n: Number of rows.
        n_classes: Number of classes; 0 for numbers.
    """

    def __init__(self, n: int, n_classes: int) -> None:
        self.n_classes = n_classes
        self._sum = np.zeros((n, n_classes) if n_classes else n, dtype=np.float32)
        self._count = np.zeros(n, dtype=np.uint8)

    def add(self, rows: Index, predictions: Array) -> None:
        """Add what was said of rows (k,); rows of several repeats count as their mean."""
        self._sum[rows] += predictions
        self._count[rows] += 1

    @property
    def known(self) -> Mask:
        """(n,) which rows were predicted."""
        return self._count > 0

    def mean(self) -> Array:
        """Return predictions (n, c) or (n,); 0 for rows that were not predicted."""
        count = np.maximum(self._count, 1).astype(np.float64)
        return np.asarray(self._sum / (count[:, None] if self.n_classes else count))

    def pack(self) -> str | None:
        """Return it as text, with 16 bits a number; None where that would be too long."""
        predictions = self.mean()[self.known]
        scale = 1.0 if self.n_classes else float(np.abs(predictions).max() or 1.0)
        raw = zlib.compress((predictions / scale).astype("<f2").tobytes(), 6)
        known = zlib.compress(np.packbits(self.known).tobytes(), 6)
        if len(raw) + len(known) > _MOST_BYTES:
            return None
        parts = [repr(scale).encode(), base64.b64encode(known), base64.b64encode(raw)]
        return b" ".join(parts).decode("ascii")

    @classmethod
    def unpack(cls, text: str, n: int, n_classes: int) -> OutOfFold:
        """Return what `pack` packed."""
        scale, known, raw = text.split(" ")
        made = cls(n, n_classes)
        bits = np.frombuffer(zlib.decompress(base64.b64decode(known)), dtype=np.uint8)
        rows = np.flatnonzero(np.unpackbits(bits, count=n))
        predictions = np.frombuffer(zlib.decompress(base64.b64decode(raw)), dtype="<f2")
        predictions = predictions.astype(np.float64) * float(scale)
        made.add(rows, predictions.reshape(len(rows), n_classes) if n_classes else predictions)
        return made
