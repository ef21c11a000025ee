"""Studies in one SQLite file: for results that must outlive the process, and for many processes.

Write-ahead log, one BEGIN IMMEDIATE transaction a verb, synchronous=NORMAL: what was acknowledged
survives the death of any process.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .base import SCHEMA
from .relational import Relational
from .relational_reader import Transaction
from .sqlite_file import File

_APPLICATION = 0x4C757468  # "Luth", in the file's header: marks the database as ours

_TABLES = """
CREATE TABLE luthier_studies (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    spec TEXT NOT NULL,
    created_s REAL NOT NULL,
    revision INTEGER NOT NULL DEFAULT 0,
    n_trials INTEGER NOT NULL DEFAULT 0,
    title TEXT,
    spec_revision INTEGER NOT NULL DEFAULT 0,
    checksum INTEGER
);
CREATE TABLE luthier_trials (
    study INTEGER NOT NULL,
    number INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    state INTEGER NOT NULL,
    token INTEGER NOT NULL,
    lease_s REAL NOT NULL,
    retries INTEGER NOT NULL,
    body TEXT NOT NULL,
    request TEXT,
    checksum INTEGER,
    PRIMARY KEY (study, number)
) WITHOUT ROWID;
CREATE INDEX trials_revision ON luthier_trials (study, revision);
CREATE UNIQUE INDEX trials_request ON luthier_trials (study, request) WHERE request IS NOT NULL;
CREATE TABLE luthier_reports (
    study INTEGER NOT NULL,
    number INTEGER NOT NULL,
    step REAL NOT NULL,
    value NOT NULL,
    revision INTEGER NOT NULL,
    checksum INTEGER,
    PRIMARY KEY (study, number, step)
) WITHOUT ROWID;
CREATE INDEX reports_revision ON luthier_reports (study, revision);
"""
# Statements that lead from a schema to the next.
_UPGRADES = {
    # State PAUSED is 2; states above it move up.
    1: "UPDATE trials SET state = state + 1 WHERE state >= 2",
    # Tables have the names that other databases take, and calls of add_trials are recognised.
    2: """
ALTER TABLE studies RENAME TO luthier_studies;
ALTER TABLE luthier_studies ADD COLUMN title TEXT;
ALTER TABLE trials RENAME TO luthier_trials;
ALTER TABLE luthier_trials RENAME COLUMN row TO body;
ALTER TABLE luthier_trials ADD COLUMN request TEXT;
CREATE UNIQUE INDEX trials_request ON luthier_trials (study, request) WHERE request IS NOT NULL;
ALTER TABLE reports RENAME TO luthier_reports;
""",
    # A change of a study's spec has a revision, and every row a checksum.
    3: """
ALTER TABLE luthier_studies ADD COLUMN spec_revision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE luthier_studies ADD COLUMN checksum INTEGER;
ALTER TABLE luthier_trials ADD COLUMN checksum INTEGER;
ALTER TABLE luthier_reports ADD COLUMN checksum INTEGER;
""",
}


class SQLite(Relational):
    """Studies in one file. Its verbs fail while the disk is full; see `Retrying`.

    Args:
        path: The file; it is made when it does not exist, its folder is not.
        lease_s: How long a worker may be silent before its trials are offered again, in seconds.
        max_retries: How often a trial is offered again before it counts as failed.
        read_only: Change nothing when it is opened: refuse a file without tables, or with those of
            an older schema. One that cannot be written, or whose folder cannot, is read.

    Raises:
        StorageDamagedError: The file is torn, or is another program's.
        StorageVersionError: A newer luthier wrote it.
        StorageReadOnlyError: It, or its folder, cannot be written.
        StorageError: The folder does not exist, or the disk fails.
    """

    on_server = False

    def __init__(
        self,
        path: str | os.PathLike[str],
        lease_s: float = 60.0,
        max_retries: int = 2,
        read_only: bool = False,
    ) -> None:
        super().__init__(lease_s, max_retries)
        self.path = Path(path).expanduser().absolute()
        options = f"lease_s={self.lease_s}&max_retries={self.max_retries}"
        self.url = f"sqlite:///{quote(str(self.path))}?{options}"
        self.folder = f"{self.path}.checkpoints"
        self.file = str(self.path)
        self._read_only = read_only
        self._file = File(self.path, _APPLICATION, SCHEMA, _TABLES, _UPGRADES, read_only)

    def __repr__(self) -> str:
        return f"SQLite({str(self.path)!r})"

    def _write(self) -> contextlib.AbstractContextManager[Transaction]:
        return self._file.write()

    def _read(self) -> contextlib.AbstractContextManager[Transaction]:
        return self._file.read()

    def _query_one(self, statement: str, args: Sequence[Any]) -> Any:
        return self._file.query_one(statement, tuple(args))

    def verify(self) -> None:
        """Check all of the file, which takes 11 ms a megabyte.

        Raises:
            StorageDamagedError: It is torn.
        """
        self._file.verify()

    def upgrade(self) -> tuple[int, int]:
        return self._file.found, SCHEMA  # it was upgraded when it was opened

    def stamp(self) -> Hashable:
        return self._file.stamp()

    def persist(self) -> None:
        self._file.persist()

    def close(self) -> None:
        self._file.close()

    def __getstate__(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "lease_s": self.lease_s,
            "max_retries": self.max_retries,
            "read_only": self._read_only,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()
