"""Dimensions in JSON's types."""

from __future__ import annotations

from typing import Any

import numpy as np

from .space.dimensions import Categorical, Dimension, Integer, Real

_NUMBERS = {"real": Real, "integer": Integer}


def describe_dimension(one: Dimension) -> dict[str, Any]:
    """Return a dimension in JSON's types."""
    fields: dict[str, Any] = {"name": one.name, "transform": one.transform_, "prior": one.prior}
    if isinstance(one, Categorical):
        return fields | {"type": "categorical", "categories": list(one.categories)}
    assert isinstance(one, Real | Integer)
    kind = "real" if isinstance(one, Real) else "integer"
    dtype = np.dtype(one.dtype).name if one.dtype not in (int, float) else one.dtype.__name__
    ends = {"low": one.low, "high": one.high, "base": one.base, "dtype": dtype}
    return fields | {"type": kind} | ends


def revive_dimension(described: dict[str, Any]) -> Dimension:
    """Return the dimension that was described."""
    fields = dict(described)
    kind = fields.pop("type")
    if kind == "categorical":
        fields["categories"] = [
            tuple(c) if isinstance(c, list) else c for c in fields["categories"]
        ]
        return Categorical(**fields)
    made: Dimension = _NUMBERS[kind](**fields)
    return made
