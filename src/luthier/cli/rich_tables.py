"""Tables for terminals, by rich."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .text import escape, find_numeric_columns, format_value


def print_rich_table(headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a table to a terminal."""
    Console(highlight=False).print(make_table(headers, rows))


def make_table(
    headers: Sequence[str], rows: Sequence[Sequence[Any]], styles: Sequence[str] = ()
) -> Table:
    """A table; `styles` are those of its first rows."""
    bold = "" if os.environ.get("NO_COLOR") else "bold"
    table = Table(box=box.SIMPLE_HEAD, header_style=bold, pad_edge=False)
    for name, is_numeric in zip(headers, find_numeric_columns(headers, rows), strict=True):
        justify: Any = "right" if is_numeric else "left"
        table.add_column(Text(escape(name)), justify=justify, overflow="fold")
    for row, style in zip(rows, [*styles, *[""] * len(rows)], strict=False):
        table.add_row(*(Text(format_value(v)) for v in row), style=style)
    return table
