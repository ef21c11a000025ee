"""Trials as CSV that no spreadsheet runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from .record import TrialRow
from .table import list_columns, to_records

_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
_UNSEEN = (
    r"[ \x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f"
    r"\u3000\ufeff]"
)
_FORMULA = re.compile(rf"^(?=[\t\r\n])|(^|[;\t\r\n])(?={_UNSEEN}*[=+\-@＝＋－＠])")
# Columns in which None is an empty field.
_BLANK = ("value", "duration_s", "cost", "constraints.", "error")


def write_csv(rows: Iterable[TrialRow], objectives: Sequence[str]) -> str:
    """One line a trial; lists, booleans and null as JSON, an empty field where nothing is known.

    Text is as `make_inert` says.
    """
    flat = to_records(rows, objectives)
    columns = list_columns(flat, objectives)
    lines = [[_quote(name) for name in columns]]
    lines += [[_to_field(name, record.get(name, "")) for name in columns] for record in flat]
    return "".join(f"{','.join(line)}\n" for line in lines)


def _to_field(name: str, value: Any) -> str:
    if value is None and name.startswith(_BLANK):
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value)
    return _quote(value if isinstance(value, str) else json.dumps(value))


def _quote(text: str) -> str:
    """Text as a field, in quotes where a reader would take a part of it for a separator."""
    text = make_inert(text)
    return '"' + text.replace('"', '""') + '"' if re.search(r'[",;\t\r\n]', text) else text


def make_inert(text: str) -> str:
    """Text that a spreadsheet does not run: an apostrophe stands before what would be a formula.

    That is text that begins with = + - @, a tab or the end of a line, unless it is a number; also
    behind a semicolon, a tab or the end of a line, where another locale begins a cell.
    """
    return text if _NUMBER.fullmatch(text) else _FORMULA.sub(r"\1'", text)
