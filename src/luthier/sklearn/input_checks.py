"""Checks of what a search is given, and of what comes out."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier, is_regressor
from sklearn.utils._missing import is_scalar_nan

from ..errors import EstimatorError
from ..space.space import Space
from ..validation import show


def check_targets(estimator: Any, y: Any, scoring: Any = None) -> None:
    """Refuse targets that are all the same, or missing.

    A metric of one's own may know what to do with targets that are missing.

    Args:
        estimator: Of the search.
        y: (n,) or (n, m) targets; None for none.
        scoring: As given to the search.

    Raises:
        EstimatorError: They are: every candidate would score the same, or none could be scored.
    """
    if y is None or not (is_classifier(estimator) or is_regressor(estimator)):
        return
    target = np.asarray(y)
    if target.ndim not in (1, 2) or len(target) < 2 or target.dtype.kind not in "biufUO":
        return
    if scoring is None or isinstance(scoring, str):
        _require_known(target)
    first = target[0]
    if np.all(target == first):
        word = "class" if is_classifier(estimator) else "value"
        raise EstimatorError(
            f"the target y has one {word} only, {show(first.tolist())}, in all {len(target)} rows, "
            "so there is nothing to learn; look at how it was made"
        )


def _require_known(target: NDArray[Any]) -> None:
    """Refuse targets of which some are missing or infinite.

    Raises:
        EstimatorError: They are.
    """
    rows = target.reshape(len(target), -1)
    if rows.dtype.kind == "f":
        wrong = ~np.isfinite(rows).all(axis=1)
    elif rows.dtype.kind == "O":
        wrong = np.array([any(map(_is_missing, row)) for row in rows], dtype=bool)
    else:
        return
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        raise EstimatorError(
            f"the target y must be known for all rows, and is {target[at]} in row {at}, and in "
            f"{int(wrong.sum())} of {len(target)} rows in all; leave these rows out"
        )


def _is_missing(value: Any) -> bool:
    return value is None or type(value).__name__ in ("NAType", "NaTType") or is_scalar_nan(value)


def check_weights(params: Mapping[str, Any], n: int) -> None:
    """Refuse weights of rows that are not as many as the rows.

    scikit-learn cuts params of `fit` that have an entry for each row, and passes on all others.

    Args:
        params: Those of `fit`.
        n: Number of rows.

    Raises:
        EstimatorError: They are not: folds would be weighed by weights of other rows.
    """
    for name, weights in params.items():
        if weights is None or not name.endswith("sample_weight"):
            continue
        shape = np.shape(weights)
        if not shape or shape[0] != n:
            raise EstimatorError(
                f"{name} must hold one weight for each of the {n} rows of X, got "
                f"{f'shape {shape}' if shape else show(weights)}"
            )


def check_bounds(search: Any, space: Space | None) -> None:
    """Refuse a search that nothing would end.

    Raises:
        EstimatorError: There is no bound.
    """
    has_bound = search.n_iter is not None or search.timeout is not None or bool(search.stop)
    if not has_bound and (space is None or not space.finite):
        raise EstimatorError(
            "the search has no end: n_iter, timeout and stop are not given, and the space is no "
            "finite grid; give one of them"
        )


def warn_of_many_jobs(estimator: Any, n_jobs: int) -> None:
    """Warn where both the search and its estimator start several jobs."""
    if n_jobs == 1:
        return
    params = estimator.get_params(deep=True)
    for name, value in params.items():
        is_jobs = name == "n_jobs" or name.endswith("__n_jobs")
        if is_jobs and value not in (None, 1):
            warnings.warn(
                f"the search fits {n_jobs} candidates at a time, and each estimator has "
                f"{name}={value}: together they start more jobs than there are cores; set one of "
                "the two to 1",
                UserWarning,
                stacklevel=4,
            )


def warn_without_score(best: float, scoring: Any, metric: str) -> None:
    """Warn of a search in which no candidate has a score; as in scikit-learn it is no error."""
    if np.isnan(best):
        which = repr(scoring) if metric == "score" else f"{metric!r} of {scoring!r:.500}"
        warnings.warn(
            f"no candidate has a score by scoring={which}, so the first was taken for the best: it "
            "could not be computed, or was NaN, for at least one fold of each; the other warnings "
            "say why. Metrics such as 'roc_auc' need each class in each fold",
            UserWarning,
            stacklevel=4,
        )
