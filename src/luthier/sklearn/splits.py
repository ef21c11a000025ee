"""Splits of a search: frozen once, so that all candidates are measured on the same rows."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import _num_samples

from ..errors import SplitError, StudyError
from ..typing import Index
from .kept_fits import SPLITS


def freeze_splits(
    splitter: Any, X: Any, y: Any, params: Mapping[str, Any]
) -> list[tuple[Index, Index]]:
    """Return the splits of a splitter, asked for once.

    A shuffling splitter without a seed gives others each time, and an iterator has only one.

    Args:
        splitter: As `sklearn.model_selection.check_cv` returns it.
        X: The rows.
        y: Their targets; None without any.
        params: What goes to the splitter, such as groups.

    Raises:
        ValueError: There are none, or not as many as the splitter said.
        SplitError: A part of one is empty, or has rows that X does not have.
    """
    n_splits = splitter.get_n_splits(X, y, **params)
    n = _num_samples(X)
    splits = [(_read_rows(a, n), _read_rows(b, n)) for a, b in splitter.split(X, y, **params)]
    if not splits:
        raise ValueError(
            "No fits were performed. Was the CV iterator empty? Were there no candidates? "
            f"{splitter!r:.200} has no splits"
        )
    if len(splits) != n_splits:
        raise ValueError(
            "cv.split and cv.get_n_splits return inconsistent results. Expected "
            f"{n_splits} splits, got {len(splits)}"
        )
    _check_rows(splits, n)
    return splits


def _read_rows(given: Any, n: int) -> Index:
    """Return rows as their indices, where a splitter has said which of the n rows they are."""
    rows = np.asarray(given)
    return np.flatnonzero(rows) if rows.dtype == bool and rows.shape == (n,) else rows


def _check_rows(splits: list[tuple[Index, Index]], n: int) -> None:
    """Refuse splits of rows that X does not have, and warn of rows in both parts.

    Raises:
        SplitError: A part is empty, or has no such rows.
    """
    for fold, parts in enumerate(splits):
        for part, rows in zip(("train", "test"), parts, strict=True):
            if not len(rows):
                raise SplitError(f"fold {fold} of cv has no {part} rows")
            if rows.dtype.kind not in "iu" or rows.min() < -n or rows.max() >= n:
                raise SplitError(
                    f"the {part} rows of fold {fold} of cv must be whole numbers below {n}, the "
                    f"number of rows of X, got {rows.dtype} up to {rows.max()}"
                )
        n_seen = len(np.intersect1d(*parts))
        if n_seen:
            warnings.warn(
                f"fold {fold} of cv tests {n_seen} of {len(np.unique(parts[1]))} rows that it "
                "trains on, so scores are too good; give it other test rows",
                UserWarning,
                stacklevel=5,
            )


def check_plan(cv: Any, X: Any) -> None:
    """Refuse a plan of `luthier.evaluation` that does not fit a search.

    Raises:
        SplitError: It is of other rows, or each trial would have folds of its own.
    """
    if not hasattr(cv, "for_trial"):
        return
    if cv.reshuffled:
        raise SplitError(
            "the plan has other folds for each trial, and all candidates of a SearchCV share "
            "theirs; make it without reshuffled=True"
        )
    n = _num_samples(X)
    if cv.n != n:
        raise SplitError(f"the plan is of {cv.n} rows, and X has {n}")


def count_accuracy_rows(estimator: Any, scoring: Any, splits: list[tuple[Index, Index]]) -> int:
    """Return how many rows are scored, where the score is the share that is right; else 0."""
    is_own = scoring is None and getattr(type(estimator), "score", None) is ClassifierMixin.score
    if not is_own and scoring != "accuracy":
        return 0
    return len(np.unique(np.concatenate([test for _, test in splits])))


def fingerprint(splits: list[tuple[Index, Index]], y: Any) -> str:
    """Return a text that tells splits, and the targets of their rows, from others."""
    digest = hashlib.sha256()
    for part in (index for pair in splits for index in pair):
        digest.update(np.asarray(part, dtype=np.int64).tobytes() + b"|")
    if y is not None:
        target = np.asarray(y)
        plain = target.astype(str) if target.dtype == object else target
        digest.update(str(plain.dtype).encode() + np.ascontiguousarray(plain).tobytes())
    return digest.hexdigest()[:16]


def require_same_splits(rows: Any, mine: str, name: str) -> None:
    """Refuse to go on with a search whose trials were measured on other rows.

    Args:
        rows: Its trials.
        mine: The fingerprint of this search.
        name: The study's.

    Raises:
        StudyError: A trial has another fingerprint, or none.
    """
    for row in rows:
        theirs = row.tags.get(SPLITS)
        if row.state.finished and theirs != mine:
            what = "is no search's" if theirs is None else "was measured on other splits"
            raise StudyError(
                f"study {name!r} cannot go on: its trial {row.number} {what} than these data and "
                "this cv have now, so scores could not be compared; take another study_name, the "
                "same rows in the same order, and a cv with a seed, such as "
                "KFold(5, shuffle=True, random_state=0)"
            )
