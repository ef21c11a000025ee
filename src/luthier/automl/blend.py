"""Weighted means of fitted pipelines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..typing import Array, Index
from .fits import ask


class BlendOfNumbers:
    """The weighted mean of pipelines that predict numbers.

    Args:
        members: Fitted pipelines.
        weights: (k,) their weights, which sum to 1.
    """

    def __init__(self, members: Sequence[Any], weights: Sequence[float]) -> None:
        self.members = list(members)
        self.weights = np.asarray(weights, dtype=np.float64)

    def fit(self, X: Any, y: Any) -> BlendOfNumbers:
        """Refuse: the members are fitted already."""
        raise NotImplementedError("the members of a blend are fitted already")

    def predict(self, X: Any) -> Array:
        """Return the mean prediction for rows (n, d)."""
        predictions = [ask(member, X, 0) for member in self.members]
        return np.asarray(np.tensordot(self.weights, np.array(predictions), axes=1))


class BlendOfClasses:
    """The weighted mean of probabilities of pipelines.

    Args:
        members: Fitted pipelines, for classes that are numbered from 0.
        weights: (k,) their weights, which sum to 1.
        n_classes: Number of classes.
    """

    def __init__(self, members: Sequence[Any], weights: Sequence[float], n_classes: int) -> None:
        self.members = list(members)
        self.weights = np.asarray(weights, dtype=np.float64)
        self.classes_ = np.arange(n_classes)

    def fit(self, X: Any, y: Any) -> BlendOfClasses:
        """Refuse: the members are fitted already."""
        raise NotImplementedError("the members of a blend are fitted already")

    def predict_proba(self, X: Any) -> Array:
        """Return the mean of the members' probabilities (n, c)."""
        predictions = [ask(member, X, len(self.classes_)) for member in self.members]
        return np.asarray(np.tensordot(self.weights, np.array(predictions), axes=1))

    def predict(self, X: Any) -> Index:
        """Return the number of the likeliest class of each row (n,)."""
        return np.asarray(self.predict_proba(X).argmax(axis=1))


def make_blend(
    members: Sequence[Any], weights: Sequence[float], n_classes: int
) -> BlendOfNumbers | BlendOfClasses:
    """Return the blend of members whose weights are brought to a sum of 1."""
    total = sum(weights)
    shares = [weight / total for weight in weights]
    if n_classes:
        return BlendOfClasses(members, shares, n_classes)
    return BlendOfNumbers(members, shares)
