"""Errors of database drivers, as luthier's."""

from __future__ import annotations

from typing import Any

from ..errors import (
    StorageDeniedError,
    StorageError,
    StorageFullError,
    StorageUnreachableError,
    UnstorableError,
)
from .sql_dialects import Dialect

_DRIVER_ERRORS = {"OperationalError", "DatabaseError", "InterfaceError"}
_NO_SUCH_DATABASE = ("3D000", 1049)


def translate(error: Any, dialect: Dialect, place: str) -> Exception:
    """Return a driver's error as luthier's; what is no driver's error stays as it is.

    Args:
        error: What was raised. Classes are known by their names, as drivers are optional.
        dialect: Of the database.
        place: The storage, for messages.
    """
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if "TimeoutError" in kinds:
        return StorageUnreachableError(f"{place}: all connections of this process are in use")
    if not kinds & _DRIVER_ERRORS:
        return error if isinstance(error, Exception) else RuntimeError(str(error))

    code = _code(error)
    if code in dialect.refused or (code is None and "DataError" in kinds):
        return UnstorableError(f"{place} does not take this: {_text(error)}")
    text = _text(error)
    unnamed = code is None  # what happens before there is a connection has no code
    if code in dialect.denied or (
        unnamed and ("authentication failed" in text or "no password" in text)
    ):
        return StorageDeniedError(
            f"{place} refuses: {text}; check user, password and rights in the URL"
        )
    if code in dialect.full:
        return StorageFullError(
            f"no space left for {place} ({text}); finished trials are safe. Free some space and "
            "run again"
        )
    if code in _NO_SUCH_DATABASE or (unnamed and "does not exist" in text):
        return StorageError(
            f"{place}: {text}; the database and the user must exist, the tables are made"
        )
    if unnamed and text.startswith("invalid"):
        return StorageError(
            f"{place}: {text}; see the driver's documentation for what may follow the '?'"
        )
    if code in dialect.busy:
        return StorageUnreachableError(f"{place} is busy ({text})")
    if _is_away(code) or (code == 0 and "InterfaceError" in kinds):
        return StorageUnreachableError(f"{place} does not answer ({text})")
    return StorageError(f"{place}: {text}")


def _text(error: Any) -> str:
    return str(error.args[-1] if error.args else error).strip().split("\n")[0]


def _code(error: Any) -> int | str | None:
    """Return MySQL's number of an error, or the standard's five characters."""
    if error.args and isinstance(error.args[0], int):
        return error.args[0]
    code: str | None = getattr(error, "sqlstate", None)
    return code


def _is_away(code: int | str | None) -> bool:
    """Return whether an error is one of the connection."""
    if isinstance(code, int):
        return 2000 <= code < 3000
    return code is None or code.startswith("08")
