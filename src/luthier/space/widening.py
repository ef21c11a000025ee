"""Distributions that a study learns of one by one: of one kind, and wide enough for all."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from ..errors import DistributionError
from ..validation import to_number
from .choices import choice_key
from .distributions import Categorical, Distribution, Float, Int
from .normal import Normal


def widen(a: Distribution, b: Distribution) -> Distribution:
    """Return the smallest distribution that has the values of two of the same kind.

    Of two kinds it is the second. So it is of two normal ones, which have the same values, unless
    the first has more: then it has no steps, and is the linear one of the two, in whose unit its
    mean and deviation are.

    Default and prior are those of b, or those of a where b has none. So is the scale, but where
    that has not all the values: then it is linear.
    """
    if type(a) is not type(b):
        return b
    if isinstance(a, Normal) and isinstance(b, Normal):
        linear = a if (a.scale, b.scale) == ("linear", "log") else b
        return b if are_values_of(a, b) else msgspec.structs.replace(linear, step=None)
    prior_of: Any = a if b.prior is None else b
    if isinstance(a, Categorical) and isinstance(b, Categorical):
        choices = (*a.choices, *(c for c in b.choices if choice_key(c) not in a.index))
        weights = dict(zip(prior_of.index, prior_of.prior or (), strict=False))
        shares = [weights.get(choice_key(c), 0.0) for c in choices]
        return msgspec.structs.replace(a, choices=choices, prior=shares if weights else None)

    assert isinstance(a, Float | Int)
    assert isinstance(b, Float | Int)
    step = a.step if a.step == b.step else 1 if isinstance(a, Int) else None
    ends = {"low": min(a.low, b.low), "high": max(a.high, b.high)}
    try:
        wide = msgspec.structs.replace(b, **ends, step=step)
    except DistributionError:  # a log scale does not reach 0
        wide = msgspec.structs.replace(b, **ends, step=step, scale="linear")

    default = b.default
    if default is None and a.default is not None and wide.contains(a.default):
        default = a.default
    prior = prior_of.prior
    # The standard deviation is a share of the range: the wider the range, the smaller the share.
    if prior is not None and prior_of.scale == wide.scale and prior_of._line[1] > 0:
        prior = (prior[0], prior[1] * prior_of._line[1] / wide._line[1])
    return msgspec.structs.replace(wide, default=default, prior=prior)


def are_values_of(a: Distribution, b: Distribution) -> bool:
    """Whether all values of one distribution are values of another one of the same kind."""
    if type(a) is not type(b):
        return False
    if isinstance(a, Categorical) and isinstance(b, Categorical):
        return a.index.keys() <= b.index.keys()
    if isinstance(a, Normal) and isinstance(b, Normal):
        return b.scale in (a.scale, "linear") and b.step in (a.step, None)
    assert isinstance(a, Float | Int)
    assert isinstance(b, Float | Int)
    if not (b.contains(a.low) and b.contains(a.top)):
        return False
    if a.low == a.top or b.step is None:
        return True
    n_steps = (a.step or 0) / b.step
    return round(n_steps) >= 1 and math.isclose(n_steps, round(n_steps), rel_tol=1e-9)


def find_nearest(dist: Distribution, value: Any) -> float | None:
    """Return what is nearest to a number between two values, as columns hold it.

    None for what is no number, or lies outside of the range.
    """
    number = None if isinstance(dist, Categorical) else to_number(value)
    if number is None or isinstance(dist, Categorical) or not dist.low <= number <= dist.top:
        return None
    return float(dist.from_unit(dist.to_unit(float(number))))
