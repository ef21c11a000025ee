"""BayesSearchCV: a search of scikit-learn whose candidates an Optimizer proposes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import rankdata
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ..remarks import refuse, warn_without_effect
from .callbacks import check_callback
from .optimizer.optimizer import Optimizer
from .results import eval_callbacks
from .space.dimensions import check_dimension
from .utils import dimensions_aslist, point_asdict


class BayesSearchCV(BaseSearchCV):  # type: ignore[misc]  # scikit-learn has no types
    """Cross-validated search; `luthier.sklearn.SearchCV` has more.

    Args:
        estimator: The estimator.
        search_spaces: Name to dimension; or a list of such dicts, each perhaps with its number of
            candidates: (dict, n).
        optimizer_kwargs: Arguments of `Optimizer`.
        n_iter: Number of candidates, for each of several spaces.
        scoring: See scikit-learn's, as n_jobs, refit, cv, verbose, pre_dispatch, error_score and
            return_train_score.
        fit_params: Refused: pass them to `fit`.
        n_points: Candidates at a time.
        iid: Without effect.
        random_state: Seed or generator.

    Raises:
        ValueError: There is no space, or it is not such a dict.
        TypeError: It is neither a dict nor a list of dicts.
    """

    def __init__(
        self,
        estimator: Any,
        search_spaces: Any,
        optimizer_kwargs: Mapping[str, Any] | None = None,
        n_iter: int = 50,
        scoring: Any = None,
        fit_params: Any = None,
        n_jobs: Any = 1,
        n_points: int = 1,
        iid: Any = "deprecated",
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: Any = "2*n_jobs",
        random_state: Any = None,
        error_score: Any = "raise",
        return_train_score: bool = False,
    ) -> None:
        self.search_spaces = search_spaces
        self.n_iter = n_iter
        self.n_points = n_points
        self.random_state = random_state
        self.optimizer_kwargs = optimizer_kwargs
        self.fit_params = fit_params
        self.iid = iid
        _check_spaces(search_spaces)
        if iid != "deprecated":
            warn_without_effect("iid of BayesSearchCV", "folds count equally.")
        if fit_params:
            raise refuse("fit_params of BayesSearchCV", "Pass them to fit(X, y, ...).")
        super().__init__(
            estimator=estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )

    @property
    def optimizer_results_(self) -> list[Any]:
        """The result of each space."""
        check_is_fitted(self, "_optim_results")
        found: list[Any] = self._optim_results
        return found

    @property
    def total_iterations(self) -> int:
        """Number of candidates of all spaces."""
        return sum(n for _, n in _list_spaces(self.search_spaces, self.n_iter))

    def fit(
        self, X: Any, y: Any = None, *, groups: Any = None, callback: Any = None, **fit_params: Any
    ) -> BayesSearchCV:
        """Search, and fit the best candidate on all rows.

        Args:
            X: (n, d) rows.
            y: (n,) targets.
            groups: (n,) groups of rows, for the splits.
            callback: Called with the result of a space after each step; true ends the space.
            **fit_params: Of the estimator.

        Raises:
            ValueError: `refit` is a function.
        """
        self._callbacks = check_callback(callback)
        if callable(self.refit):
            raise ValueError(
                "BayesSearchCV doesn't support a callable refit, as it doesn't define an implicit "
                "score to optimize"
            )
        if groups is not None:
            fit_params["groups"] = groups
        super().fit(X, y, **fit_params)
        if self.return_train_score:
            for name in _score_names(self.cv_results_, "train"):
                means = -np.asarray(self.cv_results_[f"mean_train_{name}"])
                self.cv_results_[f"rank_train_{name}"] = rankdata(means, "min").astype(int)
        return self

    def _run_search(self, evaluate_candidates: Callable[..., Any]) -> None:
        rng = check_random_state(self.random_state)
        self.optimizers_ = []
        self._optim_results = []
        for space, n_iter in _list_spaces(self.search_spaces, self.n_iter):
            given = {**(self.optimizer_kwargs or {}), "random_state": rng}
            search = Optimizer(dimensions_aslist(space), **given)
            for one, name in zip(search.space, sorted(space), strict=True):
                one.name = name if one.name is None else one.name
            self.optimizers_.append(search)
            result = None
            while n_iter > 0:
                result = self._step(space, search, min(n_iter, self.n_points), evaluate_candidates)
                n_iter -= self.n_points
                if eval_callbacks(self._callbacks, result):
                    break
            self._optim_results.append(result)

    def _step(
        self, space: Mapping[str, Any], search: Optimizer, n: int, evaluate: Callable[..., Any]
    ) -> Any:
        """Evaluate n candidates and tell their scores."""
        points = search.ask(n_points=n)
        plain = [[_to_plain(v) for v in point] for point in points]
        results = evaluate([point_asdict(space, point) for point in plain])
        names = _score_names(results, "test")
        name = self.refit if len(names) > 1 else names[0]
        if name not in names:
            raise ValueError(
                "For multi-metric scoring, the 'refit' parameter must be set to a scorer key, "
                f"which guides the search. {self.refit!r} was passed."
            )
        scores = results[f"mean_test_{name}"][-len(points) :]
        return search.tell(points, [-float(score) for score in scores])


def _to_plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _score_names(results: Mapping[str, Any], kind: str) -> list[str]:
    start = f"mean_{kind}_"
    return [key.removeprefix(start) for key in results if key.startswith(start)]


def _list_spaces(given: Any, n_iter: int) -> Iterator[tuple[Mapping[str, Any], int]]:
    """Yield each space with its number of candidates."""
    for one in [given] if isinstance(given, Mapping) else given:
        yield one if isinstance(one, tuple) else (one, n_iter)


def _check_spaces(given: Any) -> None:
    if not isinstance(given, Mapping | Sequence) or isinstance(given, str):
        raise TypeError(f"Search space should be provided as a dict or list of dict, got {given}")
    if len(given) == 0:
        raise ValueError("The search_spaces parameter should contain at least one space")
    for one in [given] if isinstance(given, Mapping) else given:
        space, n = one if isinstance(one, tuple) and len(one) == 2 else (one, 0)
        if not isinstance(space, Mapping):
            raise TypeError(
                f"A search space should be provided as a dict or tuple (dict, int), got {one}"
            )
        if not isinstance(n, int) or n < 0:
            raise ValueError(f"Number of iterations should be a positive integer, got {n!r}")
        for dimension in space.values():
            check_dimension(dimension)
