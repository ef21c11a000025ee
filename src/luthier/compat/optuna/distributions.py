"""Ranges of parameters as Optuna describes them, and as luthier does."""

from __future__ import annotations

import abc
import decimal
import json
import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any, cast

from ...space.distributions import Categorical, Distribution, Float, Int
from ...space.space import Space
from .marks import deprecated_class, warn

CategoricalChoiceType = None | bool | int | float | str

_NEAR = 1e-8  # of a step, within which a number is taken for a value


class BaseDistribution(abc.ABC):
    """Base of the ranges of parameters.

    A value has two forms: the user's, and a float that storages keep.
    """

    def to_external_repr(self, param_value_in_internal_repr: float) -> Any:
        """Return the user's value of a stored one."""
        return param_value_in_internal_repr

    @abc.abstractmethod
    def to_internal_repr(self, param_value_in_external_repr: Any) -> float:
        """Return the float by which a user's value is stored.

        Raises:
            ValueError: It is no such value.
        """

    @abc.abstractmethod
    def single(self) -> bool:
        """Whether there is one value only."""

    @abc.abstractmethod
    def _contains(self, param_value_in_internal_repr: float) -> bool:
        """Whether a stored value is in the range."""

    def contains(self, param_value_in_internal_repr: float) -> bool:
        """Whether a stored value is in the range."""
        return self._contains(param_value_in_internal_repr)

    def _asdict(self) -> dict[str, Any]:
        return dict(self.__dict__)

    def attributes(self) -> dict[str, Any]:
        """The arguments of the constructor, as stored."""
        return self._asdict()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BaseDistribution):
            return NotImplemented
        return self is other or (type(self) is type(other) and self.__dict__ == other.__dict__)

    def __hash__(self) -> int:
        return hash((type(self), *sorted(self.__dict__.items())))

    def __repr__(self) -> str:
        arguments = ", ".join(f"{k}={v}" for k, v in sorted(self._asdict().items()))
        return f"{type(self).__name__}({arguments})"


def _to_number(value: Any, log: bool) -> float:
    try:
        number = value if type(value) is float else float(value)
    except (ValueError, TypeError) as e:
        raise ValueError(f"'{value}' is not a valid type. float-castable value is expected.") from e
    if math.isnan(number):
        raise ValueError(f"`{value}` is invalid value.")
    if log and number <= 0.0:
        raise ValueError(f"`{value}` is invalid value for the case log=True.")
    return number


def _check_order(low: float, high: float) -> None:
    if low > high:
        raise ValueError(f"`low <= high` must hold, but got (low={low!r}, high={high!r}).")


def _check_step(step: float) -> None:
    if step <= 0:
        raise ValueError(f"`step > 0` must hold, but got step={step!r}.")


def _warn_of_high(low: Any, high: Any, step: Any, new: Any) -> None:
    warn(
        f"The distribution is specified by [{low}, {high}] and step={step!r}, but the range is "
        f"not divisible by `step`. It will be replaced with [{low}, {new}].",
        stacklevel=4,
    )


class FloatDistribution(BaseDistribution):
    """Real numbers from low to high, both included.

    Args:
        low: Smallest value.
        high: Largest value; lowered to the last step.
        log: Whether equal ratios count equally.
        step: Only low, low + step, ...; not with `log`.

    Raises:
        ValueError: The bounds, the step or both do not go together.
    """

    def __init__(
        self, low: float, high: float, log: bool = False, step: float | None = None
    ) -> None:
        if log and step is not None:
            raise ValueError("The parameter `step` is not supported when `log` is true.")
        _check_order(low, high)
        if log and low <= 0.0:
            raise ValueError(
                f"`low > 0` must hold for `log=True`, but got (low={low!r}, high={high!r})."
            )
        if step is not None:
            _check_step(step)
            high = _last_step(low, high, step)
            step = float(step)
        self.step = step
        self.low = float(low)
        self.high = float(high)
        self.log = log

    def single(self) -> bool:
        if self.step is None or self.low == self.high:
            return self.low == self.high
        low, high, step = (decimal.Decimal(str(v)) for v in (self.low, self.high, self.step))
        return high - low < step

    def _contains(self, param_value_in_internal_repr: float) -> bool:
        value = param_value_in_internal_repr
        if not self.low <= value <= self.high:
            return False
        if self.step is None:
            return True
        k = (value - self.low) / self.step
        return abs(k - round(k)) < _NEAR

    def to_internal_repr(self, param_value_in_external_repr: float) -> float:
        return _to_number(param_value_in_external_repr, self.log)


