"""Text on terminals: what is printed or logged of a study does nothing to them."""

from __future__ import annotations

import logging
from numbers import Number
from typing import Any

logger = logging.getLogger("luthier")
"""The library's log, whose lines do nothing to a terminal."""


def escape(text: object) -> str:
    """Return text that a terminal does not act on: what is not printable becomes an escape."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(text))


def escape_lines(text: object) -> str:
    """Return text of several lines that a terminal does not act on."""
    return "\n".join(map(escape, str(text).split("\n")))


def _escape_arguments(record: logging.LogRecord) -> bool:
    """Escape what a line of the log is about: names, paths and errors come from anybody."""
    if isinstance(record.args, tuple):
        record.args = tuple(map(_escape_argument, record.args))
    return True


def _escape_argument(value: Any) -> Any:
    return value if isinstance(value, Number) else _Inert(value)


class _Inert:
    """Value whose text, made only where it is logged, does nothing to a terminal."""

    def __init__(self, value: object) -> None:
        self.value = value

    def __str__(self) -> str:
        return escape_lines(self.value)

    def __repr__(self) -> str:
        return escape_lines(repr(self.value))


logger.addFilter(_escape_arguments)
