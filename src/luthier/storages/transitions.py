"""State machine of a trial: pure functions from one row to the next, which every storage uses.

    claim    WAITING, PAUSED, or RUNNING with an expired lease -> RUNNING
    report   RUNNING -> RUNNING
    finish   RUNNING, or FAILED by give_up -> PAUSED, COMPLETE, PRUNED or FAILED
    release  RUNNING -> WAITING
    give_up  RUNNING -> FAILED, instead of a claim or a release once too many
    retry    FAILED -> WAITING

A storage reads a row, asks for the next one here, and writes that, in one transaction. Times are in
seconds since 1970 by the storage's clock.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from msgspec.structs import replace

from ..errors import LeaseLostError, TrialError
from ..trial.record import State, TrialRow, Turn

EARLIER_ERRORS = "earlier_errors"  # tag of a retried trial: a list of texts
_N_ERRORS = 10  # that are kept there, the latest
_LONGEST_ERROR = 5_000  # characters of each

# Tolerance for a clock that was set back, as workers use different lease lengths.
_SET_BACK_S = 3600.0


def first_lease(state: State, lease_until_s: float) -> tuple[int, float]:
    """Return the token of a trial that is added, and the end of its lease: both 0 unless it runs.

    Args:
        state: The state in which it is added.
        lease_until_s: When a lease ends that begins now.
    """
    return (1, lease_until_s) if state == State.RUNNING else (0, 0.0)


def claim(
    row: TrialRow,
    worker: str,
    now: float,
    lease_s: float,
    max_retries: int,
    turn: Turn | None = None,
    token: int | None = None,
    checkpoints: tuple[dict[str, Any], ...] = (),
) -> TrialRow | None:
    """Return a trial after a worker has claimed it.

    Args:
        row: The trial as it is stored.
        worker: The worker's name.
        now: The time.
        lease_s: The length of a lease, in seconds.
        max_retries: How often a trial is offered again before it counts as failed.
        turn: As in `Storage.claim`.
        token: As in `Storage.claim`.
        checkpoints: As in `Storage.claim`.

    Returns:
        The trial, RUNNING; FAILED where it has lost its worker once too often; None where it may
        not be claimed, and nothing is to be written.
    """
    running = turn is None and row.state == State.RUNNING
    expired = running and lease_expired(row.lease_s, now, lease_s)

    if not can_claim(row, turn, token, expired):
        return None
    if expired and row.retries >= max_retries:
        return give_up(row, now)
    return start(row, worker, now, lease_s, turn, checkpoints, expired)


def can_claim(row: TrialRow, turn: Turn | None, token: int | None, expired: bool) -> bool:
    """Return whether a worker may claim a trial as it is stored.

    Args:
        row: The trial.
        turn: The turn by which a paused trial is resumed; None for a trial that is not paused.
        token: The token that the trial must have; None for any.
        expired: Whether it runs and its lease has expired.
    """
    if token is not None and token != row.token:
        return False
    if turn is not None:
        return row.state == State.PAUSED
    return expired or row.state == State.WAITING


def start(
    row: TrialRow,
    worker: str,
    now: float,
    lease_s: float,
    turn: Turn | None = None,
    checkpoints: tuple[dict[str, Any], ...] = (),
    expired: bool = False,
) -> TrialRow:
    """Return a trial, RUNNING under a new token and lease.

    The time that it ran before a pause counts: it is taken to have started that much earlier.

    Args:
        row: The trial as it is stored.
        worker: The worker's name.
        now: The time.
        lease_s: The length of a lease, in seconds.
        turn: The turn by which it is resumed, without its times; None for a trial that is not
            paused.
        checkpoints: With `turn`, checkpoints to add to its own.
        expired: Whether its last worker has lost it, which counts as a retry.
    """
    started_s = now if turn is None else now - (row.duration_s or 0.0)
    row = replace(
        row,
        state=State.RUNNING,
        worker=worker,
        token=row.token + 1,
        lease_s=now + lease_s,
        retries=row.retries + expired,
        started_s=row.started_s if row.turns and turn is None else started_s,
    )
    if turn is None:
        return row

    turn = replace(turn, paused_s=row.finished_s, resumed_s=now)
    # The first turn is recorded only where a later one has other params.
    changed = turn.params != row.params
    before = row.turns or ((Turn(0.0, row.params),) if changed else ())
    return replace(
        row,
        params=turn.params,
        turns=(*before, turn),
        values=None,
        finished_s=None,
        checkpoints=(*row.checkpoints, *checkpoints),
    )


def report(
    row: TrialRow,
    lease_until_s: float,
    checkpoints: tuple[dict[str, Any], ...] | None,
    params: dict[str, Any],
) -> tuple[TrialRow, bool]:
    """Return a running trial after a report, and whether more than its lease has changed.

    Args:
        row: The trial as it is stored.
        lease_until_s: The end of its lease.
        checkpoints: References that replace its own; None to leave them.
        params: Params that replace its own; empty to leave them.
    """
    if checkpoints is None and (not params or params == row.params):
        return replace(row, lease_s=lease_until_s), False

    checkpoints = row.checkpoints if checkpoints is None else checkpoints
    params = dict(params) or row.params
    return replace(row, checkpoints=checkpoints, params=params, lease_s=lease_until_s), True


def finish(row: TrialRow, stored: TrialRow) -> TrialRow | None:
    """Return what to store of a trial whose turn is over; None where that is stored already.

    Args:
        row: The trial as its worker hands it in.
        stored: The trial as it is stored.

    Raises:
        LeaseLostError: The worker does not hold the trial, or the trial is over with another
            result.
    """
    if is_repeat(row, stored):
        return None
    if not (was_given_up(stored) and row.token == stored.token):
        require_token(stored, row.token)
    return end(row, stored)


def end(row: TrialRow, stored: TrialRow) -> TrialRow:
    """Return a trial whose turn is over; the arguments are those of `finish`.

    A pause means that it has made progress, so its retries count from zero again.
    """
    retries = 0 if row.state == State.PAUSED else stored.retries
    return replace(row, turns=stored.turns, retries=retries, lease_s=0.0, reports=())


def is_repeat(row: TrialRow, stored: TrialRow) -> bool:
    """Return whether a trial has ended already with the very result that is handed in."""
    ended = stored.state >= State.PAUSED and row.token == stored.token
    return ended and end(row, stored) == stored


def release(row: TrialRow, retried: bool, max_retries: int, now: float) -> TrialRow:
    """Return a running trial that its worker gives back: WAITING, or FAILED after the last retry.

    Args:
        row: The trial.
        retried: Whether its worker died, which counts as a retry.
        max_retries: How often a trial is offered again before it counts as failed.
        now: The time.
    """
    if retried and row.retries >= max_retries:
        return give_up(row, now)
    return replace(row, state=State.WAITING, retries=row.retries + retried, lease_s=0.0)


def give_up(row: TrialRow, now: float) -> TrialRow:
    """Return a trial that has lost its worker once too often: FAILED."""
    error = (
        f"WorkerDiedError: the worker died or fell silent {row.retries + 1} times "
        f"(max_retries={row.retries}); the last was {row.worker}"
    )
    return replace(row, state=State.FAILED, error=error, finished_s=now)


def was_given_up(row: TrialRow) -> bool:
    """Return whether a trial failed for its workers' silence; the last may still bring a result."""
    return row.state == State.FAILED and row.lease_s > 0.0


