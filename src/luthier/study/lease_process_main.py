"""What the process does that prolongs leases; see `lease_process`.

It reads lines, the first of which is the path on which luthier is found:

    study KEY ID LEASE_S URL    a study that trials may be held of
    hold KEY NUMBER TOKEN       a trial that runs, and whose lease was prolonged just now
    drop KEY NUMBER             a trial that does not run here any more
    forget KEY                  the study is not used any more
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time

TYPE_CHECKING = False  # typing takes longer to load than all the rest
if TYPE_CHECKING:
    from typing import Any

_LATE = 0.45  # of a lease without a sign of life; this process's thread prolongs them after 0.33
_LOOK_S = 2.0  # how often it is checked that the parent lives, where the pipe does not tell
_AGAIN_S = 0.5  # when what could not be done is tried again
_BATCH_S = 0.1  # lines that come in such a time are read together
_READ_BYTES = 2**16


class Held:
    """A trial that the parent runs.

    Attributes:
        token: Its token.
        since_s: When its lease began or was prolonged, by time.monotonic.
    """

    __slots__ = ("since_s", "token")

    def __init__(self, token: int) -> None:
        self.token = token
        self.since_s = time.monotonic()


class Study:
    """A study of the parent's, and the trials that it runs.

    Args:
        number: Its id in the storage.
        lease_s: The length of a lease, in seconds.
        url: The storage's.
    """

    def __init__(self, number: int, lease_s: float, url: str) -> None:
        self.number = number
        self.late_s = lease_s * _LATE
        self.url = url
        self.held: dict[int, Held] = {}

    def left_s(self, now_s: float) -> float:
        """Return after how many seconds the parent is late with a trial."""
        return min((t.since_s + self.late_s - now_s for t in self.held.values()), default=_LOOK_S)

    def prolong(self, storage: Any, now_s: float) -> None:
        """Prolong the leases with which the parent is late."""
        late = {i: t for i, t in self.held.items() if t.since_s + self.late_s <= now_s}
        storage.extend(self.number, {i: t.token for i, t in late.items()})
        for trial in late.values():
            trial.since_s = now_s

    def put_off(self, now_s: float) -> None:
        """Let what could not be prolonged wait for a moment."""
        pause_s = min(_AGAIN_S, self.late_s / 4)
        for trial in self.held.values():
            trial.since_s = max(trial.since_s, now_s + pause_s - self.late_s)


class Prolonger:
    """The state of the process.

    Args:
        parent: The process whose trials are held.
    """

    def __init__(self, parent: int) -> None:
        self.parent = parent
        self.studies: dict[str, Study] = {}
        self._unread = b""
        self._has_path = False
        self._storages: dict[str, Any] = {}

    def run(self) -> None:
        """Go on until the parent has ended."""
        while os.getppid() == self.parent:
            now_s = time.monotonic()
            left_s = min((s.left_s(now_s) for s in self.studies.values()), default=_LOOK_S)
            if select.select([0], [], [], min(max(left_s, 0.0), _LOOK_S))[0]:
                found = os.read(0, _READ_BYTES)
                if not found:
                    return
                self._read(found)
                time.sleep(_BATCH_S)
            elif left_s <= 0.0:
                self._prolong()

    def _read(self, found: bytes) -> None:
        *lines, self._unread = (self._unread + found).split(b"\n")
        for line in lines:
            text = line.decode("utf-8", "surrogateescape")
            if self._has_path:
                self.follow(*text.split(" ", 4))
            else:
                sys.path[:] = text.split("\0")
                self._has_path = True

    def follow(self, verb: str, key: str, *words: str) -> None:
        """Do what a line says."""
        study = self.studies.get(key)
        if verb == "study":
            number, lease_s, url = words
            self.studies[key] = Study(int(number), float(lease_s), url)
        elif study is None:  # there was no room for the line with the study
            return
        elif verb == "hold":
            study.held[int(words[0])] = Held(int(words[1]))
        elif verb == "drop":
            study.held.pop(int(words[0]), None)
        else:
            del self.studies[key]

    def _prolong(self) -> None:
        """Prolong what the parent is late with, unless somebody has stopped it."""
        if self._is_stopped():
            time.sleep(_AGAIN_S)
            return
        for study in self.studies.values():
            now_s = time.monotonic()
            if study.left_s(now_s) > 0.0:
                continue
            try:
                storage = self._open(study.url)
                study.prolong(storage, now_s)
                storage.close()  # others may need the connection
            except Exception:  # the storage is away, or the study is gone
                study.put_off(now_s)

    def _is_stopped(self) -> bool:
        import psutil

        try:
            status = psutil.Process(self.parent).status()
        except psutil.Error:
            return True
        return status in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)

    def _open(self, url: str) -> Any:
        if url not in self._storages:
            from luthier.storages import from_url

            self._storages[url] = from_url(url)
            self._storages[url].close_soon(0.0)  # an absent server is asked again soon anyway
        return self._storages[url]


def main(parent: int) -> None:
    """Run the process.

    Args:
        parent: The number of the process whose trials are held.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    Prolonger(parent).run()
