"""Params near those that are good: how the members of a population explore."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from ..space.distributions import Categorical, Distribution, Float
from ..space.space import Space

_ATTEMPTS = 20  # to vary params so that they keep the constraints


def explore(
    space: Space,
    given: dict[str, Any],
    mutate: Collection[str] | None,
    resample_probability: float,
    factors: Sequence[float],
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Vary params one by one.

    Parameters that conditions switch on are drawn, those they switch off left out.

    Args:
        space: Space of the params.
        given: Params to vary; returned as they are where twenty attempts break a constraint.
        mutate: Names of those that are varied; None for all.
        resample_probability: Probability with which a parameter is drawn anew.
        factors: Numbers are multiplied by one of these.
        rng: Generator of all draws.
    """
    for _ in range(_ATTEMPTS):
        values: dict[str, Any] = {}
        for name, dist in space.params.items():
            if name not in given and not dist.when:
                continue
            if name not in given or dist.find(given[name]) is None:
                values[name] = dist.sample(rng, use_prior=True)
            elif mutate is None or name in mutate:
                values[name] = perturb_value(dist, given[name], resample_probability, factors, rng)
            else:
                values[name] = given[name]
        X = space.settle(space.encode(values))
        if space.feasible(X)[0]:
            foreign = {name: value for name, value in given.items() if name not in space.params}
            return foreign | {
                name: v for name, v in values.items() if not np.isnan(X[0, space.column[name]])
            }
    return given


def perturb_value(
    dist: Distribution,
    value: Any,
    resample_probability: float,
    factors: Sequence[float],
    rng: np.random.Generator,
) -> Any:
    """Draw a value anew, or vary it.

    A number stays as it is only at an end of its range, or at zero.

    Source: Jaderberg 2017, appendix A; the steps of lists as in Ray Tune. Deviation: on a reverse
    log scale the distance to its end is multiplied, and discrete numbers move by one step at least.
    """
    if (isinstance(dist, Categorical) and not dist.ordered) or rng.random() < resample_probability:
        return dist.sample(rng, use_prior=True)
    x = dist.raw(value)
    if isinstance(dist, Categorical):
        return dist.value(min(max(x + rng.choice((-1, 1)), 0), dist.n_values - 1))
    factor = float(rng.choice(factors))

    # The factor applies to the number, or on a reverse log scale to its distance from the end.
    end = 0.0
    if dist.scale == "reverse_log":
        end = 1.0 if isinstance(dist, Float) else dist.high + 1.0
    new = end + (x - end) * factor
    if dist.step is not None:
        i, j = (round((v - dist.low) / dist.step) for v in (x, new))
        j += int(np.sign(new - x) or np.sign(factor - 1)) if i == j else 0
        new = float(dist.low + min(max(j, 0), (dist.n_values or 1) - 1) * dist.step)
        new = dist.from_unit(dist.to_unit(new))  # rounds off binary fractions
    return dist.value(min(max(new, dist.low), dist.high))
