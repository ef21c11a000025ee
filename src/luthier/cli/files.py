"""Studies and trials as CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from msgspec.structs import asdict

from ..monitoring.json_logs import values_by_name
from ..study.study import Study
from ..trial.record import TrialRow
from ..trial.table import to_records
from ..validation import to_json_types
from .tables import find_columns

_BLANK = ("value", "duration_s", "cost", "constraints.")  # columns in which None is an empty field


def to_csv(study: Study) -> str:
    """One line a trial; lists, booleans and null as JSON, an empty field where nothing is known."""
    flat = to_records(study.trials, study.objectives)
    out = io.StringIO()
    columns = find_columns(flat) or ["number", "state"]
    writer = csv.DictWriter(out, columns, lineterminator="\n", restval="")
    writer.writeheader()
    for record in flat:
        writer.writerow({name: _to_field(name, value) for name, value in record.items()})
    return out.getvalue()


def _to_field(name: str, value: Any) -> Any:
    if value is None and name.startswith(_BLANK):
        return ""
    is_plain = isinstance(value, str | int | float) and not isinstance(value, bool)
    return value if is_plain else json.dumps(value)


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
