"""Domains of a search space, by Ray Tune's names: `uniform`, `choice`, `sample_from` and so on."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..... import space as spaces
from .....errors import DistributionError
from .....space import Distribution

When = dict[str, Any] | None
_PLAIN = (str, int, float, bool, type(None))


class Spec(dict[str, Any]):
    """A configuration as a function of `sample_from` reads it: by keys or by attributes."""

    @property
    def config(self) -> Spec:
        """The configuration itself: functions ask for `spec.config.lr`."""
        return self

    def __getattr__(self, name: str) -> Any:
        try:
            value = self[name]
        except KeyError:
            raise AttributeError(f"the configuration has no {name!r}: {sorted(self)}") from None
        return Spec(value) if isinstance(value, dict) else value


class Domain:
    """Values that a parameter may have."""

    def to_distribution(self, when: When = None) -> Distribution:
        """Return luthier's distribution of it.

        Args:
            when: Under which choices it is active.
        """
        raise NotImplementedError

    def finish(self, value: Any) -> Any:
        """Return the value of a configuration, of a value of the distribution."""
        return value

    def sample(self, config: Any = None, size: int = 1, random_state: Any = None) -> Any:
        """Draw a value, or a list of them.

        Args:
            config: What functions of `sample_from` are called with.
            size: How many; one is no list.
            random_state: A seed or generator; None for numpy's own.
        """
        rng = make_rng(random_state)
        drawn = [self._draw(config, rng) for _ in range(size)]
        return drawn if size > 1 else drawn[0]

    def _draw(self, config: Any, rng: np.random.Generator) -> Any:
        return self.finish(self.to_distribution().sample(rng))

    def is_valid(self, value: Any) -> bool:
        """Whether a configuration may have this value."""
        return self.to_distribution().find(value) is not None

    @property
    def domain_str(self) -> str:
        """It, as text."""
        return repr(self)


class Float(Domain):
    """Real numbers between two ends, or around a mean.

    Args:
        lower: Smallest value; None for a normal.
        upper: Largest value.
        log: Whether the scale is logarithmic.
        q: Only multiples of it; None for all.
        normal: Mean and standard deviation.
    """

    def __init__(
        self,
        lower: float | None = None,
        upper: float | None = None,
        log: bool = False,
        q: float | None = None,
        normal: tuple[float, float] | None = None,
    ) -> None:
        self.lower = -math.inf if lower is None else lower
        self.upper = math.inf if upper is None else upper
        self.log = log
        self.q = q
        self.normal_of = normal
        if q is not None and not (isinstance(q, int | float) and q > 0):
            raise ValueError(f"q must be a number above 0, got {q!r}")
        if normal is None:
            self._make(None)

    def to_distribution(self, when: When = None) -> Distribution:
        return self._make(when)

    def _make(self, when: When) -> Distribution:
        if self.normal_of is not None:
            mean, std = self.normal_of
            return spaces.Normal(mean, std, step=self.q, when=when)
        if self.log or self.q is None:
            scale: Any = "log" if self.log else "linear"
            return spaces.Float(float(self.lower), float(self.upper), scale=scale, when=when)
        low = math.ceil(self.lower / self.q - 1e-9) * self.q
        high = math.floor(self.upper / self.q + 1e-9) * self.q
        return spaces.Float(low, high, step=float(self.q), when=when)

    def finish(self, value: Any) -> Any:
        if self.q is None or self.normal_of is not None or not self.log:
            return value
        near = round(value / self.q) * self.q
        return min(max(near, self.lower), self.upper)

    def quantized(self, q: float) -> Float:
        """Return it with multiples of q only."""
        return Float(self.lower, self.upper, self.log, q, self.normal_of)

    def uniform(self) -> Float:
        """Return it on a linear scale."""
        return Float(self.lower, self.upper, False, self.q)

    def loguniform(self, base: float = 10) -> Float:
        """Return it on a logarithmic scale; the base is the same whatever it is."""
        return Float(self.lower, self.upper, True, self.q)

    def normal(self, mean: float = 0.0, sd: float = 1.0) -> Float:
        """Return a normal around a mean."""
        return Float(q=self.q, normal=(mean, sd))

    def __repr__(self) -> str:
        if self.normal_of is not None:
            return f"Float.normal{self.normal_of}"
        return f"Float({self.lower}, {self.upper}, log={self.log}, q={self.q})"


class Integer(Domain):
    """Whole numbers from `lower` to below `upper`; with q up to `upper`, multiples of q.

    Args:
        lower: Smallest value.
        upper: One above the largest value; with q the largest.
        log: Whether the scale is logarithmic.
        q: Only multiples of it; None or 1 for all.
    """

    def __init__(self, lower: int, upper: int, log: bool = False, q: int | None = None) -> None:
        self.lower = lower
        self.upper = upper
        self.log = log
        self.q = q
        if q is not None and not (isinstance(q, int) and q > 0):
            raise ValueError(f"q must be a whole number above 0, got {q!r}")
        self.to_distribution()

    def to_distribution(self, when: When = None) -> Distribution:
        scale: Any = "log" if self.log else "linear"
        if self.q is None:
            return spaces.Int(self.lower, self.upper - 1, scale=scale, when=when)
        if self.log:
            return spaces.Int(self.lower, self.upper, scale=scale, when=when)
        low = -(-self.lower // self.q) * self.q
        return spaces.Int(low, self.upper // self.q * self.q, step=self.q, when=when)

    def finish(self, value: Any) -> Any:
        if self.q is None or not self.log:
            return value
        return min(max(round(value / self.q) * self.q, self.lower), self.upper)

    def quantized(self, q: int) -> Integer:
        """Return it with multiples of q only."""
        return Integer(self.lower, self.upper, self.log, q)

    def uniform(self) -> Integer:
        """Return it on a linear scale."""
        return Integer(self.lower, self.upper, False, self.q)

    def loguniform(self, base: float = 10) -> Integer:
        """Return it on a logarithmic scale; the base is the same whatever it is."""
        return Integer(self.lower, self.upper, True, self.q)

    def __repr__(self) -> str:
        return f"Integer({self.lower}, {self.upper}, log={self.log}, q={self.q})"


class Categorical(Domain):
    """One of several things; what is no plain value is chosen by its position.

    Args:
        categories: The things.
    """

    def __init__(self, categories: Sequence[Any]) -> None:
        self.categories = list(categories)
        if not self.categories:
            raise ValueError("choice needs at least one thing to choose from, got an empty list")
        self.by_position = not all(type(c) in _PLAIN for c in self.categories)
        if not self.by_position:
            try:
                spaces.Categorical(tuple(self.categories))
            except DistributionError:  # two are alike
                self.by_position = True

    def to_distribution(self, when: When = None) -> Distribution:
        n = len(self.categories)
        choices = tuple(range(n)) if self.by_position else tuple(self.categories)
        return spaces.Categorical(choices, when=when)

    def finish(self, value: Any) -> Any:
        return self.categories[int(value)] if self.by_position else value

    def is_valid(self, value: Any) -> bool:
        return value in self.categories

    def uniform(self) -> Categorical:
        """Return it: all are equally likely."""
        return self

    def grid(self) -> dict[str, Any]:
        """Return a grid of all of them."""
        return grid_search(self.categories)

    def __len__(self) -> int:
        return len(self.categories)

    def __getitem__(self, i: int) -> Any:
        return self.categories[i]

    def __repr__(self) -> str:
        return f"Categorical({self.categories!r})"


class Function(Domain):
    """A function that is called for each trial, with the configuration so far.

    Args:
        func: It takes the configuration, or nothing.
    """

    def __init__(self, func: Callable[..., Any]) -> None:
        if not callable(func):
            raise ValueError(f"sample_from takes a function, got {func!r}")
        self.func = func

    def _draw(self, config: Any, rng: np.random.Generator) -> Any:
        spec = Spec(config) if isinstance(config, Mapping) else config
        return self.func(Spec() if spec is None else spec) if self._takes_one() else self.func()

    def _takes_one(self) -> bool:
        try:
            inspect.signature(self.func).bind()
        except TypeError:
            return True
        except ValueError:  # a function written in C
            return False
        return False

    def __repr__(self) -> str:
        return f"Function({self.func!r})"


def make_rng(random_state: Any = None) -> np.random.Generator:
    """Return a generator of a seed, of a generator of either kind, or of numpy's global one."""
    if isinstance(random_state, np.random.Generator):
        return random_state
    if isinstance(random_state, int | np.integer):
        return np.random.default_rng(int(random_state))
    source: Any = np.random if random_state is None else random_state
    return np.random.default_rng(int(source.randint(2**31 - 1)))


