"""A search of scikit-learn's kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone, is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv, cross_validate
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ...remarks import warn_without_effect
from ..distributions import BaseDistribution, without_old_name
from ..study.creating import create_study
from ..study.direction import StudyDirection
from ..study.search import Study
from ..trial.frozen import FrozenTrial
from ..trial.live import Trial
from ..trial.state import TrialState


def _has(verb: str) -> Callable[[Any], bool]:
    return lambda search: hasattr(getattr(search, "best_estimator_", search.estimator), verb)


def _check_distributions(given: Any) -> None:
    """Refuse distributions under older names, which clones of the search would not keep.

    Raises:
        TypeError: There is no mapping of names.
        ValueError: A distribution has an older name.
    """
    if not isinstance(given, Mapping):
        raise TypeError("param_distributions must be a mapping.")
    for name, d in given.items():
        if isinstance(d, BaseDistribution) and without_old_name(d, True) is not d:
            raise ValueError(
                f"Deprecated distribution is specified in `{name}` of param_distributions. Please "
                "use new distributions such as FloatDistribution etc."
            )


class OptunaSearchCV(MetaEstimatorMixin, BaseEstimator):  # type: ignore[misc]
    """Searches the params of an estimator by cross-validation.

    Args:
        estimator: The estimator.
        param_distributions: Name to distribution.
        cv: Number of folds, or a splitter.
        enable_pruning: Accepted; all folds are fitted.
        error_score: Score of params whose fit fails, or "raise".
        max_iter: Accepted; nothing is fitted in part.
        n_jobs: How many trials run at the same time, in threads.
        n_trials: How many trials.
        random_state: Seed of the search.
        refit: Whether the best params are fitted to all rows.
        return_train_score: Whether the train scores are kept.
        scoring: The score; None for the estimator's.
        study: A study to go on with.
        subsample: Without effect: all rows are used.
        timeout: After how many seconds no trial is begun.
        verbose: Accepted; the log says what happens.
        callbacks: Called with the study and each trial that has ended.
        catch: Exceptions after which the search goes on.
    """

    def __init__(
        self,
        estimator: Any,
        param_distributions: Mapping[str, BaseDistribution],
        *,
        cv: Any = None,
        enable_pruning: bool = False,
        error_score: Any = np.nan,
        max_iter: int = 1000,
        n_jobs: int | None = None,
        n_trials: int = 10,
        random_state: Any = None,
        refit: bool = True,
        return_train_score: bool = False,
        scoring: Any = None,
        study: Study | None = None,
        subsample: float | int = 1.0,
        timeout: float | None = None,
        verbose: int = 0,
        callbacks: list[Callable[[Study, FrozenTrial], None]] | None = None,
        catch: Iterable[type[Exception]] | type[Exception] = (),
    ) -> None:
        _check_distributions(param_distributions)
        if subsample != 1:
            warn_without_effect("subsample of OptunaSearchCV", "all rows are used.")
        self.estimator = estimator
        self.param_distributions = param_distributions
        self.cv = cv
        self.enable_pruning = enable_pruning
        self.error_score = error_score
        self.max_iter = max_iter
        self.n_jobs = n_jobs
        self.n_trials = n_trials
        self.random_state = random_state
        self.refit = refit
        self.return_train_score = return_train_score
        self.scoring = scoring
        self.study = study
        self.subsample = subsample
        self.timeout = timeout
        self.verbose = verbose
        self.callbacks = callbacks
        self.catch = catch

    def fit(self, X: Any, y: Any = None, groups: Any = None, **fit_params: Any) -> OptunaSearchCV:
        """Search, and fit the best params to all rows.

        Raises:
            ValueError: An argument is out of range.
        """
        self._check()
        folds = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        self.scorer_ = check_scoring(self.estimator, scoring=self.scoring)
        if self.study is None:
            from ..samplers.tpe import TPESampler

            seed = self.random_state if isinstance(self.random_state, int) else None
            self.study_ = create_study(direction="maximize", sampler=TPESampler(seed=seed))
        else:
            self.study_ = self.study

        def objective(trial: Trial) -> float:
            params = {n: trial.suggest(n, d) for n, d in self.param_distributions.items()}
            try:
                found = cross_validate(
                    clone(self.estimator).set_params(**params),
                    X,
                    y,
                    cv=folds,
                    error_score=self.error_score,
                    groups=groups,
                    params=fit_params or None,
                    return_train_score=self.return_train_score,
                    scoring=self.scorer_,
                )
            except ValueError as e:  # scikit-learn raises where no fold could be fitted
                if self.error_score == "raise" or "fits failed" not in str(e):
                    raise
                return float(self.error_score)
            for name, values in found.items():
                for i, value in enumerate(values):
                    trial.set_user_attr(f"split{i}_{name}", float(value))
                trial.set_user_attr(f"mean_{name}", float(np.nanmean(values)))
                trial.set_user_attr(f"std_{name}", float(np.nanstd(values)))
            return float(trial.user_attrs["mean_test_score"])

        self.study_.optimize(
            objective,
            n_trials=self.n_trials,
            timeout=self.timeout,
            n_jobs=self.n_jobs or 1,
            catch=self.catch,
            callbacks=self.callbacks,
        )
        self.n_splits_ = folds.get_n_splits(X, y, groups)
        has_result = any(t.state is TrialState.COMPLETE for t in self.trials_)
        if self.refit and has_result:
            self.best_estimator_ = clone(self.estimator).set_params(**self.best_params_)
            fitted = (X,) if y is None else (X, y)
            self.best_estimator_.fit(*fitted, **fit_params)
        return self

    def _check(self) -> None:
        if not hasattr(self.estimator, "fit"):
            raise ValueError("estimator must be a scikit-learn estimator.")
        for name, distribution in self.param_distributions.items():
            if not isinstance(distribution, BaseDistribution):
                raise ValueError(f"Value of {name} must be a optuna distribution.")
        if self.enable_pruning and not hasattr(self.estimator, "partial_fit"):
            raise ValueError("estimator must support partial_fit.")
        if self.max_iter <= 0:
            raise ValueError(f"max_iter must be > 0, got {self.max_iter}.")
        if self.study is not None and self.study.direction != StudyDirection.MAXIMIZE:
            raise ValueError("direction of study must be 'maximize'.")
        if self.error_score != "raise" and not isinstance(self.error_score, int | float):
            raise ValueError("error_score must be 'raise' or numeric.")

    @property
    def best_index_(self) -> int:
        """The number of the best trial."""
        return self.best_trial_.number

    @property
    def best_trial_(self) -> FrozenTrial:
        """The best trial."""
        check_is_fitted(self, "study_")
        return self.study_.best_trial

    @property
    def best_params_(self) -> dict[str, Any]:
        """The params of the best trial."""
        return self.best_trial_.params

    @property
    def best_score_(self) -> float:
        """The mean score of the best trial."""
        value = self.best_trial_.value
        assert value is not None
        return value

    @property
    def trials_(self) -> list[FrozenTrial]:
        """All trials."""
        check_is_fitted(self, "study_")
        return self.study_.trials

    @property
    def user_attrs_(self) -> dict[str, Any]:
        """The notes of the study."""
        check_is_fitted(self, "study_")
        return self.study_.user_attrs

    def set_user_attr(self, key: str, value: Any) -> None:
        """Add a note to the study."""
        check_is_fitted(self, "study_")
        self.study_.set_user_attr(key, value)

    def trials_dataframe(self, **settings: Any) -> Any:
        """Return all trials as a table, as `Study.trials_dataframe` does."""
        check_is_fitted(self, "study_")
        return self.study_.trials_dataframe(**settings)

    @property
    def n_trials_(self) -> int:
        """How many trials there were."""
        return len(self.trials_)

    @property
    def cv_results_(self) -> dict[str, Any]:
        """Params, scores and times of the complete trials, as columns."""
        trials = [t for t in self.trials_ if t.state is TrialState.COMPLETE]
        names = list(dict.fromkeys(name for t in trials for name in t.user_attrs))
        columns: dict[str, Any] = {
            name: np.array([t.user_attrs.get(name, np.nan) for t in trials]) for name in names
        }
        columns["params"] = [t.params for t in trials]
        return columns

    @property
    def classes_(self) -> Any:
        """The classes that were learned."""
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_.classes_

    def score(self, X: Any, y: Any = None) -> float:
        """Return the score of the best estimator."""
        check_is_fitted(self, "best_estimator_")
        return float(self.scorer_(self.best_estimator_, X, y))

    @available_if(_has("predict"))  # type: ignore[untyped-decorator]
    def predict(self, X: Any) -> Any:
        """Predict by the best estimator."""
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_.predict(X)

    @available_if(_has("predict_proba"))  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> Any:
        """Predict probabilities by the best estimator."""
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_.predict_proba(X)

    @available_if(_has("decision_function"))  # type: ignore[untyped-decorator]
    def decision_function(self, X: Any) -> Any:
        """Return what the best estimator decides by."""
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_.decision_function(X)

    @available_if(_has("predict_log_proba"))  # type: ignore[untyped-decorator]
    def predict_log_proba(self, X: Any) -> Any:
        """Predict logarithms of probabilities by the best estimator."""
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_.predict_log_proba(X)

    @available_if(_has("score_samples"))  # type: ignore[untyped-decorator]
    def score_samples(self, X: Any = None) -> Any:
        """Return the scores of rows by the best estimator."""
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_.score_samples(X)

    @available_if(_has("inverse_transform"))  # type: ignore[untyped-decorator]
    def inverse_transform(self, X: Any) -> Any:
        """Transform back by the best estimator."""
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_.inverse_transform(X)

    @available_if(_has("transform"))  # type: ignore[untyped-decorator]
    def transform(self, X: Any) -> Any:
        """Transform by the best estimator."""
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_.transform(X)
