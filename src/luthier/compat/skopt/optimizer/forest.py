"""Search by a forest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .base import base_minimize


def forest_minimize(
    func: Callable[[list[Any]], Any],
    dimensions: Any,
    base_estimator: Any = "ET",
    n_calls: int = 100,
    n_random_starts: int | None = None,
    n_initial_points: int = 10,
    acq_func: str = "EI",
    initial_point_generator: Any = "random",
    x0: Any = None,
    y0: Any = None,
    random_state: Any = None,
    verbose: bool = False,
    callback: Any = None,
    n_points: int = 10_000,
    xi: float = 0.01,
    kappa: float = 1.96,
    n_jobs: int = 1,
    model_queue_size: int | None = None,
    space_constraint: Callable[[list[Any]], Any] | None = None,
) -> Any:
    """Minimise a function with luthier's `Forest`, or with a regressor of the user's own.

    All other arguments are those of `base_minimize`.
    """
    return base_minimize(
        func,
        dimensions,
        base_estimator,
        n_calls=n_calls,
        n_points=n_points,
        n_random_starts=n_random_starts,
        n_initial_points=n_initial_points,
        initial_point_generator=initial_point_generator,
        x0=x0,
        y0=y0,
        random_state=random_state,
        acq_func=acq_func,
        xi=xi,
        kappa=kappa,
        verbose=verbose,
        callback=callback,
        acq_optimizer="sampling",
        n_jobs=n_jobs,
        model_queue_size=model_queue_size,
        space_constraint=space_constraint,
    )
