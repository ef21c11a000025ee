"""Tables and lists on stdout: through rich on a terminal, as plain aligned text elsewhere.

User text is escaped, so that it does nothing to a terminal.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from ..trial.record import TrialRow
from ..trial.table import list_columns, to_records
from .text import escape, find_numeric_columns, format_null, format_value

_WIDEST = 200  # characters of the reason of a failure


def print_table(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table; columns of numbers are right-aligned."""
    rows = list(rows)
    if sys.stdout.isatty():
        from .rich_tables import print_rich_table  # rich takes a while to load

        print_rich_table(headers, rows)
        return

    texts = [[format_value(v) for v in row] for row in rows]
    texts.insert(0, [escape(h) for h in headers])
    widths = [max(len(row[j]) for row in texts) for j in range(len(headers))]
    numeric = find_numeric_columns(headers, rows)
    for row in texts:
        aligned = (
            t.rjust(w) if is_numeric else t.ljust(w)
            for t, w, is_numeric in zip(row, widths, numeric, strict=True)
        )
        click.echo("  ".join(aligned).rstrip())


def print_pairs(items: Mapping[str, Any], indent: str = "  ", exact: bool = False) -> None:
    """Print names and values, aligned; text of several lines as a block.

    Args:
        items: Name to value.
        indent: Stands before each line.
        exact: Whether all digits of numbers are printed.
    """
    width = max((len(escape(k)) for k in items), default=0)
    for name, value in items.items():
        if isinstance(value, str) and "\n" in value:
            click.echo(f"{indent}{escape(name)}")
            for line in value.splitlines():
                click.echo(f"{indent}  {escape(line)}".rstrip())
        else:
            is_exact = exact and isinstance(value, float)
            text = repr(value) if is_exact else format_null(value)
            click.echo(f"{indent}{escape(name):{width}}  {text}".rstrip())


def print_trials(rows: Sequence[TrialRow], objectives: Sequence[str]) -> None:
    """Print trials as a table, without their tags."""
    records = to_records(rows, objectives)
    names = [n for n in list_columns(records, objectives) if not n.startswith("tags.")]
    headers = [name.removeprefix("params.").removeprefix("values.") for name in names]
    for record in records:
        if record.get("error"):
            record["error"] = record["error"][:_WIDEST]
    print_table(headers, [[record.get(name) for name in names] for record in records])
