"""What the routes for workers are asked and answer: JSON in these forms.

Unknown fields are refused.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from ..storages.http_messages import Count, Form, Number, Point, Whole, untold, untold_all
from ..trial.record import TrialRow

Text = Annotated[str, msgspec.Meta(max_length=1000)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=1000, pattern=r"\S")]
Direction = Literal["minimize", "maximize"]
Catch = Literal["failed", "infeasible"]
Values = list[Number] | dict[str, Number]
"""One for each objective, in order or by name."""


class Create(Form):
    """A study to be made.

    Attributes:
        space: Names and their distributions, as in a space file: {"lr": {"type": "float", "low":
            1e-5, "high": 0.1, "scale": "log"}, "layers": {"low": 1, "high": 4}, "optimizer":
            ["adam", "sgd"]}; or {"params": ..., "constraints": ["layers * width <= 512"]}.
        name: Any text; made up where there is none.
        directions: One for each objective; ["minimize"] where neither is given.
        objectives: The same with names: {"accuracy": "maximize", "latency_ms": "minimize"}.
        sampler: What to try next, by its name.
        scheduler: Who trains how long, by its name; none lets every trial run to its end.
        seed: Drawn where there is none.
        load_if_exists: Answer with the study of that name, if there is one.
        catch_as: "infeasible" takes trials that fail for the breach of a constraint, "crash", which
            models learn from.
    """

    space: dict[str, Any]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=10_000)] | None = None
    directions: Annotated[list[Direction], msgspec.Meta(min_length=1, max_length=100)] | None = None
    objectives: (
        Annotated[dict[Name, Direction], msgspec.Meta(min_length=1, max_length=100)] | None
    ) = None
    sampler: Text = "auto"
    scheduler: Text | None = None
    seed: Count | None = None
    load_if_exists: bool = False
    catch_as: Catch | None = None


class Ask(Form):
    """A trial is wanted; `worker` names who will run it."""

    worker: Annotated[str, msgspec.Meta(max_length=200, pattern="^[^#]*$")] = ""


class Reported(Form):
    """An intermediate value: `value`, or `values` with one for each objective, in order or by name.

    A checkpoint comes back to whoever goes on with the trial.
    """

    token: Whole
    step: float
    value: Number | None = None
    values: Values | None = None
    checkpoint: dict[str, Any] | None = None


class Told(Form):
    """How a trial ended: `value`, or `values`; without one, it failed.

    A trial that was told to stop ends as "pruned", one that was told to pause as "paused". A
    constraint on results is kept where it is at most 0.
    """

    token: Whole
    value: Number | None = None
    values: Values | None = None
    state: Literal["complete", "pruned", "paused", "failed"] | None = None
    error: str | None = None
    tags: dict[str, Any] = {}
    cost: float | None = None
    constraints: dict[str, Number] = {}


class Beat(Form):
    """The trial's worker is alive."""

    token: Whole


class Enqueue(Form):
    """Params to be run next; those that are left out are sampled."""

    params: dict[str, Any]
    tags: dict[str, Any] = {}


class Choose(Form):
    """How one of several good trials is chosen, by one of these ways; see `Study.choose`.

    Attributes:
        rule: A text such as "accuracy >= 0.9 and latency_ms <= 50, then smallest size".
        weights: Of objectives.
        aspiration: Values of objectives to come up to.
        knee: Where the front bends most.
        lexicographic: Objectives, the most important first, each alone or with how much of it may
            be given up.
    """

    rule: str | None = None
    weights: dict[str, float] | None = None
    aspiration: dict[str, float] | None = None
    knee: bool = False
    lexicographic: Annotated[list[str | tuple[str, float]], msgspec.Meta(max_length=100)] | None = (
        None
    )


class Page(Form):
    """Trials from this number on, and how many at most."""

    since: Count = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100


class Which(Form):
    """Studies: all, or the one of this name."""

    name: str | None = None


class Study(msgspec.Struct):
    """A study. `id` addresses it; `counts` says how many trials are in each state.

    Values are in the order of `objectives`, whose names are made up where none were given.
    """

    id: int
    name: str
    objectives: list[str]
    directions: list[str]
    space: dict[str, Any]
    sampler: str
    scheduler: str | None
    seed: int
    created_s: float
    n_trials: int
    counts: dict[str, int]
    catch_as: Catch


class Studies(msgspec.Struct):
    """Studies, the oldest first."""

    studies: list[Study]


class Asked(msgspec.Struct):
    """A trial to be run.

    Attributes:
        number: Which.
        token: Proves that the worker holds it: to be sent along with all that is said of it.
        params: What to run it with.
        lease_s: How long the worker may be silent before it is given to another, in seconds.
        step: How far it was trained before: 0, or where the checkpoint was made.
        checkpoint: What to go on from.
    """

    number: int
    token: int
    params: dict[str, Any]
    lease_s: float
    step: float = 0
    checkpoint: Any = None


class Verdict(msgspec.Struct):
    """What the trial should do now."""

    decision: Literal["continue", "stop", "pause"]


class Lease(msgspec.Struct):
    """For how long the worker may be silent now, in seconds."""

    lease_s: float


class Queued(msgspec.Struct):
    """The number of the trial that waits."""

    number: int


class Trial(msgspec.Struct):
    """A trial; see `luthier.trial.TrialRow`. Reports are in the order of their steps.

    What answers a tell with a key comes without reports and tags where they are large.
    """

    number: int
    state: Literal["waiting", "running", "paused", "complete", "pruned", "failed"]
    params: dict[str, Any]
    values: list[Number] | None
    reports: list[Point]
    tags: dict[str, Any]
    error: str | None
    started_s: float | None
    finished_s: float | None
    worker: str
    retries: int
    cost: float | None
    constraints: dict[str, Number]


class Trials(msgspec.Struct):
    """Trials, and the number of the next where there are more."""

    trials: list[Trial]
    next: int | None = None


class Chosen(msgspec.Struct):
    """The trial that was chosen, and why.

    Attributes:
        trial: The first that ran the configuration.
        numbers: All that did.
        values: By objective; the mean where it was run more than once.
        way: How it was chosen.
        text: Why, what each condition excluded, and what would be chosen otherwise.
    """

    trial: Trial
    numbers: list[int]
    values: dict[str, Number]
    way: str
    text: str


class Done(msgspec.Struct):
    """It is done."""


class Health(msgspec.Struct):
    """The service runs."""

    status: Literal["ok"] = "ok"


class Wrong(msgspec.Struct):
    """What went wrong; where coming again helps, in how many seconds."""

    type: str
    message: str
    retry_after_s: float | None = None


class Failure(msgspec.Struct):
    """An answer that is none."""

    error: Wrong


def shown(row: TrialRow) -> Trial:
    """A trial as clients see it; the key of who asked for it is nobody else's business."""
    state: Any = row.state.name.lower()
    values: Any = None if row.values is None else untold(row.values)
    reports = [Point(step, untold(v)) for step, v in row.reports]
    return Trial(
        row.number,
        state,
        row.params,
        values,
        reports,
        row.tags,
        row.error,
        row.started_s,
        row.finished_s,
        row.worker.partition("#")[0],
        row.retries,
        row.cost,
        untold_all(row.constraints),
    )
