"""Float, Int, Categorical: the values of a parameter, and where they lie on the unit interval."""

from __future__ import annotations

import math
from collections import Counter
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import DistributionError, UnknownParameterError
from ..numerics import priors
from ..typing import Array
from ..validation import show, split_values, to_plain_text
from .choices import choice_key, find_choice, list_members, read_weights, to_choice
from .exact_numbers import put_exactly
from .normal import Normal
from .parameter import Number, Parameter
from .steps import Steps

Scale = Literal["linear", "log", "reverse_log"]
SCALES = ("linear", "log", "reverse_log")

_DEFAULT_SD = 0.25  # of a prior that names only a value, as a share of the range
_MAX_INT = 2**53  # beyond it a float64 column cannot hold every integer
_LARGE = 1e15  # beyond it, and below its inverse, half a step may be beyond floats
_NEAR = 1e-6  # of a step, within which a number is taken for a value
_ROUNDING = 4 * math.ulp(1.0)  # of a number, within which it is too: floats cannot tell


class _Numeric(Number, frozen=True, kw_only=True):
    """Base of Float and Int: a scale T, and perhaps discrete values low, low + step, ...

    A discrete value owns the cell within step / 2 of it.
    """

    scale: Scale = "linear"

    low: Any
    high: Any
    step: Any

    def __post_init__(self) -> None:
        if not isinstance(self.scale, str) or self.scale not in SCALES:
            raise DistributionError(
                f"scale must be 'linear', 'log' or 'reverse_log', got {show(self.scale)}"
            )
        self._set("scale", to_plain_text(self.scale))
        self._check_bounds()
        if self.scale == "log" and self.low <= 0:
            raise DistributionError(
                f"a log scale needs low > 0, got low={self.low!r}; raise low or use scale='linear'"
            )
        self._check_line()
        super().__post_init__()
        if self.default is not None:
            self._number("default", self.default)
            raw = self.raw(self.default)
            if not self.contains(raw):
                raise DistributionError(f"default {self.default!r} is not a value of {self!r}")
            self._set("default", self.value(raw))

    def _normalise_prior(self, prior: Any) -> tuple[Any, ...]:
        """Return (value, sd), from a value or both."""
        pair = split_values(prior) or (prior, _DEFAULT_SD)
        if len(pair) != 2:
            raise DistributionError(f"prior must be a value, or a value and an sd, got {prior!r}")
        value = self._number("the value of a prior", pair[0])
        sd = self._number("the sd of a prior", pair[1])
        if not self.low <= value <= self.high:
            raise DistributionError(
                f"the value of a prior must be from {self.low!r} to {self.high!r}, got {value!r}"
            )
        if not 0 < sd < math.inf:
            raise DistributionError(
                f"the sd of a prior is a share of the range and must be finite and > 0, got {sd!r}"
            )
        return value, float(sd)

    def _check_bounds(self) -> None:
        for name in ("low", "high"):
            bound = self._number(name, getattr(self, name))
            if not math.isfinite(bound):
                raise DistributionError(f"{name} must be finite, got {bound!r}")
            self._set(name, bound)
        if self.low > self.high:
            raise DistributionError(
                f"expected low <= high, got low={self.low!r}, high={self.high!r}"
            )
        if self.step is not None:
            step = self._number("step", self.step)
            if not 0 < step < math.inf:
                raise DistributionError(f"step must be a finite number > 0, got {step!r}")
            self._set("step", step)

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
        return self._steps.n

    @cached_property
    def _steps(self) -> Steps:
        """The discrete values. There must be a step."""
        return Steps(self.low, self.high, self.step)

    @cached_property
    def top(self) -> float:
        """The largest value: `high`, or the last step below it."""
        return float(self.high) if self.step is None else self._steps.top

    @cached_property
    def _ends(self) -> dict[float, float]:
        """The values at 0 and 1 of a continuous range."""
        return {0.0: float(self.low), 1.0: self.top}

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
        """Return where values lie on [0, 1]; a discrete one within its cell.

        The ends of a continuous range are at 0 and 1, to the last digit.
        """
        low, span = self._line
        if span <= 0:
            return raw * 0.0 + 0.5
        u = (self._warp(raw) - low) / span
        if self.step is None:
            put_exactly(u, (0.0, 1.0), raw, (self.low, self.high))
        return u

    def from_unit(self, u: Any) -> Any:
        """Return the values at points of [0, 1], within the bounds; the nearest discrete ones.

        At 0 and 1 they are the bounds of a continuous range, to the last digit.
        """
        low, span = self._line
        v = low + u * span
        if self.scale != "linear":
            exp = math.exp if isinstance(v, float) else np.exp
            v = exp(v) if self.scale == "log" else self._pivot() - exp(-v)
        if self.step is not None:
            return self._steps.nearest(v)
        if isinstance(v, float):
            v = self._ends.get(u, v)
            return v if v != v else min(max(v, float(self.low)), self.top)
        v = np.minimum(np.maximum(v, self.low), self.top)
        put_exactly(v, (self.low, self.top), u, (0.0, 1.0))
        return v

    def values(self, i: Any) -> Any:
        """Return the discrete values at indices from 0 on."""
        return self._steps.at(i) if self.step is not None else self.low + 0.0 * i

    def _at(self, u: float) -> float:
        return float(self.from_unit(u))

    def _has_one_value(self) -> bool:
        return self.n_values == 1

    def cells(self, raw: Array) -> tuple[Array, Array]:
        """Return the ends of the cell that each discrete value owns, clipped to [0, 1]."""
        half = (self.step or 0) / 2
        low, high = self._edges
        return self.to_unit(np.maximum(raw - half, low)), self.to_unit(np.minimum(raw + half, high))

    def contains(self, raw: Any) -> Any:
        """Return whether the distribution can produce values; a bool for one, else an array."""
        if self.step is None:
            return (raw >= self.low) & (raw <= self.high)
        return self._is_near(raw, self._steps.nearest(raw))

    def _is_near(self, raw: Any, value: Any) -> Any:
        """Return whether numbers may be taken for the discrete values that are nearest to them."""
        if not isinstance(raw, np.ndarray):
            if raw == value:
                return True
            near = min(max(_NEAR * self.step, _ROUNDING * abs(raw)), self.step / 4)
            return abs(raw - value) <= near
        with np.errstate(over="ignore"):  # of values far away
            near = np.maximum(_NEAR * self.step, _ROUNDING * np.abs(raw))
            return np.abs(raw - value) <= np.minimum(near, self.step / 4)

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

    def _find(self, raw: float) -> float | None:
        if self.step is None:
            return raw if self.low <= raw <= self.high else None
        nearest: float = self._steps.nearest(raw)
        return nearest if self._is_near(raw, nearest) else None


