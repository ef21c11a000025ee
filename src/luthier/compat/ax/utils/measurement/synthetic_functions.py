"""Test functions under Ax's names."""

from __future__ import annotations

from typing import Any

import numpy as np

from .....testing import problems
from .....testing.problems import Problem


class SyntheticFunction:
    """A function of numbers with a known minimum.

    Args:
        problem: The problem of luthier that it is.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self.name = problem.name
        dists: list[Any] = list(problem.space.dists)
        self.domain = [(d.low, d.high) for d in dists]
        self.required_dimensionality = len(dists)
        self.fmin = problem.optimum

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the value at numbers, or at an array (d,); or values (n,) at an array (n, d)."""
        values = [*args, *kwargs.values()]
        points = np.asarray(values[0] if len(values) == 1 else values, dtype=float)
        if points.ndim == 2:
            return np.array([self.f(p) for p in points])
        return self.f(points)

    def f(self, X: Any) -> float:
        """Return the value at an array (d,)."""
        names = self._problem.space.names
        return float(self._problem.values(dict(zip(names, map(float, X), strict=True))))  # type: ignore[arg-type]


class Branin(SyntheticFunction):
    """The function of Branin."""

    def __init__(self) -> None:
        super().__init__(problems.BRANIN)


class Hartmann6(SyntheticFunction):
    """Hartmann's function of six numbers."""

    def __init__(self) -> None:
        super().__init__(problems.HARTMANN6)


branin = Branin()
hartmann6 = Hartmann6()
