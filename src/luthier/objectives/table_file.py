"""Rows of params from a table in CSV."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from typing import Any

from ..errors import SpaceError
from .data_file import DataFileError, read_text

_MOST_ROWS = 1_000_000
_PREFIX = "params."  # of params, in the table that `luthier export` writes


def read_table(path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """Return the rows of a table with a line of names; fields that are empty are left out.

    Lines before the names that begin with # are comments. A field is read as JSON where it is that,
    such as 3, 0.1, true and [50, 50], else as text. Of a table that `luthier export` wrote only the
    params are read.

    Raises:
        SpaceError: It cannot be read, or is no table.
    """
    try:
        text = read_text(path, "table")
    except DataFileError as e:
        raise SpaceError(str(e)) from e
    try:
        body = re.sub(r"\A(#.*\n)+", "", text)
        lines = csv.reader(io.StringIO(body), strict=True)
        names = [name.strip() for name in next(lines, [])]
        found = [line for line in lines if any(field.strip() for field in line)]
    except csv.Error as e:
        raise SpaceError(f"the table {path} is not well-formed: {e}") from e
    if not any(names) or len(set(names)) < len(names) or not found:
        raise SpaceError(
            f"the table {path} needs a first line of different names and one line or more of "
            f"values below it, got the names {names!r:.500} and {len(found)} lines"
        )
    if uneven := [i for i, line in enumerate(found) if len(line) != len(names)]:
        raise SpaceError(
            f"row {uneven[0]} of the table {path} has {len(found[uneven[0]])} fields, and there "
            f"are {len(names)} names"
        )
    if len(found) > _MOST_ROWS:
        raise SpaceError(f"the table {path} has {len(found):,} rows, more than {_MOST_ROWS:,}")
    rows = [
        {name: _read_field(field) for name, field in zip(names, line, strict=True) if field.strip()}
        for line in found
    ]
    if any(name.startswith(_PREFIX) for name in names):
        return [
            {n.removeprefix(_PREFIX): v for n, v in row.items() if n.startswith(_PREFIX)}
            for row in rows
        ]
    return rows


def _read_field(field: str) -> Any:
    try:
        value = json.loads(field)
    except (ValueError, RecursionError):
        return field.strip()
    return field.strip() if isinstance(value, dict) else value
