"""Bodies of requests and responses: JSON in these forms. Unknown fields are refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from ..storages.codec import Count, Number, Whole, pack_trial, with_trial_fields
from ..storages.http_messages import Form
from ..trial.record import TrialRow
from .spec_limits import MAX_OBJECTIVES

Text = Annotated[str, msgspec.Meta(max_length=1000)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=1000, pattern=r"\S")]
Direction = Literal["minimize", "maximize"]
CatchAs = Literal["failed", "infeasible"]
StateName = Literal["waiting", "running", "paused", "complete", "pruned", "failed"]
Values = list[Number] | dict[str, Number]
"""One for each objective, in order or by name."""
Objectives = (
    Annotated[dict[Name, Direction], msgspec.Meta(min_length=1, max_length=MAX_OBJECTIVES)]
    | Annotated[list[Direction], msgspec.Meta(min_length=1, max_length=MAX_OBJECTIVES)]
)
"""Directions by the names of objectives, or only the directions."""


# -- requests ---------------------------------------------------------------------------------


class CreateStudyRequest(Form):
    """A study to be created.

    Attributes:
        space: Names and their distributions, as in a space file: {"lr": {"type": "float", "low":
            1e-5, "high": 0.1, "scale": "log"}, "layers": {"low": 1, "high": 4}, "optimizer":
            ["adam", "sgd"]}; or {"params": ..., "constraints": ["layers * width <= 512"]}. Or the
            text of such a file in YAML.
        name: Any text; made up where there is none.
        direction: "minimize" (the default) or "maximize", where there is one objective.
        objectives: Several objectives with their directions: {"accuracy": "maximize", "latency_ms":
            "minimize"}. Or only the directions: ["maximize", "minimize"].
        sampler: Name of the sampler, which proposes what to try next.
        scheduler: Name of the scheduler, which stops and pauses trials; without one, every trial
            runs to its end.
        seed: Drawn where there is none.
        load_if_exists: Return the study of that name, if there is one.
        catch_as: "infeasible" takes failed trials for breaches of a constraint, "crash", which
            models learn from.
    """

    space: dict[str, Any] | Annotated[str, msgspec.Meta(max_length=100_000)]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=10_000)] | None = None
    direction: Direction | None = None
    objectives: Objectives | None = None
    sampler: Text = "auto"
    scheduler: Text | None = None
    seed: Count | None = None
    load_if_exists: bool = False
    catch_as: CatchAs | None = None


class AskRequest(Form):
    """A trial is wanted; `worker` is the name of the worker that will run it."""

    worker: Annotated[str, msgspec.Meta(max_length=200, pattern="^[^#]*$")] = ""


class ReportRequest(Form):
    """An intermediate value: `value`, or `values` with one for each objective, in order or by name.

    The checkpoint is given to the worker that resumes the trial.
    """

    token: Whole
    step: float
    value: Number | None = None
    values: Values | None = None
    checkpoint: dict[str, Any] | None = None


class TellRequest(Form):
    """The end of a trial: `value`, or `values`; without one, the trial failed.

    A trial whose last report was answered with "stop" ends as "pruned", after "pause" as "paused".
    A constraint on results is satisfied where it is at most 0. With `ask`, the worker's next trial
    comes with the answer.
    """

    token: Whole
    value: Number | None = None
    values: Values | None = None
    state: Literal["complete", "pruned", "paused", "failed"] | None = None
    error: str | None = None
    tags: dict[str, Any] = {}
    cost: float | None = None
    constraints: dict[str, Number] = {}
    ask: AskRequest | None = None


class HeartbeatRequest(Form):
    """The worker of a trial is alive."""

    token: Whole


class RetryRequest(Form):
    """A failed trial is to be run again, from its last checkpoint."""


class EnqueueRequest(Form):
    """Params to be run next; those that are left out are sampled."""

    params: dict[str, Any]
    tags: dict[str, Any] = {}


class ChooseRequest(Form):
    """The way to choose one of several good trials, exactly one of these; see `Study.choose`.

    Attributes:
        rule: A text such as "accuracy >= 0.9 and latency_ms <= 50, then smallest size".
        weights: Weights of objectives.
        aspiration: Values of objectives to reach.
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


class ListTrialsQuery(Form):
    """Trials from number `since` on, `limit` at most."""

    since: Count = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100


class ListStudiesQuery(Form):
    """Studies from the id `since` on, `limit` at most, or the one of this name."""

    name: str | None = None
    since: Count = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1000


# -- responses --------------------------------------------------------------------------------


class Study(msgspec.Struct, kw_only=True):
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
    catch_as: CatchAs


class Studies(msgspec.Struct):
    """Studies, the oldest first, and the id to go on from where there may be more."""

    studies: list[Study]
    next: int | None = None


class AskResponse(msgspec.Struct, kw_only=True):
    """A trial to be run.

    Attributes:
        number: Number of the trial within its study.
        token: Proves that the worker holds the trial; to be sent with every request about it.
        params: The params to run it with.
        lease_s: How long the worker may be silent before the trial is given to another, in seconds.
        step: How far it was trained before: 0, or the step of the checkpoint.
        checkpoint: The checkpoint to resume from.
    """

    number: int
    token: int
    params: dict[str, Any]
    lease_s: float
    step: float = 0
    checkpoint: Any = None


class ReportResponse(msgspec.Struct):
    """The decision of the scheduler: whether the trial goes on."""

    decision: Literal["continue", "stop", "pause"]


class HeartbeatResponse(msgspec.Struct):
    """The length of the lease: the worker may be silent for so many seconds."""

    lease_s: float


class EnqueueResponse(msgspec.Struct):
    """The number of the trial that waits."""

    number: int


@with_trial_fields(
    leave_out=("checkpoints", "turns", "token", "lease_s", "proposal"),
    types={"number": int, "retries": int, "state": StateName},
    required=True,
)
class Trial(msgspec.Struct):
    """A trial; see `luthier.trial.TrialRow`. Reports are in the order of their steps.

    The response to a tell with a key leaves out reports and tags where they are large.
    """


class TellResponse(Trial, kw_only=True, omit_defaults=True):
    """The trial that has ended, and the next one for a worker that asks for it.

    Attributes:
        next: As the answer to an ask; left out where there is none now, and `ask` says why.
    """

    next: AskResponse | None = None


class Trials(msgspec.Struct):
    """Trials, and the number of the next where there are more."""

    trials: list[Trial]
    next: int | None = None


class ChooseResponse(msgspec.Struct, kw_only=True):
    """The trial that was chosen, and why.

    Attributes:
        trial: The first that ran the configuration.
        numbers: Numbers of all trials that ran it.
        values: By objective; the mean where it was run more than once.
        way: The way of choosing.
        text: Why this one, what each condition excluded, and what would be chosen otherwise.
    """

    trial: Trial
    numbers: list[int]
    values: dict[str, Number]
    way: str
    text: str


class DeleteResponse(msgspec.Struct):
    """The study is deleted."""


class HealthResponse(msgspec.Struct):
    """The service runs."""

    status: Literal["ok"] = "ok"


class ErrorDetail(msgspec.Struct):
    """Kind and text of an error; where repeating the request helps, after how many seconds."""

    type: str
    message: str
    retry_after_s: float | None = None


class ErrorResponse(msgspec.Struct):
    """The request failed."""

    error: ErrorDetail


def trial_from_row(row: TrialRow) -> Trial:
    """A trial as clients see it: without the key of the request that began it."""
    return pack_trial(row, Trial, state=row.state.name.lower(), worker=row.worker.partition("#")[0])
