"""Models of a search that are fitted when somebody looks at them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from sklearn.base import clone

from .estimators import cook_estimator
from .space.space import Space


class LateModel:
    """A regressor on the evaluations so far, which is fitted on its first use.

    The search itself does not need it: luthier's samplers have models of their own. It takes points
    as `space.transform` gives them.

    Args:
        estimator: An unfitted regressor, or a name of `cook_estimator`.
        space: The space.
        X: The points.
        y: Their values.
        seed: Of the fit.

    Attributes:
        kind: The name; None for a regressor of the user's own.
        n: Number of points.
    """

    def __init__(
        self, estimator: Any, space: Space, X: Sequence[Any], y: Sequence[Any], seed: int
    ) -> None:
        self.kind = estimator if isinstance(estimator, str) else None
        self.n = len(X)
        self._estimator = estimator
        self._space = space
        self._X = list(X)
        self._y = list(y)
        self._seed = seed
        self._fitted: Any = None

    def fit_now(self) -> Any:
        """Return the fitted regressor."""
        if self._fitted is None:
            if self.kind is not None:
                model = cook_estimator(self.kind, self._space, random_state=self._seed)
            else:
                model = clone(self._estimator)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of a fit that did not settle
                self._fitted = model.fit(self._space.transform(self._X), self._y)
        return self._fitted

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.fit_now(), name)
