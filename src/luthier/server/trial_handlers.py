"""Handlers of the routes by which workers run trials."""

from __future__ import annotations

import contextlib
from typing import Any, Literal

import msgspec
from msgspec.structs import asdict, replace

from ..errors import (
    CheckpointError,
    LuthierError,
    NothingToAskError,
    StudyError,
    TrialError,
)
from ..schedulers.base import Next
from ..storages import Storage
from ..storages.transitions import require_token
from ..study.controls import StudyControls
from ..study.engine import Engine
from ..trial.notes import TrialNotes
from ..trial.outcome import Outcome, outcome_from_tell
from ..trial.record import Decision, State, TrialRow
from ..trial.table import check_added
from ..validation import (
    check_cost,
    check_result_constraint,
    check_tag_name,
    check_tags,
    to_json_types,
)
from . import schemas
from .open_studies import OpenStudies, OpenStudy, add_key
from .request import ApiRequest, RequestError
from .schemas import trial_from_row

_LARGE_BYTES = 2**16  # of a trial in a response that is stored for its key
_RETRY_S = 1.0  # when to ask again where the scheduler has nothing yet


class TrialHandlers:
    """Handlers of trials; every method may be called from many threads.

    The service runs no trial itself: the client that asked for a trial keeps its lease alive. After
    a restart everything goes on from what is stored.

    Args:
        studies: The open studies.
    """

    def __init__(self, studies: OpenStudies) -> None:
        self._studies = studies
        self._storage = studies.storage

    def ask(self, request: ApiRequest) -> schemas.AskResponse:
        """Begin a trial.

        A request that is repeated with its key gets the trial that it has begun, also after a
        restart, and from another service.
        """
        found = self._studies.open(request.study)
        taken = self._take(found, request.body, request.key)
        if isinstance(taken, TrialRow):
            return self._ask_response(found, taken)
        raise _nothing_to_ask(found.engine, taken)

    def _take(
        self, found: OpenStudy, asked: schemas.AskRequest, key: str
    ) -> TrialRow | Literal[Next.WAIT, Next.DONE]:
        """Begin a trial, or return the one that a request with this key has begun."""
        engine = found.engine
        with engine.reading() as history:
            if key and (row := found.find_by_key(key, history)):
                return row
            if not history.space.params:
                raise StudyError(
                    f"study {engine.name!r} has no space yet, so nothing can be proposed: create "
                    "it with one"
                )
            return engine.take(worker=add_key(asked.worker or "http", key), fresh=True)

    def _ask_response(self, found: OpenStudy, row: TrialRow) -> schemas.AskResponse:
        """A trial with its last checkpoint that fits into JSON; files and folders do not."""
        step = 0.0
        checkpoint = None
        references = tuple(
            r
            for r in row.checkpoints
            if "value" in r or (found.checkpoints_in_place and r.get("kind") == "packed")
        )
        if references:
            row_to_load = replace(row, checkpoints=references)
            trial = found.engine.trial(found.engine.ticket(row_to_load))
            with contextlib.suppress(TrialError):
                checkpoint = to_json_types(trial.checkpoint)
                step = trial.step
        return schemas.AskResponse(
            number=row.number,
            token=row.token,
            params=row.params,
            lease_s=self._storage.lease_s,
            step=step,
            checkpoint=checkpoint,
        )

    def report(self, request: ApiRequest) -> schemas.ReportResponse:
        """Store an intermediate value, and decide whether the trial goes on."""
        body: schemas.ReportRequest = request.body
        found = self._studies.open(request.study)
        row = read_row(self._storage, request)
        require_token(row, body.token)
        if body.checkpoint is not None and not found.checkpoints_in_place:
            raise CheckpointError(
                f"study {found.study.name!r} keeps its checkpoints in a place that this service "
                "does not touch; report without one, or let it be served with that place: luthier "
                "serve --checkpoints"
            )
        ticket = replace(found.engine.ticket(row), token=body.token, references=(), proposal={})
        trial = found.engine.trial(ticket)
        trial.report(read_values(body.value, body.values), body.step, body.checkpoint)
        return schemas.ReportResponse(found.engine.decide(row.number).value)

    def tell(self, request: ApiRequest) -> schemas.TellResponse:
        """End a trial; a repeated request with the stored result succeeds."""
        body: schemas.TellRequest = request.body
        found = self._studies.open(request.study)
        engine = found.engine
        row = read_row(self._storage, request)
        outcome = _outcome(engine, row, body)
        begun: TrialRow | Literal[Next.WAIT, Next.DONE] | None = None
        if not _is_repeat(row, body.token, outcome):
            require_token(row, body.token)
            asks_as = None
            if body.ask is not None:
                asks_as = add_key(body.ask.worker or "http", request.key)
            worker = row.worker.partition("#")[0]
            # Another service may have begun the trial.
            ended, begun = engine.turn_over(
                row.number, body.token, outcome, asks_as, reported_elsewhere=True, worker=worker
            )
            row = replace(ended, reports=row.reports)
        if body.ask is not None and begun is None:
            with contextlib.suppress(LuthierError):  # the trial is told; `ask` says what is wrong
                begun = self._take(found, body.ask, request.key)
        following = self._ask_response(found, begun) if isinstance(begun, TrialRow) else None
        return schemas.TellResponse(**asdict(_tell_response(row, request.key)), next=following)

    def heartbeat(self, request: ApiRequest) -> schemas.HeartbeatResponse:
        """Extend the lease of a trial."""
        token = request.body.token
        self._storage.extend(request.study, {request.number: token})
        require_token(read_row(self._storage, request), token)
        return schemas.HeartbeatResponse(self._storage.lease_s)

    def enqueue(self, request: ApiRequest) -> schemas.EnqueueResponse:
        """Add a trial with these params, to be run before anything is proposed."""
        body: schemas.EnqueueRequest = request.body
        engine = self._studies.open(request.study).engine
        for tag in body.tags:
            check_tag_name(tag, "a trial to be run")
        row = TrialRow(
            number=-1,
            state=State.WAITING,
            params=engine.check_params(body.params),
            tags=body.tags,
        )
        rows = check_added([row], engine.objectives)
        first, _ = self._storage.add_trials(request.study, rows, None, request.key or None)
        if request.is_from_page:
            StudyControls(engine, request.who).record(f"enqueued trial {first}")
        return schemas.EnqueueResponse(first)

    def retry(self, request: ApiRequest) -> schemas.Trial:
        """Offer a failed trial again."""
        read_row(self._storage, request)
        engine = self._studies.open(request.study).engine
        row = engine.retry(request.number)
        if request.is_from_page:
            StudyControls(engine, request.who).record(f"offered trial {request.number} again")
        return trial_from_row(row)


