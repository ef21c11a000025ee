"""Random search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .base import base_minimize, read_known


def dummy_minimize(
    func: Callable[[list[Any]], Any],
    dimensions: Any,
    n_calls: int = 100,
    initial_point_generator: Any = "random",
    x0: Any = None,
    y0: Any = None,
    random_state: Any = None,
    verbose: bool = False,
    callback: Any = None,
    model_queue_size: int | None = None,
    init_point_gen_kwargs: Any = None,
    space_constraint: Callable[[list[Any]], Any] | None = None,
) -> Any:
    """Evaluate a function at random points.

    All other arguments are those of `base_minimize`.
    """
    del init_point_gen_kwargs
    points, values = read_known(x0, y0)
    return base_minimize(
        func,
        dimensions,
        "dummy",
        n_calls=n_calls,
        n_initial_points=n_calls - (len(points) if values is None else 0),
        initial_point_generator=initial_point_generator,
        acq_optimizer="sampling",
        x0=x0,
        y0=y0,
        random_state=random_state,
        verbose=verbose,
        callback=callback,
        model_queue_size=model_queue_size,
        space_constraint=space_constraint,
    )
