"""A heartbeat: keeps the leases of running trials alive where other workers could take them."""

from __future__ import annotations

import logging
import threading
import time
import weakref

from ..storages import Storage

logger = logging.getLogger("luthier")


class Leases:
    """The leases of the trials that this process runs.

    Args:
        storage: Where the study lives.
        study: Its id there.
        held: Number -> token of the trials that run here; the owner adds and removes entries.
    """

    def __init__(self, storage: Storage, study: int, held: dict[int, int]) -> None:
        self.storage = storage
        self.study = study
        self.held = held
        self._thread: threading.Thread | None = None

    def keep_alive(self) -> None:
        """Start the heartbeat thread if needed.

        It exits when this object is garbage-collected, and does nothing while no trial is held.
        """
        if self.storage.shared and (self._thread is None or not self._thread.is_alive()):
            every_s = self.storage.lease_s / 3
            self._thread = threading.Thread(
                target=_extend_leases, args=(weakref.ref(self), every_s), daemon=True
            )
            self._thread.start()


def _extend_leases(leases: weakref.ref[Leases], every_s: float) -> None:
    while True:
        time.sleep(every_s)
        alive = leases()
        if alive is None:
            return
        try:
            if alive.held:
                alive.storage.extend(alive.study, dict(alive.held))
        except Exception as e:
            logger.warning("could not extend the leases of trials %s: %s", sorted(alive.held), e)
        del alive
