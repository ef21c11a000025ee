"""Float, Int, Categorical: the values of a parameter, and where they lie on the unit interval."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

import msgspec
import numpy as np

from ..errors import DistributionError, IncompatibleDistributionError, UnknownParameterError
from ..numerics import priors
from ..typing import Array
from ..validation import check_parameter_name, is_scalar, show, to_plain_number
from .choices import choice_key, to_choice

Scale = Literal["linear", "log", "reverse_log"]

_DEFAULT_SD = 0.25  # of a prior that names only a value, as a share of the range
_MAX_INT = 2**53  # beyond it a float64 column cannot hold every integer


def normalise_conditions(when: Mapping[str, Any] | None) -> dict[str, tuple[Any, ...]]:
    """Return conditions as `{parent: allowed values}`.

    Args:
        when: As people write it: name of a parent to one value, or to a list, set, range or array
            of them.

    Raises:
        DistributionError: A name or a value cannot be stored.
    """
    many = (list, tuple, set, frozenset, range, np.ndarray)
    return {
        check_parameter_name(k, DistributionError): tuple(
            map(to_choice, v if isinstance(v, many) else (v,))
        )
        for k, v in (when or {}).items()
    }


class _Parameter(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    repr_omit_defaults=True,
    dict=True,
):
    """Base of all distributions: a default value, a prior, and conditions."""

    default: Any = None
    prior: Any = None
    when: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.when is not None:
            msgspec.structs.force_setattr(self, "when", normalise_conditions(self.when) or None)
        if self.prior is not None:
            msgspec.structs.force_setattr(self, "prior", self._normalise_prior(self.prior))

    def _normalise_prior(self, prior: Any) -> tuple[Any, ...]:
        """Return a prior in its one form, from those that people write."""
        raise NotImplementedError

    @property
    def likeliest(self) -> Any:
        """Value that a search should start with: the default, else the prior's, else None."""
        return self.prior[0] if self.default is None and self.prior else self.default

    def value(self, raw: float) -> Any:
        """Return what a column holds in the user's type."""
        raise NotImplementedError

    def from_prior(self, rng: np.random.Generator, n: int) -> Array:
        """Return n draws from the prior (n,), as points of [0, 1]. There must be a prior."""
        raise NotImplementedError

    def _at(self, u: float) -> float:
        """Return the value at a point of [0, 1], as columns hold it."""
        raise NotImplementedError

    def _has_one_value(self) -> bool:
        raise NotImplementedError

    def sample(self, rng: np.random.Generator, *, use_prior: bool = False) -> Any:
        """Draw one value in the user's type; conditions play no part.

        Args:
            rng: Source of randomness; it gives one number, and one more where a prior is used.
            use_prior: Draw from the prior where there is one, and not uniformly on the scale.
        """
        u = float(rng.random())
        if use_prior and self.prior is not None and not self._has_one_value():
            u = float(self.from_prior(rng, 1)[0])
        return self.value(self._at(u))

    @staticmethod
    def _number(name: str, value: Any) -> float:
        if not is_scalar(value):
            raise DistributionError(
                f"{name} must be a number, got {value!r} ({type(value).__name__})"
            )
        try:
            return float(value)
        except OverflowError:
            raise DistributionError(f"{name} must be finite, got {show(value)}") from None

    def _make_plain(self, *names: str) -> None:
        """Make numbers of numpy, and of subclasses, plain: others cannot be stored."""
        for name in names:
            value = getattr(self, name)
            if type(value) not in (float, int, type(None)):
                msgspec.structs.force_setattr(self, name, to_plain_number(value))


