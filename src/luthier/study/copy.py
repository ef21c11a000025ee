"""Copies of studies from one storage to another.

What was read is what is there in the end, or nothing is.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from ..checkpoints import Checkpoints
from ..checkpoints.folder import copy as copy_file
from ..checkpoints.folder import measure
from ..errors import (
    CheckpointError,
    LuthierError,
    StorageError,
    StudyError,
    StudyExistsError,
    StudyNotFoundError,
)
from ..storages import Storage
from ..storages.base import COPYING, StudyRecord, require_complete_copy
from ..storages.codec import encode_body, to_json, value_to_column
from ..storages.transitions import release
from ..trial.record import ReportValue, State, TrialRow
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
    """

    name: str
    trials: int
    reports: int
    running: tuple[int, ...]
    changed: int
    checkpoints: int
    missing: int
    checksum: str


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
    """Copy a study as it is at one moment: trials, reports, turns, tags, checkpoints beside it.

    A trial that runs is copied as one that waits: its worker belongs to the source. Tokens begin
    anew. Until all is there, and has been read again and compared, the study cannot be loaded from
    the target; when something fails, or on Ctrl-C, what was begun there is removed, and what a kill
    leaves is replaced by the next copy. Checkpoints whose place was named when the study was
    created stay where they are.

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
    origin = open_checkpoints(source, record)
    if (left := require_free_name(name, target)) is not None:
        _remove(target, left, origin)
    mark = {"directions": record.spec["directions"], COPYING: repr(source)}
    begun = target.create_study(name, mark)
    try:
        found = _fill(source, record, target, begun, origin, tell)
        target.update_study(begun.id, record.spec)
    except BaseException:
        with contextlib.suppress(LuthierError):
            _remove(target, begun, origin)
        raise
    return found


def _fill(
    source: Storage,
    record: StudyRecord,
    target: Storage,
    begun: StudyRecord,
    origin: Checkpoints,
    tell: Callable[[int, int], None],
) -> Copied:
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
    if (
        record.spec.get("checkpoints")
        or target.folder is None
        or (store := open_checkpoints(target, begun)).url == origin.url
    ):
        needed.clear()
    elif files:  # many a finished trial's was deleted long ago
        moved = _copy_files(files, origin, store)
    running = tuple(r.number for r in changes.rows if r.state == State.RUNNING)
    n_changed = len(source.changes(record.id, changes.revision).rows)
    return Copied(
        record.name,
        n,
        len(changes.reports),
        running,
        n_changed,
        len(moved),
        len(needed - moved),
        checksum.hexdigest()[:16],
    )


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


def _copy_files(
    files: Mapping[str, dict[str, Any]], source: Checkpoints, target: Checkpoints
) -> set[str]:
    """Copy files of checkpoints, name -> reference; return the names of those that were whole."""
    there, moved = source.files(), set()
    for name, reference in files.items():
        if name not in there:
            continue
        try:
            path = source.place.fetch(name)
            with target.place.staging(name) as staged:
                copy_file(path, staged)
                if measure(staged) == (reference["bytes"], reference["crc32"]):
                    target.place.put(staged, name)
                    moved.add(name)
        except FileNotFoundError:  # deleted just now
            continue
        except OSError as e:
            raise CheckpointError(
                f"cannot copy checkpoint {name} from {source.url} to {target.url}: {e}"
            ) from e
    return moved


def _remove(target: Storage, record: StudyRecord, origin: Checkpoints) -> None:
    """Remove a copy that was begun."""
    rows, store = target.rows(record.id), open_checkpoints(target, record)
    target.delete_study(record.id)
    if store.url != origin.url:
        store.delete(r["file"] for row in rows for r in row.checkpoints if "file" in r)
