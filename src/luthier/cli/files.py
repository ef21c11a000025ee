"""Studies and trials as CSV and JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from msgspec.structs import asdict

from ..monitoring.json_logs import values_by_name
from ..study.study import Study
from ..trial.csv_text import write_csv
from ..trial.record import TrialRow
from ..validation import to_json_types


def to_csv(study: Study) -> str:
    """One line a trial; lists, booleans and null as JSON, an empty field where nothing is known.

    Text is as `luthier.trial.csv_text.make_inert` says.
    """
    return write_csv(study.trials, study.objectives)


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
