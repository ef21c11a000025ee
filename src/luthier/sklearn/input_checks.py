"""Checks of what a search is given, and of what comes out."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.base import is_classifier, is_regressor

from ..errors import EstimatorError
from ..space.space import Space


def check_targets(estimator: Any, y: Any) -> None:
    """Refuse targets that are all the same.

    Raises:
        EstimatorError: They are: every candidate would score the same.
    """
    if y is None or not (is_classifier(estimator) or is_regressor(estimator)):
        return
    target = np.asarray(y)
    if target.ndim == 1 and len(target) > 1 and target.dtype.kind in "biufUO":
        first = target[0]
        if all(value == first for value in target):
            word = "class" if is_classifier(estimator) else "value"
            raise EstimatorError(
                f"the target y has one {word} only, {first!r}, in all {len(target)} rows, so there "
                "is nothing to learn; look at how it was made"
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
            "say why. Metrics such as 'roc_auc' need an estimator with predict_proba or "
            "decision_function, and each class in each fold",
            UserWarning,
            stacklevel=4,
        )
