"""Parameters of a search space, each with its distribution in luthier."""

from __future__ import annotations

import enum
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from ....space.distributions import Categorical, Distribution, Float, Int
from ..exceptions.core import AxParameterWarning, UnsupportedError, UserInputError
from ..linear import Linear


class ParameterType(enum.Enum):
    """Type of the values of a parameter."""

    BOOL = 0
    INT = 1
    FLOAT = 2
    STRING = 3

    @property
    def is_numeric(self) -> bool:
        """Whether values are numbers."""
        return self in (ParameterType.INT, ParameterType.FLOAT)

    @property
    def python(self) -> type:
        """The type in Python."""
        return {0: bool, 1: int, 2: float, 3: str}[self.value]


def read_type(given: Any) -> ParameterType:
    """Return a type, from a name such as "float", or from a type of Python.

    Raises:
        ValueError: It is none.
    """
    if isinstance(given, ParameterType):
        return given
    name = given if isinstance(given, str) else getattr(given, "__name__", repr(given))
    names = {t.python.__name__: t for t in ParameterType}
    if name not in names:
        raise ValueError(f"No AE parameter type corresponding to {given!r}; known: {list(names)}.")
    return names[name]


@dataclass(kw_only=True)
class Parameter:
    """Base of parameters.

    Args:
        name: Its name.
        parameter_type: Type of its values.
        is_fidelity: Accepted.
        target_value: Accepted.
        dependents: Value to the names of the parameters that are active with it.
        backfill_value: The value of trials that ran before the parameter was added.
        default_value: The value of all new trials, if the parameter is no longer searched.
    """

    name: str
    parameter_type: ParameterType
    is_fidelity: bool = False
    target_value: Any = None
    dependents: dict[Any, list[str]] | None = None
    backfill_value: Any = None
    default_value: Any = None

    @property
    def python_type(self) -> type:
        """Type of the values in Python."""
        return self.parameter_type.python

    @property
    def is_numeric(self) -> bool:
        """Whether values are numbers."""
        return self.parameter_type.is_numeric

    @property
    def is_hierarchical(self) -> bool:
        """Whether other parameters depend on it."""
        return bool(self.dependents)

    @property
    def is_disabled(self) -> bool:
        """Whether new trials have its default, and it is no longer searched."""
        return self.default_value is not None

    def disable(self, default_value: Any) -> Self:
        """Return the parameter as one that is no longer searched.

        Raises:
            UserInputError: The parameter cannot have that value.
        """
        if not self.validate(default_value):
            raise UserInputError(f"{default_value!r} is not a valid value for parameter {self}.")
        return replace(self, default_value=self.cast(default_value))

    def cast(self, value: Any) -> Any:
        """Return a value in the parameter's type."""
        return value if value is None else self.python_type(value)

    def is_valid_type(self, value: Any) -> bool:
        """Whether a value is of the parameter's type; whole numbers are floats too."""
        kind = self.python_type
        if hasattr(value, "item"):
            value = value.item()
        if kind is float:
            return isinstance(value, float | int) and not isinstance(value, bool)
        if kind is int and isinstance(value, float):
            return value.is_integer()
        return isinstance(value, kind) and not (kind is int and isinstance(value, bool))

    def validate(self, value: Any) -> bool:
        """Whether the parameter can have a value."""
        raise NotImplementedError

    def to_distribution(self, when: Mapping[str, Any] | None) -> Distribution:
        """Return the values as luthier draws them."""
        raise NotImplementedError


