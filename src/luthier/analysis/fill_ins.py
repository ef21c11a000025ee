"""Fill-ins: points of a space on which one or two parameters are set, and the rest goes along."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from ..errors import TooFewResultsError
from ..numerics.sobol import sobol
from ..space.space import Space
from ..typing import Array
from ..validation import check_name
from .axes import Axis
from .fitted_surrogate import FittedSurrogate

Around = Literal["uniform", "good", "best"]
"""Where the rest of the parameters is: anywhere, as in the best quarter of trials, or in the best.

"""

_GOOD = 4  # one in so many trials
_MOST_TRIES = 50  # draws for each fill-in that is wanted, where a branch is seldom drawn


def check_around(around: str) -> None:
    """Refuse another word.

    Raises:
        ValueError: It is none of `Around`.
    """
    check_name("around", around, get_args(Around))


def draw_fill_ins(
    space: Space,
    fitted: FittedSurrogate,
    around: str,
    columns: list[int],
    n: int,
    rng: np.random.Generator,
) -> Array:
    """Return at most n points (n, d) in which some columns are active.

    Args:
        space: The space.
        fitted: Its trials are the good ones.
        around: See `Around`.
        columns: Of the parameters that will be set.
        n: How many are wanted.
        rng: Source of uniform ones.

    Raises:
        TooFewResultsError: There is none.
    """
    if around == "uniform":
        found = spread(space, n, rng)
        if np.isnan(found[:, columns]).any():
            many = spread(space, _MOST_TRIES * n, rng)
            found = many[~np.isnan(many[:, columns]).any(axis=1)][:n]
    else:
        active = np.flatnonzero(~np.isnan(fitted.X[:, columns]).any(axis=1))
        best_first = active[np.argsort(fitted.trials.loss[active], kind="stable")]
        most = 1 if around == "best" else min(max(len(best_first) // _GOOD, 1), n)
        found = fitted.X[best_first[:most]]
    if not len(found):
        names = " and ".join(repr(space.names[j]) for j in columns)
        raise TooFewResultsError(f"not enough to say: no trial and no draw has {names} active")
    return found


def spread(space: Space, n: int, rng: np.random.Generator) -> Array:
    """Return n points (n, d) spread evenly over a space; random ones where it has constraints."""
    if space.constraints:
        return space.sample(rng, n)
    return space.place(sobol(0, n, space.d, int(rng.integers(2**31))))


def draw_hidden(
    space: Space, fitted: FittedSurrogate, around: str, n: int, rng: np.random.Generator
) -> Array:
    """Return what parameters of n fill-ins are where they are switched on: points (n, d) of a cube.

    Around the best trial they are as in the best one that has them, else random. They are drawn
    once for a figure: drawn anew for each of its cells, chance would look like an effect.
    """
    if around != "best":
        return rng.random((n, space.d))
    best_first = np.argsort(fitted.trials.loss, kind="stable")
    X = fitted.X[best_first]
    known = ~np.isnan(X)
    first = space.to_cube(X, rng)[known.argmax(axis=0), np.arange(space.d)]
    return np.tile(np.where(known.any(axis=0), first, 0.5), (n, 1))


def set_values(
    space: Space, fill_ins: Array, columns: list[int], units: list[float], hidden: Array
) -> Array:
    """Return fill-ins (n, d) with columns set; what that switches on or off is moved along.

    Args:
        space: The space.
        fill_ins: (n, d) unit columns.
        columns: To be set.
        units: What they are set to, as unit columns.
        hidden: (n, d) what is switched on; see `draw_hidden`.
    """
    X = fill_ins.copy()
    X[:, columns] = units
    if space.conditional:
        X = space.place(space.to_cube(X, hidden))
    return X


def grid_of(axis: Axis, space: Space, n: int) -> tuple[Array, Array]:
    """Return n values at most of a parameter, even on its scale, and their unit columns."""
    if axis.choices:
        values = np.arange(len(axis.choices), dtype=np.float64)
    elif axis.low == axis.high:
        values = np.array([axis.low])
    else:
        low, high = axis.warp(np.array([axis.low, axis.high]))
        share = np.linspace(0, 1, n)
        values = np.clip(axis.unwarp(low * (1 - share) + high * share), axis.low, axis.high)
        if not np.isnan(axis.step):
            values = np.unique(axis.low + np.round((values - axis.low) / axis.step) * axis.step)
    return values, np.asarray(space.named(axis.name).to_unit(values) + np.zeros(len(values)))