class _Numeric(_Parameter, frozen=True, kw_only=True):
    """Base of Float and Int: a scale T, and perhaps discrete values low, low + step, ...

    A discrete value owns the cell within step / 2 of it.
    """

    scale: Scale = "linear"

    low: Any
    high: Any
    step: Any

    def __post_init__(self) -> None:
        self._check_bounds()
        if self.scale not in ("linear", "log", "reverse_log"):
            raise DistributionError(
                f"scale must be 'linear', 'log' or 'reverse_log', got {self.scale!r}"
            )
        if self.scale == "log" and self.low <= 0:
            raise DistributionError(
                f"a log scale needs low > 0, got low={self.low!r}; raise low or use scale='linear'"
            )
        super().__post_init__()
        if self.default is not None:
            if not self.contains(self._number("default", self.default)):
                raise DistributionError(f"default {self.default!r} is not a value of {self!r}")
            self._make_plain("default")

    def _normalise_prior(self, prior: Any) -> tuple[Any, ...]:
        """Return (value, sd), from a value or both."""
        pair = prior if isinstance(prior, list | tuple) else (prior, _DEFAULT_SD)
        if len(pair) != 2:
            raise DistributionError(f"prior must be a value, or a value and an sd, got {prior!r}")
        value, sd = pair
        if not self.low <= self._number("the value of a prior", value) <= self.high:
            raise DistributionError(
                f"the value of a prior must be from {self.low!r} to {self.high!r}, got {value!r}"
            )
        if not 0 < self._number("the sd of a prior", sd) < math.inf:
            raise DistributionError(
                f"the sd of a prior is a share of the range and must be finite and > 0, got {sd!r}"
            )
        return to_plain_number(value), float(sd)

    def _check_bounds(self) -> None:
        for name in ("low", "high"):
            v = self._number(name, getattr(self, name))
            if not math.isfinite(v):
                raise DistributionError(f"{name} must be finite, got {v!r}")
        if self.low > self.high:
            raise DistributionError(
                f"expected low <= high, got low={self.low!r}, high={self.high!r}"
            )
        if self.step is not None and not (
            math.isfinite(self._number("step", self.step)) and self.step > 0
        ):
            raise DistributionError(f"step must be a finite number > 0, got {self.step!r}")
        self._make_plain("low", "high", "step")

    @cached_property
    def n_values(self) -> int | None:
        """Number of values; None for a continuous parameter."""
        if self.low == self.high:
            return 1
        if self.step is None:
            return None
        n_steps: int = math.floor((self.high - self.low) / self.step + 1e-9)
        return n_steps + 1

    @cached_property
    def _top(self) -> float:
        """Largest value: `high`, or the last step below it."""
        n = self.n_values
        if n is None:
            return float(self.high)
        return float(self._grid(n - 1)) if n > 1 else float(self.low)

    @cached_property
    def _edges(self) -> tuple[float, float]:
        """Ends of the interval that is mapped to [0, 1]; half a step outside discrete values."""
        if self.step is None:
            return float(self.low), float(self.high)
        low = self.low - self.step / 2
        high = self._top + self.step / 2
        if self.scale == "log" and low <= 0:
            low = self.low / 2
        if self.scale == "reverse_log" and high >= self._pivot():
            high = (self._top + self._pivot()) / 2
        return low, high

    @cached_property
    def _line(self) -> tuple[float, float]:
        """Begin of [0, 1] on the scale T, and its length there."""
        low, high = (float(self._warp(e)) for e in self._edges)
        return low, high - low

    def _pivot(self) -> float:
        """Return the number to which a reverse-log scale measures the distance."""
        raise TypeError(f"{type(self).__name__} has no reverse-log scale")

    def _warp(self, v: Any) -> Any:
        """Return T(v): on the scale T equal distances count equally."""
        if self.scale == "linear":
            return v
        log = math.log if isinstance(v, float) else np.log
        return log(v) if self.scale == "log" else -log(self._pivot() - v)

    def to_unit(self, raw: Any) -> Any:
        """Return where values lie on [0, 1]; a discrete one within its cell."""
        low, span = self._line
        return (self._warp(raw) - low) / span if span > 0 else raw * 0.0 + 0.5

    def from_unit(self, u: Any) -> Any:
        """Return the values at points of [0, 1], within the bounds; the nearest discrete ones."""
        low, span = self._line
        v = low + u * span
        if self.scale != "linear":
            exp = math.exp if isinstance(v, float) else np.exp
            v = exp(v) if self.scale == "log" else self._pivot() - exp(-v)
        if self.step is not None:
            v = self._grid(np.rint((v - self.low) / self.step))
        if isinstance(v, float):
            return v if v != v else min(max(v, float(self.low)), self._top)
        return np.minimum(np.maximum(v, self.low), self._top)

    def _at(self, u: float) -> float:
        return float(self.from_unit(u))

    def _has_one_value(self) -> bool:
        return self.n_values == 1

    def _grid(self, i: Any) -> Any:
        """Return the i-th discrete value, rounded as it is written (0.1 + 2 * 0.1 is 0.3)."""
        return self.low + i * self.step

    def cells(self, raw: Array) -> tuple[Array, Array]:
        """Return the ends of the cell that each discrete value owns, clipped to [0, 1]."""
        half = (self.step or 0) / 2
        low, high = self._edges
        return self.to_unit(np.maximum(raw - half, low)), self.to_unit(np.minimum(raw + half, high))

    def contains(self, raw: Any) -> Any:
        """Return whether the distribution can produce values; a bool for one, else an array."""
        if self.step is None:
            return (raw >= self.low) & (raw <= self.high)
        i = (raw - self.low) / self.step
        return (i > -1e-6) & (i < (self.n_values or 1) - 1 + 1e-6) & (abs(i - np.rint(i)) < 1e-6)

    @cached_property
    def _normal(self) -> tuple[float, float]:
        """Mean and standard deviation of the prior, on the unit interval."""
        mean = self.to_unit(float(self.prior[0]))
        return min(max(mean, 0.0), 1.0), self.prior[1]

    def log_prior(self, u: Array) -> Array:
        """Return the log density of the prior at u, relative to uniform.

        That of a discrete value is the mean over its cell. There must be a prior.
        """
        if self.n_values is None:
            return priors.log_density(u, *self._normal)
        return priors.log_cell_density(*self.cells(self.from_unit(u)), *self._normal)

    def from_prior(self, rng: np.random.Generator, n: int) -> Array:
        return priors.draws(rng, n, *self._normal)

    def raw(self, value: Any) -> float:
        """Return a user's value as the float that columns hold.

        Raises:
            UnknownParameterError: It is not a number.
        """
        if not is_scalar(value):
            raise UnknownParameterError(
                f"expected a number for {self!r}, got {value!r} ({type(value).__name__})"
            )
        return float(value)


