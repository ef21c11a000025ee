"""Optimizer: asks for points, and is told their values."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable, Mapping
from numbers import Number
from typing import Any

import numpy as np
from sklearn.base import is_regressor
from sklearn.multioutput import MultiOutputRegressor
from sklearn.utils import check_random_state

from ....errors import CompatError
from ....samplers.base import Sampler
from ....samplers.forest import Forest
from ....samplers.gp import GP
from ...remarks import warn_without_effect
from ..descriptions import describe_dimension, revive_dimension
from ..estimators import (
    cook_estimator,
    cook_initial_point_generator,
    describe_estimator,
    has_gradients,
    normalize_dimensions,
    read_name,
    revive_estimator,
)
from ..late_model import LateModel
from ..learning import GaussianProcessRegressor
from ..points import check_x_in_space, is_2Dlistlike, is_listlike
from ..results import create_result
from ..space.dimensions import Categorical
from ..space.space import Space
from ..translation import Translation
from .acquire import propose_by_model

_ACQUISITIONS = ("gp_hedge", "EI", "LCB", "MES", "PVRS", "PI", "EIps", "PIps")
_LEAST_S = 1e-9  # what no clock measures
_STRATEGIES = ("cl_min", "cl_mean", "cl_max")


class Optimizer:
    """A search, step by step: `ask` for points, evaluate them, and `tell` their values.

    With a name as base_estimator, luthier's samplers search: `GP`, and `Forest` for trees. With a
    regressor of the user's own, or an acquisition by the second, that regressor is fitted, and the
    most promising of `n_points` random points is taken.

    Args:
        dimensions: The space.
        base_estimator: "GP", "RF", "ET", "GBRT" or "DUMMY"; or a regressor whose `predict` takes
            `return_std`.
        n_random_starts: The old name of n_initial_points.
        n_initial_points: Points before the first model.
        initial_point_generator: "random", "sobol", "halton", "hammersly", "lhs" or "grid".
        n_jobs: Of the regressor.
        acq_func: "gp_hedge", "EI", "LCB", "PI", "EIps", "PIps"; has no effect where luthier's
            samplers search.
        acq_optimizer: "auto", "sampling" or "lbfgs"; the points are sampled in any case.
        random_state: Seed or generator.
        model_queue_size: How many models are kept; None for all.
        space_constraint: Takes a point; returns whether it is allowed.
        acq_func_kwargs: `xi` and `kappa`.
        acq_optimizer_kwargs: `n_points`.
        avoid_duplicates: Take a random point in place of one that was evaluated.

    Raises:
        ValueError: An argument does not fit.

    Attributes:
        Xi: The points that were told.
        yi: Their values.
        models: A model for each `tell`, fitted when it is used.
        space: The space.
    """

    def __init__(
        self,
        dimensions: Any,
        base_estimator: Any = "gp",
        n_random_starts: int | None = None,
        n_initial_points: int = 10,
        initial_point_generator: Any = "random",
        n_jobs: int = 1,
        acq_func: str = "gp_hedge",
        acq_optimizer: str = "auto",
        random_state: Any = None,
        model_queue_size: int | None = None,
        space_constraint: Callable[[list[Any]], Any] | None = None,
        acq_func_kwargs: Mapping[str, Any] | None = None,
        acq_optimizer_kwargs: Mapping[str, Any] | None = None,
        avoid_duplicates: bool = True,
    ) -> None:
        args = {k: v for k, v in locals().items() if k != "self"}
        self.specs = {"args": args, "function": "Optimizer"}
        self.rng = check_random_state(random_state)
        if acq_func not in _ACQUISITIONS:
            raise ValueError(f"expected acq_func to be in {_ACQUISITIONS}, got {acq_func}")
        self.acq_func = acq_func
        self.acq_func_kwargs = acq_func_kwargs
        self.avoid_duplicates = avoid_duplicates
        if n_random_starts is not None:
            warnings.warn(
                "n_random_starts is called n_initial_points", DeprecationWarning, stacklevel=2
            )
            n_initial_points = n_random_starts
        if n_initial_points < 0:
            raise ValueError(f"Expected `n_initial_points` >= 0, got {n_initial_points}")
        self.n_initial_points_ = self._n_initial_points = n_initial_points
        if not isinstance(model_queue_size, int | None):
            raise TypeError(f"model_queue_size should be an int or None, got {model_queue_size!r}")
        self.max_model_queue_size = model_queue_size
        if space_constraint is not None and not callable(space_constraint):
            raise ValueError(
                f"Expected space_constraint to be callable or None, got {space_constraint}"
            )

        self._read_estimator(base_estimator, dimensions, n_jobs)
        self._read_acq_optimizer(acq_optimizer, space_constraint)
        self.acq_optimizer_kwargs = dict(acq_optimizer_kwargs or {})
        self.n_points = self.acq_optimizer_kwargs.get("n_points", 10_000)
        if isinstance(self.base_estimator_, GaussianProcessRegressor):
            dimensions = normalize_dimensions(dimensions)
        self.space = Space(dimensions, constraint=space_constraint)
        self._translation = Translation(self.space)
        self._initial_point_generator = cook_initial_point_generator(initial_point_generator)
        self._initial_samples: list[Any] | None = None
        if self._initial_point_generator is not None:
            self._initial_samples = self._initial_point_generator.generate(
                self.space, n_initial_points, self._draw_seed()
            )
        self.models: list[Any] = []
        self.Xi: list[Any] = []
        self.yi: list[Any] = []
        self._next_x: list[Any] | None = None
        self.cache_: dict[tuple[int, str], list[Any]] = {}

    def _draw_seed(self) -> int:
        return int(self.rng.randint(0, np.iinfo(np.int32).max))

    def _read_estimator(self, given: Any, dimensions: Any, n_jobs: int) -> None:
        """Find what searches, and the regressor that users see."""
        self._kind = read_name(given) if isinstance(given, str) else None
        seed = self._draw_seed() if self._kind is not None else 0
        estimator = given
        if self._kind is not None:
            estimator = cook_estimator(self._kind, dimensions, random_state=seed, n_jobs=n_jobs)
        if estimator is not None and not (hasattr(estimator, "fit") and is_regressor(estimator)):
            raise ValueError(f"{estimator} has to be a regressor.")
        self._by_second = self.acq_func.endswith("ps")
        if self._by_second and not isinstance(estimator, MultiOutputRegressor):
            estimator = MultiOutputRegressor(estimator)
        self.base_estimator_ = estimator
        self._sampler: Sampler | None = None
        if self._kind is not None and self._kind != "DUMMY" and not self._by_second:
            self._sampler = GP(1) if self._kind == "GP" else Forest(1)
            if self.acq_func != "gp_hedge":
                warn_without_effect(
                    f"acq_func={self.acq_func!r} of scikit-optimize",
                    "luthier's samplers choose by their own expected improvement; pass a regressor "
                    "as base_estimator to use it.",
                )

    def _read_acq_optimizer(self, given: str, constraint: Any) -> None:
        known = has_gradients(self.base_estimator_)
        if given == "auto":
            given = "lbfgs" if known and self.acq_func not in ("MES", "PVRS") else "sampling"
        if constraint is not None:
            given = "sampling"
        if given not in ("lbfgs", "sampling"):
            raise ValueError(f"Expected acq_optimizer to be 'lbfgs' or 'sampling', got {given}")
        if given != "sampling" and not known:
            raise ValueError(
                f"The regressor {type(self.base_estimator_)} should run with "
                "acq_optimizer='sampling'."
            )
        self.acq_optimizer = given

    def copy(self, random_state: Any = None) -> Optimizer:
        """Return an optimizer that was told the same."""
        other = Optimizer(
            dimensions=self.space.dimensions,
            base_estimator=self.base_estimator_ if self._kind is None else self._kind,
            n_initial_points=self.n_initial_points_,
            initial_point_generator=self._initial_point_generator,
            acq_func=self.acq_func,
            acq_optimizer=self.acq_optimizer,
            acq_func_kwargs=self.acq_func_kwargs,
            acq_optimizer_kwargs=self.acq_optimizer_kwargs,
            space_constraint=self.space.constraint,
            random_state=random_state,
        )
        other.take_over(self._initial_samples, self.Xi, self.yi)
        return other

    def take_over(self, initial: list[Any] | None, points: list[Any], values: list[Any]) -> None:
        """Take the first points and the evaluations of another optimizer."""
        self._initial_samples = initial
        if points:
            self._record(list(points), list(values))

    def ask(self, n_points: int | None = None, strategy: str = "cl_min") -> Any:
        """Return a point to evaluate, or a list of several.

        Args:
            n_points: How many; None for one point.
            strategy: The lie that stands for values of points not told yet, where a regressor of
                the user's own searches: "cl_min", "cl_mean" or "cl_max".

        Raises:
            ValueError: An argument does not fit.
            RuntimeError: There is no point and no model.
        """
        if n_points is None:
            return self._ask()
        if not isinstance(n_points, int) or n_points < 1:
            raise ValueError(f"n_points should be int > 0, got {n_points}")
        if strategy not in _STRATEGIES:
            raise ValueError(
                f"Expected parallel_strategy to be one of {_STRATEGIES}, got {strategy}"
            )
        if (n_points, strategy) not in self.cache_:
            self.cache_ = {(n_points, strategy): self._ask_several(n_points, strategy)}
        return self.cache_[n_points, strategy]

    def _ask(self) -> list[Any]:
        if self._n_initial_points > 0 or self.base_estimator_ is None:
            return self._first_points(1)[0]
        if not self.Xi:
            raise RuntimeError("Random evaluations exhausted and no model has been fit.")
        if self._next_x is None:
            self._next_x = self._without_repeat(self._propose(1)[0])
        return self._next_x

    def _first_points(self, n: int) -> list[list[Any]]:
        """Return the next points of the start."""
        if self._initial_samples is None:
            return self.space.rvs(n, random_state=self.rng)
        begin = len(self._initial_samples) - self._n_initial_points
        points = list(self._initial_samples[begin : begin + n])
        return points + (self.space.rvs(n - len(points), self.rng) if len(points) < n else [])

    def _ask_several(self, n: int, strategy: str) -> list[list[Any]]:
        n_first = n if self.base_estimator_ is None else min(max(self._n_initial_points, 0), n)
        points = self._first_points(n_first) if n_first else []
        if n > n_first and not self.Xi:
            return points + self.space.rvs(n - n_first, random_state=self.rng)
        if n > n_first and self._sampler is not None:
            return points + self._propose(n - n_first)
        other = self.copy(random_state=self._draw_seed()) if n > n_first else self
        for _ in range(n - n_first):
            points.append(other.ask())
            known = np.asarray(self.yi, dtype=float)
            lie = getattr(np, strategy.removeprefix("cl_"))(known, axis=0)
            other.take_over(self._initial_samples, points[-1:], [lie])
        return points

    def _propose(self, n: int) -> list[list[Any]]:
        """Return n points of the search."""
        if self._sampler is None:
            X = propose_by_model(self, self.models[-1].fit_now())
            return self.space.inverse_transform(X)
        rng = np.random.default_rng(self._draw_seed())
        known = self._translation
        return known.to_points(self._sampler.sample(known.space, known.history, n, rng))

    def _without_repeat(self, x: list[Any]) -> list[Any]:
        """Return a point, or a random one where it was evaluated."""
        if not any(self.space.distance(x, known) <= 1e-8 for known in self.Xi):
            return x
        if not self.avoid_duplicates:
            warnings.warn(
                f"The objective has been evaluated at point {x} before", UserWarning, stacklevel=3
            )
            return x
        new = self.space.rvs(random_state=self.rng)[0]
        warnings.warn(
            f"The objective has been evaluated at point {x} before, using random point {new}",
            UserWarning,
            stacklevel=3,
        )
        return new

    def tell(self, x: Any, y: Any, fit: bool = True) -> Any:
        """Record the value of a point, or of several.

        Args:
            x: The point, or a list of points.
            y: The value, or a list; with an acquisition by the second, value and seconds.
            fit: Whether there is a model of it.

        Raises:
            ValueError: A point lies outside of the space, or a value is no number.
            TypeError: Seconds are missing.
        """
        check_x_in_space(x, self.space)
        several = is_2Dlistlike(x)
        self._check_values(y, several, is_listlike(y) or isinstance(y, np.ndarray))
        points = [list(p) for p in x] if several else [list(x)]
        values = list(y) if several else [y]
        if self._by_second:
            values = [[float(value), math.log(max(seconds, _LEAST_S))] for value, seconds in values]
        self._record(points, values, fit)
        return self.get_result()

    def _check_values(self, y: Any, several: bool, is_list: bool) -> None:
        if self._by_second:
            if np.ndim(y) != (2 if several else 1) or np.shape(y)[-1] != 2:
                raise TypeError("expected y to be (func_val, t), or a list of them")
        elif several and not is_list:
            raise ValueError(f"expected y to be a list of scalars, got {y!r}")
        elif several and not all(isinstance(v, Number) for v in y):
            raise ValueError("expected y to be a list of scalars")
        elif not several and not isinstance(y, Number):
            raise ValueError("`func` should return a scalar")

    def _record(self, points: list[Any], values: list[Any], fit: bool = True) -> None:
        self.Xi.extend(points)
        self.yi.extend(values)
        self._n_initial_points -= len(values)
        losses = [v[0] for v in values] if self._by_second else values
        self._translation.add(points, losses)
        self.cache_ = {}
        self._next_x = None
        if fit and self._n_initial_points <= 0 and self.base_estimator_ is not None:
            own = self._kind is None or self._by_second
            source = self.base_estimator_ if own else self._kind
            seed = self._draw_seed()
            self.models.append(LateModel(source, self.space, self.Xi, self.yi, seed))
            if self.max_model_queue_size is not None:
                del self.models[: -self.max_model_queue_size]

    def run(self, func: Callable[[list[Any]], Any], n_iter: int = 1) -> Any:
        """Ask, evaluate and tell n_iter times."""
        for _ in range(n_iter):
            x = self.ask()
            self.tell(x, func(x))
        return self.get_result()

    def update_next(self) -> None:
        """Propose anew at the next `ask`."""
        self.cache_ = {}
        self._next_x = None

    def get_result(self) -> Any:
        """Return the result so far."""
        return create_result(self.Xi, self.yi, self.space, self.rng, self.specs, self.models)

    @property
    def is_categorical(self) -> bool:
        """Whether all dimensions are categories."""
        return all(isinstance(one, Categorical) for one in self.space)

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` makes the same optimizer of.

        Raises:
            CompatError: It has a regressor, or a constraint, of the user's own.
        """
        estimator = self._kind or describe_estimator(self.base_estimator_)
        if estimator is None or self.space.constraint is not None:
            raise CompatError(
                "skopt.dump stores no code: an Optimizer is stored where base_estimator is a name "
                "or a forest of skopt.learning, and there is no space_constraint. Keep "
                "optimizer.Xi and optimizer.yi, and tell them to a new one"
            )
        return {
            "space": [describe_dimension(one) for one in self.space],
            "base_estimator": estimator,
            "n_initial_points": self.n_initial_points_,
            "settings": {
                "acq_func": self.acq_func,
                "acq_func_kwargs": self.acq_func_kwargs,
                "acq_optimizer": self.acq_optimizer,
                "acq_optimizer_kwargs": self.acq_optimizer_kwargs,
                "avoid_duplicates": self.avoid_duplicates,
                "model_queue_size": self.max_model_queue_size,
            },
            "x_iters": self.Xi,
            "func_vals": self.yi,
            "seed": int(copy.deepcopy(self.rng).randint(0, np.iinfo(np.int32).max)),
        }

    @classmethod
    def from_json(cls, described: Mapping[str, Any]) -> Optimizer:
        """Return the optimizer that `to_json` described; it goes on with another seed."""
        made = cls(
            [revive_dimension(one) for one in described["space"]],
            revive_estimator(described["base_estimator"]),
            n_initial_points=described["n_initial_points"],
            **described["settings"],
            random_state=described["seed"],
        )
        made.take_over(None, described["x_iters"], described["func_vals"])
        return made
