"""Damage of a storage: what can be read in spite of it, and a new storage with that."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from ..errors import (
    StorageDamagedError,
    StorageError,
    StorageVersionError,
    StudyExistsError,
)
from ..trial.record import ReportValue, State, TrialRow
from .base import COPYING, Storage, StudyRecord
from .checksums import UNREADABLE
from .settings import read_settings, read_space
from .sqlite import SQLite
from .sqlite_pages import read_records
from .table_rows import read_report, read_study, read_trial
from .transitions import release

_BATCH = 1_000  # trials that are written at a time
_MOST_LOST = 1_000_000  # trials at the end of a study that may be missing
_LOST = (
    "StorageDamagedError: this trial could not be read when its study was repaired; its number is "
    "kept"
)


class Salvage(msgspec.Struct, frozen=True):
    """What can be read of a study.

    Attributes:
        record: The study; where its settings are damaged, with those that can be read.
        rows: Its trials by number, with their reports; None for one that is damaged.
        problems: What is damaged, in words; empty where all is whole.
        n_lost_reports: Number of reports that are damaged, of trials that are not.
    """

    record: StudyRecord
    rows: Sequence[TrialRow | None]
    problems: Sequence[str]
    n_lost_reports: int = 0

    @property
    def n_lost(self) -> int:
        """Number of trials that are damaged."""
        return sum(row is None for row in self.rows)


def salvage(storage: Storage) -> list[Salvage]:
    """Read all studies of a storage, whatever is damaged in it."""
    return [_read(storage, record) for record in storage.studies()]


def salvage_file(path: Path) -> list[Salvage]:
    """Read all studies of a SQLite file, also of one that cannot be opened.

    It is not changed. What its write-ahead log holds is read too. One of an older schema is read
    from a copy that is upgraded.

    Raises:
        StorageDamagedError: It is damaged, or another program's, and no study can be read.
    """
    with _copied_if_old(_follow_link(path)) as readable:
        return _salvage_file(readable)


def _follow_link(path: Path) -> Path:
    """Return the file that a symbolic link leads to, beside which SQLite has the log."""
    return path.resolve() if path.is_symlink() else path


@contextlib.contextmanager
def _copied_if_old(path: Path) -> Iterator[Path]:
    """A file that has the present schema: the path itself, or an upgraded copy."""
    try:
        SQLite(path, read_only=True).close()
    except StorageVersionError:
        with tempfile.TemporaryDirectory(prefix="luthier-") as folder:
            for file in (path, Path(f"{path}-wal")):
                if file.exists():
                    shutil.copyfile(file, Path(folder, file.name))
            copy = Path(folder, path.name)
            try:
                SQLite(copy).close()
            except StorageDamagedError as e:
                raise StorageDamagedError(_without_advice(e).replace(str(copy), str(path))) from e
            yield copy
        return
    except StorageDamagedError:
        pass
    yield path


def _salvage_file(path: Path) -> list[Salvage]:
    found = []
    problems = []
    try:
        storage = SQLite(path, read_only=True)
        try:
            storage.verify()
            found = salvage(storage)
        finally:
            storage.close()
        if not any(study.problems for study in found):
            return found
    except StorageDamagedError as e:
        problems.append(_without_advice(e))
    pages = read_pages(path)
    if problems and not pages:
        raise StorageDamagedError(f"{problems[0]}; no study can be read, also page by page")
    told = {study.record.id: study for study in found}
    studies = []
    for study in pages:
        said = told.get(study.record.id, study)
        all_problems = [*said.problems, *problems]
        studies.append(replace(study, problems=all_problems, n_lost_reports=said.n_lost_reports))
    return studies


def write_studies(studies: Sequence[Salvage], target: Storage) -> None:
    """Write what was read of studies to a storage that has none of their names.

    Trials keep their numbers: one that is lost is failed, with an error that says so. Those that
    ran wait.

    Args:
        studies: What was read; those without settings are left out.
        target: The storage.

    Raises:
        StudyExistsError: It has such a study; nothing is written.
        StorageError: What was read there is not what was written.
    """
    readable = [study for study in studies if is_readable(study)]
    taken = {record.name for record in target.studies()}
    if both := sorted(taken.intersection(study.record.name for study in readable)):
        raise StudyExistsError(
            f"{target!r} has studies of these names already: {both}; choose another storage"
        )
    for study in readable:
        spec = study.record.spec
        record = target.create_study(study.record.name, {**spec, COPYING: "a damaged storage"})
        lost = TrialRow(number=-1, state=State.FAILED, error=_LOST)
        rows = [lost if row is None else row for row in study.rows]
        rows = [release(row, False, 0, 0.0) if row.state == State.RUNNING else row for row in rows]
        for i in range(0, len(rows), _BATCH):
            target.add_trials(record.id, rows[i : i + _BATCH], i)
        if [_content(row) for row in target.rows(record.id)] != [_content(row) for row in rows]:
            raise StorageError(f"what {target!r} gives back of {record.name!r} is not what it got")
        target.update_study(record.id, spec)


def replace_file(path: Path, studies: Sequence[Salvage]) -> Path:
    """Put a new SQLite file with what was read in the place of a damaged one, which is renamed.

    Args:
        path: The damaged file, which nobody uses.
        studies: What was read there.

    Returns:
        The new name of the damaged file.
    """
    path = _follow_link(path)
    saved = path.with_name(f"{path.name}.repaired")
    for end in ("", "-wal", "-shm"):
        Path(f"{saved}{end}").unlink(missing_ok=True)
    target = SQLite(saved)
    try:
        write_studies(studies, target)
    finally:
        target.close()

    kept = path.with_name(f"{path.name}.damaged")
    n = 1
    while kept.exists():
        n += 1
        kept = path.with_name(f"{path.name}.damaged-{n}")
    for end in ("-wal", "-shm", ""):
        if Path(f"{path}{end}").exists():
            Path(f"{path}{end}").rename(f"{kept}{end}")
    saved.rename(path)
    return kept


def is_readable(study: Salvage) -> bool:
    """Whether the settings of a study can be read, without which nothing of it can be kept."""
    record = replace(study.record, damage=None)
    try:
        read_space(record.name, read_settings(record).space)
    except StorageDamagedError:
        return False
    return True


def _content(row: TrialRow) -> TrialRow:
    return replace(row, number=0, token=0, lease_s=0.0)


def _read(storage: Storage, record: StudyRecord) -> Salvage:
    """Read a study by the verbs of its storage; one trial at a time where not all can be read."""
    problems = _find_problems(record)
    rows: list[TrialRow | None] = []
    n_lost_reports = 0
    try:
        rows += storage.rows(record.id)
    except StorageDamagedError as e:
        problems.append(_without_advice(e))
        for number in range(record.n_trials):
            row, n_damaged = storage.salvage(record.id, number)
            rows.append(row)
            n_lost_reports += n_damaged
            if n_damaged:
                problems.append(f"damaged reports of trial {number} are left out: {n_damaged}")
    return Salvage(record, rows, problems, n_lost_reports)


def _find_problems(record: StudyRecord) -> list[str]:
    if COPYING in record.spec:
        return []
    try:
        read_space(record.name, read_settings(record).space)
    except StorageDamagedError as e:
        return [_without_advice(e)]
    return []


def _without_advice(e: StorageDamagedError) -> str:
    """Return what is damaged; the rest of the message advises what is being done."""
    return str(e).rpartition("; ")[0] or str(e)


def read_pages(path: Path) -> list[Salvage]:
    """Read a file page by page."""
    latest = _Latest()
    for row, values in read_records(path):
        with contextlib.suppress(*UNREADABLE):
            latest.put(row, values)
    return [latest.make(study) for study in sorted(latest.studies)]


class _Latest:
    """Rows of whatever a file's pages hold; of several versions of one the latest counts.

    Attributes:
        studies: Id -> revision, number of trials, and the study.
    """

    def __init__(self) -> None:
        self.studies: dict[int, tuple[int, int, StudyRecord]] = {}
        self._trials: dict[int, dict[int, tuple[int, TrialRow]]] = {}
        self._reports: dict[tuple[int, int], dict[float, tuple[int, ReportValue]]] = {}

    def put(self, row: int, values: Sequence[Any]) -> None:
        """Note a record, if it is a row of ours.

        Raises:
            ValueError: It is none, or not as it was written; as do the others of `UNREADABLE`.
        """
        if len(values) == 9 and row:
            _, key, spec, created_s, revision, n_trials, title, _, checksum = values
            record = read_study((row, key, title, spec, created_s, checksum), ())
            _keep_later(self.studies, row, (revision, n_trials, record))
        elif len(values) == 10:
            study, number, revision, state, token, lease_s, retries, body, _, checksum = values
            columns = (number, state, token, lease_s, retries, body, checksum)
            trial = read_trial(study, columns)
            _keep_later(self._trials.setdefault(study, {}), number, (revision, trial))
        elif len(values) == 6:
            study, number, step, value, revision, checksum = values
            report = read_report(study, (number, step, value, checksum))
            steps = self._reports.setdefault((study, number), {})
            _keep_later(steps, report.step, (revision, report.value))

    def make(self, study: int) -> Salvage:
        """Return what was found of a study."""
        _, n_trials, record = self.studies[study]
        trials = self._trials.get(study, {})
        n = max((number + 1 for number in trials), default=0)
        if n < n_trials <= n + _MOST_LOST:  # this number has no checksum
            n = n_trials
        rows: list[TrialRow | None] = []
        for number in range(n):
            reports = sorted(self._reports.get((study, number), {}).items())
            pairs = tuple((step, value) for step, (_, value) in reports)
            row = trials[number][1] if number in trials else None
            rows.append(None if row is None else replace(row, reports=pairs))
        counts = Counter(int(row.state) for row in rows if row is not None)
        return Salvage(replace(record, counts=dict(counts)), rows, _find_problems(record))


def _keep_later(table: dict[Any, Any], key: Any, entry: tuple[Any, ...]) -> None:
    """Put an entry, which begins with its revision, where the table has none that is later."""
    if key not in table or entry[0] >= table[key][0]:
        table[key] = entry
