"""The end of a trial in the storage: as it came, or as failed with what the storage takes of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from ..errors import (
    LeaseLostError,
    StorageDamagedError,
    StorageDeniedError,
    StorageVersionError,
    StudyError,
    UnstorableError,
)
from ..storages.transitions import lost_lease_message
from ..terminal import logger
from ..trial.record import State, TrialRow
from ..validation import measure_json, to_error_text
from .checkpoint_retention import CheckpointRetention
from .replica import Replica

# After these another content would not be stored either.
_NOT_THE_CONTENT = (
    LeaseLostError,
    OSError,  # an absent server, a full disk
    StorageDamagedError,
    StorageDeniedError,
    StorageVersionError,
    StudyError,
)
_AGAIN_S = 0.5  # after which a fault of the storage may have passed
_SMALL_BYTES = 1_000  # of a tag that is kept whatever the others are


def store_end(
    replica: Replica,
    retention: CheckpointRetention,
    row: TrialRow,
    offers: Sequence[TrialRow] = (),
) -> tuple[TrialRow, TrialRow | None]:
    """Store the end of a trial; what the storage does not take is left out, and it is failed.

    Args:
        replica: The study's trials.
        retention: Its checkpoints.
        row: The trial as its worker hands it in.
        offers: The next trial, for the numbers that it may get; see `Storage.turn_over`.

    Returns:
        The trial as it was stored, and the offer that was begun; None where none was.

    Raises:
        LeaseLostError: The trial is over, or was given to another worker.
        UnstorableError: The storage takes nothing of it.
        StorageError: The storage failed, which says nothing about the trial.
    """
    try:
        return _store(replica, retention, row, offers)
    except _NOT_THE_CONTENT:
        raise
    except Exception as e:
        refusal = e

    for version in _versions(row, replica, refusal):
        retention.forget_dropped()
        try:
            return _store(replica, retention, version, ())
        except _NOT_THE_CONTENT:
            raise
        except Exception as e:
            refusal = e
    raise UnstorableError(
        f"the storage takes nothing of the end of trial {row.number}: {refusal}"
    ) from refusal


def store_ends(
    replica: Replica, retention: CheckpointRetention, rows: Sequence[TrialRow]
) -> list[TrialRow]:
    """Store the ends of several trials, at once; one by one where the storage does not take them.

    Args:
        replica: The study's trials.
        retention: Its checkpoints.
        rows: The trials as their worker hands them in.

    Returns:
        The trials as they were stored, without those that were given to another worker.

    Raises:
        UnstorableError: The storage takes nothing of one; the others are stored.
        StorageError: The storage failed, which says nothing about the trials.
    """
    try:
        ends = [retention.end(row) for row in rows]
        revision, lost = replica.storage.finish_all(replica.study, ends)
    except _NOT_THE_CONTENT:
        raise
    except Exception as e:
        logger.debug("the ends of %d trials are stored one by one: %s", len(rows), e)
        retention.forget_dropped()
        return _store_each(replica, retention, rows)

    for number in lost:
        logger.warning("%s", lost_lease_message(number))
    stored = [row for row in ends if row.number not in lost]
    replica.apply(revision, *stored)
    return stored


def _store_each(
    replica: Replica, retention: CheckpointRetention, rows: Sequence[TrialRow]
) -> list[TrialRow]:
    stored = []
    refused: UnstorableError | None = None
    for row in rows:
        try:
            stored.append(store_end(replica, retention, row)[0])
        except LeaseLostError as lost:
            logger.warning("%s", lost)
        except UnstorableError as e:
            refused = e
    if refused is not None:
        raise refused
    return stored


def _store(
    replica: Replica,
    retention: CheckpointRetention,
    row: TrialRow,
    offers: Sequence[TrialRow],
) -> tuple[TrialRow, TrialRow | None]:
    row = retention.end(row)
    if offers:
        return row, replica.turn_over(row, offers)
    replica.apply(replica.storage.finish(replica.study, row), row)
    return row, None


def _versions(row: TrialRow, replica: Replica, refusal: Exception) -> Iterator[TrialRow]:
    """Yield what is stored instead: the trial as failed, with what may be kept, then with less.

    Where it is not certain that the content was refused, it is first tried as it is once more.
    """
    if not isinstance(refusal, UnstorableError):
        time.sleep(_AGAIN_S)
        yield row
    tags = {name: value for name, value in row.tags.items() if _is_small(name, value)}
    left_out = [f"tag {name!r:.100}" for name in row.tags if name not in tags]
    if row.error:
        left_out.append("its own error in full")
    yield replace(
        row,
        state=State.FAILED,
        tags=tags,
        error=_explain(row, refusal, left_out),
    )
    [stored] = replica.rows([row.number])
    yield replace(
        row,
        state=State.FAILED,
        params=stored.params,
        tags=stored.tags,
        values=None,
        cost=None,
        constraints={},
        proposal={},
        error=_explain(row, refusal, ["all that its worker noted"]),
    )


def _is_small(name: str, value: Any) -> bool:
    try:
        return measure_json({name: value}) <= _SMALL_BYTES
    except (TypeError, ValueError, RecursionError):
        return False


def _explain(row: TrialRow, refusal: Exception, left_out: list[str]) -> str:
    end = row.state.name.lower()
    text = (
        f"UnstorableError: trial {row.number} was {end}, and the storage did not take its end "
        f"({type(refusal).__name__}: {refusal!s:.1000})"
    )
    if left_out:
        text += f"; left out: {', '.join(left_out):.1000}"
    if row.error:
        text += f"\n{row.error:.1000}"
    return to_error_text(text)
