"""A claim on work, which is renewed while the work goes on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from ..errors import LuthierError

_log = logging.getLogger("luthier")


class Claim:
    """Keeps a claim while a block runs, in a thread of its own.

    Args:
        note: Notes the claim after the event of a number; returns the number of the new event, or
            None where somebody else has it by now.
        number: Of the event that the claim follows.
        every_s: Time between two renewals.
    """

    def __init__(self, note: Callable[[int], int | None], number: int, every_s: float) -> None:
        self.number = number
        self._note = note
        self._every_s = every_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="luthier-claim", daemon=True)

    def __enter__(self) -> Claim:
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.stop()

    def stop(self) -> int:
        """End the renewals, and return the number of the latest event."""
        self._ended.set()
        self._thread.join()
        return self.number

    def renew(self) -> bool:
        """Note the claim again; False where somebody else has it by now."""
        number = self._note(self.number)
        if number is not None:
            self.number = number
        return number is not None

    def _keep(self) -> None:
        while not self._ended.wait(self._every_s):
            try:
                if not self.renew():
                    return
            except LuthierError as e:
                _log.warning("a claim could not be renewed, it is tried again: %s", e)
