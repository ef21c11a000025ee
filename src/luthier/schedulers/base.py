"""The scheduler contract.

A scheduler is a function of the history: it decides which trials start, go on, pause, or continue
from a copy of another.
"""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from typing import Any, NamedTuple

from ..argument_names import explain_constructor
from ..history.history import History
from ..trial.record import Decision
from ..typing import Array

__all__ = ["Decision", "Next", "Resume", "Scheduler", "is_due"]


class Next(enum.Enum):
    """Task of a free worker, other than to resume a trial."""

    START = "start"  # a new trial
    WAIT = "wait"  # for the results of running trials
    DONE = "done"  # nothing any more: the study is over


class Resume(NamedTuple):
    """A paused trial that goes on, or a new one that begins with these params.

    Attributes:
        number: Number of the trial; `history.n` for a new one.
        params: Its params from now on; None for those it has.
        source: Number of the trial whose latest checkpoint it goes on from; None for its own.
    """

    number: int
    params: dict[str, Any] | None = None
    source: int | None = None


class Scheduler(ABC):
    """Policy that decides how long each trial is trained.

    A scheduler holds settings and at most a cache that can be rebuilt: the same history gives the
    same decision, so a crash costs it nothing. It reads `history.report_loss`, where smaller is
    better whatever the direction of the study.

    A trial whose turn ends by `Decision.PAUSE` holds no worker; `next` may resume it, from its
    latest checkpoint. What has been decided is in the history: `history.granted` is the step from
    which a trial was last resumed.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        explain_constructor(cls)

    @abstractmethod
    def decide(self, history: History, number: int) -> Decision:
        """Whether trial `number` goes on after its latest report.

        Args:
            history: All trials and all reports so far.
            number: A running trial that has reported at least once.
        """

    def next(self, history: History) -> Next | Resume:
        """Return the next task of a free worker.

        Args:
            history: All trials and all reports so far. No new trial can be started where
                `history.n` has reached `history.budget`.
        """
        return Next.START

    @property
    def resumes(self) -> bool:
        """Whether it ever resumes a paused trial."""
        return type(self).next is not Scheduler.next

    def __repr__(self) -> str:
        settings = ", ".join(f"{k}={v!r}" for k, v in vars(self).items() if not k.startswith("_"))
        return f"{type(self).__name__}({settings})"


def is_due(steps: Array, n_warmup_steps: float, interval_steps: float) -> bool:
    """Whether the latest report is the first after the warm-up, or after another interval ended.

    Args:
        steps: (k,) Steps reported so far, ascending.
        n_warmup_steps: Step before which nothing is due.
        interval_steps: Length of an interval in steps; intervals are counted from the warm-up.
    """
    if not len(steps) or steps[-1] < n_warmup_steps:
        return False
    begin = n_warmup_steps + (float(steps[-1]) - n_warmup_steps) // interval_steps * interval_steps
    return len(steps) == 1 or bool(steps[-2] < begin)