@dataclass(kw_only=True)
class RangeParameter(Parameter):
    """Numbers between two bounds.

    Raises:
        UserInputError: The bounds are reversed, or a log scale has none above 0.
    """

    lower: float
    upper: float
    log_scale: bool = False
    logit_scale: bool = False
    digits: int | None = None
    step_size: float | None = None

    def __post_init__(self) -> None:
        if not self.parameter_type.is_numeric:
            raise UserInputError("RangeParameter type must be int or float.")
        self.lower, self.upper = self.cast(self.lower), self.cast(self.upper)
        if not self.lower < self.upper:
            raise UserInputError(
                f"Upper bound of {self.name} must be strictly larger than lower bound. "
                f"Got: ({self.lower}, {self.upper})."
            )
        if self.log_scale and self.lower <= 0:
            raise UserInputError(
                f"Cannot take log when min <= 0, got {self.lower} for {self.name}."
            )

    def validate(self, value: Any) -> bool:
        if not self.is_valid_type(value):
            return False
        return bool(self.lower <= value <= self.upper)

    def cast(self, value: Any) -> Any:
        if value is None:
            return None
        if self.parameter_type is ParameterType.INT:
            return int(value)
        digits = getattr(self, "digits", None)
        return float(value) if digits is None else round(float(value), digits)

    def to_distribution(self, when: Mapping[str, Any] | None) -> Distribution:
        scale: Any = "log" if self.log_scale else "linear"
        if self.logit_scale and self.lower >= 0 and self.upper < 1:
            scale = "reverse_log"
        conditions = None if when is None else dict(when)
        if self.parameter_type is ParameterType.INT:
            step = 1 if self.step_size is None else int(self.step_size)
            return Int(int(self.lower), int(self.upper), step, scale=scale, when=conditions)
        return Float(self.lower, self.upper, self.step_size, scale=scale, when=conditions)


@dataclass(kw_only=True)
class ChoiceParameter(Parameter):
    """One of several values.

    Raises:
        UserInputError: There are no values.
    """

    values: list[Any]
    is_ordered: bool | None = None
    is_task: bool = False
    sort_values: bool | None = None
    log_scale: bool | None = None

    def __post_init__(self) -> None:
        values = list(dict.fromkeys(self.cast(v) for v in self.values))
        if len(values) < len(self.values):
            warnings.warn(f"Duplicate values of {self.name}.", AxParameterWarning, stacklevel=3)
        if not values:
            raise UserInputError(f"ChoiceParameter {self.name} needs values, got none.")
        if self.is_ordered is None:
            self.is_ordered = len(values) == 2 or (self.is_numeric and len(values) > 1)
        if self.sort_values is None:
            self.sort_values = self.is_numeric and bool(self.is_ordered)
        self.values = sorted(values) if self.sort_values else values

    def validate(self, value: Any) -> bool:
        return self.is_valid_type(value) and self.cast(value) in self.values

    def to_distribution(self, when: Mapping[str, Any] | None) -> Distribution:
        conditions = None if when is None else dict(when)
        return Categorical(tuple(self.values), ordered=bool(self.is_ordered), when=conditions)


@dataclass(kw_only=True)
class FixedParameter(Parameter):
    """One value."""

    value: Any

    def __post_init__(self) -> None:
        self.value = self.cast(self.value)

    def validate(self, value: Any) -> bool:
        return self.is_valid_type(value) and bool(self.cast(value) == self.value)

    def to_distribution(self, when: Mapping[str, Any] | None) -> Distribution:
        return Categorical((self.value,), when=None if when is None else dict(when))


@dataclass(kw_only=True)
class DerivedParameter(Parameter):
    """A sum of other parameters, "1.0 - x1 - x2", which is computed and not searched.

    Raises:
        UserInputError: The expression is no weighted sum.
    """

    expression_str: str
    _sum: Linear = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        try:
            self._sum = Linear.read(self.expression_str)
        except ValueError as e:
            raise UserInputError(f"Derived parameter {self.name}: {e}") from None

    def compute(self, params: Mapping[str, Any]) -> Any:
        """Return its value for the others."""
        if not self.is_numeric and len(self._sum.weights) == 1:
            return self.cast(params[next(iter(self._sum.weights))])
        return self.cast(self._sum.value(params))

    def validate(self, value: Any) -> bool:
        return self.is_valid_type(value) and (not isinstance(value, float) or math.isfinite(value))

    def to_distribution(self, when: Mapping[str, Any] | None) -> Distribution:
        raise UnsupportedError(f"Derived parameter {self.name} is not searched.")


def list_names(parameters: Sequence[Parameter]) -> list[str]:
    """Return names, in order."""
    return [p.name for p in parameters]
