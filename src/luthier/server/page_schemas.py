"""What the page in a browser asks for, and what it gets, beside columns."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from ..analysis.findings.finding import Finding
from ..storages.codec import Count
from ..storages.http_messages import Form

Name = Annotated[str, msgspec.Meta(max_length=1000)]
"""Name of a column, such as "value.0"."""


class ColumnsQuery(Form):
    """Columns by their names, with commas between them; see `page_columns.read_column`.

    Attributes:
        names: The names.
        first: The number of the first trial, where the page has those before it.
        most: 0 for all trials; else of how many at most, the best half of them and an even sample
            of the others.
        filter: With `most`, which trials count; see `page_filter`.
        objective: With `most`, by which objective they are the best.
    """

    names: Annotated[str, msgspec.Meta(max_length=10_000)]
    first: Count = 0
    most: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 0
    filter: Annotated[str, msgspec.Meta(max_length=10_000)] = ""
    objective: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0


class TableQuery(Form):
    """The table, or what a filter keeps of it.

    Attributes:
        sort: The column to sort by; a minus before it for the largest first.
        filter: See `page_filter`.
    """

    sort: Name = "number"
    filter: Annotated[str, msgspec.Meta(max_length=10_000)] = ""


class RowsQuery(TableQuery):
    """One page of the table.

    Attributes:
        offset: How many rows are left out before.
        limit: How many rows.
        tags: Names of tags that are wanted, with commas between them, each encoded as in an URL.
    """

    offset: Count = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 100
    tags: Annotated[str, msgspec.Meta(max_length=10_000)] = ""


class ImportanceQuery(Form):
    """The index of an objective."""

    objective: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0


class StudyLine(msgspec.Struct, kw_only=True):
    """A study in the list; its best value is read with its summary."""

    id: int
    name: str
    objectives: list[str]
    directions: list[str]
    created_s: float
    n_trials: int
    counts: dict[str, int]


class StudyList(msgspec.Struct):
    """Studies, the latest first; `n_left` older ones are left out."""

    studies: list[StudyLine]
    n_left: int = 0


class Parameter(msgspec.Struct, kw_only=True):
    """A parameter: choices as texts, or the ends of its range."""

    name: str
    scale: str
    low: float
    high: float
    choices: list[str]


class BestTrial(msgspec.Struct, kw_only=True):
    """The best feasible trial of one objective."""

    number: int
    value: float | str


class Summary(msgspec.Struct, kw_only=True):
    """What one screen shows of a study.

    Attributes:
        revision: Count of the study's changes as of which this holds.
        best: Of the first objective; None where no trial is complete and feasible.
        n_since: How many trials were complete after the best one; None without one.
        n_front: How many trials no other beats, where there are several objectives.
        steps: (number, value) where the best value of the first objective changed, thinned.
        rate: Trials that ended in a minute, over the last hundred; None where it is not known.
        n_left: How many trials are yet to end, as far as is known.
        left_s: How long these take at that rate, in seconds; None where nothing runs.
        constraints: Names of the constraints that trials noted.
        text: The state of the study in sentences.
    """

    id: int
    name: str
    revision: int
    created_s: float
    objectives: list[str]
    directions: list[str]
    params: list[Parameter]
    n_trials: int
    counts: dict[str, int]
    running: list[int]
    best: BestTrial | None
    n_since: int | None
    n_front: int | None
    steps: list[tuple[int, float | str]]
    rate: float | None
    n_left: int
    left_s: float | None
    constraints: list[str]
    text: list[str]


class TableRow(msgspec.Struct, kw_only=True):
    """A trial in the table.

    Attributes:
        error: The last line of why it failed.
        star: Whether somebody marked it.
        hidden: Whether its result does not count.
    """

    number: int
    state: str
    values: list[float | str] | None
    params: dict[str, Any]
    feasible: bool
    started_s: float | None
    duration_s: float | None
    cost: float | None
    worker: str
    last_step: float | None
    error: str | None
    constraints: dict[str, float]
    tags: dict[str, Any]
    star: bool
    hidden: bool


class Attributes(msgspec.Struct):
    """Names of what trials noted."""

    tags: list[str]
    constraints: list[str]


class Rows(msgspec.Struct):
    """One page of the table, and how many trials there are with this filter."""

    n: int
    rows: list[TableRow]


class ParameterImportance(msgspec.Struct, kw_only=True):
    """How much a parameter matters, with an interval where the method has one."""

    name: str
    value: float
    low: float | None
    high: float | None
    important: bool


class Importances(msgspec.Struct, kw_only=True):
    """Parameters, the most important first; none where nothing can be said, and why."""

    method: str
    index: str
    objective: str | None
    n: int
    params: list[ParameterImportance]
    quality: str
    note: str


class Findings(msgspec.Struct):
    """What a diagnosis found, the worst first."""

    findings: list[Finding]
