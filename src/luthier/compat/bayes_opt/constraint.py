"""A constraint on the values of a function of the parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...typing import Array
from .model import Model, Points


class ConstraintModel:
    """Bounds on values, and what is thought of the values at points that were not tried.

    Args:
        fun: The function of the parameters by name, which returns a value or an array of values.
        lb: The least value, or one for each.
        ub: The largest value, or one for each.
        space: The points that were tried.

    Raises:
        ValueError: A lower bound is not less than its upper bound.
    """

    def __init__(self, fun: Callable[..., Any] | None, lb: Any, ub: Any, space: Points) -> None:
        self.fun = fun
        self.lb = np.atleast_1d(lb)
        self.ub = np.atleast_1d(ub)
        if not np.all(np.less(self.lb, self.ub)):
            raise ValueError("Lower bounds of the constraint must be less than its upper bounds.")
        n_values = max(len(self.lb), len(self.ub))

        def read(column: int) -> Array:
            values = np.asarray(space.constraint_values, dtype=float).reshape(-1, n_values)
            return np.asarray(values[:, column])

        self.model = [Model(space, lambda i=i: read(i)) for i in range(n_values)]  # type: ignore[misc]
        self._keys = space.keys

    def eval(self, **params: Any) -> Any:
        """Return the values at a point.

        Raises:
            ValueError: There is no function.
            TypeError: The function does not take these parameters.
        """
        if self.fun is None:
            raise ValueError("No constraint function was provided.")
        try:
            return self.fun(**params)
        except TypeError as e:
            raise TypeError(
                f"Encountered TypeError when evaluating the constraint's function, which is called "
                f"with the names of the parameters, {self._keys}: {e}"
            ) from e

    def allowed(self, constraint_values: Any) -> Any:
        """Whether values keep the bounds: for (..., c) values of c bounds, (...)."""
        values = np.asarray(constraint_values)
        kept = (values >= self.lb) & (values <= self.ub)
        return kept if len(self.model) == 1 else np.all(kept, axis=-1)

    def excess(self, constraint_values: Any) -> dict[str, float]:
        """By how much each bound is broken: above 0 where it is."""
        values = np.atleast_1d(np.asarray(constraint_values, dtype=float))
        found = np.maximum(values - self.ub, self.lb - values)
        return {f"c{i}": float(v) for i, v in enumerate(found)}

    def predict(self, X: Any) -> Array:
        """Return the probability (n,) that all bounds are kept at points (n, d)."""
        from scipy.stats import norm

        found = np.ones(len(X))
        low, high = (np.broadcast_to(b, len(self.model)) for b in (self.lb, self.ub))
        for model, least, most in zip(self.model, low, high, strict=True):
            mean, sd = model.predict(X, return_std=True)
            sd = np.maximum(sd, 1e-12)
            found *= norm.cdf((most - mean) / sd) - norm.cdf((least - mean) / sd)
        return found

    def approx(self, X: Any) -> Array:
        """Return the mean of the values at points (n, d): (n,) of one bound, (n, c) of several."""
        means = np.stack([model.predict(X) for model in self.model], axis=-1)
        return means[:, 0] if len(self.model) == 1 else means
