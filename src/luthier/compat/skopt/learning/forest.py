"""Forests of scikit-learn that say how sure they are."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.ensemble import ExtraTreesRegressor as PlainExtraTrees
from sklearn.ensemble import RandomForestRegressor as PlainForest

from ....typing import Array


def _predict_with_std(forest: Any, X: Any, mean: Array, least: float) -> Array:
    """Return the standard deviations (n,): of trees about their mean, and within their leaves.

    Args:
        forest: A fitted forest.
        X: (n, d) points.
        mean: (n,) its predictions.
        least: Variance of a leaf, at least.

    Source: Hutter 2014, section 4.3.2 (the law of total variance).
    """
    squares = np.zeros(len(mean))
    for tree in forest.estimators_:
        leaf = tree.apply(X)
        within = np.maximum(tree.tree_.impurity[leaf], least)
        squares += within + tree.predict(X) ** 2
    variance = squares / len(forest.estimators_) - mean**2
    return np.sqrt(np.maximum(variance, 0))


class _SaysHowSure:
    """A forest whose `predict` takes `return_std`."""

    min_variance: float

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Return predictions (n,), and with return_std their standard deviations (n,)."""
        points = np.asarray(X, dtype=np.float32)
        mean = super().predict(points)  # type: ignore[misc]  # of the forest beside this class
        if not return_std:
            return mean
        return mean, _predict_with_std(self, points, mean, self.min_variance)


class RandomForestRegressor(_SaysHowSure, PlainForest):  # type: ignore[misc]  # scikit-learn has no types
    """Random forest of scikit-learn whose `predict` takes `return_std`.

    Args:
        n_estimators: Number of trees.
        min_variance: Variance of a leaf, at least.
        criterion: See scikit-learn's, as all other arguments.
    """

    def __init__(
        self,
        n_estimators: int = 10,
        criterion: str = "squared_error",
        max_depth: int | None = None,
        min_samples_split: Any = 2,
        min_samples_leaf: Any = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_features: Any = 1.0,
        max_leaf_nodes: int | None = None,
        min_impurity_decrease: float = 0.0,
        bootstrap: bool = True,
        oob_score: bool = False,
        n_jobs: int = 1,
        random_state: Any = None,
        verbose: int = 0,
        warm_start: bool = False,
        min_variance: float = 0.0,
    ) -> None:
        self.min_variance = min_variance
        super().__init__(
            n_estimators=n_estimators,
            criterion=criterion,
            max_depth=max_depth,
            min_samples_split=min_samples_split,
            min_samples_leaf=min_samples_leaf,
            min_weight_fraction_leaf=min_weight_fraction_leaf,
            max_features=max_features,
            max_leaf_nodes=max_leaf_nodes,
            min_impurity_decrease=min_impurity_decrease,
            bootstrap=bootstrap,
            oob_score=oob_score,
            n_jobs=n_jobs,
            random_state=random_state,
            verbose=verbose,
            warm_start=warm_start,
        )


class ExtraTreesRegressor(_SaysHowSure, PlainExtraTrees):  # type: ignore[misc]  # scikit-learn has no types
    """Extremely random trees of scikit-learn whose `predict` takes `return_std`.

    Args:
        n_estimators: Number of trees.
        min_variance: Variance of a leaf, at least.
        criterion: See scikit-learn's, as all other arguments.
    """

    def __init__(
        self,
        n_estimators: int = 10,
        criterion: str = "squared_error",
        max_depth: int | None = None,
        min_samples_split: Any = 2,
        min_samples_leaf: Any = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_features: Any = 1.0,
        max_leaf_nodes: int | None = None,
        min_impurity_decrease: float = 0.0,
        bootstrap: bool = False,
        oob_score: bool = False,
        n_jobs: int = 1,
        random_state: Any = None,
        verbose: int = 0,
        warm_start: bool = False,
        min_variance: float = 0.0,
    ) -> None:
        self.min_variance = min_variance
        super().__init__(
            n_estimators=n_estimators,
            criterion=criterion,
            max_depth=max_depth,
            min_samples_split=min_samples_split,
            min_samples_leaf=min_samples_leaf,
            min_weight_fraction_leaf=min_weight_fraction_leaf,
            max_features=max_features,
            max_leaf_nodes=max_leaf_nodes,
            min_impurity_decrease=min_impurity_decrease,
            bootstrap=bootstrap,
            oob_score=oob_score,
            n_jobs=n_jobs,
            random_state=random_state,
            verbose=verbose,
            warm_start=warm_start,
        )