class Float(_Numeric, frozen=True, tag="float"):
    """A real number between `low` and `high`, both included.

    Args:
        low: Smallest value.
        high: Largest value.
        scale: "linear"; "log", which needs low > 0; or "reverse_log", the log of the distance to
            1, which puts the resolution next to 1 and needs 0 <= low and high < 1 (for momentum:
            0.9, 0.99, 0.999).
        step: Only low, low + step, ... up to high; None for all real numbers between.
        default: Where a search should start.
        prior: Where you believe the best value to be, or that and how sure you are: `(1e-3, 0.1)`
            is a normal around 1e-3 whose standard deviation is 0.1 of the range, on the scale. The
            default of the standard deviation is 0.25.
        when: Conditions: the parameter is active only when each named parent has one of the given
            values, such as `{"kernel": ["rbf", "poly"]}`.

    Raises:
        DistributionError: The bounds are reversed or not finite, the step is not positive, or the
            scale or the prior does not fit.
    """

    low: float
    high: float
    step: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.scale == "reverse_log" and not 0 <= self.low <= self.high < 1:
            raise DistributionError(
                f"scale='reverse_log' measures the distance to 1 and needs 0 <= low <= high < 1, "
                f"got low={self.low!r}, high={self.high!r}"
            )

    def _pivot(self) -> float:
        return 1.0

    def _grid(self, i: Any) -> Any:
        return np.round(self.low + i * self.step, self._places)

    @cached_property
    def _places(self) -> int:
        """Number of decimals of the values."""
        exponents = (
            Decimal(repr(float(v))).as_tuple().exponent for v in (self.low, self.step or 1.0)
        )
        return min(max(-int(e) for e in exponents), 15)

    def value(self, raw: float) -> float:
        return float(raw)


