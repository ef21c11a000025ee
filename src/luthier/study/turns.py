"""A worker's turn: it begins with a trial that waits, one that the scheduler resumes, or a new one.

Reports; ends.
"""

from __future__ import annotations

import contextlib
import logging
import math
import time
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Literal

from msgspec.structs import replace

from ..errors import IncompatibleDistributionError, LeaseLostError, ReportError
from ..schedulers.base import Next, Resume
from ..storages.transitions import lease_expired
from ..trial.handle import Trial
from ..trial.outcome import Outcome, describe
from ..trial.record import Decision, State, Told, TrialRow, Turn

if TYPE_CHECKING:
    from .study import Study

logger = logging.getLogger("luthier")

_ATTEMPTS = 20  # to resume a trial that others resume at the same time


def take(
    study: Study, only: Collection[int] | None = None, left: int | None = None
) -> TrialRow | Literal[Next.WAIT, Next.DONE]:
    """The trial that a free worker runs now, which has been begun for it.

    The study has just been refreshed.

    Args:
        study: The study, locked.
        only: Some trials that wait or have lost their worker: no others are wanted.
        left: How many trials that nobody has begun may still be taken; None for no bound.

    Returns:
        The trial; or WAIT while none can be had before running ones are over, DONE where none can
        be had at all.
    """
    history, new = study.history, left != 0
    if only is None:
        begun = history.n - len(history.waiting - history.turns.keys())
        history.budget = None if left is None else begun + left
    row = _claim(study, only, new)
    if row is not None:
        return row
    if only is not None:
        return Next.DONE
    scheduler = study.scheduler
    if history.paused and not (scheduler and scheduler.resumes):
        study._warn(
            "paused",
            f"{len(history.paused)} trials of {study.name!r} are paused, and the scheduler "
            f"{scheduler!r} never "
            "resumes any: they stay as they are. Pass the scheduler that paused them to go on with "
            "them",
        )
    if scheduler is None:
        return _propose(study) if new else Next.DONE
    for _ in range(_ATTEMPTS):
        move = scheduler.next(history)
        if isinstance(move, Resume):
            row = _resume(study, move)
            if row is not None:
                return row
        elif move is not Next.START:
            return move
        elif new:
            return _propose(study)
        else:
            return Next.WAIT if scheduler.resumes and history.running else Next.DONE
    return Next.WAIT


def _claim(study: Study, only: Collection[int] | None, new: bool) -> TrialRow | None:
    """The first trial (of some) that waits, or whose worker has been silent for too long."""
    history = study.history
    candidates = set(history.waiting) if new else history.waiting & history.turns.keys()
    foreign = history.running - study._open.keys()
    if foreign:
        now = study.storage.now()
        candidates |= {
            i for i in foreign if lease_expired(history.lease_s[i], now, study.storage.lease_s)
        }
    for number in sorted(candidates if only is None else candidates.intersection(only)):
        row, revision = study.storage.claim(study._id, number, study._worker)
        if row is not None and row.token == 1 and row.params.keys() != history.space.params.keys():
            row = replace(row, params=study._proposals.completed(study.sampler, number, row.params))
        study._wrote(revision, row)
        if row is not None:
            return row
        if number in history.running:  # alive after all: look at its lease again in a while
            history.set_lease(number, study.storage.now() + study.storage.lease_s / 3)
    return None


def _propose(study: Study) -> TrialRow:
    """A new trial. If another worker was quicker, the proposal is made once more with its trial in sight."""
    for attempt in (0, 1):
        number = study.history.n
        params = study._proposals.params(study.sampler, number, attempt)
        row = _new(study, number, params)
        first, revision = study.storage.add_trials(study._id, [row], None if attempt else number)
        if first >= 0:
            break
        study._refresh()
    row = row if first == number else replace(row, number=first)
    study._wrote(revision, row)
    return row


def _new(study: Study, number: int, params: dict[str, Any]) -> TrialRow:
    return TrialRow(
        number=number,
        state=State.RUNNING,
        params=params,
        started_s=time.time(),
        worker=study._worker,
        token=1,
        lease_s=study.storage.now() + study.storage.lease_s,
    )


def _begin(study: Study, params: dict[str, Any]) -> TrialRow | None:
    """A new trial with these params, the others sampled; None if another worker was quicker."""
    number = study.history.n
    fixed = study.history.space.check(params) if study._declared else params
    row = _new(study, number, study._proposals.completed(study.sampler, number, fixed))
    first, revision = study.storage.add_trials(study._id, [row], number)
    study._wrote(revision, row if first >= 0 else None)
    return row if first >= 0 else None


def _resume(study: Study, move: Resume) -> TrialRow | None:
    """A paused trial that goes on.

    None if another worker was quicker, whose trial is then in sight.
    """
    history = study.history
    if move.number == history.n:
        return _begin(study, move.params or {})
    token = int(history.token[move.number])
    [row] = study.storage.rows(study._id, [move.number])
    step, lent = float(history.last_step[move.number]), row.checkpoints[:0]
    if move.source is not None:
        step = float(history.last_step[move.source])
        lent = history.checkpoints.get(move.source, ())[-1:]
        step = float(lent[0]["step"]) if lent else step
    if not row.checkpoints and not lent and step > 0:
        study._warn(
            "afresh",
            f"trial {move.number} of {study.name!r} goes on without a checkpoint, so its first "
            f"{step:g} steps are "
            "trained again: call trial.report(value, step, checkpoint=...), begin with "
            "trial.checkpoint after "
            "trial.step, or take a scheduler that never pauses, such as ASHA(mode='stopping')",
        )
    turn = Turn(step, row.params if move.params is None else move.params, move.source)
    taken, revision = study.storage.claim(
        study._id, move.number, study._worker, turn=turn, token=token, checkpoints=lent
    )
    study._wrote(revision, taken)
    return taken


