"""Bodies of requests and responses by which people control a study."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from ..storages.codec import Number
from ..storages.controls import MAX_NOTE, Act, Remark
from ..storages.http_messages import Form
from .schemas import Trial


class PauseRequest(Form):
    """No worker is to begin a trial until the study is resumed."""


class ResumeRequest(Form):
    """Workers may begin trials again."""


class StopRequest(Form):
    """The run of every worker is to end; with `trials`, those that run are to stop as well."""

    trials: bool = False


class StopTrialRequest(Form):
    """A trial is to end where it next asks whether it should."""


class FailTrialRequest(Form):
    """A trial fails at once, whatever its worker does; `reason` stands in its error."""

    reason: Annotated[str, msgspec.Meta(max_length=MAX_NOTE)] = ""


class EnterRequest(Form):
    """The value of a trial that somebody has run by hand, or one for each objective."""

    value: Number | None = None
    values: list[Number] | dict[str, Number] | None = None


class ProposeRequest(Form):
    """A trial is wanted that somebody runs by hand."""


class NearbyRequest(Form):
    """`n` trials near another are to be run next.

    Attributes:
        n: How many.
        radius: Standard deviation of the steps, as a share of each range.
        seed: Of the draws; None for any.
    """

    n: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1
    radius: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.1
    seed: Annotated[int, msgspec.Meta(ge=0)] | None = None


class NearbyResponse(msgspec.Struct):
    """The numbers of the trials that wait."""

    numbers: list[int]


class NextPairRequest(Form):
    """Two trials are wanted that somebody compares."""


class Pair(msgspec.Struct):
    """Two trials that somebody should compare next, by number."""

    trials: list[Trial]


class PreferRequest(Form):
    """Trial `better` is preferred to trial `worse`; with `equal`, neither is."""

    better: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    worse: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    equal: bool = False


class Preferences(msgspec.Struct):
    """What people prefer so far.

    Attributes:
        n: Number of comparisons.
        best: Number of the trial that is expected to be liked best; None before the first one.
    """

    n: int
    best: int | None


class RemarkRequest(Form):
    """What is said of a trial; what is left out stays as it is, and a tag of null goes.

    Attributes:
        note: A text.
        star: Whether it is marked.
        hidden: Whether its result does not count: it is neither the best nor on the front.
        tags: Tags beside those of the trial itself.
    """

    note: Annotated[str, msgspec.Meta(max_length=MAX_NOTE)] | None = None
    star: bool | None = None
    hidden: bool | None = None
    tags: dict[str, Any] = {}


class FindingRequest(Form):
    """One finding of a diagnosis.

    Attributes:
        finding: Its name.
        parameter: The parameter that it is about; "" for the study.
    """

    finding: Annotated[str, msgspec.Meta(max_length=1000)]
    parameter: Annotated[str, msgspec.Meta(max_length=1000)] = ""


class DismissRequest(FindingRequest):
    """A finding is to be dismissed, for a reason."""

    reason: Annotated[str, msgspec.Meta(max_length=1000)] = ""


class FindingResponse(msgspec.Struct):
    """What was done about a finding, in words."""

    change: str


class Controls(msgspec.Struct, kw_only=True):
    """What people have asked of a study.

    Attributes:
        course: Whether workers begin trials, wait, or end.
        stopping: Numbers of trials that are to stop where they next ask.
        remarks: Number -> what was said of that trial.
        log: The latest acts, the oldest first.
        space: Names and their distributions, for params that somebody wants to be run.
    """

    course: Literal["running", "paused", "stopped"]
    stopping: list[int]
    remarks: dict[str, Remark]
    log: tuple[Act, ...]
    space: dict[str, Any]
