"""Copies of studies from one storage to another.

What was read is what is there in the end, or nothing is.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from ..checkpoints import Checkpoints
from ..errors import (
    LuthierError,
    MissingDependencyError,
    StorageError,
    StudyError,
    StudyExistsError,
    StudyNotFoundError,
)
from ..storages import Storage
from ..storages.base import COPYING, StudyRecord, require_complete_copy
from ..storages.codec import encode_body, to_json, value_to_column
from ..storages.settings import read_settings
from ..storages.transitions import release
from ..terminal import logger
from ..trial.record import ReportValue, State, TrialRow
from .checkpoint_owner import find_owner
from .opening import open_checkpoints

_BATCH = 1_000  # trials and reports that are written at a time


class Copied(msgspec.Struct, frozen=True):
    """Report of a copy.

    Attributes:
        name: The study's.
        trials: Number of trials.
        reports: Number of their reports.
        running: Numbers of trials that ran, and wait now.
        changed: How many trials have changed in the source since it was read.
        checkpoints: Number of checkpoints whose files were copied.
        missing: Number of checkpoints of trials that go on, whose files were not found or are
            damaged.
        checksum: Of all rows and reports, the same on both sides.
        attachments: Number of attachments that were copied.
        damaged: Number of attachments that are damaged in the source, and left out.
    """

    name: str
    trials: int
    reports: int
    running: tuple[int, ...]
    changed: int
    checkpoints: int
    missing: int
    checksum: str
    attachments: int
    damaged: int


def require_free_name(name: str, target: Storage) -> StudyRecord | None:
    """Refuse a name that is taken; a copy that is not complete takes none, and is returned.

    Raises:
        StudyExistsError: There is such a study.
    """
    try:
        record = target.study(name)
    except StudyNotFoundError:
        return None
    if not record.spec.get(COPYING):
        raise StudyExistsError(
            f"study {name!r} exists in {target!r}, and is left alone; delete it there, or name "
            "others with --study"
        )
    return record


def copy(
    source: Storage,
    target: Storage,
    name: str,
    tell: Callable[[int, int], None] = lambda n, of: None,
) -> Copied:
    """Copy a study as it is at one moment: trials, reports, turns, tags, and files beside it.

    These are checkpoints and attachments.

    A trial that runs is copied as one that waits: its worker belongs to the source. Tokens begin
    anew. Until all is there, and has been read again and compared, the study cannot be loaded from
    the target; when something fails, or on Ctrl-C, what was begun there is removed, and what a kill
    leaves is replaced by the next copy. The copy has checkpoints of its own: where both studies
    name one place, they are in a folder within it.

    Args:
        source: Where it is; it is not changed.
        target: Where it is to be.
        name: Its name, in both.
        tell: Called now and then with the number of trials that have been written, and of all.

    Raises:
        StudyNotFoundError: The source has no such study.
        StudyExistsError: The target has one.
        StorageError: What was read there is not what was written.
    """
    record = source.study(name)
    require_complete_copy(record)
    origin = _open(source, record, record.spec)
    if (left := require_free_name(name, target)) is not None:
        _remove(target, left, record.spec)
    mark = {"directions": read_settings(record).directions, COPYING: repr(source)}
    begun = target.create_study(name, mark)
    try:
        found, spec = _fill(source, record, target, begun, origin, tell)
        target.update_study(begun.id, spec)
    except BaseException:
        with contextlib.suppress(LuthierError):
            _remove(target, begun, record.spec)
        raise
    return found


def _fill(
    source: Storage,
    record: StudyRecord,
    target: Storage,
    begun: StudyRecord,
    origin: Checkpoints,
    tell: Callable[[int, int], None],
) -> tuple[Copied, dict[str, Any]]:
    """Write the trials; what was copied, and the spec that belongs to them."""
    changes = source.changes(record.id, 0)  # all of it, at one moment
    reports: dict[int, dict[float, ReportValue]] = {}
    for r in changes.reports:
        reports.setdefault(r.number, {})[r.step] = r.value
    n = 0
    checksum = hashlib.sha256()
    files = dict[str, dict[str, Any]]()
    needed = set[str]()
    for batch in _batches(changes.rows, reports):
        first, _ = target.add_trials(begun.id, batch, n)
        if first != n:
            raise StudyError(
                f"somebody else has added trials to {record.name!r} in {target!r}; copy it again"
            )
        n += len(batch)
        _add(checksum, batch)
        files |= {r["file"]: r for row in batch for r in row.checkpoints if "file" in r}
        needed |= {
            r["file"]
            for row in batch
            if not row.state.finished
            for r in row.checkpoints
            if "file" in r
        }
        tell(n, len(changes.rows))
    there = hashlib.sha256()
    _add(there, target.rows(begun.id))
    if there.digest() != checksum.digest():
        raise StorageError(
            f"what {target!r} gives back of {record.name!r} is not what was written; nothing is "
            "kept"
        )
    moved: set[str] = set()
    attached = 0, 0
    store = _open(target, begun, record.spec)
    if store.is_unnamed or origin.is_unnamed:
        needed.clear()
    else:  # many a finished trial's was deleted long ago
        moved, attached = _move(origin, store, files.values(), n)
    running = tuple(r.number for r in changes.rows if r.state == State.RUNNING)
    n_changed = len(source.changes(record.id, changes.revision).rows)
    copied = Copied(
        record.name,
        n,
        len(changes.reports),
        running,
        n_changed,
        len(moved),
        len(needed - moved),
        checksum.hexdigest()[:16],
        *attached,
    )
    return copied, changes.spec or record.spec


def _move(
    origin: Checkpoints,
    store: Checkpoints,
    references: Collection[Mapping[str, Any]],
    n_trials: int,
) -> tuple[set[str], tuple[int, int]]:
    """Copy files of checkpoints and attachments; none where a package is missing for that.

    Then a warning says so.

    Returns:
        Which checkpoints were copied; how many attachments were, and how many were damaged.
    """
    try:
        origin.open()
        store.open()
    except MissingDependencyError as e:
        logger.warning("checkpoints and attachments are left in %r: %s", origin.url, e)
        return set(), (0, 0)
    if not references and not origin.attachments.numbers():
        return set(), (0, 0)
    adopted = store.adopt(origin, references)
    return adopted, store.attachments.adopt(origin.attachments, n_trials)


def _batches(
    rows: Iterable[TrialRow], reports: dict[int, dict[float, ReportValue]]
) -> Iterator[list[TrialRow]]:
    """Batches of trials with their reports, as they are to be written."""
    batch: list[TrialRow] = []
    size = 0
    for row in rows:
        if row.state == State.RUNNING:
            row = release(row, False, 0, 0.0)
        row = msgspec.structs.replace(
            row, reports=tuple(sorted(reports.pop(row.number, {}).items()))
        )
        if batch and size + len(row.reports) >= _BATCH:
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += 1 + len(row.reports)
    if batch:
        yield batch


def _add(checksum: Any, rows: Sequence[TrialRow]) -> None:
    """Add all that is copied of trials to a checksum."""
    for row in rows:
        # Adding 0.0 turns -0.0 into 0.0, as some storages do.
        reports = [(step + 0.0, value_to_column(value)) for step, value in row.reports]
        checksum.update(
            to_json((row.number, int(row.state), row.retries, encode_body(row), reports)).encode()
        )


def _open(storage: Storage, record: StudyRecord, spec: Mapping[str, Any]) -> Checkpoints:
    """The checkpoints of a study that has, or is to have, this spec."""
    whole = msgspec.structs.replace(record, spec=dict(spec))
    return open_checkpoints(storage, whole).belonging_to(find_owner(storage, whole))


def _remove(target: Storage, record: StudyRecord, spec: Mapping[str, Any]) -> None:
    """Remove a copy that was begun."""
    store = _open(target, record, spec)
    rows = target.rows(record.id)
    target.delete_study(record.id)
    if not store.is_unnamed:
        store.clear(r for row in rows for r in row.checkpoints if "file" in r)
