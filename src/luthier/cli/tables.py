"""Tables and lists on stdout: through rich on a terminal, as plain aligned text elsewhere.

User text is escaped, so that it does nothing to a terminal.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from .text import escape, find_numeric_columns, format_null, format_value


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


def print_trials(records: Sequence[Mapping[str, Any]]) -> None:
    """Print records of trials as a table, without their tags."""
    names = [name for name in find_columns(records) if not name.startswith("tags.")]
    headers = [name.removeprefix("params.").removeprefix("values.") for name in names]
    print_table(headers, [[record.get(name) for name in names] for record in records])


def find_columns(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """The names that appear in any record, in order."""
    return list(dict.fromkeys(name for record in records for name in record))
