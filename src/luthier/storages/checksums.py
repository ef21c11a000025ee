"""Checksums of what tables hold, by which a row that a disk has changed is recognised.

They cover all that does not change on its own: not the lease of a trial, and no revision.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct, error
from typing import Any, Protocol
from zlib import crc32

# What is raised where a row is read that holds something else than was written.
UNREADABLE = (
    TypeError,
    ValueError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    error,
)

_pack_trial = Struct("<5q").pack
_pack_report = Struct("<2qd").pack
_pack_value = Struct("<d").pack
_AT_ONCE = 1_000  # trials whose rows are given checksums at a time


def checksum_study(key: str, title: str | None, spec: str, created_s: float) -> int:
    """Return the checksum of a study's row."""
    return crc32(f"{key}\n{title}\n{created_s:.3f}\n{spec}".encode())


def checksum_trial(
    study: int, number: int, state: int, token: int, retries: int, body: str | bytes
) -> int:
    """Return the checksum of a trial's row; its body is text, or its UTF-8."""
    data = body.encode() if isinstance(body, str) else body
    return crc32(data, crc32(_pack_trial(study, number, state, token, retries)))


def checksum_report(study: int, number: int, step: float, value: float | str) -> int:
    """Return the checksum of a report's row."""
    # Adding 0.0 turns -0.0 into 0.0, as some databases do.
    packed = value.encode() if isinstance(value, str) else _pack_value(value + 0.0)
    return crc32(packed, crc32(_pack_report(study, number, step + 0.0)))


def require_checksum(found: Any, expected: int, what: str) -> None:
    """Refuse a row that is not as it was written.

    Raises:
        ValueError: Its checksum is another one.
    """
    if found != expected:
        raise ValueError(f"{what} is not as it was written")


class _Transaction(Protocol):
    def execute(self, statement: str, args: Any = ..., /) -> Any: ...

    def executemany(self, statement: str, args: Sequence[Any], /) -> Any: ...


def add_checksums(db: _Transaction) -> None:
    """Give checksums to all rows; those that were written before there were any have none."""
    studies = "SELECT id, name, title, spec, created_s FROM luthier_studies"
    for study, *columns in db.execute(studies).fetchall():
        db.execute(
            "UPDATE luthier_studies SET checksum = ? WHERE id = ?",
            (checksum_study(*columns), study),
        )
        last = "SELECT max(number) FROM luthier_trials WHERE study = ?"
        (highest,) = db.execute(last, (study,)).fetchone()
        for first in range(0, -1 if highest is None else int(highest) + 1, _AT_ONCE):
            _add_to_trials(db, study, first)


def _add_to_trials(db: _Transaction, study: int, first: int) -> None:
    some = "WHERE study = ? AND number >= ? AND number < ?"
    args = (study, first, first + _AT_ONCE)
    trials = db.execute(
        f"SELECT number, state, token, retries, body FROM luthier_trials {some}", args
    ).fetchall()
    db.executemany(
        "UPDATE luthier_trials SET checksum = ? WHERE study = ? AND number = ?",
        [(checksum_trial(study, *row), study, row[0]) for row in trials],
    )
    reports = db.execute(f"SELECT number, step, value FROM luthier_reports {some}", args).fetchall()
    if reports:
        db.executemany(
            "UPDATE luthier_reports SET checksum = ? WHERE study = ? AND number = ? AND step = ?",
            [(checksum_report(study, *row), study, row[0], row[1]) for row in reports],
        )
