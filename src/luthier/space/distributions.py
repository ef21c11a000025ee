"""Float, Int, Categorical: the values of a parameter, and where they lie on the unit interval."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from ..errors import DistributionError, UnknownParameterError
from ..numerics import priors
from ..typing import Array
from ..validation import is_scalar, show, to_plain_number
from .choices import choice_key, find_choice, read_weights, to_choice
from .conditions import normalise_conditions

Scale = Literal["linear", "log", "reverse_log"]

_DEFAULT_SD = 0.25  # of a prior that names only a value, as a share of the range
_MAX_INT = 2**53  # beyond it a float64 column cannot hold every integer
_LARGE = 1e15  # beyond it, and below its inverse, half a step may be beyond floats
_MAX_PLACES = 15  # decimals to which values are rounded
_FINE_STEP = 1e-9  # below it that many decimals are too few


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
        self._check_line()
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

    def _check_line(self) -> None:
        """Refuse bounds and steps that floats cannot tell apart or measure.

        Raises:
            DistributionError: They are too wide, or the steps too small.
        """
        low, high, step = self.low, self.high, self.step
        measured = math.isfinite(high - low)
        if step is not None and measured and low < high:
            finest = math.ulp(math.nextafter(max(abs(low), abs(high)), 0))
            if step < finest:
                raise DistributionError(
                    f"floats between low={low!r} and high={high!r} are up to {finest:g} apart, so "
                    f"step={step!r} is too small; take a wider one, or none"
                )
            measured = (high - low) / step <= 2 * _MAX_INT
        if step is not None and measured and (0 < low < 1 / _LARGE or max(-low, high) > _LARGE):
            try:  # half a step outside
                measured = math.isfinite(sum(self._line))
            except ValueError:  # the logarithm of nothing
                measured = False
        if not measured:
            raise DistributionError(
                f"the range from low={low!r} to high={high!r} with step={step!r} is beyond what "
                "floats can measure; narrow it, take wider steps, or use scale='log'"
            )

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
    def top(self) -> float:
        """The largest value: `high`, or the last step below it."""
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
        high = self.top + self.step / 2
        if self.scale == "log" and low <= 0:
            low = self.low / 2
        if self.scale == "reverse_log" and high >= self._pivot():
            high = (self.top + self._pivot()) / 2
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
            return v if v != v else min(max(v, float(self.low)), self.top)
        return np.minimum(np.maximum(v, self.low), self.top)

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
        near = self._tolerance
        return (i > -near) & (i < (self.n_values or 1) - 1 + near) & (abs(i - np.rint(i)) < near)

    @cached_property
    def _tolerance(self) -> float:
        """How far from a discrete value a number may be, in steps, to be taken for it.

        That is a little, or what floats of this size cannot tell.
        """
        largest = max(abs(self.low), abs(self.high))
        return float(min(max(1e-6, 4 * np.finfo(np.float64).eps * largest / self.step), 0.5))

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
        try:
            return float(value)
        except OverflowError:
            raise UnknownParameterError(
                f"expected a value of {self!r}, got {show(value)}, which no float can hold"
            ) from None


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

    def _check_bounds(self) -> None:
        super()._check_bounds()
        if self.scale == "reverse_log" and not 0 <= self.low <= self.high < 1:
            raise DistributionError(
                f"scale='reverse_log' measures the distance to 1 and needs 0 <= low <= high < 1, "
                f"got low={self.low!r}, high={self.high!r}"
            )

    def _pivot(self) -> float:
        return 1.0

    def _grid(self, i: Any) -> Any:
        value = self.low + i * self.step
        return value if self._places is None else np.round(value, self._places)

    @cached_property
    def _places(self) -> int | None:
        """Number of decimals of the values; None where they cannot be rounded to them."""
        step = self.step or 1.0
        exponents = (Decimal(repr(float(v))).as_tuple().exponent for v in (self.low, step))
        places = max(-int(e) for e in exponents)
        if places > _MAX_PLACES and step < _FINE_STEP:
            return None
        places = min(places, _MAX_PLACES)
        largest = 10.0 ** min(300 - places, 308)  # that can be rounded without overflow
        return places if max(abs(self.low), abs(self.high)) < largest else None

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
        if not self.choices:
            raise DistributionError("a Categorical needs at least one choice, got none")
        if len(self.index) < len(self.choices):
            count = Counter(choice_key(c) for c in self.choices)
            twice = sorted(key for key, n in count.items() if n > 1)
            raise DistributionError(
                f"choices must differ, got {', '.join(twice):.500} more than once"
            )
        if self.default is not None:
            self.raw(self.default)
            msgspec.structs.force_setattr(self, "default", to_choice(self.default))
        super().__post_init__()

    def __eq__(self, other: object) -> bool:
        """Whether all is the same; the choices 1, 1.0 and True are not."""
        if not isinstance(other, Categorical):
            return NotImplemented
        return super().__eq__(other) and [*self.index] == [*other.index]

    def __hash__(self) -> int:
        return super().__hash__()

    def _normalise_prior(self, prior: Any) -> tuple[Any, ...]:
        """Return one weight for each choice."""
        given = read_weights(prior, self.choices, self.index)
        weights = tuple(self._number("a weight of a prior", w) for w in given)
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
    def index(self) -> dict[str, int]:
        """The position of each choice, by its key."""
        return {choice_key(c): i for i, c in enumerate(self.choices)}

    @cached_property
    def choice_array(self) -> NDArray[Any]:
        """(k,) the choices as objects, as constraints look them up by position."""
        choices = np.empty(len(self.choices), dtype=object)
        for i, choice in enumerate(self.choices):  # one by one: a tuple would be taken for a row
            choices[i] = choice
        return choices

    def raw(self, value: Any) -> float:
        """Return the index of a choice, as the float that columns hold.

        Raises:
            UnknownParameterError: It is not among the choices.
        """
        i = find_choice(self.index, choice_key(value))
        if i is None:
            raise UnknownParameterError(
                f"expected one of {list(self.choices)!r:.500}, got {value!r:.500}"
            )
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
