"""What luthier's Gaussian process thinks of points that were not tried."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from ...errors import SamplerError
from ...history.history import History
from ...models.surrogate import Surrogate
from ...space.space import Space
from ...trial.record import State, TrialRow
from ...typing import Array


class Points(Protocol):
    """What a model needs of the points of a search."""

    luthier_space: Space

    @property
    def keys(self) -> list[str]:
        """Names of the parameters."""

    @property
    def constraint_values(self) -> Array:
        """(n,) or (n, c) the values of the constraint."""

    def __len__(self) -> int: ...

    def res(self) -> list[dict[str, Any]]:
        """Return all points with their targets."""

    def array_to_params(self, x: Any) -> dict[str, Any]:
        """Return numbers (d,) as a point."""


class Model:
    """A Gaussian process over the points of a search, fitted anew when there are more of them.

    Args:
        space: The points.
        read_values: Returns the values (n,) at these points; what is not finite is left out.
    """

    def __init__(self, space: Points, read_values: Callable[[], Array]) -> None:
        self._space = space
        self._read_values = read_values
        self._fitted: tuple[Any, Surrogate | None] = (None, None)

    def _fit(self) -> Surrogate | None:
        """Return the model of all points; None where fewer than two of them differ."""
        space = self._space.luthier_space
        state = (len(self._space), space)
        if self._fitted[0] == state:
            return self._fitted[1]
        values = self._read_values()
        rows = [
            TrialRow(number=i, state=State.COMPLETE, params=one["params"], values=(float(value),))
            for i, (one, value) in enumerate(zip(self._space.res(), values, strict=True))
            if np.isfinite(value)
        ]
        history = History(space, ["minimize"])
        history.put(rows)
        try:
            made = Surrogate(space, history, near_best=False)
        except SamplerError:
            made = None
        self._fitted = (state, made)
        return made

    def predict(self, X: Any, return_std: bool = False, return_cov: bool = False) -> Any:
        """Return the mean (n,) at points; with the deviation (n,) or the covariance (n, n).

        Where fewer than two points differ, the mean is that of the values (0 without any), and the
        deviation is 1.

        Args:
            X: (n, d) points as numbers, of categories the places.
            return_std: Return the standard deviation as well.
            return_cov: Return the covariance as well.

        Raises:
            RuntimeError: Both are asked for.
        """
        if return_std and return_cov:
            raise RuntimeError("At most one of return_std or return_cov can be requested.")
        points = [self._space.array_to_params(x) for x in np.asarray(X, dtype=float)]
        model = self._fit()
        if model is None:
            known = self._read_values()
            known = known[np.isfinite(known)]
            mean = np.full(len(points), known.mean() if len(known) else 0.0)
            sd, covariance = np.ones(len(points)), np.eye(len(points))
        else:
            unit = self._space.luthier_space.encode(points)
            if return_cov:
                mean, covariance = model.predict_joint(unit)
            else:
                mean, sd = model.predict(unit)
        if return_cov:
            return mean, covariance
        return (mean, sd) if return_std else mean
