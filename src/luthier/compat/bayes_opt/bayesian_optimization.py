"""BayesianOptimization: maximises a function of named parameters."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...samplers.gp import GP
from ..remarks import heed_others, refuse, warn_without_effect
from .acquisition import AcquisitionFunction, ExpectedImprovement, UpperConfidenceBound
from .domain_reduction import DomainTransformer
from .event import DEFAULT_EVENTS, Events
from .logger import ScreenLogger
from .model import Model
from .target_space import TargetSpace
from .util import ensure_rng

_FORM = "luthier bayes_opt state 1"

_MOST_DRAWS = 100  # for a point that is new, and suggestions that are remembered

_EARLIER = (
    *("acq", "acquisition_function", "kappa", "kappa_decay", "kappa_decay_delay", "xi"),
    *("alpha", "kernel", "n_restarts_optimizer", "normalize_y", "optimizer", "random_state"),
)


class BayesianOptimization:
    """A search for the largest value of a function, by luthier's `GP`.

    Args:
        f: The function of the parameters by name; None where targets are registered.
        pbounds: Name to (low, high), (low, high, int), or categories.
        acquisition_function: Without effect: luthier's GP has its own.
        constraint: A `scipy.optimize.NonlinearConstraint` whose function takes the parameters.
        random_state: Seed or generator.
        verbose: 0 for nothing on the screen, 1 for points that are the best so far, 2 for all.
        bounds_transformer: Changes the bounds while the search runs.
        allow_duplicate_points: Register a point twice.

    Raises:
        ValueError: Bounds do not fit.
        TypeError: bounds_transformer is none.
    """

    def __init__(
        self,
        f: Callable[..., Any] | None,
        pbounds: Mapping[str, Any],
        acquisition_function: AcquisitionFunction | None = None,
        constraint: Any = None,
        random_state: Any = None,
        verbose: int = 2,
        bounds_transformer: DomainTransformer | None = None,
        allow_duplicate_points: bool = False,
    ) -> None:
        self._random_state = ensure_rng(random_state)
        self.is_constrained = constraint is not None
        if acquisition_function is not None:
            acquisition_function.note()
        else:
            default = ExpectedImprovement if self.is_constrained else UpperConfidenceBound
            acquisition_function = default()
        self._acquisition_function = acquisition_function
        self._space = TargetSpace(
            f, pbounds, constraint, self._random_state, allow_duplicate_points
        )
        self._sampler = GP(1)
        self._gp = Model(self._space, lambda: self._space.target)  # people's figures call it
        self._subscribers: dict[tuple[str, Any], Callable[..., Any]] = {}
        self._queue: deque[Any] = deque()
        self._suggested: deque[dict[str, Any]] = deque(maxlen=_MOST_DRAWS)
        self.logger = ScreenLogger(verbose, self.is_constrained)
        self._bounds_transformer = bounds_transformer
        if bounds_transformer is not None:
            if not isinstance(bounds_transformer, DomainTransformer):
                raise TypeError("The transformer must be an instance of DomainTransformer")
            bounds_transformer.initialize(self._space)

    @property
    def space(self) -> TargetSpace:
        """The points that were registered."""
        return self._space

    @property
    def acquisition_function(self) -> AcquisitionFunction:
        """The settings that were passed."""
        return self._acquisition_function

    @property
    def constraint(self) -> Any:
        """The constraint; None without."""
        return self._space.constraint

    @property
    def max(self) -> dict[str, Any] | None:
        """The best point with its target; None without."""
        return self._space.max()

    @property
    def res(self) -> list[dict[str, Any]]:
        """All points with their targets."""
        return self._space.res()

    def register(self, params: Any, target: float, constraint_value: Any = None) -> None:
        """Add a point and its target.

        Raises:
            NotUniqueError: It is there, and duplicates are not allowed.
        """
        self._space.register(params, target, constraint_value)
        self._log()

    def _log(self) -> None:
        self.logger.log_optimization_step(self._space.keys, self.res[-1], self.max)
        self.dispatch(Events.OPTIMIZATION_STEP)

    def probe(self, params: Any, lazy: bool = True) -> None:
        """Evaluate a point: at once, or with lazy at the begin of the next `maximize`."""
        if lazy:
            self._queue.append(params)
            return
        self._space.probe(params)
        self._log()

    def random_sample(self, n: int = 1) -> list[dict[str, Any]]:
        """Return random points."""
        return self._space.random_sample(n)

    def suggest(self, utility_function: AcquisitionFunction | None = None) -> dict[str, Any]:
        """Return a point that is worth a try; `utility_function` has no effect.

        A point that was suggested or registered before is not returned again, where the space has
        others and duplicates are not allowed.
        """
        if utility_function is not None:
            utility_function.note()
        if not len(self._space):
            return self.random_sample(1)[0]
        rng = np.random.default_rng(self._random_state.randint(2**31 - 1))
        space = self._space.luthier_space
        point = space.decode(self._sampler.sample(space, self._space.history, 1, rng))[0]
        for _ in range(_MOST_DRAWS):
            if self._space.allows_duplicates or not (
                point in self._space or point in self._suggested
            ):
                break
            point = self.random_sample(1)[0]
        self._suggested.append(point)
        return point

    def _prime_queue(self, init_points: int) -> None:
        if not self._queue and self._space.empty:
            init_points = max(init_points, 1)
        self._queue.extend(self.random_sample(init_points) if init_points else [])

    def maximize(self, init_points: int = 5, n_iter: int = 25, **earlier: Any) -> None:
        """Evaluate the points that wait, random ones, and those of the search.

        Args:
            init_points: How many random points.
            n_iter: How many points of the search.
            **earlier: `acq`, `kappa`, `xi` and others of earlier versions, without effect.

        Raises:
            TypeError: An argument is of no version.
        """
        known = dict.fromkeys(_EARLIER, "luthier's GP chooses itself.")
        heed_others("bayes_opt's maximize", earlier, known)
        self.logger.log_optimization_start(self._space.keys)
        self.dispatch(Events.OPTIMIZATION_START)
        self._prime_queue(init_points)
        done = 0
        while self._queue or done < n_iter:
            if self._queue:
                point = self._queue.popleft()
            else:
                point = self.suggest()
                done += 1
            self.probe(point, lazy=False)
            if self._bounds_transformer is not None and done:
                self.set_bounds(self._bounds_transformer.transform(self._space))
        self.logger.log_optimization_end()
        self.dispatch(Events.OPTIMIZATION_END)

    def set_bounds(self, new_bounds: Mapping[str, Any]) -> None:
        """Change bounds, by name."""
        self._space.set_bounds(new_bounds)

    def set_gp_params(self, **params: Any) -> None:
        """Take settings of scikit-learn's Gaussian process, without effect."""
        for name in params:
            warn_without_effect(
                f"{name} of bayes_opt's set_gp_params", "luthier's GP fits its own settings."
            )

    def predict(
        self,
        params: Any,
        return_std: bool = False,
        return_cov: bool = False,
        fit_gp: bool = True,
    ) -> Any:
        """Return what luthier's Gaussian process thinks of points.

        Args:
            params: A point by name, or several.
            return_std: Return the standard deviation as well.
            return_cov: Return the covariance as well.
            fit_gp: Whether points must have been registered; the model is of all points anyway.

        Returns:
            The mean, and what was asked for: numbers for one point, (n,) arrays for several.

        Raises:
            TypeError: Points are not given by name.
            ValueError: Both the deviation and the covariance are asked for.
            RuntimeError: There are no points, and fit_gp is not False.
        """
        is_one = isinstance(params, Mapping)
        if not is_one and (isinstance(params, str) or not isinstance(params, Iterable)):
            kind = type(params).__name__
            raise TypeError(f"params must be a dict or iterable of dicts, got {kind}")
        if return_std and return_cov:
            raise ValueError("return_std and return_cov cannot both be True")
        if fit_gp and self._space.empty:
            raise RuntimeError(
                "The Gaussian Process model cannot be fitted with zero observations: register "
                "points first, or set fit_gp=False"
            )
        points = [params] if is_one else list(params)
        X = np.array([self._space.params_to_array(p) for p in points]).reshape(-1, self._space.dim)
        found = self._gp.predict(X, return_std, return_cov)
        if not is_one:
            return found
        if return_std or return_cov:
            mean, spread = found
            return float(mean[0]), float(spread[0]) if return_std else spread
        return float(found[0])

    def subscribe(self, event: str, subscriber: Any, callback: Any = None) -> None:
        """Tell a logger of a moment of the search, as in earlier versions.

        Args:
            event: One of `Events`.
            subscriber: The logger.
            callback: What is called with the event and this object; None for the logger's `update`.

        Raises:
            KeyError: There is no such event.
        """
        if event not in DEFAULT_EVENTS:
            raise KeyError(f"{event!r}: the events are {DEFAULT_EVENTS}")
        self._subscribers[event, subscriber] = callback or subscriber.update

    def unsubscribe(self, event: str, subscriber: Any) -> None:
        """Tell a logger no longer of a moment.

        Raises:
            KeyError: It was not told of it.
        """
        del self._subscribers[event, subscriber]

    def dispatch(self, event: str) -> None:
        """Tell the loggers of a moment."""
        for (moment, _), callback in list(self._subscribers.items()):
            if moment == event:
                callback(event, self)

    def save_state(self, path: Any) -> None:
        """Write points, targets and bounds to a file, as JSON."""
        state = {
            "form": _FORM,
            "bounds": self._space.luthier_space.to_json(),
            "points": [
                [one["params"], one["target"], np.asarray(one.get("constraint")).tolist()]
                for one in self.res
            ],
        }
        Path(path).write_text(json.dumps(state), encoding="utf-8")

    def load_state(self, path: Any) -> None:
        """Register the points of a file of `save_state`.

        Raises:
            CompatError: It is another file.
        """
        try:
            state = json.loads(Path(path).read_text(encoding="utf-8"))
            if state["form"] != _FORM:
                raise ValueError(state["form"])
        except (ValueError, KeyError, TypeError):
            raise refuse(
                f"load_state({str(path)!r}) of a file that is not of this save_state",
                "Register its params and targets by optimizer.register(params=..., target=...).",
            ) from None
        for params, target, constraint_value in state["points"]:
            self.register(params, target, constraint_value if self.is_constrained else None)
