"""Log records as lines of JSON, for programs; no line contains a password."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from ..passwords import hide_passwords
from ..trial.record import State, TrialRow
from ..validation import are_named, to_json_types

FIELDS = (
    "study",
    "worker",
    "trial",
    "state",
    "value",
    "values",
    "constraints",
    "duration_s",
    "cost",
    "error",
)


class JsonLines(logging.Formatter):
    """Formatter of records as JSON objects, one a line.

    An object has the time (ISO 8601, UTC), level, logger and message, and those of `FIELDS` that
    are known.

    All text is escaped down to ASCII: text of users can neither end a line nor act on a terminal.

    Args:
        known: Fields that every record has.
    """

    def __init__(self, **known: Any) -> None:
        super().__init__()
        self.known = known

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC)
        line = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **self.known,
        }
        for name in FIELDS:
            if hasattr(record, name):
                line[name] = to_json_types(getattr(record, name))
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(
            {name: hide_passwords(v) if isinstance(v, str) else v for name, v in line.items()}
        )


class StderrHandler(logging.Handler):
    """Handler that writes to the stderr of the moment, which tests and tools may replace."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except Exception:
            self.handleError(record)


def values_by_name(row: TrialRow, objectives: Sequence[str]) -> dict[str, float] | None:
    """The values of a trial by the names of the objectives; None where either has none."""
    if row.values is None or not are_named(objectives):
        return None
    return dict(zip(objectives, row.values, strict=False))


def log_fields(row: TrialRow, objectives: Sequence[str]) -> dict[str, Any]:
    """The fields of a record about a trial that ended: pass them as `extra`.

    Several objectives give a list of values, and those with names give them by name as well.
    """
    fields: dict[str, Any] = {
        "trial": row.number,
        "state": State(row.state).name.lower(),
        "duration_s": row.duration_s,
        "value": row.value if row.values is None or len(row.values) == 1 else row.values,
    }
    if (values := values_by_name(row, objectives)) is not None:
        fields["values"] = values
    if row.constraints:
        fields["constraints"] = row.constraints
    if row.cost is not None:
        fields["cost"] = row.cost
    if row.error:
        fields["error"] = row.error.split("\n", 1)[0]
    return fields
