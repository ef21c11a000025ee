"""Points of a search and their targets."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

import numpy as np

from ...history.history import History
from ...space.distributions import Categorical, Distribution, Float, Int
from ...space.space import Space
from ...trial.record import State, TrialRow
from ...typing import Array
from .constraint import ConstraintModel
from .exception import NotUniqueError
from .util import ensure_rng

Params = dict[str, Any]


def read_bound(name: str, bound: Any) -> Distribution:
    """Return the distribution of a parameter.

    Args:
        name: Its name.
        bound: (low, high), (low, high, float), (low, high, int), or categories.

    Raises:
        ValueError: It is none of these, or its ends are reversed.
    """
    if not isinstance(bound, Sequence | np.ndarray | Set):
        raise ValueError(f"expected (low, high) or categories for {name!r}, got {bound!r}")
    given = tuple(bound)
    if len(given) == 3 and given[2] in (int, float):
        kind: Any = Int if given[2] is int else Float
        low, high = (given[2](v) for v in given[:2])
    elif len(given) == 2 and not any(isinstance(v, str | bool) for v in given):
        kind, low, high = Float, float(given[0]), float(given[1])
    elif len(given) > 1:
        return Categorical(given)
    else:
        raise ValueError(f"expected (low, high) or categories for {name!r}, got {bound!r}")
    if low >= high:
        raise ValueError(f"expected low < high for {name!r}, got {bound!r}")
    made: Distribution = kind(low, high)
    return made


class TargetSpace:
    """The points that were registered, and the function.

    Args:
        target_func: The function of the parameters by name; None where targets are registered.
        pbounds: Name to bounds or categories.
        constraint: A `scipy.optimize.NonlinearConstraint` whose function takes the parameters.
        random_state: Seed or generator.
        allow_duplicate_points: Register a point twice.

    Raises:
        ValueError: Bounds do not fit.
    """

    def __init__(
        self,
        target_func: Callable[..., Any] | None,
        pbounds: Mapping[str, Any],
        constraint: Any = None,
        random_state: Any = None,
        allow_duplicate_points: bool = False,
    ) -> None:
        self.random_state = ensure_rng(random_state)
        self.target_func = target_func
        self.allows_duplicates = allow_duplicate_points
        params = {name: read_bound(name, bound) for name, bound in pbounds.items()}
        self.luthier_space = Space(params)
        self.history = History(self.luthier_space, ["maximize"])
        self._points: list[Params] = []
        self._targets: list[float] = []
        self._constraint_values: list[Any] = []
        self.constraint: ConstraintModel | None = None
        if constraint is not None:
            self.constraint = ConstraintModel(constraint.fun, constraint.lb, constraint.ub, self)

    def __len__(self) -> int:
        return len(self._points)

    def __contains__(self, x: Any) -> bool:
        return self.to_params(x) in self._points

    @property
    def empty(self) -> bool:
        """Whether no point was registered."""
        return not self._points

    @property
    def keys(self) -> list[str]:
        """Names of the parameters."""
        return list(self.luthier_space.names)

    @property
    def dim(self) -> int:
        """Number of parameters."""
        return self.luthier_space.d

    @property
    def params(self) -> Array:
        """(n, d) the points, of categories the places."""
        return np.array([self.params_to_array(p) for p in self._points]).reshape(-1, self.dim)

    @property
    def target(self) -> Array:
        """(n,) the targets."""
        return np.array(self._targets, dtype=float)

    @property
    def constraint_values(self) -> Array:
        """(n,) or (n, c) the values of the constraint."""
        return np.array(self._constraint_values)

    @property
    def bounds(self) -> Array:
        """(d, 2) the ends."""
        return np.array(
            [
                (0, len(p.choices) - 1) if isinstance(p, Categorical) else (p.low, p.high)
                for p in self.luthier_space.dists
            ],
            dtype=float,
        )

    @property
    def mask(self) -> Any:
        """(n,) which points keep the constraint, and lie within the bounds."""
        kept = np.array([self._keeps(v) for v in self._constraint_values] or [True] * len(self))
        return kept & self.history.fits[: len(self)] if len(self) else kept

    def params_to_array(self, params: Mapping[str, Any]) -> Array:
        """Return a point as numbers (d,), of categories the places."""
        return np.array([self.luthier_space.params[k].raw(params[k]) for k in self.keys])

    def array_to_params(self, x: Any) -> Params:
        """Return numbers (d,) as a point."""
        dists = self.luthier_space.params.items()
        return {k: p.value(float(v)) for (k, p), v in zip(dists, x, strict=True)}

    def to_params(self, given: Any) -> Params:
        """Return a point by name, of a dict or of numbers.

        Raises:
            ValueError: A name is missing or not known, or a number.
        """
        if not isinstance(given, Mapping):
            if len(given) != self.dim:
                raise ValueError(f"expected {self.dim} values for {self.keys}, got {given}")
            return self.array_to_params(given)
        if set(given) != set(self.keys):
            raise ValueError(
                f"Parameters' keys ({sorted(given)}) do not match the expected set of keys "
                f"({sorted(self.keys)})."
            )
        dists = self.luthier_space.params
        return {k: dists[k].value(dists[k].raw(given[k])) for k in self.keys}

    def _keeps(self, values: Any) -> bool:
        return self.constraint is None or bool(np.all(self.constraint.allowed(values)))

    def register(self, params: Any, target: float, constraint_value: Any = None) -> None:
        """Add a point and its target.

        Raises:
            NotUniqueError: It is there, and duplicates are not allowed.
            ValueError: The value of the constraint is missing, or there is no constraint.
        """
        point = self.to_params(params)
        if point in self._points and not self.allows_duplicates:
            raise NotUniqueError(
                f"Data point {point} is not unique. You can set allow_duplicate_points=True."
            )
        if (constraint_value is None) != (self.constraint is None):
            raise ValueError("a value of the constraint goes with a constraint, and only with one")
        if not self.luthier_space.encode(point).size or not all(
            p.contains(p.raw(point[k])) for k, p in self.luthier_space.params.items()
        ):
            warnings.warn(
                f"\nData point {point} is outside the bounds of the parameters. ",
                UserWarning,
                stacklevel=2,
            )
        broken = {} if self.constraint is None else self.constraint.excess(constraint_value)
        known = np.isfinite(target)
        self.history.put(
            [
                TrialRow(
                    number=len(self),
                    state=State.COMPLETE if known else State.FAILED,
                    params=point,
                    values=(float(target),) if known else None,
                    constraints=broken,
                )
            ]
        )
        self._points.append(point)
        self._targets.append(float(target))
        if self.constraint is not None:
            self._constraint_values.append(constraint_value)

    def probe(self, params: Any) -> Any:
        """Evaluate the function at a point and register it; return the target.

        Raises:
            ValueError: There is no function.
            TypeError: The constraint's function does not take these parameters.
        """
        point = self.to_params(params)
        if self.target_func is None:
            raise ValueError("No target function has been provided.")
        target = self.target_func(**point)
        if self.constraint is None:
            self.register(point, target)
            return target
        values = self.constraint.eval(**point)
        self.register(point, target, values)
        return target, values

    def random_sample(self, n: int = 1) -> list[Params]:
        """Return random points."""
        rng = np.random.default_rng(self.random_state.randint(2**31 - 1))
        return self.luthier_space.decode(self.luthier_space.sample(rng, n))

    def max(self) -> dict[str, Any] | None:
        """Return the best point that keeps the constraint; None where there is none."""
        if self.empty:
            return None
        kept = np.flatnonzero(self.mask & np.isfinite(self.target))
        if not len(kept):
            return None
        best = self.res()[int(kept[np.argmax(self.target[kept])])]
        best.pop("allowed", None)  # which it is
        return best

    def res(self) -> list[dict[str, Any]]:
        """Return all points with their targets."""
        found: list[dict[str, Any]] = [
            {"target": target, "params": dict(params)}
            for target, params in zip(self._targets, self._points, strict=True)
        ]
        for one, values in zip(found, self._constraint_values, strict=False):
            one |= {"constraint": values, "allowed": self._keeps(values)}
        return found

    def set_bounds(self, new_bounds: Mapping[str, Sequence[Any]]) -> None:
        """Change bounds; names that are not known are left out.

        Raises:
            ValueError: The parameter would be of another kind, or have other categories.
        """
        known = self.luthier_space.params
        changed = {k: read_bound(k, b) for k, b in new_bounds.items() if k in known}
        for name, dist in changed.items():
            if (
                isinstance(known[name], Int)
                and isinstance(dist, Float)
                and len(new_bounds[name]) == 2
            ):
                changed[name] = dist = Int(int(dist.low), int(dist.high))
            is_other = isinstance(dist, Categorical) and dist != known[name]
            if is_other or type(dist) is not type(known[name]):
                raise ValueError(
                    f"set_bounds changes the bounds of {name!r}, not what it is: it was "
                    f"{known[name]}, got {new_bounds[name]!r}"
                )
        self.luthier_space = self.luthier_space.with_params(changed)
        self.history.set_space(self.luthier_space)
