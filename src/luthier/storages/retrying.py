"""A storage behind a network.

What fails because its server is away is tried again until it is back.
"""

from __future__ import annotations

import logging
import random
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from ..errors import StorageUnreachableError, StudyExistsError, StudyNotFoundError
from ..trial.record import State, Told, TrialRow, Turn
from .base import Changes, Storage, StudyRecord

logger = logging.getLogger("luthier")

PATIENCE_S = 120.0
_FIRST_S = 10.0  # a server that has never answered is given less time, as its address may be wrong
_NAP_S, _LONGEST_NAP_S = 0.05, 2.0
T = TypeVar("T")


class Patient(Storage):
    """Another storage, whose verbs wait out an absence of its server.

    A verb whose answer was lost may have been done or not. It is made again, and where it turns out
    that it was done the first time, this is its answer: nothing is added, claimed or finished
    twice.

    Args:
        inner: The storage, whose verbs raise StorageUnreachableError while the server is away.
        patience_s: How long to wait for it, in seconds.
    """

    def __init__(self, inner: Storage, patience_s: float = PATIENCE_S) -> None:
        if not patience_s >= 0:
            raise ValueError(f"patience_s must be >= 0 seconds, got {patience_s!r}")
        self.inner = inner
        self.patience_s = float(patience_s)
        self.shared = inner.shared
        self.folder = inner.folder
        self.now = inner.now  # type: ignore[method-assign]
        if inner.url is not None:
            self.url = f"{inner.url}{'&' if '?' in inner.url else '?'}patience_s={self.patience_s}"
        self._met = False
        self._away = threading.Event()  # so that many threads say it once

    @property
    def lease_s(self) -> float:  # type: ignore[override]
        """As the inner storage has it, which may have learned it from its server."""
        return self.inner.lease_s

    @property
    def max_retries(self) -> int:  # type: ignore[override]
        """As the inner storage has it."""
        return self.inner.max_retries

    def __repr__(self) -> str:
        return repr(self.inner)

    def __reduce__(self) -> tuple[Any, ...]:
        return Patient, (self.inner, self.patience_s)

    def _patiently(self, verb: Callable[[bool], T]) -> T:
        """The answer of a verb, which is told whether it has been asked before."""
        begun_s = time.monotonic()
        nap_s = _NAP_S
        again = False
        while True:
            try:
                answer = verb(again)
            except StorageUnreachableError as e:
                patience_s = (
                    self.patience_s if self._met else min(self.patience_s, _FIRST_S)
                )  # it may be cut short
                if time.monotonic() >= begun_s + patience_s:
                    raise
                if not self._away.is_set():
                    self._away.set()
                    logger.warning("%s; trying for %g s", e, patience_s)
                again = True
                time.sleep(random.uniform(0.5, 1.0) * nap_s)
                nap_s = min(2 * nap_s, _LONGEST_NAP_S)
            else:
                self._met = True
                if self._away.is_set():
                    self._away.clear()
                    logger.warning("%r answers again", self.inner)
                return answer

    def create_study(self, name: str, spec: Mapping[str, Any]) -> StudyRecord:
        def verb(again: bool) -> StudyRecord:
            try:
                return self.inner.create_study(name, spec)
            except StudyExistsError:
                made = self.inner.study(name) if again else None
                if made is None or made.spec != dict(spec) or made.n_trials:
                    raise
                return made

        return self._patiently(verb)

    def study(self, name: str) -> StudyRecord:
        return self._patiently(lambda _: self.inner.study(name))

    def studies(self) -> list[StudyRecord]:
        return self._patiently(lambda _: self.inner.studies())

    def update_study(self, study: int, spec: Mapping[str, Any]) -> None:
        self._patiently(lambda _: self.inner.update_study(study, spec))

    def delete_study(self, study: int) -> None:
        def verb(again: bool) -> None:
            try:
                self.inner.delete_study(study)
            except StudyNotFoundError:
                if not again:
                    raise

        self._patiently(verb)

    def add_trials(
        self,
        study: int,
        rows: Sequence[TrialRow],
        expected: int | None = None,
        call: str | None = None,
    ) -> tuple[int, int]:
        call = call or uuid.uuid4().hex
        return self._patiently(lambda _: self.inner.add_trials(study, rows, expected, call))

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
        def verb(again: bool) -> tuple[TrialRow | None, int]:
            row, revision = self.inner.claim(
                study, number, worker, turn=turn, token=token, checkpoints=checkpoints
            )
            if row is None and again:
                [now] = self.inner.rows(study, [number])
                given = now.token if token is None else token + 1
                if now.state == State.RUNNING and now.worker == worker and now.token == given:
                    row = now
            return row, revision

        return self._patiently(verb)

    def extend(self, study: int, tokens: Mapping[int, int]) -> None:
        self._patiently(lambda _: self.inner.extend(study, tokens))

    def report(
        self,
        study: int,
        number: int,
        token: int,
        step: float,
        value: Told,
        checkpoints: tuple[dict[str, Any], ...] | None,
        params: dict[str, Any],
    ) -> int:
        return self._patiently(
            lambda _: self.inner.report(study, number, token, step, value, checkpoints, params)
        )

    def finish(self, study: int, row: TrialRow) -> int:
        return self._patiently(lambda _: self.inner.finish(study, row))

    def release(self, study: int, number: int, token: int, retried: bool) -> int:
        return self._patiently(lambda _: self.inner.release(study, number, token, retried))

    def changes(self, study: int, since: int) -> Changes:
        return self._patiently(lambda _: self.inner.changes(study, since))

    def rows(self, study: int, numbers: Sequence[int] | None = None) -> list[TrialRow]:
        return self._patiently(lambda _: self.inner.rows(study, numbers))

    def upgrade(self) -> tuple[int, int]:
        return self._patiently(lambda _: self.inner.upgrade())

    def close(self) -> None:
        self.inner.close()
