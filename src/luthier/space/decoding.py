"""Unit columns as params, in which numbers that somebody has written are as they were written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..typing import Array
from .distributions import Distribution
from .exact_numbers import shorten

_FEW = 4  # points below which one by one is quicker


def decode_points(
    X: Array,
    params: Mapping[str, Distribution],
    written: Iterable[Mapping[float, float]],
    short: bool = False,
) -> list[dict[str, Any]]:
    """Return unit columns (n, d) as params, inactive ones left out.

    Args:
        X: The unit columns.
        params: The d parameters.
        written: What `find_written` returned.
        short: Whether decimals of up to twelve digits have no others after them.
    """
    points = X.tolist()
    dists = list(params.values())
    if len(X) < _FEW:
        rows = [[p.from_unit(u) for p, u in zip(dists, point, strict=True)] for point in points]
    else:
        columns = [p.from_unit(X[:, j]).tolist() for j, p in enumerate(dists)]
        rows = [list(row) for row in zip(*columns, strict=True)] if columns else points
    found = [
        {
            name: w[u] if u in w else p.value(v)
            for (name, p), w, u, v in zip(params.items(), written, point, row, strict=True)
            if v == v
        }
        for point, row in zip(points, rows, strict=True)
    ]
    return [_shorten(row, params) for row in found] if short else found


def find_written(
    params: Mapping[str, Distribution], rows: Iterable[Mapping[str, Any]]
) -> list[dict[float, float]]:
    """Return for each parameter where numbers lie that somebody has written -> the numbers.

    Args:
        params: The parameters, with their defaults.
        rows: First rows of their space.
    """
    rows = list(rows)
    return [
        dist.find_written([row[name] for row in rows if name in row])
        for name, dist in params.items()
    ]


def _shorten(row: Mapping[str, Any], params: Mapping[str, Distribution]) -> dict[str, Any]:
    """Return params with short decimals; no number is moved out of the range of its parameter."""
    short = {name: shorten(v) if type(v) is float else v for name, v in row.items()}
    return {n: row[n] if params[n].find(v) is None else v for n, v in short.items()}
