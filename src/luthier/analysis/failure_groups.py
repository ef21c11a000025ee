"""Failed trials by what went wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from ..trial.record import State, TrialRow

_NUMBER = re.compile(r"0x[0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_LONGEST = 300  # characters
_MAX_NUMBERS = 50
_MAX_WORKERS = 10


class FailureGroup(NamedTuple):
    """Trials that failed with the same error, numbers in its text aside.

    Attributes:
        error: The first line of the latest error.
        n: How many trials.
        number: The latest of them, at most 50, the last first.
        worker: Who ran them, at most ten names; of the service without the key of a request.
        first_s: When the first ended, in seconds since 1970; None where nobody knows.
        last_s: When the last ended; None where nobody knows.
    """

    error: str
    n: int
    number: tuple[int, ...]
    worker: tuple[str, ...]
    first_s: float | None
    last_s: float | None


def group_failures(rows: Iterable[TrialRow]) -> tuple[FailureGroup, ...]:
    """Group failed trials by their error, the largest group first.

    Args:
        rows: Trials; those that did not fail count nowhere.
    """
    groups: dict[str, list[TrialRow]] = {}
    for row in rows:
        if row.state == State.FAILED:
            groups.setdefault(_NUMBER.sub("#", _first_line(row)), []).append(row)
    found = [_describe(group) for group in groups.values()]
    return tuple(sorted(found, key=lambda group: (-group.n, -group.number[0])))


def _describe(rows: list[TrialRow]) -> FailureGroup:
    latest = sorted(rows, key=lambda row: -row.number)
    ends = [row.finished_s for row in rows if row.finished_s is not None]
    workers = dict.fromkeys(row.worker.partition("#")[0] for row in latest if row.worker)
    return FailureGroup(
        error=_first_line(latest[0]),
        n=len(rows),
        number=tuple(row.number for row in latest[:_MAX_NUMBERS]),
        worker=tuple(workers)[:_MAX_WORKERS],
        first_s=min(ends, default=None),
        last_s=max(ends, default=None),
    )


def _first_line(row: TrialRow) -> str:
    text = (row.error or "").strip() or "no error was noted"
    return text.split("\n", 1)[0][:_LONGEST]
