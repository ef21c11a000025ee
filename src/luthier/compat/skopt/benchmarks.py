"""Functions to try a search on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

_ALPHA = np.array([1.0, 1.2, 3.0, 3.2])
_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)
_A = np.array(
    [
        [10, 3, 17, 3.50, 1.7, 8],
        [0.05, 10, 17, 0.1, 8, 14],
        [3, 3.5, 1.7, 10, 17, 8],
        [17, 8, 0.05, 10, 0.1, 14],
    ]
)


def bench1(x: Sequence[float]) -> float:
    """Return a parabola; its minimum is 0 at 0."""
    return x[0] ** 2


def bench1_with_time(x: Sequence[float]) -> tuple[float, float]:
    """Return the parabola, and a time that is always the same."""
    return x[0] ** 2, 2.22


def bench2(x: Sequence[float]) -> float:
    """Return two parabolas; the minimum is -5 at 5, another one is 0 at 0."""
    return x[0] ** 2 if x[0] < 0 else (x[0] - 5) ** 2 - 5


def bench3(x: Sequence[float]) -> float:
    """Return a wave that fades; the minimum is about -0.9 at -0.3."""
    return float(np.sin(5 * x[0]) * (1 - np.tanh(x[0] ** 2)))


def bench4(x: Sequence[Any]) -> float:
    """Return a parabola of a text."""
    return float(x[0]) ** 2


def bench5(x: Sequence[Any]) -> float:
    """Return a parabola of a text and a number."""
    return float(x[0]) ** 2 + float(x[1]) ** 2


def branin(
    x: Sequence[float],
    a: float = 1,
    b: float = 5.1 / (4 * np.pi**2),
    c: float = 5.0 / np.pi,
    r: float = 6,
    s: float = 10,
    t: float = 1.0 / (8 * np.pi),
) -> float:
    """Return Branin's function on [-5, 10] x [0, 15]; its three minima are 0.397887."""
    return float(a * (x[1] - b * x[0] ** 2 + c * x[0] - r) ** 2 + s * (1 - t) * np.cos(x[0]) + s)


def hart6(x: Sequence[float], alpha: Any = _ALPHA, P: Any = _P, A: Any = _A) -> float:
    """Return Hartmann's function of six numbers in [0, 1]; its minimum is -3.32237."""
    return float(-np.sum(alpha * np.exp(-np.sum(A * (np.asarray(x) - P) ** 2, axis=1))))