def report(
    study: Study,
    number: int,
    token: int,
    step: float,
    value: Told,
    reference: dict[str, Any] | None,
    params: dict[str, Any],
) -> None:
    """Stores an intermediate value, and where the checkpoint is that was saved with it."""
    m, history = len(study.directions), study.history
    if m == 1 and isinstance(value, tuple):
        raise ReportError(
            f"report(value, step) expects two numbers, got value = {list(value)!r} (list) in trial "
            f"{number}"
        )
    if m > 1 and (not isinstance(value, tuple) or len(value) != m):
        raise ReportError(
            f"report(values, step) expects {m} values, got {value!r} in trial {number}"
        )
    with study._lock:
        if (
            reference is not None and number not in study._open
        ):  # begun elsewhere, as its earlier turns were
            study._refresh()
        references = None if reference is None else study._lineage.grown(number, reference)
        revision = study.storage.report(study._id, number, token, step, value, references, params)
        known = not params or params == history._last.get(
            number
        )  # else the row has changed with them
        if revision == history.revision + 1 and known:
            history.put_report(number, step, value)
            history.revision = revision
        elif not known or not study.storage.shared:  # `decide` reads only what others can write
            study._refresh()
        if references is not None:  # what the next checkpoint follows
            history.set_checkpoints(number, references)
        study._lineage.clean(study._refresh)


def decide(study: Study, number: int) -> Decision:
    """What the scheduler says to a trial that has reported."""
    if study.scheduler is None:
        return Decision.CONTINUE
    with study._lock:
        if study.storage.shared:
            study._refresh()
        history = study.history
        if history.reports.last(number) is None or history.confirming[number]:
            return Decision.CONTINUE
        if study._window is not None:
            history = history.before(number, study._window)
        return study.scheduler.decide(history, number)


def end(study: Study, trial: Trial, outcome: Outcome) -> TrialRow:
    """Stores what became of a trial: its turn is over, or all of it."""
    with study._lock:
        h = study.history
        if study.storage.shared and (
            study._elsewhere or outcome.state != State.COMPLETE or h.checkpoints.get(trial.number)
        ):
            study._refresh()  # it may have reported from elsewhere, and others may have done better
        try:
            if study._proposals.learn(outcome.suggested):
                study._save_space()
        except (
            IncompatibleDistributionError
        ) as e:  # another worker has just used the name for something else
            outcome.state = State.FAILED
            outcome.values = None
            outcome.error = describe(e)
            outcome.exception = e
        if outcome.values is None and outcome.state in (State.PRUNED, State.PAUSED):
            outcome.values = h.reports.last(trial.number)
        if outcome.error and h.granted[trial.number] >= h.last_step[trial.number]:
            outcome.error += (
                f"\nThe trial had been resumed at step {h.granted[trial.number]:g} and reported "
                "nothing since. If that "
                "is where trials end, tell the scheduler so (max_resource), or return what the "
                "checkpoint had come to"
            )
        began_s = outcome.started_s
        params = outcome.params
        cost = outcome.cost
        constraints = outcome.constraints
        if trial.number in h.turns:  # its earlier turns count too
            began_s, params = None, {**h.turns[trial.number][-1].params, **params}
            before = float(h.cost[trial.number])
            cost = cost if math.isnan(before) else before + (cost or 0.0)
            constraints = {**h.feasibility.told(trial.number), **constraints}
        row = TrialRow(
            number=trial.number,
            state=outcome.state,
            params=params,
            values=outcome.values,
            tags=outcome.tags,
            error=outcome.error,
            started_s=began_s or float(h.started_s[trial.number]),
            finished_s=outcome.finished_s,
            worker=study._worker,
            token=trial.token,
            cost=cost,
            turns=h.turns.get(trial.number, ()),
            constraints=constraints,
        )
        row = study._lineage.ended(row)
        if study.scheduler is not None and row.state == State.COMPLETE and not h.n_reports:
            study._refresh()
        if study.scheduler is not None and row.state == State.COMPLETE and not h.n_reports:
            study._warn(
                "silent",
                f"trial {row.number} ended without a report, and {study.scheduler!r} decides by "
                "reports: call "
                "trial.report(value, step) as it trains, and raise luthier.TrialPruned where "
                "trial.should_prune() "
                "is true; until then every trial is trained to its end",
            )
        try:
            study._wrote(study.storage.finish(study._id, row), row)
        finally:
            study._open.pop(trial.number, None)
        study._lineage.clean(study._refresh)
    return row


def release(study: Study, trial: Trial, retried: bool) -> None:
    """Gives a trial back that this process will not end."""
    with study._lock:
        study._open.pop(trial.number, None)
        try:
            study._wrote(study.storage.release(study._id, trial.number, trial.token, retried))
        except LeaseLostError as e:  # an interrupt came after the storage's yes to its result
            logger.info("%s", e)


def release_forgotten(study: Study) -> None:
    """Gives back what an interrupt cut off between the storage's yes and our knowing of it."""
    with study._lock:
        study._refresh()
        for row in study.storage.rows(
            study._id, sorted(study.history.running - study._open.keys())
        ):
            if row.worker == study._worker:
                with contextlib.suppress(LeaseLostError):
                    study._wrote(study.storage.release(study._id, row.number, row.token, False))
