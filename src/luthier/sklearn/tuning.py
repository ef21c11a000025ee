"""`tune`: one call from an estimator to a tuned one."""

from __future__ import annotations

from typing import Any

from ..errors import EstimatorError
from ..spaces import suggest
from ..validation import show, to_number
from .objectives import CONFIRMED
from .search_cv import SearchCV


def tune(
    estimator: Any,
    X: Any,
    y: Any = None,
    seconds: float = 60,
    *,
    space: Any = None,
    scoring: Any = None,
    cv: Any = None,
    groups: Any = None,
    n_jobs: int | None = None,
    random_state: Any = None,
    **settings: Any,
) -> SearchCV:
    """Tune an estimator for a while, with a ready-made space where there is one.

    Hopeless candidates are ended between two folds, by `luthier.schedulers.FoldRace`. The estimator
    as it was given takes part, and the three leaders are measured beside it on fresh splits: what
    is not better there by more than chance is not taken, so the result is not worse than that.

    Args:
        estimator: An estimator of scikit-learn, LightGBM, XGBoost or CatBoost, or a pipeline that
            ends with one.
        X: (n, ...) rows.
        y: (n,) targets.
        seconds: After how many seconds no further candidate is begun; the last one, the fresh
            splits, which cost as much as some ten candidates, and the fit on all rows come on top.
        space: What is searched, as for `SearchCV`; None for the ready-made space, of which the
            portfolio is tried first: see `luthier.spaces.suggest`.
        scoring: As in scikit-learn; None for the estimator's own score.
        cv: As in scikit-learn; None for five folds.
        groups: (n,) the group of each row, for splitters that keep groups whole.
        n_jobs: How many candidates are fitted at a time.
        random_state: The seed.
        **settings: Other arguments of `SearchCV`.

    Returns:
        The fitted search: it predicts as the best estimator does, and has `best_params_`,
        `best_estimator_`, `cv_results_`, `study_`, and what was confirmed in `confirmation_`.

    Raises:
        EstimatorError: There is no ready-made space for the estimator, or no time.
    """
    number = to_number(seconds)
    if number is None or not float(number) > 0:
        raise EstimatorError(f"seconds is a number above 0, got {show(seconds)}")
    chosen = {"n_iter": None, "timeout": float(number), "resource": "folds", "refit": CONFIRMED}
    search = SearchCV(
        estimator,
        suggest(estimator, X) if space is None else space,
        scoring=scoring,
        cv=cv,
        n_jobs=n_jobs,
        random_state=random_state,
        **(chosen | settings),
    )
    params = {} if groups is None else {"groups": groups}
    search.fit(X, y, **params)
    return search
