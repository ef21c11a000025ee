"""What is said while luthier works.

Lines of JSON for machines to read, and no password in any line.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from ..storages.base import hide_password
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
    """One JSON object a record.

    Time (ISO 8601, UTC), level, logger, message, and those of `FIELDS` that are known.

    All text is escaped, down to ASCII: what users wrote can neither end a line nor do anything to a
    terminal.

    Args:
        known: Fields that every record bears.
    """

    def __init__(self, **known: Any) -> None:
        super().__init__()
        self.known = known

    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, UTC)
        line = {
            "time": when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **self.known,
            **{
                name: to_json_types(getattr(record, name))
                for name in FIELDS
                if hasattr(record, name)
            },
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(
            {name: scrubbed(x) if isinstance(x, str) else x for name, x in line.items()}
        )


class Lines(logging.Handler):
    """Writes each record to what stderr is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except Exception:
            self.handleError(record)


def by_name(row: TrialRow, objectives: Sequence[str]) -> dict[str, float] | None:
    """The values of a trial by the names of the objectives.

    None where there are none, of either.
    """
    if row.values is None or not are_named(objectives):
        return None
    return dict(zip(objectives, row.values, strict=False))


def about(row: TrialRow, objectives: Sequence[str]) -> dict[str, Any]:
    """What is logged of a trial that is over: pass it as `extra`.

    Several objectives give a list of values, and those with names give them by name as well.
    """
    found: dict[str, Any] = {
        "trial": row.number,
        "state": State(row.state).name.lower(),
        "duration_s": row.duration_s,
    }
    found["value"] = row.value if row.values is None or len(row.values) == 1 else row.values
    if (values := by_name(row, objectives)) is not None:
        found["values"] = values
    if row.constraints:
        found["constraints"] = row.constraints
    if row.cost is not None:
        found["cost"] = row.cost
    if row.error:
        found["error"] = row.error.split("\n", 1)[0]
    return found


def scrubbed(text: str) -> str:
    """Text whose URLs are as people may see them."""
    return re.sub(
        r"\S+", lambda word: hide_password(word[0]) if "://" in word[0] else word[0], text
    )
