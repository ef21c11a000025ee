"""Studies and trials as CSV and JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from msgspec.structs import asdict

from ..monitoring.json_logs import values_by_name
from ..study.study import Study
from ..trial.record import TrialRow
from ..trial.table import to_records
from ..validation import to_json_types
from .tables import find_columns

_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
_UNSEEN = (
    r"[ \x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f"
    r"\u3000\ufeff]"
)
_FORMULA = re.compile(rf"^(?=[\t\r\n])|(^|[;\t\r\n])(?={_UNSEEN}*[=+\-@＝＋－＠])")
_BLANK = ("value", "duration_s", "cost", "constraints.")  # columns in which None is an empty field


def to_csv(study: Study) -> str:
    """One line a trial; lists, booleans and null as JSON, an empty field where nothing is known.

    Text is as `make_inert` says.
    """
    flat = to_records(study.trials, study.objectives)
    columns = find_columns(flat) or ["number", "state"]
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


def to_json(study: Study) -> str:
    """The study with its space and all trials; numbers that are not finite are text.

    Reported values of several objectives are in the order of "objectives".
    """
    data = {
        "name": study.name,
        "objectives": study.objectives,
        "directions": study.directions,
        "space": study.space.to_json(),
        "trials": [trial_to_json(row, study.objectives) for row in study.trials],
    }
    return json.dumps(data, indent=1, allow_nan=False) + "\n"


def trial_to_json(row: TrialRow, objectives: Sequence[str]) -> dict[str, Any]:
    """A trial in JSON's types; its values as a list, or by name where objectives have names."""
    found = {**asdict(row), "state": row.state.name.lower()}
    found["turns"] = [asdict(turn) for turn in row.turns] or None
    if row.values and len(row.values) == 1:
        found["value"] = row.values[0]
    found["values"] = values_by_name(row, objectives) or row.values
    del found["token"], found["lease_s"]
    return {name: v for name, v in to_json_types(found).items() if v is not None}
