"""Base of storages that pass their verbs on to another storage."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, TypeVar

from ..trial.record import ReportValue, TrialRow, Turn
from .base import Changes, HeldReport, Storage, StudyRecord, TurnedOver
from .paging import STUDIES

T = TypeVar("T")


class Wrapper(Storage):
    """Storage in front of another one, which does the work.

    A subclass overrides `_run` to change how every verb is run, or single verbs.

    Args:
        inner: The other storage.

    Attributes:
        inner: The other storage.
    """

    def __init__(self, inner: Storage) -> None:
        self.inner = inner
        self.shared = inner.shared
        self.on_server = inner.on_server
        self.url = inner.url
        self.folder = inner.folder
        self.file = inner.file
        self.durable_after_s = inner.durable_after_s

    @property
    def database(self) -> str | None:  # type: ignore[override]
        """The inner storage's, which learns it from its server."""
        return self.inner.database

    @property
    def lease_s(self) -> float:  # type: ignore[override]
        """The inner storage's, which may have learned it from its server."""
        return self.inner.lease_s

    @property
    def max_retries(self) -> int:  # type: ignore[override]
        """The inner storage's."""
        return self.inner.max_retries

    def __repr__(self) -> str:
        return repr(self.inner)

    def _run(self, verb: Callable[[], T]) -> T:
        """Run a verb of the inner storage and return its answer."""
        return verb()

    def now(self) -> float:
        return self.inner.now()

    def create_study(self, name: str, spec: Mapping[str, Any]) -> StudyRecord:
        return self._run(lambda: self.inner.create_study(name, spec))

    def study(self, name: str) -> StudyRecord:
        return self._run(lambda: self.inner.study(name))

    def studies(self) -> list[StudyRecord]:
        return self._run(lambda: self.inner.studies())

    def page_of_studies(self, first: int = 0, limit: int = STUDIES) -> list[StudyRecord]:
        return self._run(lambda: self.inner.page_of_studies(first, limit))

    def update_study(
        self, study: int, spec: Mapping[str, Any], expected: int | None = None
    ) -> bool:
        return self._run(lambda: self.inner.update_study(study, spec, expected))

    def delete_study(self, study: int) -> None:
        self._run(lambda: self.inner.delete_study(study))

    def add_trials(
        self,
        study: int,
        rows: Sequence[TrialRow],
        expected: int | None = None,
        call: str | None = None,
    ) -> tuple[int, int]:
        return self._run(lambda: self.inner.add_trials(study, rows, expected, call))

    def claim(
        self,
        study: int,
        number: int,
        worker: str,
        *,
        turn: Turn | None = None,
        token: int | None = None,
        checkpoints: tuple[dict[str, Any], ...] = (),
    ) -> tuple[TrialRow | None, int]:
        return self._run(
            lambda: self.inner.claim(
                study, number, worker, turn=turn, token=token, checkpoints=checkpoints
            )
        )

    def extend(self, study: int, tokens: Mapping[int, int]) -> None:
        self._run(lambda: self.inner.extend(study, tokens))

    def report(
        self,
        study: int,
        number: int,
        token: int,
        step: float,
        value: ReportValue,
        checkpoints: tuple[dict[str, Any], ...] | None,
        params: dict[str, Any],
    ) -> int:
        return self._run(
            lambda: self.inner.report(study, number, token, step, value, checkpoints, params)
        )

    def report_all(self, study: int, reports: Sequence[HeldReport]) -> tuple[int, list[int]]:
        return self._run(lambda: self.inner.report_all(study, reports))

    def finish(self, study: int, row: TrialRow) -> int:
        return self._run(lambda: self.inner.finish(study, row))

    def turn_over(
        self,
        study: int,
        row: TrialRow | None,
        offers: Sequence[TrialRow],
        since: int,
    ) -> TurnedOver:
        return self._run(lambda: self.inner.turn_over(study, row, offers, since))

    def finish_all(self, study: int, rows: Sequence[TrialRow]) -> tuple[int, list[int]]:
        return self._run(lambda: self.inner.finish_all(study, rows))

    def release(self, study: int, number: int, token: int, retried: bool) -> int:
        return self._run(lambda: self.inner.release(study, number, token, retried))

    def retry(self, study: int, number: int, token: int) -> None:
        self._run(lambda: self.inner.retry(study, number, token))

    def changes(self, study: int, since: int) -> Changes:
        return self._run(lambda: self.inner.changes(study, since))

    def read_all(self, study: int, take: Callable[[Sequence[TrialRow]], None]) -> Changes:
        return self._run(lambda: self.inner.read_all(study, take))

    def page_of_changes(self, study: int, since: int) -> Changes:
        return self._run(lambda: self.inner.page_of_changes(study, since))

    def stamp(self) -> Hashable:
        return self.inner.stamp()

    def rows(self, study: int, numbers: Sequence[int] | None = None) -> list[TrialRow]:
        return self._run(lambda: self.inner.rows(study, numbers))

    def salvage(self, study: int, number: int) -> tuple[TrialRow | None, int]:
        return self._run(lambda: self.inner.salvage(study, number))

    def upgrade(self) -> tuple[int, int]:
        return self._run(lambda: self.inner.upgrade())

    def persist(self) -> None:
        self._run(lambda: self.inner.persist())

    def close_soon(self, within_s: float) -> None:
        self.inner.close_soon(within_s)

    def close(self) -> None:
        self.inner.close()


def innermost(storage: Storage) -> Storage:
    """Return the storage that does the work, behind any that pass it on."""
    while isinstance(storage, Wrapper):
        storage = storage.inner
    return storage


class Shared(Wrapper):
    """A storage of one process, several of whose studies may be open at the same time.

    Each of them then reads what the others have written.

    Args:
        inner: The storage.
    """

    def __init__(self, inner: Storage) -> None:
        super().__init__(inner)
        self.shared = True
