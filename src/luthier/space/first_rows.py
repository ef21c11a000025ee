"""First rows of a space: params that a search tries before it looks for others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..errors import SpaceError
from ..typing import Array, Mask
from ..validation import show
from .choices import to_choice
from .constraints import Expression, Predicate
from .distributions import Distribution

Row = Mapping[str, Any]
MAX_ROWS = 100  # each is compared with all trials


class FirstPoints(NamedTuple):
    """First rows as points.

    Attributes:
        X: (k, d) unit columns, in the order of the rows, without repetitions.
        left_out: Why other rows are none, a sentence each.
    """

    X: Array
    left_out: list[str]


class StartedSpace(Protocol):
    """What first rows need of a space: see `Space`."""

    params: dict[str, Distribution]
    d: int
    column: dict[str, int]
    constraints: list[Expression | Predicate]
    first: tuple[dict[str, Any], ...]

    def named(self, name: str) -> Distribution:
        """Return the distribution of a parameter."""

    def start(self) -> Array:
        """Return where a search starts (1, d)."""

    def settle(self, X: Array) -> Array:
        """Move discrete numbers to their values, and make inactive ones NaN, in X itself."""

    def feasible(self, X: Array) -> Mask:
        """Return which rows of unit columns (n, d) break no hard constraint (n,)."""


def read_rows(rows: Iterable[Row], space: StartedSpace) -> tuple[dict[str, Any], ...]:
    """Return first rows as they are stored.

    Args:
        rows: Params; names that a row lacks have their default.
        space: The space, of which only the names are read.

    Raises:
        SpaceError: They are no rows of params, or too many.
        UnknownParameterError: A name is none of the space.
        DistributionError: A value is none that can be stored.
    """
    if not isinstance(rows, Sequence) or not all(isinstance(row, Mapping) for row in rows):
        raise SpaceError(
            f"first is a list of params, such as [{{'x': 0.5}}, {{'x': 0.1}}], got {show(rows)}"
        )
    if len(rows) > MAX_ROWS:
        raise SpaceError(f"a space has at most {MAX_ROWS:,} first rows, got {len(rows):,}")
    for row in rows:
        for name in row:
            space.named(name)
    return tuple({name: to_choice(value) for name, value in row.items()} for row in rows)


def place_rows(space: StartedSpace) -> FirstPoints:
    """Return the first rows of a space as points; those that it does not have are left out.

    A parameter that a row lacks has the value where a search starts. One that the other values of
    the row make inactive is ignored.
    """
    start = space.start()
    points: dict[bytes, Array] = {}
    left_out = []
    for i, row in enumerate(space.first):
        strange = [n for n, v in row.items() if space.params[n].find(v) is None]
        if strange:
            dist = space.params[strange[0]]
            left_out.append(
                f"first row {i}: {strange[0]} = {row[strange[0]]!r:.200} is not a value of "
                f"{dist!r:.500}"
            )
            continue
        X = start.copy()
        for name, value in row.items():
            dist = space.params[name]
            X[0, space.column[name]] = dist.to_unit(dist.raw(value))
        X = space.settle(X)
        if space.feasible(X)[0]:
            points.setdefault(X.tobytes(), X)
        else:
            rules = [c.text for c in space.constraints]
            left_out.append(f"first row {i}: {row!r:.500} breaks one of {rules!r:.500}")
    return FirstPoints(np.concatenate([np.empty((0, space.d)), *points.values()]), left_out)
