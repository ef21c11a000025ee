"""Constraints on parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..exceptions.core import UserInputError
from ..linear import Linear, split_comparison

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
