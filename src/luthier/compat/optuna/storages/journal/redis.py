"""A journal on a server like Redis."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from .....errors import explain_missing
from ...marks import deprecated_class, experimental_class
from .base import BaseJournalBackend, BaseJournalSnapshot

_FIRST_S, _LONGEST_S = 0.1, 10.0  # between two looks for an entry that is on its way
_APPEND = (
    "local i = redis.call('incr', string.format('%s:log_number', ARGV[1])) "
    "redis.call('set', string.format('%s:log:%d', ARGV[1], i), ARGV[2])"
)


def _connect(url: str) -> Any:
    try:
        import redis
    except ImportError as e:
        raise explain_missing("JournalRedisBackend", "redis", "redis") from e
    return redis.Redis.from_url(url)


@experimental_class("3.1.0")
class JournalRedisBackend(BaseJournalBackend, BaseJournalSnapshot):
    """A journal on a server like Redis.

    Args:
        url: Such as "redis://localhost:6379".
        use_cluster: Whether the server is a cluster, which runs no scripts over several keys.
        prefix: Of all keys.

    Raises:
        MissingDependencyError: redis is not installed.
    """

    def __init__(self, url: str, use_cluster: bool = False, prefix: str = "") -> None:
        self._url = url
        self._redis = _connect(url)
        self._use_cluster = use_cluster
        self._prefix = prefix

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "_redis"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._redis = _connect(self._url)

    def connect_to(self, server: Any) -> None:
        """Use another connection, such as a fake one in tests."""
        self._redis = server

    def _key(self, what: str) -> str:
        return f"{self._prefix}:{what}"

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """Return the entries from a number on.

        Raises:
            ValueError: An entry that is not the last cannot be read.
        """
        last = self._redis.get(self._key("log_number"))
        if last is None:
            return
        for number in range(log_number_from, int(last) + 1):
            pause_s = _FIRST_S
            while (text := self._redis.get(self._key(f"log:{number}"))) is None:
                time.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_S)
            try:
                entry = json.loads(text)
            except json.JSONDecodeError:
                if number != int(last):
                    raise
                return
            yield entry

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        self._redis.setnx(self._key("log_number"), -1)
        for log in logs:
            if self._use_cluster:
                number = self._redis.incr(self._key("log_number"), 1)
                self._redis.set(self._key(f"log:{number}"), json.dumps(log))
            else:
                self._redis.eval(_APPEND, 0, self._prefix, json.dumps(log))

    def save_snapshot(self, snapshot: bytes) -> None:
        self._redis.set(self._key("snapshot"), snapshot)

    def load_snapshot(self) -> bytes | None:
        snapshot: bytes | None = self._redis.get(self._key("snapshot"))
        return snapshot


@deprecated_class(
    "4.0.0", "6.0.0", text="Use :class:`~optuna.storages.journal.JournalRedisBackend` instead."
)
class JournalRedisStorage(JournalRedisBackend):
    """An older name of `JournalRedisBackend`."""
