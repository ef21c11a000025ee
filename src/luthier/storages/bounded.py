"""Storage through which no study gets more than so many trials."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from ..errors import SpaceExhaustedError
from ..trial.record import State, TrialRow, Turn
from ..wording import count_of
from .base import Storage, TurnedOver
from .wrapper import Wrapper


class Bounded(Wrapper):
    """Storage through which no trial is run whose number is `max_trials` or higher.

    Trials are counted by their number, whatever became of them, so that any number of workers keep
    to the bound at once: none of a higher number is added or begun. What waits there is left to
    workers without a bound.

    Args:
        inner: The storage.
        max_trials: How many trials a study may have.
    """

    def __init__(self, inner: Storage, max_trials: int) -> None:
        super().__init__(inner)
        self.max_trials = max_trials

    def __reduce__(self) -> tuple[Any, ...]:
        return Bounded, (self.inner, self.max_trials)

    def add_trials(
        self,
        study: int,
        rows: Sequence[TrialRow],
        expected: int | None = None,
        call: str | None = None,
    ) -> tuple[int, int]:
        if all(row.state != State.RUNNING for row in rows):
            return super().add_trials(study, rows, expected, call)

        call = call or uuid.uuid4().hex
        n = rows[0].number if expected is None else expected
        while n + len(rows) <= self.max_trials:
            first, revision = super().add_trials(study, rows, n, call)
            if first >= 0 or expected is not None:
                return first, revision
            n += 1  # others have added some since
        raise SpaceExhaustedError(f"the study has its {count_of(self.max_trials, 'trial')}")

    def turn_over(
        self,
        study: int,
        row: TrialRow | None,
        offers: Sequence[TrialRow],
        since: int,
    ) -> TurnedOver:
        within = [offer for offer in offers if offer.number < self.max_trials]
        return super().turn_over(study, row, within, since)

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
        if number >= self.max_trials and turn is None:
            return None, -1
        return super().claim(study, number, worker, turn=turn, token=token, checkpoints=checkpoints)
