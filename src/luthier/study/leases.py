"""Keeps the leases of running trials alive, from a thread, where other workers could take them."""

from __future__ import annotations

import logging
import threading
import time
import weakref

from ..storages import Storage

logger = logging.getLogger("luthier")


class Leases:
    """The trials that this process holds.

    Args:
        storage: Where the study lives.
        study: Its id there.
        held: Number -> token of the trials that run here; the owner adds and removes.
    """

    def __init__(self, storage: Storage, study: int, held: dict[int, int]) -> None:
        self.storage = storage
        self.study = study
        self.held = held
        self._heart: threading.Thread | None = None

    def beat(self) -> None:
        """Sees to it that the thread runs.

        It ends when nobody holds this object, and rests while nothing is held.
        """
        if self.storage.shared and (self._heart is None or not self._heart.is_alive()):
            every_s = self.storage.lease_s / 3
            self._heart = threading.Thread(
                target=_prolong, args=(weakref.ref(self), every_s), daemon=True
            )
            self._heart.start()


def _prolong(leases: weakref.ref[Leases], every_s: float) -> None:
    while True:
        time.sleep(every_s)
        alive = leases()
        if alive is None:
            return
        try:
            if alive.held:
                alive.storage.extend(alive.study, dict(alive.held))
        except Exception as e:
            logger.warning("could not prolong the leases of trials %s: %s", sorted(alive.held), e)
        del alive
