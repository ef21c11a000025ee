"""Plugin of pytest: scikit-learn's own names for two of its searches are those of `SearchCV`.

`python -m pytest -p tests.support.sklearn_names --pyargs sklearn.model_selection.tests.test_search`
runs what scikit-learn asks of its searches on ours.
"""

from __future__ import annotations

import numpy as np
import sklearn.model_selection
from sklearn.model_selection import ParameterGrid, ParameterSampler
from sklearn.model_selection._search import BaseSearchCV

from luthier.sklearn import SearchCV


class _Named(SearchCV):
    """A search with the arguments of one of scikit-learn's; the rest as `SearchCV` has it."""

    timeout = storage = study_name = sampler = None
    scheduler = resource = min_resource = max_resource = None
    objectives = fit_params = None
    confirm = 0
    stop = ()

    _parameter_constraints = BaseSearchCV._parameter_constraints

    def _take(self, estimator, **settings):
        BaseSearchCV.__init__(self, estimator, **settings)


class GridSearchCV(_Named):
    """Every point of a grid, in the order of `ParameterGrid`."""

    n_iter = random_state = None

    _parameter_constraints = _Named._parameter_constraints | {"param_grid": [dict, list]}

    def __init__(
        self,
        estimator,
        param_grid,
        *,
        scoring=None,
        n_jobs=None,
        refit=True,
        cv=None,
        verbose=0,
        pre_dispatch="2*n_jobs",
        error_score=np.nan,
        return_train_score=False,
    ):
        self._take(
            estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.param_grid = param_grid

    @property
    def space(self):
        """The candidates, in the order of scikit-learn's."""
        return ParameterGrid(self.param_grid)


class RandomizedSearchCV(_Named):
    """Random candidates."""

    _parameter_constraints = _Named._parameter_constraints | {
        "param_distributions": [dict, list],
        "n_iter": SearchCV._parameter_constraints["n_iter"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator,
        param_distributions,
        *,
        n_iter=10,
        scoring=None,
        n_jobs=None,
        refit=True,
        cv=None,
        verbose=0,
        pre_dispatch="2*n_jobs",
        random_state=None,
        error_score=np.nan,
        return_train_score=False,
    ):
        self._take(
            estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.param_distributions = param_distributions
        self.n_iter = n_iter
        self.random_state = random_state

    @property
    def space(self):
        """The candidates, as scikit-learn draws them."""
        return ParameterSampler(
            self.param_distributions, self.n_iter, random_state=self.random_state
        )


sklearn.model_selection.GridSearchCV = GridSearchCV
sklearn.model_selection.RandomizedSearchCV = RandomizedSearchCV