def _last_step(low: float, high: float, step: float) -> float:
    d_low, d_high, d_step = (decimal.Decimal(str(v)) for v in (low, high, step))
    whole = (d_high - d_low) // d_step
    top = whole * d_step + d_low
    if top == d_high:
        return high
    _warn_of_high(low, high, step, float(top))
    return float(top)


@deprecated_class("3.0.0", "6.0.0", text="Use FloatDistribution instead.")
class UniformDistribution(FloatDistribution):
    """An older name of `FloatDistribution(low, high)`."""

    def __init__(self, low: float, high: float) -> None:
        super().__init__(low=low, high=high)

    def _asdict(self) -> dict[str, Any]:
        return {"low": self.low, "high": self.high}


@deprecated_class("3.0.0", "6.0.0", text="Use FloatDistribution instead.")
class LogUniformDistribution(FloatDistribution):
    """An older name of `FloatDistribution(low, high, log=True)`."""

    def __init__(self, low: float, high: float) -> None:
        super().__init__(low=low, high=high, log=True)

    def _asdict(self) -> dict[str, Any]:
        return {"low": self.low, "high": self.high}


@deprecated_class("3.0.0", "6.0.0", text="Use FloatDistribution instead.")
class DiscreteUniformDistribution(FloatDistribution):
    """An older name of `FloatDistribution(low, high, step=q)`."""

    def __init__(self, low: float, high: float, q: float) -> None:
        super().__init__(low=low, high=high, step=q)

    def _asdict(self) -> dict[str, Any]:
        return {"low": self.low, "high": self.high, "q": self.step}

    @property
    def q(self) -> float:
        """The step."""
        return cast(float, self.step)

    @q.setter
    def q(self, v: float) -> None:
        self.step = v


class IntDistribution(BaseDistribution):
    """Whole numbers from low to high, both included.

    Args:
        low: Smallest value.
        high: Largest value; lowered to the last step.
        log: Whether equal ratios count equally.
        step: Only low, low + step, ...; 1 with `log`.

    Raises:
        ValueError: The bounds, the step or both do not go together.
    """

    def __init__(self, low: int, high: int, log: bool = False, step: int = 1) -> None:
        if log and step != 1:
            raise ValueError("`step` must be 1 when `log` is true.")
        _check_order(low, high)
        if log and low < 1:
            raise ValueError(
                f"`low >= 1` must hold for `log=True`, but got (low={low!r}, high={high!r})."
            )
        _check_step(step)
        self.log = log
        self.step = int(step)
        self.low = int(low)
        high = int(high)
        self.high = high - (high - self.low) % self.step
        if self.high != high:
            _warn_of_high(self.low, high, self.step, self.high)

    def to_external_repr(self, param_value_in_internal_repr: float) -> int:
        return int(param_value_in_internal_repr)

    def to_internal_repr(self, param_value_in_external_repr: int) -> float:
        return _to_number(param_value_in_external_repr, self.log)

    def single(self) -> bool:
        return self.low == self.high or (not self.log and self.high - self.low < self.step)

    def _contains(self, param_value_in_internal_repr: float) -> bool:
        value = param_value_in_internal_repr
        return self.low <= value <= self.high and (value - self.low) % self.step == 0


