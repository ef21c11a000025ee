"""Points as lists of values."""

from __future__ import annotations

from typing import Any


def is_listlike(x: Any) -> bool:
    """Whether something is a list or a tuple."""
    return isinstance(x, list | tuple)


def is_2Dlistlike(x: Any) -> bool:
    """Whether all members of something are lists or tuples."""
    return all(map(is_listlike, x))


def check_x_in_space(x: Any, space: Any) -> None:
    """Refuse a point, or points, that a space does not have.

    Raises:
        ValueError: One lies outside, or has another number of values.
    """
    d = len(space.dimensions)
    if is_2Dlistlike(x):
        if any(p not in space for p in x):
            raise ValueError("Not all points are within the bounds of the space.")
        if any(len(p) != d for p in x):
            raise ValueError("Not all points have the same dimensions as the space.")
    elif is_listlike(x):
        if x not in space:
            raise ValueError(f"Point ({x}) is not within the bounds of the space ({space.bounds}).")
        if len(x) != d:
            raise ValueError(f"Dimensions of point ({x}) and space ({space.bounds}) do not match")