def read_row(storage: Storage, request: ApiRequest) -> TrialRow:
    """Read the trial in the address of a request.

    Raises:
        RequestError: The study has no such trial.
    """
    rows: list[TrialRow] = []
    with contextlib.suppress(TrialError):
        rows = storage.rows(request.study, [request.number])
    if not rows:
        raise RequestError(404, "TrialNotFound", f"the study has no trial {request.number}")
    return rows[0]


def _nothing_to_ask(engine: Engine, answer: Literal[Next.WAIT, Next.DONE]) -> RequestError:
    """The error for a scheduler that wants no trial now, or none any more."""
    retry_after_s = _RETRY_S if answer is Next.WAIT else None
    text = engine.explain_no_trial(answer)
    return RequestError(409, NothingToAskError.__name__, text, retry_after_s)


def _outcome(engine: Engine, row: TrialRow, body: schemas.TellRequest) -> Outcome:
    """Return the outcome of a trial as a client tells it."""
    whose = f"trial {row.number}"
    can_pause = engine.scheduler is not None and engine.scheduler.resumes
    is_paused = body.state == "paused" and can_pause
    for name, tag in body.tags.items():
        if row.tags.get(name) != tag:  # a client may send back what it was given
            check_tag_name(name, whose)
    notes = TrialNotes(
        params=row.params,
        tags=check_tags({**row.tags, **body.tags}, whose),
        cost=None if body.cost is None else check_cost(body.cost, whose),
        constraints={
            name: check_result_constraint(name, float(v), whose)
            for name, v in body.constraints.items()
        },
        decision=Decision.PAUSE if is_paused else Decision.CONTINUE,
    )
    is_given = body.value is not None or body.values is not None
    value = read_values(body.value, body.values) if is_given else None
    return outcome_from_tell(row.number, engine.objectives, notes, value, body.state, body.error)


def _is_repeat(row: TrialRow, token: int, outcome: Outcome) -> bool:
    """Whether a trial has ended with this outcome already; NaN is equal to itself here."""
    if row.state < State.PAUSED or (row.token, row.state) != (token, outcome.state):
        return False
    if outcome.values is not None and repr(outcome.values) != repr(row.values):
        return False
    return all(
        repr(v) == repr(row.constraints.get(name)) for name, v in outcome.constraints.items()
    )


def read_values(
    value: Any, values: list[Any] | dict[str, Any] | None
) -> float | list[float] | dict[str, float]:
    """The values of a request, as floats.

    Raises:
        RequestError: Both of `value` and `values` were given, or neither.
    """
    if (value is None) == (values is None):
        raise RequestError(
            422, "Invalid", "expected value, or values with one number for each objective"
        )
    if isinstance(values, dict):
        return {name: float(v) for name, v in values.items()}
    return float(value) if values is None else [float(v) for v in values]


def _tell_response(row: TrialRow, key: str) -> schemas.Trial:
    """A trial; where the response is stored for its key, without what makes it large."""
    trial = trial_from_row(row)
    if key and len(msgspec.json.encode(trial)) > _LARGE_BYTES:
        trial = replace(trial, reports=(), tags={})
    return trial
