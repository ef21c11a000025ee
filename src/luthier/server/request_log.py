"""The log of requests: one line of JSON each, and few for strangers."""

from __future__ import annotations

import logging
import time
from typing import Any

import msgspec
from starlette.types import Scope

from ..monitoring.json_logs import JsonLines
from .limits import RateLimiter

logger = logging.getLogger("luthier.server")

METHODS = ("GET", "POST", "DELETE", "HEAD", "PUT", "PATCH", "OPTIONS")
_STRANGER_LINES_S = 1.0  # lines a second about requests without the token
_STRANGER_BURST = 20


class RequestLog:
    """Log of requests, in which strangers cannot write as much as they like.

    Requests without the token that are left out are counted, and the next line about one says how
    many they were.
    """

    def __init__(self) -> None:
        self._strangers = RateLimiter(_STRANGER_LINES_S, _STRANGER_BURST)
        self._n_left_out = 0

    def write(self, scope: Scope, client: str, known: bool, status: int, seconds: float) -> None:
        """Log a request that has been answered, with its path as it was sent."""
        if not logger.isEnabledFor(logging.INFO):
            return
        if not known and self._strangers.wait_s(""):
            self._n_left_out += 1
            return
        line: dict[str, Any] = {
            "time": round(time.time(), 3),
            "client": client,
            "method": method_of(scope),
            "path": scope["raw_path"][:200].decode("ascii", "replace"),
            "status": status,
            "ms": round(1000 * seconds, 2),
            "bytes": scope.get("luthier.n_bytes", 0),
        }
        if not known and self._n_left_out:
            line["left_out"] = self._n_left_out
            self._n_left_out = 0
        logger.info(msgspec.json.encode(line).decode())


def method_of(scope: Scope) -> str:
    """The method of a request, or OTHER for what is none of HTTP's."""
    return scope["method"] if scope["method"] in METHODS else "OTHER"


class _RequestLines(JsonLines):
    """Each record as a line of JSON; those of requests are JSON already."""

    def format(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        if record.levelno == logging.INFO and text.startswith("{"):
            return text
        return super().format(record)


def configure_log() -> None:
    """Write the log to stderr, unless the program has configured it already."""
    luthier_logger = logging.getLogger("luthier")
    if not luthier_logger.handlers and not logging.getLogger().handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(_RequestLines())
        luthier_logger.addHandler(handler)
        luthier_logger.setLevel(logging.INFO)
