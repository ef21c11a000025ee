"""Leases of the trials that run here, which are prolonged where other workers could take them."""

from __future__ import annotations

import itertools
import threading
import time
import weakref
from collections.abc import Mapping

from ..storages import Storage
from ..terminal import logger
from .lease_process import the_process

_keys = itertools.count()


class Leases:
    """The leases of the trials that this process runs.

    A thread prolongs them, and where an objective holds the interpreter, another process.

    Args:
        storage: Where the study lives.
        study: Its id there.
        held: Number -> token of the trials that run here, for others to read.
    """

    def __init__(self, storage: Storage, study: int, held: dict[int, int]) -> None:
        self.storage = storage
        self.study = study
        self.held = held
        self._thread: threading.Thread | None = None
        self._key = next(_keys)  # the study, for the process
        self._dropped: list[int] = []  # since the process was last told
        self._told = 0  # the generation of the process that knows what is held
        weakref.finalize(self, the_process.tell, f"forget {self._key}")

    def hold(self, tokens: Mapping[int, int]) -> None:
        """Keep the leases of trials alive from now on.

        The thread exits when this object is garbage-collected, and does nothing while no trial is
        held.

        Args:
            tokens: Number -> token of the trials.
        """
        self.held.update(tokens)
        if not self.storage.shared:
            return
        if self._thread is None or not self._thread.is_alive():
            every_s = self.storage.lease_s / 3
            self._thread = threading.Thread(
                target=_extend_leases, args=(weakref.ref(self), every_s), daemon=True
            )
            self._thread.start()
        self._tell(*tokens)

    def drop(self, *numbers: int) -> None:
        """Let the leases of trials run out: they are over, or another's."""
        for number in numbers:
            was_held = self.held.pop(number, None) is not None
            if was_held and self.storage.url is not None:
                self._dropped.append(number)

    def extend(self) -> None:
        """Prolong all leases."""
        if self.held:
            self.storage.extend(self.study, dict(self.held))
        the_process.replace_ended()
        self._tell(*self.held)

    def _tell(self, *numbers: int) -> None:
        """Tell the process which trials have a new lease, and which are not held any more."""
        url = self.storage.url
        if url is None:
            return
        the_process.start()
        lines = []
        if self._told != the_process.generation:  # this one knows nothing yet
            self._told = the_process.generation
            lines.append(f"study {self._key} {self.study} {self.storage.lease_s} {url}")
            numbers = tuple(self.held)
        while self._dropped:
            lines.append(f"drop {self._key} {self._dropped.pop()}")
        lines += [f"hold {self._key} {i} {self.held.get(i, 0)}" for i in numbers]
        if lines:
            the_process.tell(*lines)


def _extend_leases(leases: weakref.ref[Leases], every_s: float) -> None:
    while True:
        time.sleep(every_s)
        alive = leases()
        if alive is None:
            return
        try:
            alive.extend()
        except Exception as e:
            logger.warning("could not extend the leases of trials %s: %s", sorted(alive.held), e)
        del alive
