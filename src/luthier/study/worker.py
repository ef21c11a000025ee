"""A worker that joins a study.

Beside any number of others, from anywhere, until the study has what it was to have.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from ..errors import StudyNotFoundError
from ..storages import Storage
from ..storages.transitions import lease_expired
from ..trial.outcome import Objective
from ..trial.record import State
from .study import Study

logger = logging.getLogger("luthier")

_POLL_S = (
    0.5  # how often one looks for a study that is not there yet, and at trials that others run
)


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
        study: The study; where there is a total, in a storage that is `storages.bounded.Bounded` by it.
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
