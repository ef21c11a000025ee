"""Helpers that users of scikit-optimize import."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

import numpy as np
from scipy.optimize import minimize as minimize_function

from .estimators import (
    cook_estimator,
    cook_initial_point_generator,
    has_gradients,
    normalize_dimensions,
)
from .points import check_x_in_space, is_2Dlistlike, is_listlike
from .results import create_result, eval_callbacks
from .saving import dump, load
from .space.dimensions import Dimension

__all__ = [
    "check_dimension_names",
    "check_list_types",
    "check_x_in_space",
    "cook_estimator",
    "cook_initial_point_generator",
    "create_result",
    "dimensions_aslist",
    "dump",
    "eval_callbacks",
    "expected_minimum",
    "expected_minimum_random_sampling",
    "has_gradients",
    "is_2Dlistlike",
    "is_listlike",
    "load",
    "normalize_dimensions",
    "point_asdict",
    "point_aslist",
    "use_named_args",
]


def expected_minimum(res: Any, n_random_starts: int = 20, random_state: Any = None) -> Any:
    """Return the point where the last model is lowest, and its prediction there.

    Args:
        res: A result.
        n_random_starts: Starts of a local search, beside the best point.
        random_state: Seed or generator.
    """
    if res.space.is_partly_categorical:
        return expected_minimum_random_sampling(res, 100_000, random_state)
    model = res.models[-1]

    def predict(x: Any) -> float:
        return float(model.predict(res.space.transform([list(x)]))[0])

    starts = [res.x]
    if n_random_starts > 0:
        starts.extend(res.space.rvs(n_random_starts, random_state=random_state))
    found = [
        minimize_function(predict, np.asarray(x, dtype=float), bounds=res.space.bounds)
        for x in starts
    ]
    best = min(found, key=lambda one: float(one.fun))
    return list(best.x), best.fun


def expected_minimum_random_sampling(
    res: Any, n_random_starts: int = 100_000, random_state: Any = None
) -> Any:
    """Return which of many random points the last model predicts lowest, and its prediction.

    Args:
        res: A result.
        n_random_starts: How many points.
        random_state: Seed or generator.
    """
    points = res.space.rvs(n_random_starts, random_state=random_state)
    predicted = res.models[-1].predict(res.space.transform(points))
    best = int(np.argmin(predicted))
    return points[best], predicted[best]


def dimensions_aslist(search_space: Mapping[str, Any]) -> list[Any]:
    """Return the dimensions of a dict, in the order of their names."""
    return [search_space[name] for name in sorted(search_space)]


def point_asdict(search_space: Mapping[str, Any], point_as_list: Sequence[Any]) -> dict[str, Any]:
    """Return name to value of a point."""
    return dict(zip(sorted(search_space), point_as_list, strict=True))


def point_aslist(search_space: Mapping[str, Any], point_as_dict: Mapping[str, Any]) -> list[Any]:
    """Return the values of a point in the order of their names."""
    return [point_as_dict[name] for name in sorted(search_space)]


def check_list_types(x: Sequence[Any], types: type | tuple[type, ...]) -> None:
    """Refuse a list with members of other types.

    Raises:
        ValueError: It has.
    """
    wrong = [one for one in x if not isinstance(one, types)]
    if wrong:
        raise ValueError(f"All elements in list must be instances of {types}, but found: {wrong}")


def check_dimension_names(dimensions: Sequence[Dimension]) -> None:
    """Refuse dimensions without a name.

    Raises:
        ValueError: There is one.
    """
    without = [one for one in dimensions if one.name is None]
    if without:
        raise ValueError(f"All dimensions must have names, but found: {without}")


def use_named_args(dimensions: Any) -> Callable[[Callable[..., Any]], Callable[[Any], Any]]:
    """Return a decorator of an objective that takes values by their names.

    Args:
        dimensions: The dimensions, which all have names.

    Raises:
        ValueError: One is no dimension, or has no name.
    """

    def decorate(func: Callable[..., Any]) -> Callable[[Any], Any]:
        named = list(dimensions)
        check_list_types(named, Dimension)
        check_dimension_names(named)

        @wraps(func)
        def objective(x: Any) -> Any:
            if len(x) != len(named):
                raise ValueError(
                    "Mismatch in number of search-space dimensions. "
                    f"len(dimensions)=={len(named)} and len(x)=={len(x)}"
                )
            return func(**{str(one.name): v for one, v in zip(named, x, strict=True)})

        return objective

    return decorate
