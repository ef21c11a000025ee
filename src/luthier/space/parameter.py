"""What all distributions share: a default value, a prior, and conditions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from ..argument_names import explain_argument
from ..errors import ArgumentNameError, DistributionError, UnknownParameterError
from ..typing import Array
from ..validation import show, to_number
from .conditions import normalise_conditions
from .exact_numbers import shorten

# What other libraries call a field of a distribution, and what it is called here.
_OTHER_NAMES = {
    "categories": "choices",
    "loc": "mean",
    "lower": "low",
    "max": "high",
    "maximum": "high",
    "min": "low",
    "minimum": "low",
    "mu": "mean",
    "options": "choices",
    "q": "step",
    "sd": "std",
    "sigma": "std",
    "upper": "high",
    "values": "choices",
}

if TYPE_CHECKING:
    from msgspec import StructMeta
else:
    StructMeta = type(msgspec.Struct)  # under this name only in later versions


class _Described(StructMeta):
    """Class of distributions, whose constructors take `log=True` and explain unknown arguments."""

    if not TYPE_CHECKING:  # type checkers read the fields

        def __call__(self, *args: Any, **fields: Any) -> Any:
            names = self.__struct_fields__
            if "log" in fields and "scale" in names:
                log = fields.pop("log")
                if not isinstance(log, bool | np.bool_):
                    raise DistributionError(f"log is True or False, got {show(log)}")
                if log and fields.setdefault("scale", "log") != "log":
                    raise DistributionError(
                        f"log=True is scale='log', got scale={fields['scale']!r} as well"
                    )
            for name in fields:
                if name not in names:
                    message = explain_argument(self.__name__, name, names, _OTHER_NAMES)
                    raise ArgumentNameError(message)
            return super().__call__(*args, **fields)


class Parameter(
    msgspec.Struct,
    metaclass=_Described,
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
            self._set("when", normalise_conditions(self.when) or None)
        if self.prior is not None:
            self._set("prior", self._normalise_prior(self.prior))

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

    def find_written(self, given: Iterable[Any]) -> dict[float, float]:
        """Return points of [0, 1] -> the numbers that lie there, as somebody has written them.

        From a scale a number comes back with other last digits. Discrete values do not: of these
        none is returned.

        Args:
            given: Values that somebody has written beside the default; others are ignored.
        """
        return {}

    def find(self, value: Any) -> float | None:
        """Return a user's value as columns hold it; None where it is none of the distribution."""
        raise NotImplementedError

    def log_prior(self, u: Array) -> Array:
        """Return the log density of the prior at u, relative to uniform. There must be a prior."""
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
        """Return a number of any type as a plain one that a float can hold."""
        number = to_number(value)
        if number is None:
            raise DistributionError(
                f"{name} must be a number, got {show(value)} ({type(value).__name__})"
            )
        try:
            float(number)
        except OverflowError:
            raise DistributionError(f"{name} must be finite, got {show(value)}") from None
        return number

    def _set(self, name: str, value: Any) -> None:
        """Set a field of the distribution that is being made."""
        msgspec.structs.force_setattr(self, name, value)


class Number(Parameter, frozen=True):
    """Base of the distributions of numbers: what a user's number stands for."""

    @property
    def n_values(self) -> int | None:
        """Number of values; None for a continuous parameter."""
        raise NotImplementedError

    def contains(self, raw: Any) -> Any:
        """Return whether numbers are values; a bool for one, else an array."""
        raise NotImplementedError

    def _find(self, raw: float) -> float | None:
        """Return the value that a number stands for; None where there is none."""
        raise NotImplementedError

    def find(self, value: Any) -> float | None:
        number = to_number(value)
        try:
            return None if number is None else self._find(float(number))
        except OverflowError:
            return None

    def find_written(self, given: Iterable[Any]) -> dict[float, float]:
        if self.n_values is not None:
            return {}
        middle = self.find(shorten(self._at(0.5)))
        known = [self.find(value) for value in (self.likeliest, self.default, *given)]
        written = {0.5: middle} | {self.to_unit(v): v for v in known if v is not None}
        return {u: v for u, v in written.items() if v is not None}

    def to_unit(self, raw: Any) -> Any:
        """Return where values lie on [0, 1]."""
        raise NotImplementedError

    def raw(self, value: Any) -> float:
        """Return a user's value as the float that columns hold: the discrete one that it is near.

        Raises:
            UnknownParameterError: It is not a number.
        """
        number = to_number(value)
        if number is None:
            raise UnknownParameterError(
                f"expected a number for {self!r}, got {show(value)} ({type(value).__name__})"
            )
        try:
            raw = float(number)
        except OverflowError:
            raise UnknownParameterError(
                f"expected a value of {self!r}, got {show(value)}, which no float can hold"
            ) from None
        found = self._find(raw)
        return raw if found is None else found