def uniform(lower: float, upper: float) -> Float:
    """Real numbers on a linear scale."""
    return Float(lower, upper)


def quniform(lower: float, upper: float, q: float) -> Float:
    """Multiples of q on a linear scale."""
    return Float(lower, upper, q=q)


def loguniform(lower: float, upper: float, base: float = 10) -> Float:
    """Real numbers on a logarithmic scale, which is the same for each base."""
    return Float(lower, upper, log=True)


def qloguniform(lower: float, upper: float, q: float, base: float = 10) -> Float:
    """Multiples of q on a logarithmic scale."""
    return Float(lower, upper, log=True, q=q)


def randn(mean: float = 0.0, sd: float = 1.0) -> Float:
    """Real numbers that are normally distributed."""
    return Float(normal=(mean, sd))


def qrandn(mean: float, sd: float, q: float) -> Float:
    """Multiples of q that are normally distributed."""
    return Float(normal=(mean, sd), q=q)


def randint(lower: int, upper: int) -> Integer:
    """Whole numbers below `upper`."""
    return Integer(lower, upper)


def qrandint(lower: int, upper: int, q: int = 1) -> Integer:
    """Multiples of q up to `upper`."""
    return Integer(lower, upper, q=q)


def lograndint(lower: int, upper: int, base: float = 10) -> Integer:
    """Whole numbers below `upper` on a logarithmic scale."""
    return Integer(lower, upper, log=True)


def qlograndint(lower: int, upper: int, q: int, base: float = 10) -> Integer:
    """Multiples of q up to `upper` on a logarithmic scale."""
    return Integer(lower, upper, log=True, q=q)


def choice(categories: Sequence[Any]) -> Categorical:
    """One of several things."""
    return Categorical(categories)


def sample_from(func: Callable[..., Any]) -> Function:
    """What a function returns, of the configuration so far or of nothing."""
    return Function(func)


def grid_search(values: Sequence[Any]) -> dict[str, Any]:
    """All of these values, each with all of other grids."""
    return {"grid_search": list(values)}


def is_grid(value: Any) -> bool:
    """Whether part of a space is a grid."""
    return isinstance(value, Mapping) and list(value) == ["grid_search"]


def has_domain(value: Any) -> bool:
    """Whether part of a space has anything that is drawn, or a grid."""
    if isinstance(value, Domain) or is_grid(value):
        return True
    return any(has_domain(v) for _, v in children(value))


def children(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the parts of a dict, list or tuple, with their names."""
    if isinstance(value, Mapping):
        yield from ((str(k), v) for k, v in value.items())
    elif type(value) in (list, tuple):
        yield from ((str(i), v) for i, v in enumerate(value))
