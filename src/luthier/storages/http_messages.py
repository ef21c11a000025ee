"""How a storage's verbs travel over HTTP: as JSON in these forms, which both ends check.

Numbers that are not finite are written as text, as everywhere (see `body`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from ..space.distributions import tuples
from ..trial.record import State, Told, TrialRow, Turn
from .base import StudyRecord
from .codec import number

Whole = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Number = float | Literal["nan", "inf", "-inf"]
"""A number as JSON can hold it."""


class Form(msgspec.Struct, forbid_unknown_fields=True):
    """What travels; fields it does not know are refused."""


class Point(Form):
    """What a trial reported at a step: a number, or one for each of several objectives."""

    step: float
    value: Number | list[Number]


class Row(Form, omit_defaults=True):
    """A trial; see `TrialRow`."""

    number: Whole
    state: State
    params: dict[str, Any] = {}
    values: list[Number] | None = None
    reports: list[Point] = []
    tags: dict[str, Any] = {}
    error: str | None = None
    checkpoints: list[dict[str, Any]] = []
    turns: list[Turn] = []
    started_s: float | None = None
    finished_s: float | None = None
    worker: str = ""
    token: Whole = 0
    lease_s: float = 0.0
    retries: Count = 0
    cost: float | None = None
    constraints: dict[str, Number] = {}


class One(Form):
    """Which study."""

    study: Count


class Named(Form):
    """Which study, by its name."""

    name: str


class Empty(Form):
    """No more than that."""


class CreateStudy(Form):
    """See `Storage.create_study`."""

    name: str
    spec: dict[str, Any]


class UpdateStudy(Form):
    """See `Storage.update_study`."""

    study: Count
    spec: dict[str, Any]


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


class Held(Form):
    """Who holds a trial."""

    number: Count
    token: Whole


class Extend(Form):
    """See `Storage.extend`."""

    study: Count
    tokens: list[Held]


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


class Since(Form):
    """See `Storage.changes`."""

    study: Count
    since: Count


class Some(Form):
    """See `Storage.rows`."""

    study: Count
    numbers: list[Count] | None = None


class Hello(msgspec.Struct):
    """What a client must know of the service.

    Its clock, its leases, and how long a request may be.
    """

    now: float
    lease_s: float
    max_retries: int
    max_body: int


class Revision(msgspec.Struct):
    """The study's revision."""

    revision: int


class Added(msgspec.Struct):
    """The number of the first trial that was added, -1 for none, and the study's revision."""

    first: int
    revision: int


class Claimed(msgspec.Struct):
    """The trial, if it was to be had, and the study's revision."""

    row: Row | None
    revision: int


class News(Point):
    """A report that is new, and whose it is."""

    number: int


class Changed(msgspec.Struct):
    """See `Changes`."""

    revision: int
    rows: list[Row]
    reports: list[News]


VERBS: dict[str, tuple[type[Form], Any]] = {  # what each is asked, and what it answers
    "hello": (Empty, Hello),
    "create_study": (CreateStudy, StudyRecord),
    "study": (Named, StudyRecord),
    "studies": (Empty, list[StudyRecord]),
    "update_study": (UpdateStudy, Empty),
    "delete_study": (One, Empty),
    "add_trials": (AddTrials, Added),
    "claim": (Claim, Claimed),
    "extend": (Extend, Empty),
    "report": (AddReport, Revision),
    "finish": (Finish, Revision),
    "release": (Release, Revision),
    "changes": (Since, Changed),
    "rows": (Some, list[Row]),
}


def told(value: Any) -> Told:
    """What was reported, from the form in which it travels."""
    return tuple(float(v) for v in value) if isinstance(value, list) else float(value)


def untold(value: Told) -> Any:
    """Inverse of `told`."""
    return [number(v) for v in value] if isinstance(value, tuple) else number(value)


def untold_all(values: dict[str, float]) -> dict[str, Any]:
    """Numbers by name, in the form in which they travel."""
    return {name: number(v) for name, v in values.items()}


def packed(row: TrialRow) -> Row:
    """A trial in the form in which it travels."""
    values: Any = None if row.values is None else [number(v) for v in row.values]
    reports = [Point(step, untold(v)) for step, v in row.reports]
    return Row(
        row.number,
        row.state,
        row.params,
        values,
        reports,
        row.tags,
        row.error,
        list(row.checkpoints),
        list(row.turns),
        row.started_s,
        row.finished_s,
        row.worker,
        row.token,
        row.lease_s,
        row.retries,
        row.cost,
        untold_all(row.constraints),
    )


def unpacked(row: Row) -> TrialRow:
    """Inverse of `packed`."""
    return TrialRow(
        number=row.number,
        state=row.state,
        params=kept(row.params),
        values=None if row.values is None else tuple(float(v) for v in row.values),
        reports=tuple((p.step, told(p.value)) for p in row.reports),
        tags=row.tags,
        error=row.error,
        checkpoints=tuple(row.checkpoints),
        turns=tuple(map(turned, row.turns)),
        started_s=row.started_s,
        finished_s=row.finished_s,
        worker=row.worker,
        token=row.token,
        lease_s=row.lease_s,
        retries=row.retries,
        cost=row.cost,
        constraints={name: float(v) for name, v in row.constraints.items()},
    )


def turned(turn: Turn) -> Turn:
    """A turn that has travelled, with tuples where JSON has lists."""
    return Turn(turn.step, kept(turn.params), turn.source)


def kept(params: dict[str, Any]) -> dict[str, Any]:
    """Params that have travelled."""
    return {name: tuples(v) for name, v in params.items()}
