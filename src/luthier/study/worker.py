"""Workers that join a study.

Beside any number of others, from anywhere, until the study has what it was to have.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ..errors import StudyNotFoundError
from ..storages import Storage
from ..terminal import logger
from ..trial.outcome import Objective
from .engine import Engine
from .study import Study

_POLL_S = 0.5  # how often one looks for a study that is not there yet, and at others' trials


def wait_for_study(name: str, opened: Callable[[], Storage], wait_s: float = 0.0) -> Storage:
    """Wait until a study is there; return its storage.

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
    """Work on a study; with a total, until so many trials of it are over, whoever runs them.

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
    engine = study.engine
    over: list[int] = []
    callbacks = [
        *options.pop("callbacks", ()),
        lambda study, row: over.append(row.number),
    ]

    while not _is_late(deadline):
        left_s = None if deadline is None else max(deadline - time.monotonic(), 1e-3)
        n_trials = trials
        if total is not None:
            n_total = sum(_room(engine, total))
            n_trials = n_total if trials is None else min(trials, n_total)

        n_before = len(over)
        study.optimize(
            objective, n_trials=n_trials, timeout_s=left_s, callbacks=callbacks, **options
        )
        if total is None or trials is not None or engine.stop.requested:
            break
        # A worker that has begun nothing, though it could, is not wanted any more.
        has_run = len(over) > n_before
        goes_on = has_run and _room(engine, total)[0] > 0
        if not goes_on and not _wait_for_others(engine, total, deadline):
            break

    if trials is None and not engine.stop.requested and not _is_late(deadline):
        _explain(engine, total)


def _is_late(deadline: float | None) -> bool:
    return deadline is not None and time.monotonic() >= deadline


def _explain(engine: Engine, total: int | None) -> None:
    """Say why a worker ends, unless it is that all trials are over."""
    with engine.reading() as history:
        n_begun = history.n - len(history.waiting)
        n_paused = len(history.paused)
    n_begun = n_begun if total is None else min(n_begun, total)
    if total is None or n_begun < total or n_paused:
        who = "the sampler" if engine.scheduler is None else "the scheduler"
        of = "" if total is None else f" of {total}"
        logger.info("%s wants no more: %d%s begun, %d of them paused", who, n_begun, of, n_paused)


def _room(engine: Engine, total: int) -> tuple[int, int]:
    """Count the trials that nobody has begun, and those elsewhere that may be taken over."""
    with engine.reading() as history:
        n_never_begun = sum(i < total for i in history.waiting - history.turns.keys())
        n_new = max(total - history.n, 0) + n_never_begun
        return n_new, sum(i < total for i in history.running)


def _wait_for_others(engine: Engine, total: int, deadline: float | None) -> bool:
    """Wait for the trials that others run; return whether there may be something to begin now."""
    others: set[int] | None = None
    while deadline is None or time.monotonic() < deadline:
        with engine.reading() as history:
            running = {i for i in history.running if i < total}
            waiting = any(i < total for i in history.waiting)
        if engine.controls.course == "stopped":
            return False
        if waiting or not running or (others is not None and running != others):
            return waiting or bool(others)
        if others is None:
            others = running
            some = ", ".join(map(str, sorted(running)[:10]))
            logger.info("waiting for trials %s, which others run", some)
        if engine.find_expired(running):
            return True
        time.sleep(_POLL_S)
    return False
