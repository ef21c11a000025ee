"""Params that are given and not sampled: of frozen and of fixed trials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..distributions import BaseDistribution, check_distribution_compatibility
from ..marks import warn


def take_given(
    kind: str,
    params: Mapping[str, Any],
    known: Mapping[str, BaseDistribution],
    name: str,
    distribution: BaseDistribution,
) -> Any:
    """Return the given value of a parameter.

    Args:
        kind: The class of the trial, for messages.
        params: The given values.
        known: The distributions of names that were asked for before.
        name: The parameter.
        distribution: Its range, as asked for now.

    Raises:
        ValueError: It was not given, or is something else than before.
    """
    if name not in params:
        raise ValueError(
            f"The value of the parameter '{name}' is not found. "
            f"Please set it at the construction of the {kind} object."
        )
    value = params[name]
    if not distribution.contains(distribution.to_internal_repr(value)):
        warn(
            f"The value {value} of the parameter '{name}' is out of the range of the "
            f"distribution {distribution}.",
            stacklevel=4,
        )
    if name in known:
        check_distribution_compatibility(known[name], distribution)
    return value
