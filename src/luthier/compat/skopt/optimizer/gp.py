"""Search by a Gaussian process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...remarks import warn_without_effect
from .base import base_minimize


def gp_minimize(
    func: Callable[[list[Any]], Any],
    dimensions: Any,
    base_estimator: Any = None,
    n_calls: int = 100,
    n_random_starts: int | None = None,
    n_initial_points: int = 10,
    initial_point_generator: Any = "random",
    acq_func: str = "gp_hedge",
    acq_optimizer: str = "auto",
    x0: Any = None,
    y0: Any = None,
    random_state: Any = None,
    verbose: bool = False,
    callback: Any = None,
    n_points: int = 10_000,
    n_restarts_optimizer: int = 5,
    xi: float = 0.01,
    kappa: float = 1.96,
    noise: Any = "gaussian",
    n_jobs: int = 1,
    model_queue_size: int | None = None,
    space_constraint: Callable[[list[Any]], Any] | None = None,
) -> Any:
    """Minimise a function with luthier's `GP`, or with a regressor of the user's own.

    `noise` is without effect there: it is estimated. All other arguments are those of
    `base_minimize`.
    """
    if noise != "gaussian" and base_estimator is None:
        warn_without_effect(
            "noise of scikit-optimize's gp_minimize", "luthier's GP estimates the noise."
        )
    return base_minimize(
        func,
        dimensions,
        "GP" if base_estimator is None else base_estimator,
        acq_func=acq_func,
        xi=xi,
        kappa=kappa,
        acq_optimizer=acq_optimizer,
        n_calls=n_calls,
        n_points=n_points,
        n_random_starts=n_random_starts,
        n_initial_points=n_initial_points,
        initial_point_generator=initial_point_generator,
        n_restarts_optimizer=n_restarts_optimizer,
        x0=x0,
        y0=y0,
        random_state=random_state,
        verbose=verbose,
        space_constraint=space_constraint,
        callback=callback,
        n_jobs=n_jobs,
        model_queue_size=model_queue_size,
    )
