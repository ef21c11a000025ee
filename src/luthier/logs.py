"""What is said while luthier works: lines of JSON for machines to read, and no password in any line."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

from .checks import jsonable
from .storages.base import shown
from .trial import State, TrialRow

FIELDS = ("study", "worker", "trial", "state", "value", "duration_s", "cost", "error")


class JsonLines(logging.Formatter):
    """One JSON object a record: time (ISO 8601, UTC), level, logger, message, and those of `FIELDS` that are known.

    All text is escaped, down to ASCII: what users wrote can neither end a line nor do anything to a terminal.

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
            **{name: jsonable(getattr(record, name)) for name in FIELDS if hasattr(record, name)},
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps({name: scrubbed(x) if isinstance(x, str) else x for name, x in line.items()})


class Lines(logging.Handler):
    """Writes each record to what stderr is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except Exception:
            self.handleError(record)


def about(row: TrialRow) -> dict[str, Any]:
    """What is logged of a trial that is over: pass it as `extra`; several objectives give a list of values."""
    found = {"trial": row.number, "state": State(row.state).name.lower(), "duration_s": row.duration_s}
    found["value"] = row.value if row.values is None or len(row.values) == 1 else row.values
    if row.cost is not None:
        found["cost"] = row.cost
    if row.error:
        found["error"] = row.error.split("\n", 1)[0]
    return found


def scrubbed(text: str) -> str:
    """Text whose URLs are as people may see them."""
    return re.sub(r"\S+", lambda word: shown(word[0]) if "://" in word[0] else word[0], text)
