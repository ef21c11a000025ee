"""A journal in a file that several processes write, each under a lock."""

from __future__ import annotations

import abc
import contextlib
import errno
import json
import os
import time
import uuid
from collections.abc import Iterator
from typing import Any

from ...logging import get_logger
from ...marks import deprecated_class, warn
from .base import BaseJournalBackend

_logger = get_logger("optuna.storages")

LOCK_FILE_SUFFIX = ".lock"
RENAME_FILE_SUFFIX = ".rename"
_FIRST_S, _LONGEST_S = 0.001, 1.0  # between two attempts at a lock
_SAY_S = 10.0  # of waiting, until something is said


class BaseJournalFileLock(abc.ABC):
    """Base of what keeps writers apart."""

    @abc.abstractmethod
    def acquire(self) -> bool:
        """Wait for the lock and take it."""

    @abc.abstractmethod
    def release(self) -> None:
        """Give it back.

        Raises:
            RuntimeError: It was not held.
        """


class _LockFile(BaseJournalFileLock):
    """A file that is there while somebody holds the lock.

    Args:
        filepath: The journal.
        grace_period: After how many seconds a lock is broken whose holder does not release it; None
            for never.

    Raises:
        ValueError: The period is not positive.
    """

    def __init__(self, filepath: str, grace_period: int | None = 30) -> None:
        if grace_period is not None:
            if grace_period <= 0:
                raise ValueError("The value of `grace_period` should be a positive integer.")
            if grace_period < 3:
                warn("The value of `grace_period` might be too small. ", stacklevel=2)
        self._journal = filepath
        self._path = filepath + LOCK_FILE_SUFFIX
        self.grace_period = grace_period

    def _make(self) -> None:
        raise NotImplementedError

    def acquire(self) -> bool:
        pause_s = _FIRST_S
        stamp: float | None = None
        since = said = time.monotonic()
        while True:
            try:
                self._make()
                return True
            except OSError as e:
                if e.errno != errno.EEXIST:
                    raise
            except BaseException:
                with contextlib.suppress(RuntimeError):
                    self.release()
                raise
            now = time.monotonic()
            if now - said > _SAY_S:
                _logger.warning(f"still waiting for the lock file {self._path}")
                said = now
            with contextlib.suppress(OSError):
                if (found := os.lstat(self._path).st_mtime) != stamp:
                    stamp, since = found, now
            if self.grace_period is not None and now - since > self.grace_period:
                _logger.warning(f"the lock file {self._path} was not released; it is broken")
                with contextlib.suppress(RuntimeError):
                    self.release()
                pause_s, since = _FIRST_S, now
                continue
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_S)

    def release(self) -> None:
        aside = f"{self._path}{uuid.uuid4()}{RENAME_FILE_SUFFIX}"
        try:
            os.rename(self._path, aside)
            os.unlink(aside)
        except OSError:
            raise RuntimeError("Error: did not possess lock") from None


class JournalFileSymlinkLock(_LockFile):
    """A lock by a symbolic link, which NFS makes in one step."""

    def _make(self) -> None:
        os.symlink(self._journal, self._path)


class JournalFileOpenLock(_LockFile):
    """A lock by a file that only one can create."""

    def _make(self) -> None:
        os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))


@contextlib.contextmanager
def get_lock_file(lock_obj: BaseJournalFileLock) -> Iterator[None]:
    """Hold a lock while the block runs."""
    lock_obj.acquire()
    try:
        yield
    finally:
        lock_obj.release()


class JournalFileBackend(BaseJournalBackend):
    """A journal in a file, one entry of JSON a line.

    Args:
        file_path: Its path.
        lock_obj: What keeps writers apart; None for a symbolic link.
    """

    def __init__(self, file_path: str, lock_obj: BaseJournalFileLock | None = None) -> None:
        self._path = file_path
        self._lock = lock_obj or JournalFileSymlinkLock(file_path)
        if not os.path.exists(file_path):
            open(file_path, "ab").close()
        self._begin = {0: 0}  # the byte at which each entry that was read begins

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """Return the entries from a number on.

        Raises:
            ValueError: An entry that is not the last cannot be read.
        """
        first = log_number_from if log_number_from in self._begin else 0
        with open(self._path, "rb") as file:
            end = os.stat(self._path).st_size
            file.seek(self._begin[first])
            fault: ValueError | None = None
            at = self._begin[first]
            for number, line in enumerate(file, start=first):
                at += len(line)
                if at > end:
                    break
                if fault is not None:
                    raise fault
                if number < log_number_from:
                    self._begin[number + 1] = at
                    continue
                if not line.endswith(b"\n"):  # half of an entry, if it is the last
                    fault = ValueError("Invalid log format.")
                    continue
                try:
                    entry = json.loads(line)
                except json.JSONDecodeError as e:
                    fault = e
                    continue
                self._begin[number + 1] = at
                yield entry

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        text = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs)
        with get_lock_file(self._lock), open(self._path, "ab") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())


@deprecated_class(
    "4.0.0", "6.0.0", text="Use :class:`~optuna.storages.journal.JournalFileBackend` instead."
)
class JournalFileStorage(JournalFileBackend):
    """An older name of `JournalFileBackend`."""
