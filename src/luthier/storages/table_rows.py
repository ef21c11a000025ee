"""Rows of tables as what they stand for, if they are as they were written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from ..trial.record import ReportValue, TrialRow
from .base import Report, StudyRecord
from .checksums import (
    UNREADABLE,
    checksum_report,
    checksum_study,
    checksum_trial,
    require_checksum,
)
from .codec import decode_trial, value_from_column
from .settings import make_record

Reports = tuple[tuple[float, ReportValue], ...]


def read_trial(study: int, record: Sequence[Any], reports: Reports = ()) -> TrialRow:
    """Return a trial from its columns, if they are as they were written."""
    number, state, token, lease_s, retries, body, checksum = record
    data = body.encode()  # once for all that looks at it: large studies have a million of them
    expected = checksum_trial(study, number, state, token, retries, data)
    if checksum != expected:
        require_checksum(checksum, expected, f"trial {number}")
    return decode_trial((number, state, token, lease_s, retries, data), reports)


def read_report(study: int, record: Sequence[Any], n_trials: int | None = None) -> Report:
    """Return a report from its columns, if they are as they were written.

    Args:
        study: The study's id.
        record: The columns.
        n_trials: How many trials the study has; None where the report is known to have one.
    """
    number, step, value, checksum = record
    expected = checksum_report(study, number, step, value)
    require_checksum(checksum, expected, f"a report of trial {number}")
    if n_trials is not None and not 0 <= number < n_trials:
        raise ValueError(f"a report belongs to trial {number}, and there are {n_trials} trials")
    return Report(int(number), float(step), value_from_column(value))


def read_study(record: Sequence[Any], counts: Sequence[tuple[int, int]]) -> StudyRecord:
    """Return a study from its columns and the number of its trials by state.

    One that is damaged is returned with as much of it as can be read, so that the others can be
    listed.
    """
    study, key, title, spec, created_s, checksum = record
    damage = None
    name = str(key)
    try:
        name = key if title is None else msgspec.json.decode(title, type=str)
        require_checksum(checksum, checksum_study(key, title, spec, created_s), "its row")
    except UNREADABLE as e:
        damage = f"{e!s:.500}"
    return make_record(study, name, spec, created_s, counts, damage)
