"""Errors of redis-py, as luthier's."""

from __future__ import annotations

from ..errors import (
    LuthierError,
    StorageDeniedError,
    StorageError,
    StorageFullError,
    StorageUnreachableError,
    UnstorableError,
)

_DENIED = {"AuthenticationError", "AuthorizationError", "NoPermissionError"}
_DENIED_TEXTS = ("DENIED", "The user executing the script", "ACL failure")
_AWAY = {"ConnectionError", "TimeoutError", "ReadOnlyError", "MasterDownError", "OSError"}


def translate(e: Exception, place: str) -> LuthierError:
    """Return an error of redis-py, or of the system, as luthier's.

    Args:
        e: What was raised. Classes are known by their names, as redis-py is optional.
        place: The storage, for messages.
    """
    kinds = {kind.__name__ for kind in type(e).__mro__}
    text = str(e)
    if "exceeds maximum allowed" in text or "invalid bulk length" in text:
        return UnstorableError(f"{place} does not take this: {text}")
    if kinds & _DENIED or text.startswith(_DENIED_TEXTS):
        return StorageDeniedError(f"{place} refuses: {text}; check user, password and their rights")
    if "OutOfMemoryError" in kinds or text.startswith("MISCONF"):
        return StorageFullError(
            f"no room in {place}, in memory or on its disk ({text}); finished trials are "
            "safe. Make room and run again"
        )
    if kinds & _AWAY or text.startswith(("BUSY ", "NOREPLICAS")):
        return StorageUnreachableError(f"{place} does not answer: {text}")
    if kinds & {"AskError", "ClusterError"}:
        return StorageError(
            f"{place} belongs to a Redis Cluster; expected a single server ({text})"
        )
    return StorageError(f"{place}: {text}")
