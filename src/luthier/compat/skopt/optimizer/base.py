"""The loop of all searches."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from numbers import Number
from typing import Any

from ...remarks import warn_without_effect
from ..progress import VerboseCallback, check_callback
from ..results import eval_callbacks
from .optimizer import Optimizer


def read_known(x0: Any, y0: Any) -> tuple[list[Any], list[Any] | None]:
    """Return known points and their values as lists; None for values that are not known.

    Raises:
        ValueError: x0 is no list.
    """
    if x0 is None:
        x0 = []
    elif not isinstance(x0, list | tuple):
        raise ValueError(f"`x0` should be a list, but got {type(x0)}")
    elif x0 and not isinstance(x0[0], list | tuple):
        x0 = [x0]
    if y0 is None:
        return list(x0), None
    if isinstance(y0, Number):
        return list(x0), [y0]
    if not isinstance(y0, Iterable):
        raise ValueError(f"`y0` should be an iterable or a scalar, got {type(y0)}")
    return list(x0), list(y0)


def base_minimize(
    func: Callable[[list[Any]], Any],
    dimensions: Any,
    base_estimator: Any,
    n_calls: int = 100,
    n_random_starts: int | None = None,
    n_initial_points: int = 10,
    initial_point_generator: Any = "random",
    acq_func: str = "EI",
    acq_optimizer: str = "lbfgs",
    x0: Any = None,
    y0: Any = None,
    random_state: Any = None,
    verbose: bool = False,
    callback: Any = None,
    n_points: int = 10_000,
    n_restarts_optimizer: int = 5,
    xi: float = 0.01,
    kappa: float = 1.96,
    n_jobs: int = 1,
    model_queue_size: int | None = None,
    space_constraint: Callable[[list[Any]], Any] | None = None,
) -> Any:
    """Minimise a function of a list of values; see `Optimizer` for the arguments of the search.

    Args:
        func: The function.
        dimensions: The space.
        base_estimator: What searches.
        n_calls: Number of evaluations, those at x0 without values included.
        n_random_starts: The old name of n_initial_points.
        n_initial_points: Points before the first model, beside x0.
        initial_point_generator: What makes them.
        acq_func: See `Optimizer`.
        acq_optimizer: See `Optimizer`.
        x0: Points that are known, or are to be evaluated first.
        y0: Their values.
        random_state: Seed or generator.
        verbose: Print each evaluation.
        callback: Called with the result after each evaluation; true ends the search.
        n_points: Random points among which a regressor of the user's own chooses.
        n_restarts_optimizer: Without effect.
        xi: See `gaussian_ei`.
        kappa: See `gaussian_lcb`.
        n_jobs: Of a regressor.
        model_queue_size: How many models are kept.
        space_constraint: Takes a point; returns whether it is allowed.

    Raises:
        ValueError: Arguments do not fit each other.
        RuntimeError: A point of x0 has another number of values.
    """
    specs = {"args": dict(locals()), "function": "base_minimize"}
    if n_restarts_optimizer != 5:
        warn_without_effect("n_restarts_optimizer of skopt", "luthier's samplers have their own.")
    points, values = read_known(x0, y0)
    if n_random_starts is not None:
        warnings.warn(
            "n_random_starts is called n_initial_points", DeprecationWarning, stacklevel=3
        )
        n_initial_points = n_random_starts
    if n_initial_points <= 0 and not points:
        raise ValueError("Either set `n_initial_points` > 0, or provide `x0`")
    n_needed = n_initial_points + (len(points) if not values else 0)
    if n_calls < n_needed:
        raise ValueError(f"Expected `n_calls` >= {n_needed}, got {n_calls}")

    search = Optimizer(
        dimensions,
        base_estimator,
        n_initial_points=n_initial_points + len(points),
        initial_point_generator=initial_point_generator,
        n_jobs=n_jobs,
        acq_func=acq_func,
        acq_optimizer=acq_optimizer,
        random_state=random_state,
        model_queue_size=model_queue_size,
        space_constraint=space_constraint,
        acq_optimizer_kwargs={"n_points": n_points, "n_jobs": n_jobs},
        acq_func_kwargs={"xi": xi, "kappa": kappa},
    )
    search.specs = specs
    if any(len(p) != search.space.n_dims for p in points):
        raise RuntimeError(
            f"Optimization space ({search.space}) and initial points in x0 use inconsistent "
            "dimensions."
        )
    callbacks = list(check_callback(callback))
    if verbose:
        n_init = len(points) if not values else 0
        callbacks.append(VerboseCallback(n_calls, n_init, n_initial_points))
    return _run(search, func, n_calls, points, values, callbacks)


def _run(
    search: Optimizer,
    func: Callable[[list[Any]], Any],
    n_calls: int,
    points: list[Any],
    values: list[Any] | None,
    callbacks: list[Any],
) -> Any:
    """Evaluate known points, then those of the search; return the result."""
    result: Any = None
    if points and values is None:
        values = [func(p) for p in points]
        n_calls -= len(values)
    if points:
        if len(points) != len(values or ()):
            raise ValueError("`x0` and `y0` should have the same length")
        result = search.tell(points, values)
        if eval_callbacks(callbacks, result):
            return result
    for _ in range(n_calls):
        x = search.ask()
        result = search.tell(x, func(x))
        if eval_callbacks(callbacks, result):
            break
    return result
