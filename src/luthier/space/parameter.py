"""What all distributions share: a default value, a prior, and conditions."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from ..errors import DistributionError
from ..typing import Array
from ..validation import show, to_number
from .conditions import normalise_conditions


class Parameter(
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
