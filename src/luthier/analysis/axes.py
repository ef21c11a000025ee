"""Axes: what a figure needs to know of a parameter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..errors import TooFewResultsError
from ..space.distributions import Categorical, Int
from ..space.normal import Normal
from ..space.space import Space
from ..typing import Array
from .arguments import check_names

_N_CELLS = 50  # into which a range is divided


class Axis(NamedTuple):
    """One parameter, in the user's unit.

    Attributes:
        name: Of the parameter.
        scale: "linear", "log", "reverse_log" or "choices".
        low: The smallest value; of choices the index 0.
        high: The largest value; of choices the last index.
        choices: Texts of the choices, by index; empty for numbers.
        ordered: Whether values have an order.
        step: Distance of discrete numbers; NaN where they are continuous.
        pivot: The number to which a reverse-log scale measures the distance; NaN for others.
    """

    name: str
    scale: str
    low: float
    high: float
    choices: tuple[str, ...] = ()
    ordered: bool = True
    step: float = math.nan
    pivot: float = math.nan

    def warp(self, values: Array) -> Array:
        """Return values on the scale on which equal distances count equally."""
        if self.scale == "log":
            return np.asarray(np.log(values))
        if self.scale == "reverse_log":
            return np.asarray(-np.log(self.pivot - values))
        return values

    def unwarp(self, warped: Array) -> Array:
        """Return what `warp` was given."""
        if self.scale == "log":
            return np.asarray(np.exp(warped))
        if self.scale == "reverse_log":
            return np.asarray(self.pivot - np.exp(-warped))
        return warped

    def position(self, values: Array) -> Array:
        """Return where values lie between `low` (0) and `high` (1); 0.5 where these are one."""
        ends = self.warp(np.array([self.low, self.high]))
        if ends[0] == ends[1]:
            return np.asarray(values * 0.0 + 0.5)
        halves = ends / 2  # their distance cannot overflow
        return np.asarray((self.warp(values) / 2 - halves[0]) / (halves[1] - halves[0]))

    def edges(self, n: int = _N_CELLS) -> Array:
        """Return the edges (k + 1,) of k cells that are equally wide on the scale.

        One cell for each choice, and for each discrete number where there are at most n; else n.
        """
        if self.choices:
            return np.asarray(np.arange(len(self.choices) + 1) - 0.5)
        if self.low == self.high:
            half = abs(self.low) / 2 or 0.5
            return np.array([self.low - half, self.low + half])
        n_values = (self.high - self.low) / self.step + 1
        if n_values <= n:
            return np.asarray(self.low + self.step * (np.arange(round(n_values) + 1) - 0.5))
        low, high = self.warp(np.array([self.low, self.high]))
        share = np.linspace(0, 1, n + 1)
        edges = self.unwarp(low * (1 - share) + high * share)
        edges[[0, -1]] = self.low, self.high
        return edges


def read_axis(space: Space, name: str) -> Axis:
    """Return the axis of a parameter.

    Raises:
        UnknownParameterError: The space does not have it.
    """
    dist = space.named(name)
    if isinstance(dist, Categorical):
        texts = [str(choice) for choice in dist.choices]
        if len(set(texts)) < len(texts):  # such as 1 and "1"
            texts = [repr(choice) for choice in dist.choices]
        return Axis(name, "choices", 0.0, len(texts) - 1.0, tuple(texts), dist.ordered)
    pivot = math.nan
    if dist.scale == "reverse_log":
        pivot = dist.high + 1.0 if isinstance(dist, Int) else 1.0
    step = math.nan if dist.step is None else float(dist.step)
    low, high = dist.shown if isinstance(dist, Normal) else (float(dist.low), dist.top)
    return Axis(name, dist.scale, low, high, (), True, step, pivot)


def read_axes(space: Space, names: Sequence[str] | None = None) -> tuple[Axis, ...]:
    """Return the axes of some parameters; of all where no names are given.

    Raises:
        TooFewResultsError: There is none.
        UnknownParameterError: The space does not have one of them.
    """
    names = space.names if names is None else check_names(names)
    if not names:
        raise TooFewResultsError("there is no parameter to be shown")
    return tuple(read_axis(space, name) for name in names)
