"""Plans for rows in order of time: models are tested on what came after their training."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import SplitError
from ..typing import Index
from ..validation import check_name, check_whole
from .row_labels import number_labels
from .split_plan import Fold, SplitPlan


def plan_time_folds(
    time: int | ArrayLike,
    n_folds: int = 5,
    *,
    window: Literal["expanding", "sliding"] = "expanding",
    n_train: int | None = None,
    n_test: int | None = None,
    gap: Any = 0,
    known_at: ArrayLike | None = None,
    groups: Any = None,
) -> SplitPlan:
    """Make a plan of folds that follow each other in time; the last ends with the last row.

    Rows of one time are never split: all are trained on, all tested, or left out.

    Args:
        time: (n,) time of each row: numbers, or datetimes of numpy or pandas, in any order; those
            with a time zone are taken in UTC. Or n, the number of rows, where they are in order of
            time already.
        n_folds: Number of folds.
        window: "expanding" trains on all rows before the test, "sliding" on the latest `n_train` of
            them.
        n_train: Rows of a sliding window; None for as many as a test part has, times `n_folds`, or
            what there is before the first test.
        n_test: Rows of a test part; None for n / (n_folds + 1).
        gap: How long before the test the training ends: in rows, or in the unit of `time` where
            that is an array (numpy.timedelta64 for datetimes). For rows that are related to those
            shortly after.
        known_at: (n,) when the target of each row was known, in the unit of `time`: a row is
            trained on only if that was before the test begins (purging). For targets that look
            ahead, such as the sales of the next week.
        groups: (n,) groups that may not be on both sides: where one of them is tested, its earlier
            rows are not trained on. None to let a group go on through time, as a shop does.

    Raises:
        SplitError: Too few rows for so many folds, times are missing or not one for each row, a
            target that was known before its row, or nothing is left to train on.
        ValueError: A number is out of its range.
    """
    n_folds = check_whole("n_folds", n_folds)
    check_name("window", window, ("expanding", "sliding"))
    times, counted = _read_time(time)
    n = len(times)
    n_test = n // (n_folds + 1) if n_test is None else check_whole("n_test", n_test)
    if n_test < 1 or n_folds * n_test >= n:
        raise SplitError(
            f"{n} rows are too few for {n_folds} folds of {max(n_test, 1)} test rows and some to "
            "train on before them; use fewer folds, or smaller ones"
        )
    if window == "expanding" and n_train is not None:
        raise SplitError("n_train is the length of a sliding window: set window='sliding'")
    if window == "sliding":
        n_first = n - n_folds * n_test
        n_train = n_first if n_train is None else check_whole("n_train", n_train)
    if counted:
        gap = check_whole("gap", gap, 0)
    known = None if known_at is None else _read_known(known_at, times)
    members = None if groups is None else number_labels("groups", groups, n)

    order = np.argsort(times, kind="stable")
    folds = []
    for i in range(n_folds):
        begin = n - (n_folds - i) * n_test
        fold = _cut(order, times, begin, begin + n_test, gap)
        _check_fold(i, fold)
        train = fold.train
        if known is not None:
            train = train[known[train] < times[fold.test[0]]]
        if n_train is not None:
            train = train[-n_train:]
        if members is not None:
            train = train[~np.isin(members[train], members[fold.test])]
        _check_fold(i, Fold(train, fold.test))
        folds.append(Fold(np.sort(train), np.sort(fold.test)))

    words = [f"{n_folds} folds in time", window]
    words += ["with a gap"] * bool(gap) + ["purged"] * (known is not None)
    words += ["grouped"] * (members is not None)
    return SplitPlan(", ".join(words), n, folds, ordered=True, groups=members)


def _read_time(time: int | ArrayLike) -> tuple[NDArray[Any], bool]:
    """Return the time of each row, and whether that is only its number."""
    found = _to_array(time)
    if found.ndim == 0:
        return np.arange(check_whole("time", time)), True
    if found.ndim != 1 or found.dtype.kind not in "iufM":
        raise SplitError(
            "time must hold a number or a datetime of numpy for each row, got an array of "
            f"{found.dtype} of shape {found.shape}{_say_how_to_convert(found)}"
        )
    missing = np.flatnonzero(found != found)
    if len(missing):
        raise SplitError(f"time must be known for all rows, and is missing in row {missing[0]}")
    return found, False


def _to_array(time: Any) -> NDArray[Any]:
    """Return times as an array; those of pandas that have a zone in UTC, without one."""
    dtype = getattr(time, "dtype", None)
    if getattr(dtype, "tz", None) is not None:
        return np.asarray(time, dtype=f"datetime64[{getattr(dtype, 'unit', 'ns')}]")
    return np.asarray(time)


def _say_how_to_convert(found: NDArray[Any]) -> str:
    if found.dtype.kind not in "OUS":
        return ""
    return "; for text, and datetimes of Python, pass pandas.to_datetime(..., utc=True)"


def _read_known(known_at: ArrayLike, times: NDArray[Any]) -> NDArray[Any]:
    known = _to_array(known_at)
    if known.shape != times.shape:
        raise SplitError(
            f"known_at must hold a time for each of the {len(times)} rows, got shape {known.shape}"
        )
    if known.dtype.kind not in "iufM":
        raise SplitError(
            f"known_at must hold times like those of time, {times.dtype}, got an array of "
            f"{known.dtype}{_say_how_to_convert(known)}"
        )
    early = np.flatnonzero(~(known >= times))
    if len(early):
        row = early[0]
        raise SplitError(
            f"known_at of row {row} is {known[row]}, before the row itself at {times[row]}: a "
            "target cannot be known before its row"
        )
    return known


def _cut(order: Index, times: NDArray[Any], begin: int, end: int, gap: Any) -> Fold:
    """Return the rows before a test part, and the part itself, with whole times; by time.

    A time that the part begins within is left to the training; one that it ends within is taken.
    """
    sorted_times = times[order]
    first = sorted_times[begin]
    if begin and sorted_times[begin - 1] == first:
        begin = int(np.searchsorted(sorted_times, first, side="right"))
    end = int(np.searchsorted(sorted_times, sorted_times[end - 1], side="right"))
    if begin >= end:
        return Fold(order[:begin], order[:0])
    stop = int(np.searchsorted(sorted_times, sorted_times[begin] - gap, side="left"))
    return Fold(order[:stop], order[begin:end])


def _check_fold(i: int, fold: Fold) -> None:
    if not len(fold.test):
        raise SplitError(
            f"fold {i} has no row to test: too many rows have the same time for so many folds"
        )
    if not len(fold.train):
        raise SplitError(
            f"fold {i} has no row left to train on: use a smaller gap, fewer folds, or a target "
            "that is known earlier"
        )
