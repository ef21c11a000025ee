"""How workers obey what people have asked of a study."""

from __future__ import annotations

import math
import time
from typing import Literal

from ..schedulers.base import Next
from ..storages.controls import STOP_STUDY, Controls
from .replica import Replica
from .stop_signal import StopSignal

_STOP_S = 1.0  # for how long a request to stop a trial may go unnoticed


class Obedience:
    """What people have asked of a study, for its engine, which holds the lock.

    Args:
        replica: The study's trials and settings.
    """

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._looked_s = -math.inf  # when a trial last asked whether it is to stop

    @property
    def controls(self) -> Controls:
        """All of it, as of the last look."""
        return self._replica.settings.controls

    def answer(self, stop: StopSignal) -> Literal[Next.WAIT, Next.DONE] | None:
        """What a free worker is told where somebody has paused or stopped the study; else None.

        Args:
            stop: The signal of the worker's run, which a stopped study ends.
        """
        course = self._replica.settings.controls.course
        if course == "running":
            return None
        if course == "paused":
            return Next.WAIT
        act = self.controls.last_act(STOP_STUDY)
        stop.request("stopped by hand" + (f", by {act.who}" if act else ""))
        return Next.DONE

    def is_due(self) -> bool:
        """Whether a trial that asks for a decision is to look for a request to stop."""
        now = time.monotonic()
        if now < self._looked_s + _STOP_S:
            return False
        self._looked_s = now
        return True

    def explain(self, name: str) -> str:
        """Say why no trial of a study begins.

        Args:
            name: The study's.
        """
        return (
            f"study {name!r} is {self.controls.course}, so no trial begins; "
            "study.controls.resume() lets it go on"
        )
