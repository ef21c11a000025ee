"""The scheduler contract: a function of the history that decides who trains on."""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod

from ..history import History


class Decision(enum.Enum):
    """What a trial that has just reported should do."""

    CONTINUE = "continue"
    STOP = "stop"


class Scheduler(ABC):
    """How long to train.

    A scheduler holds settings only: the same history gives the same decision, so a crash costs it nothing. It reads
    `history.report_loss`, where smaller is better whatever the direction of the study.
    """

    @abstractmethod
    def decide(self, history: History, number: int) -> Decision:
        """Whether trial `number` goes on after its latest report.

        Args:
            history: All trials and all reports so far.
            number: A running trial that has reported at least once.
        """

    def __repr__(self) -> str:
        settings = ", ".join(f"{k}={v!r}" for k, v in vars(self).items() if not k.startswith("_"))
        return f"{type(self).__name__}({settings})"
