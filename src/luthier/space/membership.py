"""Whether what a user gives is a value of a distribution, and which."""

from __future__ import annotations

from typing import Any

from ..errors import SpaceError
from .distributions import Distribution


def find_raw(dist: Distribution, value: Any) -> float | None:
    """Return a user's value as columns hold it; None where the distribution does not have it."""
    try:
        raw = dist.raw(value)
    except SpaceError:
        return None
    return raw if dist.contains(raw) else None


def has_value(dist: Distribution, value: Any) -> bool:
    """Whether a distribution has a user's value."""
    return find_raw(dist, value) is not None