def retry(row: TrialRow, token: int) -> TrialRow:
    """Return a failed trial that is offered again: WAITING, with its checkpoints and its params.

    What went wrong stays in the tag `EARLIER_ERRORS`.

    Args:
        row: The trial as it is stored.
        token: The token that the trial had when the caller decided to retry it.

    Raises:
        TrialError: It has not failed, or somebody else has retried it.
    """
    if row.state != State.FAILED:
        raise TrialError(
            f"trial {row.number} is {row.state.name.lower()}; only a failed trial can be retried"
        )
    if row.token != token:
        raise TrialError(f"trial {row.number} was retried by somebody else, and failed again")
    earlier = row.tags.get(EARLIER_ERRORS)
    errors = [*(earlier if isinstance(earlier, list) else ()), (row.error or "")[:_LONGEST_ERROR]]
    return replace(
        row,
        state=State.WAITING,
        tags={**row.tags, EARLIER_ERRORS: errors[-_N_ERRORS:]},
        values=None,
        error=None,
        finished_s=None,
        retries=0,
        lease_s=0.0,
    )


def lease_expired(until_s: float, now: float, lease_s: float) -> bool:
    """Return whether a lease has expired.

    A lease that ends later than any can was given before the clock was set back: it has, too.
    """
    return until_s < now or until_s > now + lease_s + _SET_BACK_S


def require_token(row: TrialRow, token: int) -> None:
    """Refuse a worker that does not hold a trial.

    Raises:
        LeaseLostError: The trial does not run, or another worker has claimed it.
    """
    if row.token != token or row.state != State.RUNNING:
        raise LeaseLostError(lost_lease_message(row.number))


def require_trial(number: int, numbers: Container[int]) -> None:
    """Refuse a trial that a study does not have.

    Raises:
        TrialError: Its number is not among those.
    """
    if number not in numbers:
        raise TrialError(f"the study has no trial {number}")


def lost_lease_message(number: int) -> str:
    """Return what a worker reads whose result comes too late, or once more."""
    return (
        f"trial {number} is over or was given to another worker; its result is refused. It was "
        "told before, or this worker was silent for longer than its lease: raise lease_s if that "
        "happens to healthy workers"
    )