class Int(_Numeric, frozen=True, tag="int"):
    """A whole number between `low` and `high`, both included.

    Args:
        low: Smallest value.
        high: Largest value.
        scale: "linear"; "log", which needs low > 0; or "reverse_log", the log of the distance to
            high + 1.
        step: Only low, low + step, ... up to high.
        default: Where a search should start.
        prior: Where you believe the best value to be, or that and how sure you are; see `Float`.
        when: Conditions; see `Float`.

    Raises:
        DistributionError: The bounds are reversed, not whole or beyond 2**53, the step is not
            positive, or the prior lies outside.
    """

    low: int
    high: int
    step: int = 1

    def _check_bounds(self) -> None:
        for name in ("low", "high", "step"):
            v = getattr(self, name)
            if not math.isfinite(self._number(name, v)) or v != int(v):
                raise DistributionError(
                    f"{name} of an Int must be a whole number, got {v!r}; use Float for fractions"
                )
            if abs(v) > _MAX_INT:
                raise DistributionError(
                    f"{name} of an Int must be within ±2**53, got {v!r}; use Float on a log scale"
                )
            msgspec.structs.force_setattr(self, name, int(v))
        super()._check_bounds()

    def _pivot(self) -> float:
        return float(self.high + 1)

    def value(self, raw: float) -> int:
        return round(raw)


class Categorical(_Parameter, frozen=True, tag="categorical"):
    """One of several choices: None, bools, numbers, strings, or tuples of them.

    Args:
        choices: At least one; no two alike.
        ordered: The order of the choices means something (small, medium, large).
        default: Where a search should start.
        prior: How likely you believe each choice to be the best: relative weights of some,
            `{"adam": 0.7, "sgd": 0.3}`, or of all in order. A choice without weight keeps a small
            share.
        when: Conditions; see `Float`.

    Raises:
        DistributionError: There are no choices, two are the same, or one has no JSON form; or
            weights are negative, not finite, all zero, or not of these choices.
    """

    choices: tuple[Any, ...]
    ordered: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.choices, str) or not isinstance(self.choices, Iterable):
            raise DistributionError(f"choices must be a list or a tuple, got {self.choices!r}")
        msgspec.structs.force_setattr(self, "choices", tuple(map(to_choice, self.choices)))
        keys = [choice_key(c) for c in self.choices]
        if not keys:
            raise DistributionError("a Categorical needs at least one choice, got none")
        if len(set(keys)) < len(keys):
            twice = sorted({k for k in keys if keys.count(k) > 1})
            raise DistributionError(f"choices must differ, got {', '.join(twice)} more than once")
        if self.default is not None:
            self.raw(self.default)
            msgspec.structs.force_setattr(self, "default", to_choice(self.default))
        super().__post_init__()

    def _normalise_prior(self, prior: Any) -> tuple[Any, ...]:
        """Return one weight for each choice, from those of some by name, or of all."""
        if isinstance(prior, Mapping):
            named = {choice_key(c): w for c, w in prior.items()}
            if unknown := [c for c in prior if choice_key(c) not in self._index]:
                raise DistributionError(
                    f"the prior weighs {unknown!r}, not among the choices {list(self.choices)!r}"
                )
            prior = [named.get(key, 0.0) for key in self._index]
        if (
            isinstance(prior, str)
            or not isinstance(prior, Sequence | np.ndarray)
            or len(prior) != len(self.choices)
        ):
            raise DistributionError(
                f"prior must be weights by choice, or one for every choice, got {prior!r}"
            )
        weights = tuple(self._number("a weight of a prior", w) for w in prior)
        if not all(0 <= w < math.inf for w in weights) or not any(weights):
            raise DistributionError(
                f"weights of a prior must be finite, >= 0 and not all 0, got {list(weights)!r}"
            )
        return weights

    @property
    def likeliest(self) -> Any:
        if self.default is None and self.prior:
            return self.choices[int(np.argmax(self.prior))]
        return self.default

    @property
    def n_values(self) -> int:
        """Number of choices."""
        return len(self.choices)

    @cached_property
    def _index(self) -> dict[str, int]:
        return {choice_key(c): i for i, c in enumerate(self.choices)}

    def raw(self, value: Any) -> float:
        """Return the index of a choice, as the float that columns hold.

        Raises:
            UnknownParameterError: It is not among the choices.
        """
        i = self._index.get(choice_key(value))
        if i is None:
            raise UnknownParameterError(f"expected one of {list(self.choices)!r}, got {value!r}")
        return float(i)

    def log_prior(self, u: Array) -> Array:
        """Return the log of each choice's share of the prior, relative to equal shares."""
        log_shares = np.log(priors.shares(self.prior) * len(self.choices))
        return np.asarray(log_shares[self.from_unit(u).astype(np.int64)])

    def from_prior(self, rng: np.random.Generator, n: int) -> Array:
        chosen = rng.choice(len(self.choices), n, p=priors.shares(self.prior))
        return np.asarray((chosen + 0.5) / len(self.choices))

    def value(self, raw: float) -> Any:
        return self.choices[int(raw)]

    def to_unit(self, raw: Any) -> Any:
        """Return indices as unit columns hold them.

        Unordered choices stay indices; ordered ones are the middles of equal cells of [0, 1].
        """
        return (raw + 0.5) / len(self.choices) if self.ordered else raw

    def from_unit(self, u: Any) -> Any:
        """Return the indices of what unit columns hold."""
        i = np.floor(u * len(self.choices)) if self.ordered else np.rint(u)
        return np.minimum(np.maximum(i, 0), len(self.choices) - 1)

    def _at(self, u: float) -> float:
        return float(min(int(u * len(self.choices)), len(self.choices) - 1))

    def _has_one_value(self) -> bool:
        return len(self.choices) == 1

    def cells(self, raw: Array) -> tuple[Array, Array]:
        """Return the ends of the cell that each ordered choice owns."""
        return raw / len(self.choices), (raw + 1) / len(self.choices)

    def contains(self, raw: Any) -> Any:
        """Return whether indices are those of choices."""
        return (raw >= 0) & (raw < len(self.choices))


