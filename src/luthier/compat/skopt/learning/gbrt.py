"""Gradient boosting of scikit-learn that predicts quantiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.utils import check_random_state


class GradientBoostingQuantileRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """One boosted model for each quantile.

    Args:
        quantiles: The quantiles; the outer ones lie a standard deviation from the middle.
        base_estimator: A GradientBoostingRegressor with loss="quantile"; None for scikit-learn's.
        n_jobs: Without effect: the models are fitted one after another.
        random_state: Seed or generator.
    """

    def __init__(
        self,
        quantiles: Sequence[float] = (0.16, 0.5, 0.84),
        base_estimator: Any = None,
        n_jobs: int = 1,
        random_state: Any = None,
    ) -> None:
        self.quantiles = quantiles
        self.base_estimator = base_estimator
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> GradientBoostingQuantileRegressor:
        """Fit a model for each quantile.

        Raises:
            ValueError: base_estimator is no boosting with the loss of quantiles.
        """
        rng = check_random_state(self.random_state)
        base = self.base_estimator
        if base is None:
            base = GradientBoostingRegressor(loss="quantile")
        if not isinstance(base, GradientBoostingRegressor):
            raise ValueError("base_estimator has to be of type GradientBoostingRegressor.")
        if base.loss != "quantile":
            raise ValueError(f"base_estimator has to use quantile loss not {base.loss}")
        self.regressors_ = []
        for quantile in self.quantiles:
            one = clone(base).set_params(alpha=quantile, random_state=rng.randint(2**31 - 1))
            self.regressors_.append(one.fit(X, np.ravel(y)))
        return self

    def predict(self, X: Any, return_std: bool = False, return_quantiles: bool = False) -> Any:
        """Return the middle quantile (n,), or all (n, k), or it with a standard deviation (n,)."""
        found = np.array([one.predict(X) for one in self.regressors_]).T
        if return_quantiles:
            return found
        middle = found[:, list(self.quantiles).index(0.5)] if 0.5 in self.quantiles else None
        middle = np.median(found, axis=1) if middle is None else middle
        if not return_std:
            return middle
        return middle, (found[:, -1] - found[:, 0]) / 2.0
