"""Controls of a study: what people have asked of it while it runs, and said about its trials.

They stand in the study's spec, under "controls", so that every worker reads them with its next look
at the storage, and a restart loses none.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

MAX_NOTE = 10_000  # characters of a note on a trial
MAX_REMARKS = 2**18  # bytes of all remarks: every worker reads them again after a change
MAX_COMPARISONS = 5_000  # of trials, by people
MAX_ACTS = 200  # acts that are kept, the latest
STOP_STUDY = "stopped the study"  # an act

Number = Annotated[str, msgspec.Meta(pattern="^[0-9]{1,18}$")]
Course = Literal["running", "paused", "stopped"]
"""Whether workers begin trials; wait until they may; or end."""


class Remark(msgspec.Struct, frozen=True, omit_defaults=True):
    """What people have said of one trial.

    Attributes:
        note: A text.
        star: Whether it is marked.
        hidden: Whether its result does not count: it is neither the best nor on the front.
        tags: Tags beside those of the trial itself.
    """

    note: str = ""
    star: bool = False
    hidden: bool = False
    tags: dict[str, Any] = {}


class Comparison(msgspec.Struct, frozen=True, array_like=True):
    """Which of two trials somebody preferred.

    Attributes:
        better: Number of the better one.
        worse: Number of the other.
        equal: Whether they were called equal.
    """

    better: Annotated[int, msgspec.Meta(ge=0)]
    worse: Annotated[int, msgspec.Meta(ge=0)]
    equal: bool = False


class Act(msgspec.Struct, frozen=True):
    """Something that somebody has done with a study.

    Attributes:
        time_s: When, in seconds since 1970.
        who: Who: the worker's name, or the address of the browser or program.
        what: What was done.
    """

    time_s: float
    who: str
    what: str


class Controls(msgspec.Struct, frozen=True, omit_defaults=True):
    """What people have asked of a study.

    Attributes:
        course: Whether workers begin trials.
        ends_trials: Whether trials that run are to stop where they next ask, all of them: also one
            that a worker begins at the very moment of the stop.
        stopping: Number -> token of trials that are to stop where they next ask.
        remarks: Number -> what was said of that trial.
        log: The latest acts, the oldest first.
    """

    course: Course = "running"
    ends_trials: bool = False
    stopping: dict[Number, Annotated[int, msgspec.Meta(ge=0)]] = {}
    remarks: dict[Number, Remark] = {}
    log: tuple[Act, ...] = ()

    def remark(self, number: int) -> Remark:
        """What was said of a trial; an empty remark where nothing was."""
        return self.remarks.get(str(number), Remark())

    def is_stopping(self, number: int, token: int) -> bool:
        """Whether a trial that runs under a token is to stop."""
        return self.ends_trials or (bool(self.stopping) and self.stopping.get(str(number)) == token)

    @property
    def hidden(self) -> frozenset[int]:
        """Numbers of the trials whose results do not count."""
        return frozenset(int(number) for number, said in self.remarks.items() if said.hidden)

    def last_act(self, what: str) -> Act | None:
        """The latest act of a kind; None where it is not kept."""
        return next((act for act in reversed(self.log) if act.what == what), None)