@deprecated_class("3.0.0", "6.0.0", text="Use IntDistribution instead.")
class IntUniformDistribution(IntDistribution):
    """An older name of `IntDistribution(low, high, step=step)`."""

    def __init__(self, low: int, high: int, step: int = 1) -> None:
        super().__init__(low=low, high=high, step=step)

    def _asdict(self) -> dict[str, Any]:
        return {"low": self.low, "high": self.high, "step": self.step}


@deprecated_class("3.0.0", "6.0.0", text="Use IntDistribution instead.")
class IntLogUniformDistribution(IntDistribution):
    """An older name of `IntDistribution(low, high, log=True)`."""

    def __init__(self, low: int, high: int, step: int = 1) -> None:
        super().__init__(low=low, high=high, log=True, step=step)

    def _asdict(self) -> dict[str, Any]:
        return {"low": self.low, "high": self.high, "step": self.step}


def _is_nan(value: Any) -> bool:
    return isinstance(value, Real) and math.isnan(float(value))


def equal_choices(a: Any, b: Any) -> bool:
    """Whether two choices are the same; NaN is the same as NaN."""
    return bool(a == b) or (_is_nan(a) and _is_nan(b))


class CategoricalDistribution(BaseDistribution):
    """One of some choices, without order.

    Args:
        choices: None, bools, numbers or texts; others stay in memory only.

    Raises:
        ValueError: There is none.
    """

    def __init__(self, choices: Sequence[CategoricalChoiceType]) -> None:
        if len(choices) == 0:
            raise ValueError("The `choices` must contain one or more elements.")
        for choice in choices:
            if choice is not None and not isinstance(choice, bool | int | float | str):
                warn(
                    "Choices for a categorical distribution should be a tuple of None, bool, int, "
                    f"float and str for persistent storage but contains {choice} which is of "
                    f"type {type(choice).__name__}.",
                    stacklevel=2,
                )
        self.choices = tuple(choices)

    def to_external_repr(self, param_value_in_internal_repr: float) -> CategoricalChoiceType:
        return self.choices[int(param_value_in_internal_repr)]

    def to_internal_repr(self, param_value_in_external_repr: CategoricalChoiceType) -> float:
        try:
            return self.choices.index(param_value_in_external_repr)
        except ValueError:
            for index, choice in enumerate(self.choices):
                if equal_choices(param_value_in_external_repr, choice):
                    return index
        raise ValueError(f"'{param_value_in_external_repr}' not in {self.choices}.")

    def single(self) -> bool:
        return len(self.choices) == 1

    def _contains(self, param_value_in_internal_repr: float) -> bool:
        return 0 <= int(param_value_in_internal_repr) < len(self.choices)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BaseDistribution):
            return NotImplemented
        if self is other:
            return True
        if not isinstance(other, CategoricalDistribution):
            return False
        return len(self.choices) == len(other.choices) and all(
            map(equal_choices, self.choices, other.choices)
        )

    __hash__ = BaseDistribution.__hash__


DISTRIBUTION_CLASSES = (
    IntDistribution,
    IntLogUniformDistribution,
    IntUniformDistribution,
    FloatDistribution,
    UniformDistribution,
    LogUniformDistribution,
    DiscreteUniformDistribution,
    CategoricalDistribution,
)
_BY_NAME: dict[str, Any] = {c.__name__: c for c in DISTRIBUTION_CLASSES}


def json_to_distribution(json_str: str) -> BaseDistribution:
    """Read a distribution from the text that storages keep, or from its short form.

    Raises:
        ValueError: It describes none.
    """
    described = json.loads(json_str)
    if "name" in described:
        if described["name"] not in _BY_NAME:
            raise ValueError(f"Unknown distribution class: {described['name']}")
        made: BaseDistribution = _BY_NAME[described["name"]](**described["attributes"])
        return made

    kind = described["type"]
    if kind == "categorical":
        return CategoricalDistribution(described["choices"])
    if kind not in ("float", "int"):
        raise ValueError(f"Unknown distribution type: {kind}")
    low, high = described["low"], described["high"]
    step, log = described.get("step"), described.get("log", False)
    if kind == "float":
        return FloatDistribution(low, high, log=log, step=step)
    return IntDistribution(low, high, log=log, step=1 if step is None else step)


