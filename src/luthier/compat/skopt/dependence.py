"""How one or two dimensions change what a model predicts, averaged over the others."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ...typing import Array
from .space.dimensions import Categorical
from .space.space import Space
from .utils import expected_minimum, expected_minimum_random_sampling

_MAX_ROWS = 20_000  # that a model predicts at once


def _evenly_sample(one: Any, n_points: int) -> tuple[Array, Any]:
    """Return values (k,) of a dimension, of categories the places; and what models see of them."""
    if isinstance(one, Categorical):
        k = len(one.categories)
        places = np.linspace(0, k - 1, min(k, n_points), dtype=int)
        return places, one.transform([one.categories[i] for i in places])
    low, high = one.bounds
    values = np.linspace(low, high, n_points)
    return values, one.transform(values)


def _columns(space: Space) -> list[slice]:
    """Return the columns of each dimension, as models see them."""
    ends = np.cumsum([0, *(one.transformed_size for one in space.dimensions)]).tolist()
    return [slice(a, b) for a, b in itertools.pairwise(ends)]


def _average(space: Space, model: Any, fixed: list[dict[int, Any]], samples: Array) -> list[float]:
    """Return the mean prediction at samples for each of several ways to fix some dimensions."""
    columns = _columns(space)
    n_at_once = max(1, _MAX_ROWS // len(samples))
    found: list[float] = []
    for begin in range(0, len(fixed), n_at_once):
        some = fixed[begin : begin + n_at_once]
        X = np.tile(np.asarray(samples, dtype=float), (len(some), 1, 1))
        for k, values in enumerate(some):
            for j, value in values.items():
                X[k, :, columns[j]] = value
        predicted = np.asarray(model.predict(X.reshape(-1, X.shape[2])))
        found.extend(predicted.reshape(len(some), -1).mean(axis=1).tolist())
    return found


def partial_dependence_1D(
    space: Space, model: Any, i: int, samples: Array, n_points: int = 40
) -> tuple[Array, list[float]]:
    """Return values of a dimension, and the mean prediction at each.

    Args:
        space: The space.
        model: The model.
        i: The dimension.
        samples: (n, d) points as models see them, over which is averaged.
        n_points: How many values.
    """
    xi, seen = _evenly_sample(space.dimensions[i], n_points)
    return xi, _average(space, model, [{i: value} for value in seen], samples)


def partial_dependence_2D(
    space: Space, model: Any, i: int, j: int, samples: Array, n_points: int = 40
) -> tuple[Array, Array, Array]:
    """Return values of dimension j and of i, and the mean predictions (k_i, k_j) at both."""
    xi, seen_x = _evenly_sample(space.dimensions[j], n_points)
    yi, seen_y = _evenly_sample(space.dimensions[i], n_points)
    zi = _average(space, model, [{j: x, i: y} for y in seen_y for x in seen_x], samples)
    return xi, yi, np.reshape(zi, (len(yi), len(xi)))


def partial_dependence(
    space: Space,
    model: Any,
    i: int,
    j: int | None = None,
    sample_points: Any = None,
    n_samples: int = 250,
    n_points: int = 40,
    x_eval: Any = None,
) -> Any:
    """Return `partial_dependence_1D`, or with j `partial_dependence_2D`.

    Args:
        space: The space.
        model: The model.
        i: The dimension.
        j: Another one.
        sample_points: (n, d) points as models see them; None for random ones.
        n_samples: How many random ones.
        n_points: How many values.
        x_eval: One point, which the other dimensions keep.
    """
    samples = sample_points
    if x_eval is not None:
        samples = space.transform([x_eval])
    elif samples is None:
        samples = space.transform(space.rvs(n_samples))
    if j is None:
        return partial_dependence_1D(space, model, i, samples, n_points)
    return partial_dependence_2D(space, model, i, j, samples, n_points)


def find_minimum(
    result: Any,
    params: Any = "result",
    n_minimum_search: int | None = None,
    random_state: Any = None,
) -> Any:
    """Return the point that is marked as the minimum.

    Args:
        result: The result.
        params: "result" for the best point, "expected_minimum" and "expected_minimum_random" for
            where the model is lowest; or the point.
        n_minimum_search: Starts, or random points, of that search.
        random_state: Seed or generator.

    Raises:
        ValueError: It is none of these.
    """
    if not isinstance(params, str):
        return params
    if params == "result":
        return result.x
    given = {} if n_minimum_search is None else {"n_random_starts": n_minimum_search}
    if params == "expected_minimum":
        if result.space.is_partly_categorical:
            raise ValueError("expected_minimum does not support any categorical values")
        return expected_minimum(result, random_state=random_state, **given)[0]
    if params == "expected_minimum_random":
        return expected_minimum_random_sampling(result, random_state=random_state, **given)[0]
    raise ValueError(
        "expected 'result', 'expected_minimum', 'expected_minimum_random' or a point, got "
        f"{params!r}"
    )


def map_categories(space: Space, points: Any, minimum: Any) -> tuple[Array, Array, list[bool]]:
    """Return points (n, d) and a point (d,) as numbers: of categories the places; and which are."""
    is_category = [isinstance(one, Categorical) for one in space.dimensions]

    def to_numbers(point: Any) -> list[float]:
        return [
            float(one.categories.index(v)) if isinstance(one, Categorical) else float(v)
            for one, v in zip(space.dimensions, point, strict=True)
        ]

    return np.array([to_numbers(p) for p in points]), np.array(to_numbers(minimum)), is_category


def choose_samples(result: Any, source: Any, n_samples: int, n_minimum_search: int | None) -> Array:
    """Return the points, as models see them, over which dependences are averaged."""
    if isinstance(source, str) and source == "random":
        return np.asarray(result.space.transform(result.space.rvs(n_samples)), dtype=float)
    point = find_minimum(result, source, n_minimum_search)
    return np.asarray(result.space.transform([point]), dtype=float)
