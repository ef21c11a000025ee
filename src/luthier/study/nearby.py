"""Params near those of a trial, for a closer look around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import SpaceError
from ..space.distributions import Categorical
from ..space.space import Space

_ATTEMPTS = 100  # to draw params that differ, and keep the constraints


def draw_nearby(
    space: Space, params: Mapping[str, Any], radius: float, rng: np.random.Generator
) -> dict[str, Any]:
    """Draw params near given ones.

    Numbers move by normal steps on the unit interval, whose standard deviation is `radius`; choices
    without an order change with the probability `radius`. Parameters that conditions switch on are
    drawn, those they switch off are left out.

    Args:
        space: The space.
        params: The params in the middle; what the space does not have is left out.
        radius: From 0 to 1, without 0.
        rng: Generator of all draws.

    Raises:
        SpaceError: radius is out of its range, or no other params were found that keep the
            constraints.
    """
    if not 0 < radius <= 1:
        raise SpaceError(f"radius must be above 0 and at most 1, got {radius!r}")
    middle = {
        name: value
        for name, value in params.items()
        if name in space.params and space.params[name].find(value) is not None
    }
    for _ in range(_ATTEMPTS):
        values = {
            name: _move(dist, middle[name], radius, rng)
            if name in middle
            else dist.sample(rng, use_prior=True)
            for name, dist in space.params.items()
        }
        X = space.settle(space.encode(values))
        if not space.feasible(X)[0]:
            continue
        drawn = {n: v for n, v in values.items() if not np.isnan(X[0, space.column[n]])}
        if drawn != middle:
            return drawn
    raise SpaceError(
        f"{_ATTEMPTS} draws around {dict(params)!r:.300} gave no other params that keep the "
        f"constraints; take a larger radius than {radius:g}"
    )


def _move(dist: Any, value: Any, radius: float, rng: np.random.Generator) -> Any:
    """A value near another."""
    if isinstance(dist, Categorical) and not dist.ordered:
        return dist.sample(rng) if rng.random() < radius else value
    unit = float(dist.to_unit(dist.raw(value)))
    moved = float(np.clip(unit + rng.normal(0.0, radius), 0.0, 1.0))
    return dist.value(dist.from_unit(moved))
