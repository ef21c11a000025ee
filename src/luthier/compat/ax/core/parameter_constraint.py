"""Constraints on parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..exceptions.core import UserInputError
from ..linear import Linear, split_comparison
from .parameter import Parameter

_NEAR = 1e-8  # by which rounding may break a constraint


class ParameterConstraint:
    """A bound on a weighted sum of parameters.

    Args:
        constraint_dict: Name to weight.
        bound: What the sum may be at most; of an equality what it is.
        inequality: The same as text, "x1 + 2 * x2 <= 3".
        equality: An equality as text, "x1 + x2 == 1".

    Raises:
        UserInputError: The text is no such comparison.
    """

    def __init__(
        self,
        constraint_dict: Mapping[str, float] | None = None,
        bound: float = 0.0,
        *,
        inequality: str | None = None,
        equality: str | None = None,
    ) -> None:
        self.is_equality = equality is not None
        text = inequality if inequality is not None else equality
        if text is None:
            self.constraint_dict = dict(constraint_dict or {})
            self.bound = float(bound)
            return
        try:
            left, op, right = split_comparison(text)
            total = Linear.read(left).plus(Linear.read(right).scaled(-1.0))
        except ValueError as e:
            raise UserInputError(f"Received invalid parameter constraint {text!r}: {e}") from None
        self.is_equality = op == "=="
        sign = -1.0 if op == ">=" else 1.0
        self.constraint_dict = {n: sign * w for n, w in total.weights.items()}
        self.bound = -sign * total.constant

    def check(self, parameter_dict: Mapping[str, Any]) -> bool:
        """Whether params keep the constraint; inactive ones do not count.

        Raises:
            ValueError: A name is missing.
        """
        for name in self.constraint_dict:
            if name not in parameter_dict:
                raise ValueError(f"`{name}` not present in param_dict.")
        total = sum(w * float(parameter_dict[n]) for n, w in self.constraint_dict.items())
        if self.is_equality:
            return abs(total - self.bound) <= _NEAR
        return total <= self.bound + _NEAR

    def clone(self) -> ParameterConstraint:
        """Return a copy."""
        made = ParameterConstraint(self.constraint_dict, self.bound)
        made.is_equality = self.is_equality
        return made

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ParameterConstraint):
            return NotImplemented
        return (self.constraint_dict, self.bound, self.is_equality) == (
            other.constraint_dict,
            other.bound,
            other.is_equality,
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        parts = " + ".join(f"{w}*{n}" for n, w in self.constraint_dict.items())
        return f"ParameterConstraint({parts} {'==' if self.is_equality else '<='} {self.bound})"


class OrderConstraint(ParameterConstraint):
    """One parameter is at most another one.

    Args:
        lower_parameter: The one.
        upper_parameter: The other.
    """

    def __init__(self, lower_parameter: Parameter, upper_parameter: Parameter) -> None:
        super().__init__({lower_parameter.name: 1.0, upper_parameter.name: -1.0}, 0.0)


class SumConstraint(ParameterConstraint):
    """A bound on the sum of parameters.

    Args:
        parameters: The parameters.
        is_upper_bound: Whether the sum is at most the bound, or at least.
        bound: The bound.
    """

    def __init__(self, parameters: Sequence[Parameter], is_upper_bound: bool, bound: float) -> None:
        sign = 1.0 if is_upper_bound else -1.0
        super().__init__({p.name: sign for p in parameters}, sign * bound)
