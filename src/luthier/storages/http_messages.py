"""Verbs of a storage over HTTP: JSON in these forms, which both ends check.

Numbers that are not finite are written as text, as everywhere (see `codec`).
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from ..trial.record import Turn
from .base import StudyRecord
from .codec import Count, Number, Point, Whole, with_trial_fields
from .paging import STUDIES


class Form(msgspec.Struct, forbid_unknown_fields=True):
    """A message; fields that it does not have are refused."""


@with_trial_fields(omit_defaults=True)
class Row(Form):
    """A trial; see `TrialRow`."""


class One(Form):
    """A study, by its id."""

    study: Count


class Named(Form):
    """A study, by its name."""

    name: str


class Empty(Form):
    """Nothing."""


class CreateStudy(Form):
    """See `Storage.create_study`."""

    name: str
    spec: dict[str, Any]


class UpdateStudy(Form):
    """See `Storage.update_study`."""

    study: Count
    spec: dict[str, Any]
    expected: Whole | None = None


class AddTrials(Form):
    """See `Storage.add_trials`."""

    study: Count
    rows: list[Row]
    expected: Whole | None = None
    call: Annotated[str, msgspec.Meta(max_length=64)] | None = None


class Resumption(Form):
    """Arguments of `Storage.claim` for a trial that is paused."""

    token: Whole | None
    turn: Turn | None
    checkpoints: list[dict[str, Any]] = []


class Claim(Form):
    """See `Storage.claim`."""

    study: Count
    number: Count
    worker: str
    resume: Resumption | None = None


class HeldTrial(Form):
    """A trial and the token that its worker holds."""

    number: Count
    token: Whole


class Extend(Form):
    """See `Storage.extend`."""

    study: Count
    tokens: list[HeldTrial]


class AddReport(Form):
    """See `Storage.report`."""

    study: Count
    number: Count
    token: Whole
    step: float
    value: Number | list[Number]
    checkpoints: list[dict[str, Any]] | None
    params: dict[str, Any]


class Finish(Form):
    """See `Storage.finish`."""

    study: Count
    row: Row


class Release(Form):
    """See `Storage.release`."""

    study: Count
    number: Count
    token: Whole
    retried: bool


class Retry(Form):
    """See `Storage.retry`."""

    study: Count
    number: Count
    token: Whole


class From(Form):
    """See `Storage.page_of_studies`."""

    first: Count = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=STUDIES)] = STUDIES


class Since(Form):
    """See `Storage.page_of_changes`."""

    study: Count
    since: Count


class Some(Form):
    """See `Storage.rows`; the answer has the first of them, as many as take a few megabytes."""

    study: Count
    numbers: list[Count]


class Hello(msgspec.Struct):
    """The service's clock and settings.

    Attributes:
        now: Its time, in seconds since 1970.
        lease_s: How long a worker may be silent, in seconds.
        max_retries: How often a trial is offered again.
        max_body: The largest request that it takes, in bytes.
    """

    now: float
    lease_s: float
    max_retries: int
    max_body: int


class Revision(msgspec.Struct):
    """The study's revision."""

    revision: int


class Updated(msgspec.Struct):
    """Whether the spec was replaced."""

    replaced: bool


class Added(msgspec.Struct):
    """The first trial that was added, -1 for none, and the study's revision."""

    first: int
    revision: int


class Claimed(msgspec.Struct):
    """The trial, None where it could not be claimed, and the study's revision."""

    row: Row | None
    revision: int


class News(Point):
    """A new report, and the number of its trial."""

    number: int


class Changed(msgspec.Struct):
    """See `Changes`."""

    revision: int
    rows: list[Row]
    reports: list[News]
    spec: dict[str, Any] | None = None
    is_last: bool = True


VERBS: dict[str, tuple[type[Form], Any]] = {  # the request and the answer of each
    "hello": (Empty, Hello),
    "create_study": (CreateStudy, StudyRecord),
    "study": (Named, StudyRecord),
    "studies": (From, list[StudyRecord]),
    "update_study": (UpdateStudy, Updated),
    "delete_study": (One, Empty),
    "add_trials": (AddTrials, Added),
    "claim": (Claim, Claimed),
    "extend": (Extend, Empty),
    "report": (AddReport, Revision),
    "finish": (Finish, Revision),
    "release": (Release, Revision),
    "retry": (Retry, Empty),
    "persist": (Empty, Empty),
    "changes": (Since, Changed),
    "rows": (Some, list[Row]),
}
