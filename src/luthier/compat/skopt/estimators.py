"""Regressors and generators of first points by their names."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import is_regressor
from sklearn.ensemble import GradientBoostingRegressor

from .learning import (
    ExtraTreesRegressor,
    GaussianProcessRegressor,
    GradientBoostingQuantileRegressor,
    RandomForestRegressor,
)
from .learning.gaussian_process.kernels import ConstantKernel, HammingKernel, Matern
from .sampler import Grid, Halton, Hammersly, InitialPointGenerator, Lhs, Sobol
from .space.dimensions import Categorical, Integer, Real
from .space.space import Space

NAMES = ("GP", "RF", "ET", "GBRT", "DUMMY")
_GENERATORS: dict[str, Any] = {
    "sobol": Sobol,
    "halton": Halton,
    "hammersly": Hammersly,
    "lhs": Lhs,
    "grid": Grid,
}


def read_name(name: str) -> str:
    """Return the name of a regressor in capitals.

    Raises:
        ValueError: It is not known.
    """
    if name.upper() not in NAMES:
        raise ValueError(
            "Valid strings for the base_estimator parameter are: 'RF', 'ET', 'GP', 'GBRT' or "
            f"'DUMMY' not {name}."
        )
    return name.upper()


def normalize_dimensions(dimensions: Any) -> Space:
    """Return a space whose numbers models see as shares of their range.

    Raises:
        RuntimeError: One is no dimension.
    """
    space = Space(dimensions)
    made: list[Any] = []
    for one in space.dimensions:
        if isinstance(one, Categorical):
            made.append(
                Categorical(one.categories, one.prior, name=one.name, transform=one.transform_)
            )
            continue
        assert isinstance(one, Real | Integer)
        made.append(
            type(one)(
                one.low,
                one.high,
                one.prior,
                one.base,
                name=one.name,
                transform="normalize",
                dtype=one.dtype,
            )
        )
    return Space(made, space.constraint)


def cook_estimator(base_estimator: Any, space: Any = None, **kwargs: Any) -> Any:
    """Return the regressor of a name.

    Args:
        base_estimator: "GP", "RF", "ET", "GBRT", "DUMMY", in any case; or a regressor.
        space: The space, which "GP" needs.
        **kwargs: Its arguments.

    Returns:
        The regressor; None for "DUMMY".

    Raises:
        ValueError: It is neither a name nor a regressor.
    """
    if not isinstance(base_estimator, str):
        if not is_regressor(base_estimator):
            raise ValueError("base_estimator has to be a regressor.")
        made = base_estimator
    elif (name := read_name(base_estimator)) == "DUMMY":
        return None
    elif name == "GP":
        if space is None:
            raise ValueError("Expected a Space instance, not None.")
        made = _make_process(normalize_dimensions(Space(space).dimensions))
    elif name == "GBRT":
        boosting = GradientBoostingRegressor(n_estimators=30, loss="quantile")
        made = GradientBoostingQuantileRegressor(base_estimator=boosting)
    else:
        forest = RandomForestRegressor if name == "RF" else ExtraTreesRegressor
        made = forest(n_estimators=100, min_samples_leaf=3)
    if "n_jobs" in kwargs and not hasattr(made, "n_jobs"):
        del kwargs["n_jobs"]
    return made.set_params(**kwargs)


def _make_process(space: Space) -> GaussianProcessRegressor:
    d = space.transformed_n_dims
    if space.is_categorical:
        kernel = HammingKernel(length_scale=np.ones(d))
    else:
        kernel = Matern(np.ones(d), [(0.01, 100)] * d, nu=2.5)
    return GaussianProcessRegressor(
        kernel=ConstantKernel(1.0, (0.01, 1000.0)) * kernel,
        normalize_y=True,
        noise="gaussian",
        n_restarts_optimizer=2,
    )


def describe_estimator(estimator: Any) -> dict[str, Any] | None:
    """Return a forest of `skopt.learning` in JSON's types; None for other regressors."""
    if type(estimator) not in (RandomForestRegressor, ExtraTreesRegressor):
        return None
    params = estimator.get_params()
    if not all(isinstance(v, int | float | str | None) for v in params.values()):
        return None
    return {"class": type(estimator).__name__, "params": params}


def revive_estimator(described: Any) -> Any:
    """Return the forest that was described; a name as it is."""
    if isinstance(described, str):
        return described
    forests = {one.__name__: one for one in (RandomForestRegressor, ExtraTreesRegressor)}
    return forests[described["class"]](**described["params"])


def has_gradients(estimator: Any) -> bool:
    """Whether predictions of a regressor have gradients: those of trees and categories have not."""
    trees = (ExtraTreesRegressor, RandomForestRegressor, GradientBoostingQuantileRegressor)
    if estimator is None or isinstance(estimator, trees):
        return False
    if not hasattr(estimator, "kernel"):
        return True
    parts = (estimator.kernel, *estimator.get_params().values())
    return not any(isinstance(part, HammingKernel) for part in parts)


def cook_initial_point_generator(generator: Any, **kwargs: Any) -> InitialPointGenerator | None:
    """Return the generator of a name; None for "random".

    Raises:
        ValueError: It is neither a name nor a generator.
    """
    if generator is None or (isinstance(generator, str) and generator.lower() == "random"):
        return None
    if isinstance(generator, str):
        if generator.lower() not in _GENERATORS:
            raise ValueError(
                "Valid strings for the generator parameter are: 'sobol', 'lhs', 'halton', "
                f"'hammersly', 'random', or 'grid' not {generator}."
            )
        generator = _GENERATORS[generator.lower()]()
    if not isinstance(generator, InitialPointGenerator):
        raise ValueError(f"generator has to be an InitialPointGenerator. Got {type(generator)}")
    return generator.set_params(**kwargs)
