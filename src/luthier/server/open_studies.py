"""The studies that the service holds open."""

from __future__ import annotations

import threading
import time
from typing import Any

from ..checkpoints import Checkpoints, temporary_store
from ..checkpoints.places import allowed_places, find_allowed
from ..errors import StorageDamagedError, StudyError, StudyNotFoundError
from ..history import History
from ..storages import Storage
from ..storages.base import LOG, StudyRecord
from ..study.checkpoint_owner import find_owner
from ..study.engine import Engine
from ..study.opening import open_checkpoints, stored_place
from ..study.study import Study
from ..trial.record import State, TrialRow
from . import study_specs
from .spec_limits import require_few_objectives, require_small_grid, require_small_space

_MAX_OPEN = 100  # studies; others are opened again when a request needs them
_LIVE = dict.fromkeys(
    ("controls", "comparisons", "dismissed", "applied")
)  # an engine reads them by itself
_STALE_S = 1.0  # for how long a change of a study's space, sampler or scheduler may go unnoticed


class OpenStudy:
    """A study with its engine.

    Args:
        engine: The study's engine.
        record: The study as it is stored.
        checkpoints_in_place: Whether the service looks for checkpoints where the study stores them.

    Attributes:
        study: The study's public face.
        spec: What is stored of the study beside its trials.
        name: The study's name.
        created_s: When it was created, in seconds since 1970.
        checked_s: When the spec was last compared with the storage, by time.monotonic.
    """

    def __init__(self, engine: Engine, record: StudyRecord, checkpoints_in_place: bool) -> None:
        self.engine = engine
        self.study = Study(engine)
        self.spec = record.spec
        self.name = record.name
        self.created_s = record.created_s
        self.checked_s = time.monotonic()
        self.checkpoints_in_place = checkpoints_in_place
        self._holders: dict[str, tuple[int, int]] = {}  # key of a request -> trial and token
        self._running: set[tuple[int, int]] = set()  # trials and tokens at the last look

    @property
    def is_fresh(self) -> bool:
        """Whether the spec was compared with the storage a short time ago."""
        return time.monotonic() < self.checked_s + _STALE_S

    def find_by_key(self, key: str, history: History) -> TrialRow | None:
        """The running trial that a request with this key began, at whichever service.

        Args:
            key: An Idempotency-Key.
            history: The study's history, up to date and under the engine's lock.
        """
        running = {(i, self.engine.token(i)) for i in history.running}
        self._holders = {k: holder for k, holder in self._holders.items() if holder in running}

        if new := running - self._running:
            for row in self.engine.rows(sorted(number for number, _ in new)):
                if row_key := key_of(row):
                    self._holders[row_key] = row.number, row.token
        self._running = running

        if key not in self._holders:
            return None
        [row] = self.engine.rows([self._holders[key][0]])
        return row if row.state == State.RUNNING and key_of(row) == key else None


class OpenStudies:
    """Cache of open studies; every method may be called from many threads.

    Args:
        storage: Where the studies live.
        checkpoints: A folder or URL. Studies may have their checkpoints in places of their own
            below it; None allows no such places but those of LUTHIER_CHECKPOINTS_ALLOW.
    """

    def __init__(self, storage: Storage, checkpoints: str | None = None) -> None:
        self.storage = storage
        own = [] if checkpoints is None else [checkpoints]
        self._allowed = [*own, *allowed_places()]
        self._open: dict[int, OpenStudy] = {}
        self._lock = threading.Lock()
        self._opening = [threading.Lock() for _ in range(_MAX_OPEN)]

    def record(self, study: int) -> StudyRecord:
        """The study of an id as it is stored.

        Raises:
            StudyNotFoundError: There is none.
        """
        if found := self.storage.page_of_studies(study, 1):
            [record] = found
            if record.id == study and LOG not in record.spec:
                return record
        self.forget(study)
        raise StudyNotFoundError(f"there is no study with id {study}; GET /v1/studies lists them")

    def forget(self, study: int) -> None:
        """Remove a study from the cache."""
        with self._lock:
            self._open.pop(study, None)

    def open(self, study: int) -> OpenStudy:
        """The study of an id, with the spec that is stored by now.

        Raises:
            StudyNotFoundError: There is none.
            StudyError: Its spec cannot be used.
        """
        found = self._open.get(study)
        if found is not None and found.is_fresh:
            return found

        with self._opening[study % _MAX_OPEN]:
            found = self._open.get(study)
            if found is not None and found.is_fresh:  # another thread was quicker
                return found
            record = self.record(study)
            if found is not None and _is_same(found.spec, record.spec):
                found.checked_s = time.monotonic()
                return found

            found = self._load(record)
            with self._lock:
                self._open[study] = found
                while len(self._open) > _MAX_OPEN:
                    self._open.pop(next(iter(self._open)))
            return found

    def _load(self, record: StudyRecord) -> OpenStudy:
        try:
            require_small_space(record.spec["space"])
            require_few_objectives(record.spec["directions"])
            study_specs.require_objective_names(record.spec)
            store, in_place = self.checkpoints(record)
            strategies = study_specs.make_strategies(record.spec)
            engine = Engine(self.storage, record, None, *strategies, store)
            require_small_grid(engine.space, engine.sampler)
            engine.open(None)
        except (
            LookupError,
            TypeError,
            ValueError,
            AttributeError,
            StorageDamagedError,
        ) as e:
            raise StudyError(
                f"the stored settings of study {record.name!r} cannot be used: {e!r:.200}"
            ) from e
        return OpenStudy(engine, record, in_place)

    def checkpoints(self, record: StudyRecord) -> tuple[Checkpoints, bool]:
        """The store of a study's checkpoints, and whether it is the one that the study names.

        The place comes from clients, so the service reads, writes and deletes only in places that
        were allowed.
        """
        store, is_in_place = self._find_checkpoints(record)
        return store.belonging_to(find_owner(self.storage, record)), is_in_place

    def _find_checkpoints(self, record: StudyRecord) -> tuple[Checkpoints, bool]:
        stored = stored_place(record)
        if stored is None:
            return open_checkpoints(self.storage, record), True
        if (address := find_allowed(stored.url, self._allowed)) is not None:
            return Checkpoints(address, stored.keep), True
        if self.storage.folder is None:
            return temporary_store(stored.keep), False
        return Checkpoints(f"{self.storage.folder}/{record.id}", stored.keep), False


def _is_same(spec: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two specs are the same but for what an engine reads by itself."""
    return {**spec, **_LIVE} == {**other, **_LIVE}


def add_key(worker: str, key: str) -> str:
    """The stored name of a worker; the key of its request stands behind a number sign."""
    return f"{worker}#{key}" if key else worker


def key_of(row: TrialRow) -> str:
    """The key of the request that began a trial; "" for none."""
    return row.worker.partition("#")[2]
