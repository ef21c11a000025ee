"""The studies that the service holds open, and what workers ask of them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import threading
import time
from typing import Any, NamedTuple
from urllib.parse import unquote

import msgspec
from msgspec.structs import replace

from ..analysis.recommendation import require_results
from ..checkpoints import Checkpoints, temporary
from ..errors import (
    CheckpointError,
    NothingToAskError,
    StudyError,
    StudyExistsError,
    StudyNotFoundError,
    TrialError,
)
from ..schedulers.base import Next
from ..storages import Storage
from ..storages.base import StudyRecord
from ..storages.http_messages import untold_all
from ..storages.transitions import require_token
from ..study.engine import Engine
from ..study.opening import open_checkpoints
from ..study.study import Study
from ..trial.handle import Trial
from ..trial.outcome import told
from ..trial.record import Decision, State, TrialRow
from ..trial.table import addable
from ..validation import to_json_types
from . import schemas, study_specs
from .schemas import shown

_OPEN = 100  # studies that are held open; others are opened again when they are asked for
_STALE_S = 1.0  # how long a study's space, sampler and scheduler may be those of before
_LARGE = 2**16  # bytes of a trial
_AGAIN_S = 1.0  # when to ask again where the scheduler has nothing yet


class Refused(Exception):  # noqa: N818  (it is an answer)
    """A request that cannot be served, and in how many seconds it can."""

    def __init__(
        self, status: int, kind: str, message: str, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.retry_after_s = retry_after_s


class Call(NamedTuple):
    """A request.

    Attributes:
        study: Its id.
        number: The trial's.
        body: What was sent, in the form that the route asks for; of GET, what stood in the URL.
        key: The Idempotency-Key; "" for none.
    """

    study: int
    number: int
    body: Any
    key: str


class _Held:
    """An open study."""

    def __init__(self, engine: Engine, record: StudyRecord, beside: bool) -> None:
        self.engine = engine
        self.study = Study(engine)
        self.spec = record.spec
        self.looked_s = time.monotonic()
        self.beside = beside  # whether its checkpoints are where the service looks for them
        self._asked: dict[str, tuple[int, int]] = {}  # key of an ask -> trial and token
        self._seen: set[tuple[int, int]] = set()

    def asked(self, key: str) -> TrialRow | None:
        """The running trial that was asked for with a key, of whichever service.

        The study has just been refreshed.
        """
        engine = self.engine
        history = engine.history
        running = {(i, int(history.token[i])) for i in history.running}
        self._asked = {k: held for k, held in self._asked.items() if held in running}
        if new := running - self._seen:
            for row in engine.rows(sorted(number for number, _ in new)):
                if of := row.worker.partition("#")[2]:
                    self._asked[of] = row.number, row.token
        self._seen = running
        if key not in self._asked:
            return None
        [row] = engine.rows([self._asked[key][0]])
        return row if row.state == State.RUNNING and row.worker.partition("#")[2] == key else None


class Desk:
    """What workers ask of studies; every method can be called from many threads.

    The service holds no trial itself: whoever asked for it keeps its lease alive, and after a
    restart all goes on from what is stored.

    Args:
        storage: Where the studies live.
        places: In which folder or URL studies may have a place of their own for checkpoints; None
            for nowhere.
    """

    def __init__(self, storage: Storage, places: str | None = None) -> None:
        self.storage = storage
        self._places = places if places is None or "://" in places else os.path.abspath(places)
        self._held: dict[int, _Held] = {}
        self._names: dict[int, str] = {}
        self._changing = threading.Lock()
        self._opening = [threading.Lock() for _ in range(_OPEN)]

    # -- studies
    # ------------------------------------------------------------------------------------------

    def create(self, call: Call) -> tuple[int, schemas.Study]:
        """Makes a study, or finds it; and whether it was made, as a status."""
        b: schemas.Create = call.body
        if b.directions and b.objectives:
            raise Refused(
                422, "Invalid", "objectives say where better values lie; leave out directions"
            )
        spec = {
            "directions": list(b.objectives.values())
            if b.objectives
            else b.directions or ["minimize"],
            "seed": secrets.randbits(32) if b.seed is None else b.seed,
            "space": study_specs.space(b.space).to_json(),
            "declared": True,
            "sampler": b.sampler,
            "scheduler": b.scheduler,
        }
        spec |= {"objectives": list(b.objectives)} if b.objectives else {}
        spec |= {"crash": b.catch_as} if b.catch_as else {}
        study_specs.strategies(spec)
        if call.key:
            spec["call"] = call.key
        token = (
            hashlib.sha256(call.key.encode()).hexdigest()[:8] if call.key else secrets.token_hex(4)
        )
        name = b.name or f"study-{token}"
        try:
            return 201, study_specs.shown(self.storage.create_study(name, spec))
        except StudyExistsError:
            record = self.storage.study(name)
            if call.key and record.spec.get("call") == call.key:
                return 201, study_specs.shown(record)
            if not b.load_if_exists:
                raise
        found = study_specs.shown(record)
        given = {"directions": spec["directions"]} if b.directions or b.objectives else {}
        given |= {"objectives": list(b.objectives)} if b.objectives else {}
        given |= {"catch_as": b.catch_as} if b.catch_as else {}
        for what, wanted in given.items():
            if getattr(found, what) != wanted:
                raise StudyError(f"study {name!r} has {what} {getattr(found, what)}, not {wanted}")
        return 200, found

    def studies(self, call: Call) -> schemas.Studies:
        """All, or the one of a name."""
        name = call.body.name
        found = [self.storage.study(name)] if name else self.storage.studies()
        return schemas.Studies([study_specs.shown(record) for record in found])

    def show(self, call: Call) -> schemas.Study:
        """What is known of a study."""
        return study_specs.shown(self._record(call.study))

    def delete(self, call: Call) -> schemas.Done:
        """Removes a study with its trials and checkpoints."""
        store, _ = self._kept(self._record(call.study))
        self.storage.delete_study(call.study)
        store.delete(store.files())
        self._forget(call.study)
        return schemas.Done()

    def best(self, call: Call) -> schemas.Trials:
        """The best trial; with several objectives those that no other beats."""
        study = self._open(call.study).study
        with study.engine.reading() as history:
            require_results(history)
            found = study.best_trials if len(study.directions) > 1 else [study.best_trial]
        return schemas.Trials([shown(row) for row in found])

    def choose(self, call: Call) -> schemas.Chosen:
        """One trial, by a rule or another way."""
        b: schemas.Choose = call.body
        found = self._open(call.study).study.choose(
            b.rule,
            weights=b.weights,
            aspiration=b.aspiration,
            knee=b.knee,
            lexicographic=b.lexicographic,
        )
        return schemas.Chosen(
            shown(found.trial), list(found.numbers), untold_all(found.values), found.way, str(found)
        )

    def trials(self, call: Call) -> schemas.Trials:
        """Some trials, by number."""
        with self._open(call.study).engine.reading() as history:
            n = history.n
        first, last = min(call.body.since, n), min(call.body.since + call.body.limit, n)
        rows = self.storage.rows(call.study, range(first, last)) if first < last else []
        return schemas.Trials([shown(r) for r in rows], last if last < n else None)

    # -- trials
    # ------------------------------------------------------------------------------------------

    def ask(self, call: Call) -> schemas.Asked:
        """Begins a trial for whoever asks."""
        held = self._open(call.study)
        engine = held.engine
        name = call.body.worker or "http"
        worker = f"{name}#{call.key}" if call.key else name
        with engine.reading() as history:
            if call.key and (
                row := held.asked(call.key)
            ):  # before a restart, or of another service
                return self._asked(held, row)
            if not history.space.params:
                raise StudyError(
                    f"study {engine.name!r} has no space yet, so nothing can be proposed: create it "
                    "with one"
                )
            found = engine.take(worker=worker, fresh=True)
            if not isinstance(found, TrialRow):
                more = found is Next.WAIT
                what = "tell those that run first" if more else "all have come to their end"
                text = f"{engine.scheduler!r} wants no further trial of {engine.name!r}: {what}"
                raise Refused(409, NothingToAskError.__name__, text, _AGAIN_S if more else None)
            return self._asked(held, found)

    def _asked(self, held: _Held, row: TrialRow) -> schemas.Asked:
        """With the last checkpoint that can travel; files and folders cannot."""
        step, kept = 0.0, None
        fit = tuple(
            r
            for r in row.checkpoints
            if "value" in r or (held.beside and r.get("kind") == "packed")
        )
        if fit:
            trial = held.engine.trial(held.engine.ticket(replace(row, checkpoints=fit)))
            with contextlib.suppress(TrialError):
                kept = to_json_types(trial.checkpoint)
                step = trial.step
        return schemas.Asked(row.number, row.token, row.params, self.storage.lease_s, step, kept)

    def report(self, call: Call) -> schemas.Verdict:
        """Takes an intermediate value, and says what the trial should do."""
        b: schemas.Reported = call.body
        held, row = self._open(call.study), self._row(call)
        require_token(row, b.token)
        if b.checkpoint is not None and not held.beside:
            raise CheckpointError(
                f"study {held.study.name!r} keeps its checkpoints in a place that this service does "
                "not touch; report without one, or let it be served with that place: luthier serve --checkpoints"
            )
        trial = _handle(held.engine, row, b.token, {})
        trial.report(_said(b.value, b.values), b.step, b.checkpoint)
        return schemas.Verdict(held.engine.decide(row.number).value)

    def tell(self, call: Call) -> schemas.Trial:
        """Ends a trial; told again what is stored already, it agrees."""
        b: schemas.Told = call.body
        engine = self._open(call.study).engine
        row = self._row(call)
        trial = _handle(engine, row, b.token, row.params)
        trial.tags = {**row.tags, **to_json_types(b.tags)}
        if b.cost is not None:
            trial.set_cost(b.cost)
        for name, v in b.constraints.items():
            trial.set_constraint(name, float(v))
        if b.state == "paused" and engine.scheduler is not None and engine.scheduler.resumes:
            trial.verdict = Decision.PAUSE
        value = None if b.value is None and b.values is None else _said(b.value, b.values)
        outcome = told(trial, value, b.state)
        if outcome.state == State.FAILED:
            outcome.error = b.error or outcome.error
        same = outcome.values is None or repr(outcome.values) == repr(row.values)
        same = same and all(
            repr(v) == repr(row.constraints.get(name)) for name, v in outcome.constraints.items()
        )
        if (
            row.state >= State.PAUSED
            and same
            and (row.token, row.state) == (b.token, outcome.state)
        ):
            return _shown(row, call.key)
        require_token(row, b.token)
        engine.refresh()  # it may have been asked of another service
        worker = row.worker.partition("#")[0]
        ended = engine.end(trial.number, trial.token, outcome, worker=worker)
        return _shown(replace(ended, reports=row.reports), call.key)

    def heartbeat(self, call: Call) -> schemas.Lease:
        """Prolongs a lease."""
        self.storage.extend(call.study, {call.number: call.body.token})
        require_token(self._row(call), call.body.token)
        return schemas.Lease(self.storage.lease_s)

    def enqueue(self, call: Call) -> schemas.Queued:
        """Adds a trial with these params, to be run before anything is proposed."""
        engine, b = self._open(call.study).engine, call.body
        params = engine.check_params(b.params)
        row = TrialRow(number=-1, state=State.WAITING, params=params, tags=to_json_types(b.tags))
        first, _ = self.storage.add_trials(
            call.study, addable([row], engine.objectives), None, call.key or None
        )
        return schemas.Queued(first)

    # -- what is open
    # ------------------------------------------------------------------------------------------

    def _row(self, call: Call) -> TrialRow:
        found: list[TrialRow] = []
        with contextlib.suppress(IndexError):
            found = self.storage.rows(call.study, [call.number])
        if not found:
            raise Refused(404, "TrialNotFound", f"the study has no trial {call.number}")
        return found[0]

    def _record(self, study: int) -> StudyRecord:
        if study not in self._names:
            self._names = {r.id: r.name for r in self.storage.studies()}
        if study in self._names:
            with contextlib.suppress(StudyNotFoundError):
                record = self.storage.study(self._names[study])
                if record.id == study:
                    return record
        self._forget(study)
        raise StudyNotFoundError(f"there is no study with id {study}; GET /v1/studies lists them")

    def _forget(self, study: int) -> None:
        with self._changing:
            self._names.pop(study, None)
            self._held.pop(study, None)

    def _kept(self, record: StudyRecord) -> tuple[Checkpoints, bool]:
        """Where the service keeps a study's checkpoints, and whether that is where the study says.

        What a study says comes from clients: nothing is read, written or deleted in a place that
        was not allowed.
        """
        told = record.spec.get("checkpoints")
        if not told:
            return open_checkpoints(self.storage, record), True
        if _within(told["url"], self._places):
            return Checkpoints(told["url"], told["keep"]), True
        if self.storage.folder is None:
            return temporary(told["keep"]), False
        return Checkpoints(f"{self.storage.folder}/{record.id}", told["keep"]), False

    def _open(self, study: int) -> _Held:
        """A study, with the space that is stored by now."""
        held = self._held.get(study)
        if held is not None and time.monotonic() < held.looked_s + _STALE_S:
            return held
        with self._opening[study % _OPEN]:
            held = self._held.get(study)
            if held is not None and time.monotonic() < held.looked_s + _STALE_S:
                return held
            record = self._record(study)
            if held is not None and held.spec == record.spec:
                held.looked_s = time.monotonic()
                return held
            try:
                study_specs.few(record.spec["space"])
                study_specs.must_have_names(record.spec)
                store, beside = self._kept(record)
                strategies = study_specs.strategies(record.spec)
                engine = Engine(self.storage, record, None, *strategies, store).open(None)
            except (LookupError, TypeError, ValueError, AttributeError) as e:
                raise StudyError(
                    f"what is stored of study {record.name!r} cannot be used: {e!r:.200}"
                ) from e
            held = _Held(engine, record, beside)
            with self._changing:
                self._held[study] = held
                while len(self._held) > _OPEN:
                    self._held.pop(next(iter(self._held)))
            return held


def _handle(engine: Engine, row: TrialRow, token: int, params: dict[str, Any]) -> Trial:
    """The handle of a trial whose worker is on the other end of the wire."""
    ticket = engine.ticket(row)._replace(token=token, references=(), proposal=params, declared=True)
    return engine.trial(ticket)


def _said(
    value: Any, values: list[Any] | dict[str, Any] | None
) -> float | list[float] | dict[str, float]:
    if (value is None) == (values is None):
        raise Refused(
            422, "Invalid", "expected value, or values with one number for each objective"
        )
    if isinstance(values, dict):
        return {name: float(v) for name, v in values.items()}
    return float(value) if values is None else [float(v) for v in values]


def _shown(row: TrialRow, key: str) -> schemas.Trial:
    """A trial; in an answer that is kept for its key, not with all it has."""
    found = shown(row)
    if key and len(msgspec.json.encode(found)) > _LARGE:
        found.reports = []
        found.tags = {}
    return found


def _within(url: str, places: str | None) -> bool:
    """Whether a folder or URL is in another, and not only by its first letters."""
    if not places or re.search(r"::|(^|[/\\])\.\.($|[/\\])", unquote(url)):
        return False
    return f"{url}/".startswith(f"{places.rstrip('/')}/")