class Float(_Numeric, frozen=True, tag="float"):
    """A real number between `low` and `high`, both included.

    Args:
        low: Smallest value.
        high: Largest value.
        scale: "linear"; "log", which needs low > 0 and may be written log=True; or "reverse_log",
            the log of the distance to 1, which puts the resolution next to 1 and needs 0 <= low and
            high < 1 (for momentum: 0.9, 0.99, 0.999).
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

    def value(self, raw: float) -> float:
        return float(raw)


class Int(_Numeric, frozen=True, tag="int"):
    """A whole number between `low` and `high`, both included.

    Args:
        low: Smallest value.
        high: Largest value.
        scale: "linear"; "log", which needs low > 0 and may be written log=True; or "reverse_log",
            the log of the distance to high + 1.
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
            v = self._number(name, getattr(self, name))
            if not math.isfinite(v) or v != int(v):
                raise DistributionError(
                    f"{name} of an Int must be a whole number, got {v!r}; use Float for fractions"
                )
            if abs(v) > _MAX_INT:
                raise DistributionError(
                    f"{name} of an Int must be within ±2**53, got {v!r}; use Float on a log scale"
                )
            self._set(name, int(v))
        super()._check_bounds()

    def _pivot(self) -> float:
        return float(self.high + 1)

    def value(self, raw: float) -> int:
        return round(raw)


class Categorical(Parameter, frozen=True, tag="categorical"):
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
        given = self.choices
        members = list_members(given)
        if members is None:
            raise DistributionError(
                "choices must be a list or a tuple, or another collection of them, got "
                f"{show(given)} ({type(given).__name__})"
            )
        self._set("choices", tuple(map(to_choice, members)))
        if not isinstance(self.ordered, bool | np.bool_):
            raise DistributionError(f"ordered must be True or False, got {show(self.ordered)}")
        if self.ordered and isinstance(given, set | frozenset):
            raise DistributionError(
                f"a set has no order; give ordered choices as a list: {given!r}"
            )
        self._set("ordered", bool(self.ordered))
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
            self._set("default", to_choice(self.default))
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
        weights = tuple(float(self._number("a weight of a prior", w)) for w in given)
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

    def find(self, value: Any) -> float | None:
        try:
            i = find_choice(self.index, choice_key(value))
        except DistributionError:  # of no type that a choice has
            return None
        return None if i is None else float(i)

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


Distribution = Float | Int | Categorical | Normal
KINDS = (Float, Int, Categorical, Normal)  # no subclasses: what is stored reads as one of these