def distribution_to_json(dist: BaseDistribution) -> str:
    """Write a distribution as the text that storages keep."""
    return json.dumps({"name": type(dist).__name__, "attributes": dist.attributes()})


def check_distribution_compatibility(
    dist_old: BaseDistribution, dist_new: BaseDistribution
) -> None:
    """Refuse a parameter that has become something else.

    Raises:
        ValueError: Its kind, its scale or its choices changed.
    """
    if dist_old is dist_new:
        return
    if type(dist_old) is not type(dist_new):
        raise ValueError("Cannot set different distribution kind to the same parameter name.")
    if isinstance(dist_old, CategoricalDistribution):
        if dist_old != dist_new:
            raise ValueError("CategoricalDistribution does not support dynamic value space.")
    elif getattr(dist_old, "log", None) != getattr(dist_new, "log", None):
        raise ValueError("Cannot set different log configuration to the same parameter name.")


def single_value(distribution: BaseDistribution) -> Any:
    """The value of a distribution that has one only."""
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[0]
    return cast(Any, distribution).low


def without_old_name(
    distribution: BaseDistribution, suppress_warning: bool = False
) -> BaseDistribution:
    """Return a distribution under its present name.

    Args:
        distribution: Perhaps one of the older classes.
        suppress_warning: Whether nothing is said of that.
    """
    new = distribution
    if type(distribution) not in (FloatDistribution, IntDistribution, CategoricalDistribution):
        if isinstance(distribution, FloatDistribution):
            new = FloatDistribution(
                distribution.low, distribution.high, distribution.log, distribution.step
            )
        elif isinstance(distribution, IntDistribution):
            new = IntDistribution(
                distribution.low, distribution.high, distribution.log, distribution.step
            )
    if new is not distribution and not suppress_warning:
        warn(
            f"{distribution} is deprecated and internally converted to {new}. "
            "See https://github.com/optuna/optuna/issues/2941.",
            FutureWarning,
        )
    return new


def to_luthier(distribution: BaseDistribution) -> Distribution:
    """The same range in luthier's words.

    Choices become their index, as Optuna tells 1, 1.0 and True from each other by place only.
    """
    if isinstance(distribution, FloatDistribution):
        return Float(
            distribution.low,
            distribution.high,
            scale="log" if distribution.log else "linear",
            step=distribution.step,
        )
    if isinstance(distribution, IntDistribution):
        return Int(
            distribution.low,
            distribution.high,
            scale="log" if distribution.log else "linear",
            step=distribution.step,
        )
    if isinstance(distribution, CategoricalDistribution):
        return Categorical(tuple(f"{i}" for i in range(len(distribution.choices))))
    raise NotImplementedError(f"{type(distribution).__name__} has no equivalent in luthier")


def to_space(distributions: Mapping[str, BaseDistribution]) -> Space:
    """The same search space in luthier's words."""
    return Space({name: to_luthier(d) for name, d in distributions.items()})


def to_luthier_value(distribution: BaseDistribution, value: Any) -> Any:
    """A user's value as luthier's space has it: the index of a choice as text."""
    if isinstance(distribution, CategoricalDistribution):
        return f"{int(distribution.to_internal_repr(value))}"
    return value


def from_luthier_value(distribution: BaseDistribution, value: Any) -> Any:
    """A value of luthier's space as the user's."""
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[int(value)]
    if isinstance(distribution, IntDistribution):
        return int(value)
    return float(value)
