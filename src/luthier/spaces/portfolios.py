"""Portfolios: ten configurations of each family, in the order in which to try them.

`portfolios.json` has their numbers, with where these come from and under which licence;
`python -m benchmarks.portfolios` makes it. The first of each is the library's default.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

PLACE = Path(__file__).with_name("portfolios.json")


class Portfolio(msgspec.Struct, frozen=True):
    """The portfolio of one family.

    Attributes:
        source: From which runs it was mined.
        licence: Of these.
        n_tasks: Number of data sets.
        rows: Params, the first to try first.
    """

    source: str
    licence: str
    n_tasks: int
    rows: list[dict[str, Any]]


@functools.cache
def read_portfolios() -> Mapping[str, Portfolio]:
    """Return all portfolios, by family."""
    return msgspec.json.decode(PLACE.read_bytes(), type=dict[str, Portfolio])


def read_portfolio(family: str) -> list[dict[str, Any]]:
    """Return the rows of a family; none where it has no portfolio.

    Args:
        family: Its name, as that of the function in `luthier.spaces`.
    """
    found = read_portfolios().get(family)
    return [] if found is None else found.rows
