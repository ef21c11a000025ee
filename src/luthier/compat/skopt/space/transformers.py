"""Maps between values of a dimension and numbers that models take."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

_SLACK = 1e-8  # by which a computed number may miss an end


class Transformer:
    """Base of all maps."""

    def fit(self, X: Any) -> Transformer:
        """Learn the values; returns itself."""
        del X
        return self

    def transform(self, X: Any) -> Any:
        """Return values as numbers."""
        raise NotImplementedError

    def inverse_transform(self, Xt: Any) -> Any:
        """Return numbers as values."""
        raise NotImplementedError


class Identity(Transformer):
    """Values as they are."""

    def transform(self, X: Any) -> Any:
        return X

    def inverse_transform(self, Xt: Any) -> Any:
        return Xt


class LogN(Transformer):
    """Logarithms.

    Args:
        base: Of the logarithm.
    """

    def __init__(self, base: float) -> None:
        self._base = base

    def transform(self, X: Any) -> Any:
        return np.log10(np.asarray(X, dtype=float)) / np.log10(self._base)

    def inverse_transform(self, Xt: Any) -> Any:
        return self._base ** np.asarray(Xt, dtype=float)


class Normalize(Transformer):
    """Numbers of a range as shares of it.

    Args:
        low: The number at 0.
        high: The number at 1.
        is_int: Whether numbers are whole: those in between are rounded.
    """

    def __init__(self, low: float, high: float, is_int: bool = False) -> None:
        self.low = float(low)
        self.high = float(high)
        self.is_int = is_int

    def transform(self, X: Any) -> Any:
        values = np.asarray(X, dtype=float)
        values = np.round(values) if self.is_int else values
        self._require(values, self.low, self.high, max(abs(self.low), abs(self.high), 1.0))
        if self.high == self.low:
            return values * 0.0
        shares = (values - self.low) / (self.high - self.low)
        return np.clip(shares, 0, 1)

    def inverse_transform(self, Xt: Any) -> Any:
        shares = np.asarray(Xt, dtype=float)
        self._require(shares, 0.0, 1.0, 1.0)
        values = self.low + np.clip(shares, 0, 1) * (self.high - self.low)
        return np.round(values).astype(int) if self.is_int else values

    @staticmethod
    def _require(values: Any, low: float, high: float, size: float) -> None:
        if np.any(values > high + _SLACK * size) or np.any(values < low - _SLACK * size):
            raise ValueError(f"expected values from {low} to {high}, got {values}")


class _Encoder(Transformer):
    """Base of the maps that know a list of values.

    Args:
        X: The values; None for those that `fit` will get.
    """

    def __init__(self, X: Iterable[Any] | None = None) -> None:
        self.classes: list[Any] = []
        if X is not None:
            self.fit(X)

    def fit(self, X: Any) -> Transformer:
        self.classes = list({_key(x): x for x in X}.values())
        self._index = {_key(x): i for i, x in enumerate(self.classes)}
        return self

    def find(self, value: Any) -> int:
        """Return the place of a value.

        Raises:
            ValueError: It is none of them.
        """
        found = self._index.get(_key(value))
        if found is not None:
            return found
        for i, known in enumerate(self.classes):  # 1.0 for 1
            if _equal(known, value):
                return i
        raise ValueError(f"expected one of {self.classes}, got {value!r}")


class LabelEncoder(_Encoder):
    """Values as their place in the list."""

    def transform(self, X: Any) -> Any:
        return np.array([self.find(x) for x in X])

    def inverse_transform(self, Xt: Any) -> Any:
        return [self.classes[int(i)] for i in np.round(np.asarray(Xt, dtype=float)).ravel()]


class StringEncoder(_Encoder):
    """Values as their texts."""

    def transform(self, X: Any) -> Any:
        return [str(self.classes[self.find(x)]) for x in X]

    def inverse_transform(self, Xt: Any) -> Any:
        by_text = {str(x): x for x in self.classes}
        return [by_text[str(text)] for text in Xt]


class CategoricalEncoder(_Encoder):
    """Values as rows with one 1; of two values, one column with 0 or 1."""

    def transform(self, X: Any) -> Any:
        places = np.array([self.find(x) for x in X], dtype=int)
        if len(self.classes) <= 2:
            return places[:, None].astype(float)
        return np.eye(len(self.classes))[places]

    def inverse_transform(self, Xt: Any) -> Any:
        rows = np.asarray(Xt, dtype=float)
        if len(self.classes) <= 2:
            return [self.classes[int(v > 0.5)] for v in rows.ravel()]
        return [self.classes[i] for i in rows.reshape(-1, len(self.classes)).argmax(axis=1)]


class Pipeline(Transformer):
    """Maps one after another.

    Args:
        transformers: The maps.
    """

    def __init__(self, transformers: Sequence[Transformer]) -> None:
        self.transformers = list(transformers)

    def transform(self, X: Any) -> Any:
        for one in self.transformers:
            X = one.transform(X)
        return X

    def inverse_transform(self, Xt: Any) -> Any:
        for one in reversed(self.transformers):
            Xt = one.inverse_transform(Xt)
        return Xt


def _key(value: Any) -> Any:
    """Return what tells values apart: 1 and True differ."""
    plain = value.item() if isinstance(value, np.generic) else value
    try:
        hash(plain)
    except TypeError:
        return id(plain)
    return type(plain), plain


def _equal(a: Any, b: Any) -> bool:
    """Whether two values are equal, and both truths or neither."""
    truths = (bool, np.bool_)
    if isinstance(a, truths) != isinstance(b, truths):
        return False
    same = a == b
    return bool(same) if np.ndim(same) == 0 else bool(np.all(same))
