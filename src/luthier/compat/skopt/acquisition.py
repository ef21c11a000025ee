"""What a point promises by a model, for minimisation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...numerics.acquisition import log_expected_improvement, log_probability_below
from ...typing import Array
from ..remarks import refuse

_STEP = 1e-6  # of the differences that gradients are taken from
_LEAST = 1e-12  # standard deviation


def gaussian_lcb(X: Any, model: Any, kappa: Any = 1.96, return_grad: bool = False) -> Any:
    """Return the lower confidence bound (n,): mean - kappa std.

    Args:
        X: (n, d) points, as the model takes them.
        model: Its `predict` takes `return_std`.
        kappa: How much the standard deviation counts; "inf" for nothing else.
        return_grad: The gradient (d,) at one point too.
    """

    def bound(points: Array) -> Array:
        mean, std = model.predict(points, return_std=True)
        return np.asarray(-std if kappa == "inf" else mean - kappa * std)

    return _with_gradient(bound, X, return_grad)


def gaussian_pi(
    X: Any, model: Any, y_opt: float = 0.0, xi: float = 0.01, return_grad: bool = False
) -> Any:
    """Return the probability (n,) of a value below y_opt - xi."""

    def probability(points: Array) -> Array:
        mean, std = model.predict(points, return_std=True)
        log = log_probability_below(mean, np.maximum(std, _LEAST), y_opt - xi)
        return np.where(std > 0, np.exp(log), 0.0)

    return _with_gradient(probability, X, return_grad)


def gaussian_ei(
    X: Any, model: Any, y_opt: float = 0.0, xi: float = 0.01, return_grad: bool = False
) -> Any:
    """Return the expected improvement (n,) below y_opt - xi."""

    def improvement(points: Array) -> Array:
        mean, std = model.predict(points, return_std=True)
        log = log_expected_improvement(mean, np.maximum(std, _LEAST), y_opt - xi)
        return np.where(std > 0, np.exp(log), 0.0)

    return _with_gradient(improvement, X, return_grad)


def gaussian_acquisition_1D(
    X: Any,
    model: Any,
    y_opt: Any = None,
    acq_func: str = "LCB",
    acq_func_kwargs: Mapping[str, Any] | None = None,
    return_grad: bool = True,
) -> Any:
    """Return what one point (d,) promises, the less the better; and its gradient."""
    return gaussian_acquisition(
        np.expand_dims(X, axis=0), model, y_opt, acq_func, return_grad, acq_func_kwargs
    )


def gaussian_acquisition(
    X: Any,
    model: Any,
    y_opt: Any = None,
    acq_func: str = "LCB",
    return_grad: bool = False,
    acq_func_kwargs: Mapping[str, Any] | None = None,
) -> Any:
    """Return what points (n, d) promise, the less the better.

    Args:
        X: The points.
        model: The model; with "EIps" and "PIps" one with two `estimators_`: of the loss, and of the
            logarithm of the time.
        y_opt: The lowest loss.
        acq_func: "LCB", "EI", "PI", "EIps" or "PIps".
        return_grad: The gradient (d,) at one point too.
        acq_func_kwargs: `xi` and `kappa`.

    Raises:
        ValueError: X is not (n, d), or the name is not known.
        CompatError: It is "MES" or "PVRS".
    """
    points = np.asarray(X, dtype=float)
    if points.ndim != 2:
        raise ValueError(f"X is {points.ndim}-dimensional, however, it must be 2-dimensional.")
    given = dict(acq_func_kwargs or {})
    xi, kappa = given.get("xi", 0.01), given.get("kappa", 1.96)
    if acq_func in ("MES", "PVRS"):
        raise refuse(
            f"acq_func={acq_func!r} of scikit-optimize",
            "Use 'EI', or base_estimator='GP', whose acquisition luthier chooses.",
        )
    if acq_func not in ("LCB", "EI", "PI", "EIps", "PIps"):
        raise ValueError(f"Acquisition function not implemented: {acq_func!r}")

    def promise(at: Array) -> Array:
        if acq_func == "LCB":
            return np.asarray(gaussian_lcb(at, model, kappa))
        score = gaussian_ei if acq_func.startswith("EI") else gaussian_pi
        if not acq_func.endswith("ps"):
            return np.asarray(-score(at, model, y_opt, xi))
        loss, time = model.estimators_
        mean, std = time.predict(at, return_std=True)
        per_second = np.exp(-mean + 0.5 * std**2)  # the mean of a lognormal number's inverse
        return np.asarray(-score(at, loss, y_opt, xi) * per_second)

    return _with_gradient(promise, points, return_grad)


def _with_gradient(function: Any, X: Any, return_grad: bool) -> Any:
    """Return a function's values at points, and at one point its gradient by differences."""
    points = np.asarray(X, dtype=float)
    if points.ndim != 2:
        raise ValueError(f"X is {points.ndim}-dimensional, however, it must be 2-dimensional.")
    values = function(points)
    if not return_grad:
        return values
    steps = np.eye(points.shape[1]) * _STEP
    around = function(np.concatenate([points[0] + steps, points[0] - steps]))
    d = points.shape[1]
    return values, (around[:d] - around[d:]) / (2 * _STEP)


_gaussian_acquisition = gaussian_acquisition  # its name in scikit-optimize
