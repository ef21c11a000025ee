"""Handlers of the routes that create, read and delete studies."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

import msgspec

from ..analysis.recommendation import require_results
from ..errors import StudyError, StudyExistsError
from ..objectives.space_file import read_mapping
from ..storages.base import without_logs
from ..storages.codec import pack_numbers
from ..study.controls import StudyControls
from . import schemas, study_specs
from .open_studies import OpenStudies
from .request import ApiRequest, RequestError
from .schemas import trial_from_row
from .spec_limits import require_small_grid

_LIST_ROWS = 10  # trials that are read at a time for a list
_LIST_BYTES = 2**22  # of a list, which has no further trial or study where it is as large


class StudyHandlers:
    """Handlers of studies; every method may be called from many threads.

    Args:
        studies: The open studies.
    """

    def __init__(self, studies: OpenStudies) -> None:
        self._studies = studies
        self._storage = studies.storage

    def create(self, request: ApiRequest) -> tuple[int, schemas.Study]:
        """Create a study (status 201), or find it (200)."""
        body: schemas.CreateStudyRequest = request.body
        spec = _spec(body)
        if request.key:
            spec["call"] = request.key
        name = body.name or _make_name(request.key)

        try:
            record = self._storage.create_study(name, spec)
            if request.is_from_page:
                engine = self._studies.open(record.id).engine
                StudyControls(engine, request.who).record("created the study")
            return 201, study_specs.describe_study(record)
        except StudyExistsError:
            record = self._storage.study(name)
            if request.key and record.spec.get("call") == request.key:
                return 201, study_specs.describe_study(record)
            if not body.load_if_exists:
                raise
        found = study_specs.describe_study(record)
        _require_same_settings(found, body, spec)
        return 200, found

    def list_studies(self, request: ApiRequest) -> schemas.Studies:
        """List some studies, or the one of a name; fewer than asked for where they are large."""
        query: schemas.ListStudiesQuery = request.body
        if query.name:
            record = self._storage.study(query.name)
            return schemas.Studies([study_specs.describe_study(record)])
        studies: list[schemas.Study] = []
        n_bytes = 0
        first = query.since
        while page := self._storage.page_of_studies(first):
            found = [study_specs.describe_study(record) for record in without_logs(page)]
            studies += found
            n_bytes += len(msgspec.json.encode(found))
            first = page[-1].id + 1
            if len(studies) >= query.limit or n_bytes >= _LIST_BYTES:
                shown = studies[: query.limit]
                return schemas.Studies(shown, shown[-1].id + 1)
        return schemas.Studies(studies)

    def get(self, request: ApiRequest) -> schemas.Study:
        """Read the settings and counts of a study."""
        return study_specs.describe_study(self._studies.record(request.study))

    def delete(self, request: ApiRequest) -> schemas.DeleteResponse:
        """Delete a study with its trials and checkpoints."""
        store, _ = self._studies.checkpoints(self._studies.record(request.study))
        rows = self._storage.rows(request.study) if store.has_unmarked_files() else []
        self._storage.delete_study(request.study)
        store.clear(r for row in rows for r in row.checkpoints)
        self._studies.forget(request.study)
        return schemas.DeleteResponse()

    def best(self, request: ApiRequest) -> schemas.Trials:
        """Read the best trial; with several objectives those that no other beats."""
        study = self._studies.open(request.study).study
        with study.engine.reading() as history:
            require_results(history)
            found = study.best_trials if len(study.directions) > 1 else [study.best_trial]
        return schemas.Trials([trial_from_row(row) for row in found])

    def choose(self, request: ApiRequest) -> schemas.ChooseResponse:
        """Choose one trial, by a rule or another way."""
        body: schemas.ChooseRequest = request.body
        choice = self._studies.open(request.study).study.choose(
            body.rule,
            weights=body.weights,
            aspiration=body.aspiration,
            knee=body.knee,
            lexicographic=body.lexicographic,
        )
        return schemas.ChooseResponse(
            trial=trial_from_row(choice.trial),
            numbers=list(choice.numbers),
            values=pack_numbers(choice.values),
            way=choice.way,
            text=str(choice),
        )

    def list_trials(self, request: ApiRequest) -> schemas.Trials:
        """List some trials, by number; fewer than asked for where they are large."""
        query: schemas.ListTrialsQuery = request.body
        n_trials = self._studies.record(request.study).n_trials
        first = min(query.since, n_trials)
        end = min(query.since + query.limit, n_trials)
        trials: list[schemas.Trial] = []
        n_bytes = 0
        while first < end and n_bytes < _LIST_BYTES:
            rows = self._storage.rows(request.study, range(first, min(first + _LIST_ROWS, end)))
            trials += map(trial_from_row, rows)
            n_bytes += len(msgspec.json.encode(trials[-len(rows) :]))
            first += len(rows)
        return schemas.Trials(trials, first if first < n_trials else None)


def _spec(body: schemas.CreateStudyRequest) -> dict[str, Any]:
    """The spec of a study that a client asks for.

    Raises:
        RequestError: direction and objectives were both given.
        SpaceError: The space is none.
        UnknownNameError: There is no sampler or scheduler of that name.
    """
    directions, names = _read_objectives(body)
    space = study_specs.parse_space(
        read_mapping(body.space) if isinstance(body.space, str) else body.space
    )
    spec: dict[str, Any] = {
        "directions": directions,
        "seed": secrets.randbits(32) if body.seed is None else body.seed,
        "space": space.to_json(),
        "declared": True,
        "sampler": body.sampler,
        "scheduler": body.scheduler,
    }
    if names:
        spec["objectives"] = names
    if body.catch_as:
        spec["crash"] = body.catch_as
    sampler, _ = study_specs.make_strategies(spec)
    require_small_grid(space, sampler)
    return spec


def _read_objectives(body: schemas.CreateStudyRequest) -> tuple[list[str], list[str] | None]:
    """Directions, and names where they were given."""
    if body.direction is not None and body.objectives is not None:
        raise RequestError(
            422, "Invalid", "expected one of direction and objectives, got both; leave one out"
        )
    match body.objectives:
        case None:
            return [body.direction or "minimize"], None
        case dict() as named:
            return list(named.values()), list(named)
        case directions:
            return list(directions), None


def _make_name(key: str) -> str:
    """A name for a study without one; a request that is repeated with its key gets it again."""
    suffix = hashlib.sha256(key.encode()).hexdigest()[:8] if key else secrets.token_hex(4)
    return f"study-{suffix}"


def _require_same_settings(
    found: schemas.Study, body: schemas.CreateStudyRequest, spec: dict[str, Any]
) -> None:
    """Refuse a study that exists with other settings than a client asks for."""
    given: dict[str, Any] = {}
    if body.direction is not None or body.objectives is not None:
        given["directions"] = spec["directions"]
    if "objectives" in spec:
        given["objectives"] = spec["objectives"]
    if body.catch_as:
        given["catch_as"] = body.catch_as

    for setting, wanted in given.items():
        stored = getattr(found, setting)
        if stored != wanted:
            raise StudyError(f"study {found.name!r} has {setting} {stored}, not {wanted}")