Distribution = Float | Int | Categorical


def widen(a: Distribution, b: Distribution) -> Distribution:
    """Return the smallest distribution that has the values of two of the same kind.

    Default and prior are those of b, or those of a where b has none. So is the scale, but where
    that has not all the values: then it is linear.
    """
    prior_of: Any = a if b.prior is None else b
    if isinstance(a, Categorical) and isinstance(b, Categorical):
        choices = (*a.choices, *(c for c in b.choices if choice_key(c) not in a._index))
        weights = dict(zip(prior_of._index, prior_of.prior or (), strict=False))
        shares = [weights.get(choice_key(c), 0.0) for c in choices]
        return msgspec.structs.replace(a, choices=choices, prior=shares if weights else None)

    assert isinstance(a, Float | Int)
    assert isinstance(b, Float | Int)
    step = a.step if a.step == b.step else 1 if isinstance(a, Int) else None
    ends = {"low": min(a.low, b.low), "high": max(a.high, b.high)}
    try:
        wide = msgspec.structs.replace(b, **ends, step=step)
    except DistributionError:  # a log scale does not reach 0
        wide = msgspec.structs.replace(b, **ends, step=step, scale="linear")

    default = b.default
    if default is None and a.default is not None and wide.contains(a.default):
        default = a.default
    prior = prior_of.prior
    # The standard deviation is a share of the range: the wider the range, the smaller the share.
    if prior is not None and prior_of.scale == wide.scale and prior_of._line[1] > 0:
        prior = (prior[0], prior[1] * prior_of._line[1] / wide._line[1])
    return msgspec.structs.replace(wide, default=default, prior=prior)


def require_same_kind(name: str, known: Distribution, new: Distribution) -> None:
    """Refuse a name that stands for another kind of parameter in the study.

    Raises:
        IncompatibleDistributionError: The two are of different kinds.
    """
    if type(known) is not type(new):
        raise IncompatibleDistributionError(
            f"{name!r} is {known!r} in this study and {new!r} here; use another name, or a new "
            "study"
        )
