"""A worker that joins a study.

Beside any number of others, from anywhere, until the study has what it was to have.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import SpaceExhaustedError, StudyNotFoundError
from ..storages import Storage
from ..storages.retrying import Patient
from ..storages.transitions import lease_expired
from ..trial.outcome import Objective
from ..trial.record import State, TrialRow, Turn
from .study import Study

logger = logging.getLogger("luthier")

_HURRY_S = 5.0  # how long a server that is away is waited for by a process that is to end
_POLL_S = (
    0.5  # how often one looks for a study that is not there yet, and at trials that others run
)


class Bounded(Patient):
    """Another storage, through which no study gets beyond its first trials.

    Trials are counted by their number, whatever became of them, so that any number of workers keep
    to the bound at once: none of a higher number is added or begun. What waits there is left to
    workers without a bound.

    Args:
        inner: The storage.
        total: How many trials a study may have.
    """

    def __init__(self, inner: Storage, total: int) -> None:
        super().__init__(inner, 0.0)
        self.url = inner.url
        self.total = total

    def __reduce__(self) -> tuple[Any, ...]:
        return Bounded, (self.inner, self.total)

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
        while n + len(rows) <= self.total:
            first, revision = super().add_trials(study, rows, n, call)
            if first >= 0 or expected is not None:
                return first, revision
            n += 1  # others have added some since
        raise SpaceExhaustedError(f"the study has its {self.total} trials")

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
        if number >= self.total and turn is None:
            return None, -1
        return super().claim(study, number, worker, turn=turn, token=token, checkpoints=checkpoints)


def hurry(storage: Storage) -> None:
    """From now on a storage waits a few seconds for its server, and then no more.

    This process is to end.
    """
    while isinstance(storage, Patient):
        storage.patience_s = min(storage.patience_s, _HURRY_S)
        timer = threading.Timer(_HURRY_S, setattr, (storage, "patience_s", 0.0))
        timer.daemon = True
        timer.start()
        storage = storage.inner


def awaited(name: str, opened: Callable[[], Storage], wait_s: float = 0.0) -> Storage:
    """The storage of a study, as soon as the study is there.

    Args:
        name: The study's.
        opened: Opens the storage; StudyNotFoundError while there is none.
        wait_s: How long to wait, in seconds.

    Raises:
        StudyNotFoundError: It has not come.
    """
    until, place = time.monotonic() + wait_s, None
    while True:
        try:
            place = place or opened()
            place.study(name)
            return place
        except StudyNotFoundError:
            if time.monotonic() >= until:
                raise
        time.sleep(_POLL_S)


def join(
    study: Study,
    objective: Objective,
    trials: int | None = None,
    total: int | None = None,
    timeout_s: float | None = None,
    **options: Any,
) -> None:
    """Works on a study; with a total, until so many trials of it are over, whoever runs them.

    A worker that finds nothing to begin waits for the trials of the others, and takes over those
    that are given back or whose worker dies. One with a bound of its own does not wait.

    Args:
        study: The study; where there is a total, in a storage that is `Bounded` by it.
        objective: As for `Study.optimize`.
        trials: How many trials this call runs; None for no bound.
        total: How many trials the study is to have; None for no bound.
        timeout_s: After how many seconds no further trial is begun.
        options: Those of `Study.optimize`.
    """
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    over: list[int] = []
    options["callbacks"] = [
        *options.get("callbacks", ()),
        lambda study, row: over.append(row.number),
    ]
    while deadline is None or time.monotonic() < deadline:
        left = None if deadline is None else max(deadline - time.monotonic(), 1e-3)
        bounds = [
            n
            for n in (trials, None if total is None else sum(_room(study, total)))
            if n is not None
        ]
        n_before = len(over)
        study.optimize(objective, n_trials=min(bounds, default=None), timeout_s=left, **options)
        if total is None or trials is not None or study._stopped:
            break
        ran = len(over) > n_before  # if not, the sampler or the scheduler wants no more
        if not (ran and _room(study, total)[0]) and not _more(study, total, deadline):
            break
    if trials is None and not study._stopped and (deadline is None or time.monotonic() < deadline):
        _explain(study, total)


def _explain(study: Study, total: int | None) -> None:
    """Says why a worker ends, unless it is that all trials are over."""
    with study._lock:
        study._refresh()
        begun, n_paused = study.history.n - len(study.history.waiting), len(study.history.paused)
    begun = begun if total is None else min(begun, total)
    if total is None or begun < total or n_paused:
        who = "the sampler" if study.scheduler is None else "the scheduler"
        of = "" if total is None else f" of {total}"
        logger.info("%s wants no more: %d%s begun, %d of them paused", who, begun, of, n_paused)


def _room(study: Study, total: int) -> tuple[int, int]:
    """How many trials of a study nobody has begun, and how many run elsewhere and may be taken over."""
    with study._lock:
        study._refresh()
        h = study.history
        new = max(total - h.n, 0) + sum(i < total for i in h.waiting - h.turns.keys())
        return new, sum(i < total for i in h.running)


def _more(study: Study, total: int, deadline: float | None) -> bool:
    """Waits for the trials that others run; whether there may be something to begin now."""
    others: set[int] | None = None
    while deadline is None or time.monotonic() < deadline:
        with study._lock:
            study._refresh()
            running = {i for i in study.history.running if i < total}
            waiting = any(i < total for i in study.history.waiting)
        if waiting or not running or (others is not None and running != others):
            return waiting or bool(others)
        if others is None:
            others = running
            logger.info(
                "waiting for trials %s, which others run", ", ".join(map(str, sorted(running)[:10]))
            )
        if _silent(study, running):
            return True
        time.sleep(_POLL_S)
    return False


def _silent(study: Study, running: set[int]) -> bool:
    """Whether the lease of one of these trials has run out.

    Asked are only those whose lease was to end by now.
    """
    history, storage = study.history, study.storage
    now, lease_s = storage.now(), storage.lease_s
    with study._lock:
        due = sorted(i for i in running if lease_expired(history.lease_s[i], now, lease_s))
        for row in storage.rows(study._id, due) if due else ():
            if row.state == State.RUNNING and lease_expired(row.lease_s, now, lease_s):
                return True
            history.set_lease(row.number, row.lease_s)
    return False
