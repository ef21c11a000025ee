"""Spaces and points of scikit-optimize as luthier's, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...history.history import History
from ...space.distributions import Categorical as Choice
from ...space.distributions import Distribution, Float, Int
from ...space.space import Space as LuthierSpace
from ...trial.record import State, TrialRow
from ...typing import Array
from .space.dimensions import Categorical, Dimension, Integer, Real
from .space.space import Space


class Translation:
    """A space as luthier searches it, with the evaluations so far.

    Args:
        space: The space.

    Attributes:
        space: The space of luthier; dimensions are called x0, x1, ...
        history: The evaluations.
    """

    def __init__(self, space: Space) -> None:
        self._dimensions = list(space.dimensions)
        params = {f"x{j}": _read(one) for j, one in enumerate(self._dimensions)}
        constraint = space.constraint
        rules = [lambda params: bool(constraint(self.to_point(params)))] if constraint else []
        self.space = LuthierSpace(params, rules)
        self.history = History(self.space, ["minimize"])

    def add(self, points: Sequence[Sequence[Any]], values: Sequence[float]) -> None:
        """Add evaluations."""
        n = self.history.n
        self.history.put(
            TrialRow(
                number=n + i,
                state=State.COMPLETE if np.isfinite(value) else State.FAILED,
                params=self.to_params(point),
                values=(float(value),) if np.isfinite(value) else None,
            )
            for i, (point, value) in enumerate(zip(points, values, strict=True))
        )

    def to_params(self, point: Sequence[Any]) -> dict[str, Any]:
        """Return a point as params."""
        params: dict[str, Any] = {}
        for j, (value, one) in enumerate(zip(point, self._dimensions, strict=True)):
            if isinstance(one, Categorical):
                params[f"x{j}"] = find_category(one, value)
            elif isinstance(one, Integer):
                params[f"x{j}"] = round(float(value))
            else:
                params[f"x{j}"] = float(value)
        return params

    def to_point(self, params: dict[str, Any]) -> list[Any]:
        """Return params as a point."""
        point: list[Any] = []
        for j, one in enumerate(self._dimensions):
            value = params[f"x{j}"]
            if isinstance(one, Categorical):
                point.append(one.categories[value])
            elif isinstance(one, Integer):
                point.append(
                    int(value) if one.dtype in (int, "int") else np.dtype(one.dtype).type(value)
                )
            else:
                assert isinstance(one, Real)
                plain = one.dtype in (float, "float")
                point.append(float(value) if plain else np.dtype(one.dtype).type(value))
        return point

    def to_points(self, X: Array) -> list[list[Any]]:
        """Return unit columns (n, d) as points."""
        return [self.to_point(params) for params in self.space.decode(X)]


def find_category(one: Categorical, value: Any) -> int:
    """Return the place of a value among categories.

    Raises:
        ValueError: It is none of them.
    """
    for i, known in enumerate(one.categories):
        if known is value:
            return i
    for i, known in enumerate(one.categories):
        if type(known) is type(value) and known == value:
            return i
    return one.categories.index(value)


def _read(one: Dimension) -> Distribution:
    """Return the distribution of a dimension."""
    if isinstance(one, Categorical):
        prior = None if one.prior is None else tuple(map(float, one.prior))
        return Choice(tuple(range(len(one.categories))), prior=prior)
    assert isinstance(one, Real | Integer)
    scale: Any = "log" if one.prior == "log-uniform" and one.low > 0 else "linear"
    if isinstance(one, Integer):
        return Int(int(one.low), int(one.high), scale=scale)
    return Float(float(one.low), float(one.high), scale=scale)
