"""What the commands print: tables, JSON, YAML or plain values."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from typing import Any

from .exceptions import CLIUsageError
from .study.frame import Column

DATETIME_FORMAT = "%Y-%m-%d %H:%M:%S"
FORMATS = ("value", "json", "table", "yaml")

Row = dict[str, Any]


def write(
    rows: Sequence[dict[Column, Any]], columns: Sequence[Column], form: str, flatten: bool
) -> str:
    """Return rows as text.

    Args:
        rows: A value for each column; columns may be missing.
        columns: Their order.
        form: One of `FORMATS`.
        flatten: Whether nested values have columns of their own.

    Raises:
        CLIUsageError: There is no such format.
    """
    shown, names = (_flatten if flatten else _nest)(rows, columns)
    if form == "value":
        return "\n".join(
            " ".join("" if row.get(n) is None else str(row[n]) for n in names) for row in shown
        ).strip()
    if form == "table":
        return _draw(shown, names)
    return dump(shown, form)


def write_one(row: dict[Column, Any], columns: Sequence[Column], form: str, flatten: bool) -> str:
    """Return one row as text: `write`, without a list around it."""
    if form in ("value", "table"):
        return write([row], columns, form, flatten)
    shown, _ = (_flatten if flatten else _nest)([row], columns)
    return dump(shown[0], form)


def dump(value: Any, form: str) -> str:
    """Return a value as JSON or YAML.

    Raises:
        CLIUsageError: There is no such format.
    """
    if form == "json":
        return json.dumps(value)
    if form != "yaml":
        raise CLIUsageError(f"Optuna CLI does not supported the {form} format.")
    import yaml

    text: str = yaml.safe_dump(value)
    return text.strip()


def _plain(value: Any) -> Any:
    """A value in JSON's types."""
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, datetime.datetime):
        return value.strftime(DATETIME_FORMAT)
    if isinstance(value, list | tuple):
        return type(value)(_plain(v) for v in value)
    if isinstance(value, dict):
        return {_plain(k): _plain(v) for k, v in value.items()}
    return str(value)


def _flatten(
    rows: Sequence[dict[Column, Any]], columns: Sequence[Column]
) -> tuple[list[Row], list[str]]:
    names: list[str] = []
    out: list[Row] = [{} for _ in rows]
    for column in columns:
        head, part = column
        values = [row.get(column) for row in rows]
        lists = [v for v in values if isinstance(v, list | tuple)]
        if part != "" or not lists:
            name = head if part == "" else f"{head}_{part}"
            names.append(name)
            for row, given in zip(out, rows, strict=True):
                if column in given:
                    row[name] = _plain(given[column])
            continue
        names += [f"{head}_{i}" for i in range(max(map(len, lists)))]
        for row, value in zip(out, values, strict=True):
            row.update({f"{head}_{i}": _plain(v) for i, v in enumerate(value or ())})
    return out, names


def _nest(
    rows: Sequence[dict[Column, Any]], columns: Sequence[Column]
) -> tuple[list[Row], list[str]]:
    names = list(dict.fromkeys(head for head, _ in columns))
    out = []
    for given in rows:
        row: Row = {name: {} for name in names}
        for head, part in columns:
            if (head, part) not in given:
                continue
            value = _plain(given[head, part])
            if part == "":
                row[head] = value
            elif isinstance(part, int):
                row[head] = row[head] or []
                row[head] += [None] * (part + 1 - len(row[head]))
                row[head][part] = value
            else:
                row[head][part] = value
        out.append(row)
    return out, names


def _draw(rows: Sequence[Row], names: Sequence[str]) -> str:
    """A table with lines around it; numbers stand on the right."""
    columns = []
    for name in names:
        values = [row.get(name) for row in rows]
        is_number = all(v is None or isinstance(v, int | float) for v in values)
        cells = ["" if v is None else str(v) for v in values]
        width = max(map(len, [name, *map(str, values)]), default=0) if values else len(name)
        align = ">" if is_number else "<"
        columns.append(([f"{c:{align}{width}}" for c in [name, *cells]], width))
    line = "+" + "".join("-" * (width + 2) + "+" for _, width in columns)
    body = ["|" + "".join(f" {cells[i]} |" for cells, _ in columns) for i in range(len(rows) + 1)]
    return "\n".join([line, body[0], line, *body[1:], line])
