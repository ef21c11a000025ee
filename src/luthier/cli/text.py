"""Values as text for people."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Sequence
from traceback import format_exception
from types import TracebackType
from typing import Any

from .. import terminal, wording
from ..passwords import hide_passwords
from ..wording import to_six_digits


def escape(text: object) -> str:
    """User text as a terminal may show it: without passwords, and without acting on it."""
    return terminal.escape(hide_passwords(str(text)))


def escape_lines(text: object) -> str:
    """User text of several lines as a terminal may show it."""
    return terminal.escape_lines(hide_passwords(str(text)))


class PlainLines(logging.Formatter):
    """Each record as one line that a terminal does not act on, without passwords."""

    def format(self, record: logging.LogRecord) -> str:
        return escape(record.getMessage())


def print_crash(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    """Print an error that nobody expected; a `sys.excepthook`."""
    text = "".join(format_exception(kind, error, traceback))
    sys.stderr.write(escape_lines(text))


def format_value(value: Any) -> str:
    """A value for people: numbers with six digits, "" for None."""
    if value is None:
        return ""
    if isinstance(value, float):
        return to_six_digits(value)
    return escape(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def format_null(value: Any) -> str:
    """A value for people, "null" for None."""
    return "null" if value is None else format_value(value)


def format_duration(seconds: float | None) -> str:
    """A duration such as 1.2 s, 3 min 4 s, 5 h 6 min; "" for None."""
    return "" if seconds is None else wording.format_duration(seconds)


def format_time(seconds: float | None) -> str:
    """Local date and time of a moment in seconds since 1970; "" for None."""
    if seconds is None:
        return ""
    if not abs(seconds) < wording.MOST_S:
        return f"{seconds:.3g} s since 1970"
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def find_numeric_columns(headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[bool]:
    """Whether each column holds numbers only."""
    return [
        bool(rows) and all(isinstance(row[j], int | float | None) for row in rows)
        for j in range(len(headers))
    ]


def examples(*lines: str) -> str:
    """The examples at the end of a command's help."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
