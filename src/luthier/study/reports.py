"""Intermediate values in the storage, and what the study then knows of their trials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from ..storages.base import HeldReport
from .checkpoint_retention import CheckpointRetention
from .replica import Replica
from .row_at_end import check_n_values

Saved = tuple[HeldReport, dict[str, Any] | None]
"""A report, and the reference to the checkpoint that was saved with it; None without one."""


def store_report(replica: Replica, retention: CheckpointRetention, saved: Saved) -> None:
    """Store an intermediate value.

    Args:
        replica: The study's trials.
        retention: Its checkpoints.
        saved: The report.

    Raises:
        ReportError: There are more or fewer values than objectives.
        LeaseLostError: The trial was given to another worker in the meantime.
    """
    [r] = _refer(replica, retention, [saved])
    revision = replica.storage.report(
        replica.study, r.number, r.token, r.step, r.value, r.checkpoints, r.params
    )
    _follow(replica, retention, revision, [r])


def store_reports(
    replica: Replica, retention: CheckpointRetention, saved: Sequence[Saved]
) -> list[int]:
    """Store an intermediate value of each of several trials, at once where the storage can.

    Args:
        replica: The study's trials.
        retention: Its checkpoints.
        saved: The reports, at most one a trial.

    Returns:
        Numbers of trials that were given to another worker in the meantime.
    """
    reports = _refer(replica, retention, saved)
    revision, lost = replica.storage.report_all(replica.study, reports)
    _follow(replica, retention, revision, [r for r in reports if r.number not in lost])
    return lost


def _refer(
    replica: Replica, retention: CheckpointRetention, saved: Sequence[Saved]
) -> list[HeldReport]:
    """Return reports with all checkpoints that their trials then have.

    Raises:
        ReportError: There are more or fewer values than objectives.
    """
    for r, _ in saved:
        check_n_values(r.number, r.value, len(replica.history.directions))
    if any(reference is not None and r.number not in replica.held for r, reference in saved):
        replica.refresh()  # earlier turns ran elsewhere
    return [
        r if reference is None else replace(r, checkpoints=retention.add(r.number, reference))
        for r, reference in saved
    ]


def _follow(
    replica: Replica, retention: CheckpointRetention, revision: int, reports: Sequence[HeldReport]
) -> None:
    """Bring the history in step with reports that were stored."""
    history = replica.history
    # Params that grew since the last write change the stored row too.
    same_params = all(not r.params or r.params == history.last_params(r.number) for r in reports)
    if revision == history.revision + 1 and same_params:
        for r in reports:
            history.put_report(r.number, r.step, r.value)
        history.set_revision(revision)
    elif not same_params or not replica.storage.shared:
        # With a shared storage a decision reads the changes anyway.
        replica.refresh()

    for r in reports:
        if r.checkpoints is not None:
            replica.set_checkpoints(r.number, r.checkpoints)
    retention.delete_dropped()
