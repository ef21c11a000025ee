"""The logger "optuna", which users set up by Optuna's functions."""

from __future__ import annotations

import logging
import sys
import threading
from logging import CRITICAL as CRITICAL
from logging import DEBUG as DEBUG
from logging import ERROR as ERROR
from logging import FATAL as FATAL
from logging import INFO as INFO
from logging import WARN as WARN
from logging import WARNING as WARNING

_NAME = "optuna"
_COLORS = {"DEBUG": 36, "INFO": 32, "WARNING": 33, "ERROR": 31, "CRITICAL": 91}

_lock = threading.Lock()
_handler: logging.Handler | None = None


class _Formatter(logging.Formatter):
    """One line: the first letter of the level, the time, the message; in color on a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        end = line.find("]") + 1
        if not sys.stderr.isatty():
            return line
        return f"\x1b[{_COLORS.get(record.levelname, 0)}m{line[:end]}\x1b[0m{line[end:]}"


def create_default_formatter() -> logging.Formatter:
    """Return the formatter of the default handler."""
    return _Formatter("[%(levelname)1.1s %(asctime)s] %(message)s")


def _get_library_root_logger() -> logging.Logger:
    return logging.getLogger(_NAME)


def _configure_library_root_logger() -> None:
    global _handler
    with _lock:
        if _handler is None:
            _handler = logging.StreamHandler()
            _handler.setFormatter(create_default_formatter())
            root = _get_library_root_logger()
            root.addHandler(_handler)
            root.setLevel(INFO)
            root.propagate = False


def _reset_library_root_logger() -> None:
    global _handler
    with _lock:
        if _handler is not None:
            root = _get_library_root_logger()
            root.removeHandler(_handler)
            root.setLevel(logging.NOTSET)
            _handler = None


def _set_up() -> tuple[logging.Logger, logging.Handler]:
    _configure_library_root_logger()
    assert _handler is not None
    return _get_library_root_logger(), _handler


def get_logger(name: str) -> logging.Logger:
    """Return a logger; those below "optuna" write to standard error by default."""
    _configure_library_root_logger()
    return logging.getLogger(name)


def get_verbosity() -> int:
    """Return the level of the logger "optuna"."""
    return _set_up()[0].getEffectiveLevel()


def set_verbosity(verbosity: int) -> None:
    """Set the level of the logger "optuna", such as `optuna.logging.WARNING`."""
    _set_up()[0].setLevel(verbosity)


def disable_default_handler() -> None:
    """Write no lines to standard error."""
    root, handler = _set_up()
    root.removeHandler(handler)


def enable_default_handler() -> None:
    """Write lines to standard error."""
    root, handler = _set_up()
    root.addHandler(handler)


def disable_propagation() -> None:
    """Keep lines from the handlers of the root logger."""
    _set_up()[0].propagate = False


def enable_propagation() -> None:
    """Pass lines to the handlers of the root logger."""
    _set_up()[0].propagate = True
