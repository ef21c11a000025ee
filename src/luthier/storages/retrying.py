"""Storage whose verbs are tried again while its server is away, or its disk is full."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from ..attempts import Attempts
from ..errors import (
    StorageFullError,
    StorageUnreachableError,
    StudyExistsError,
    StudyNotFoundError,
    TrialError,
)
from ..trial.record import State, TrialRow, Turn
from .base import Storage, StudyRecord
from .wrapper import Wrapper

RECONNECT_S = 120.0
# A server that has never answered is given less time: its address may be wrong.
_FIRST_S = 10.0
T = TypeVar("T")


class Retrying(Wrapper):
    """Storage whose verbs wait until an absent server is back, or a full disk has room.

    A verb whose answer was lost may have been carried out or not. It is run again, and where it
    turns out that the first attempt succeeded, that is its answer: nothing is added, claimed or
    finished twice.

    Args:
        inner: The storage, whose verbs raise StorageUnreachableError while the server is away, and
            StorageFullError while there is no space.
        reconnect_s: For how many seconds a verb is tried again. One that fails soon after another
            has waited in vain is not.
    """

    def __init__(self, inner: Storage, reconnect_s: float = RECONNECT_S) -> None:
        super().__init__(inner)
        if not reconnect_s >= 0:
            raise ValueError(f"reconnect_s must be >= 0 seconds, got {reconnect_s!r}")
        self.reconnect_s = float(reconnect_s)
        if inner.url is not None:
            self.url = (
                f"{inner.url}{'&' if '?' in inner.url else '?'}reconnect_s={self.reconnect_s}"
            )
        self._attempts = Attempts(self.reconnect_s)
        self._answered = False

    def __reduce__(self) -> tuple[Any, ...]:
        return Retrying, (self.inner, self.reconnect_s)

    def _run(self, verb: Callable[[], T]) -> T:
        first_s = None if self._answered else _FIRST_S
        answer = self._attempts.run(verb, _may_pass, self.inner, first_s)
        self._answered = True
        return answer

    def _retry(self, verb: Callable[[bool], T]) -> T:
        """Run a verb until it answers; its argument says whether it has been run before."""
        again = False

        def attempt() -> T:
            nonlocal again
            was_run = again
            again = True
            return verb(was_run)

        return self._run(attempt)

    def create_study(self, name: str, spec: Mapping[str, Any]) -> StudyRecord:
        def verb(again: bool) -> StudyRecord:
            try:
                return self.inner.create_study(name, spec)
            except StudyExistsError:
                created = self.inner.study(name) if again else None
                if created is None or created.spec != dict(spec) or created.n_trials:
                    raise
                return created

        return self._retry(verb)

    def delete_study(self, study: int) -> None:
        def verb(again: bool) -> None:
            try:
                self.inner.delete_study(study)
            except StudyNotFoundError:
                if not again:
                    raise

        self._retry(verb)

    def add_trials(
        self,
        study: int,
        rows: Sequence[TrialRow],
        expected: int | None = None,
        call: str | None = None,
    ) -> tuple[int, int]:
        if call is None and self.inner.on_server:
            call = uuid.uuid4().hex
        return super().add_trials(study, rows, expected, call)

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

        return self._retry(verb)

    def retry(self, study: int, number: int, token: int) -> None:
        def verb(again: bool) -> None:
            try:
                self.inner.retry(study, number, token)
            except TrialError:
                if not again:
                    raise
                [now] = self.inner.rows(study, [number])
                if (now.state, now.token) != (State.WAITING, token) and now.token <= token:
                    raise

        self._retry(verb)

    def close_soon(self, within_s: float) -> None:
        self._attempts.end_soon(within_s)
        super().close_soon(within_s)


def _may_pass(e: Exception) -> bool:
    return isinstance(e, StorageUnreachableError | StorageFullError)
