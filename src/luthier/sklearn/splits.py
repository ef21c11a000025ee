"""Splits of a search: frozen once, so that all candidates are measured on the same rows."""

from __future__ import annotations

import hashlib
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
    """
    n_splits = splitter.get_n_splits(X, y, **params)
    splits = [(np.asarray(a), np.asarray(b)) for a, b in splitter.split(X, y, **params)]
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
    return splits


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
