"""Weighted sums of names as text: objectives, constraints and derived parameters."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_FORM = "a weighted sum of names, such as 'a + 2 * b - 1'"


@dataclass(frozen=True)
class Linear:
    """A weighted sum of names, and a number.

    Attributes:
        weights: Name to weight, in order.
        constant: The number that is added.
    """

    weights: dict[str, float]
    constant: float = 0.0

    @classmethod
    def read(cls, text: str) -> Linear:
        """Return the sum that a text says.

        Raises:
            ValueError: It is no weighted sum of names.
        """
        try:
            tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise ValueError(f"expected {_FORM}, got {text!r:.200}") from None
        return _read(tree, text)

    def value(self, values: Mapping[str, Any]) -> float:
        """Return the sum, for values by name."""
        return self.constant + sum(float(w * values[name]) for name, w in self.weights.items())

    def scaled(self, by: float) -> Linear:
        """Return a multiple of the sum."""
        return Linear({n: by * w for n, w in self.weights.items()}, by * self.constant)

    def plus(self, other: Linear) -> Linear:
        """Return the sum of two."""
        weights = dict(self.weights)
        for name, weight in other.weights.items():
            weights[name] = weights.get(name, 0.0) + weight
        return Linear(weights, self.constant + other.constant)


def read_sums(text: str) -> list[Linear]:
    """Return the sums that stand in a text between commas.

    Raises:
        ValueError: One is no weighted sum of names.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(f"expected {_FORM}, or several with commas, got {text!r:.200}") from None
    return [_read(e, text) for e in (tree.elts if isinstance(tree, ast.Tuple) else [tree])]


def _read(node: ast.expr, text: str) -> Linear:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return Linear({}, float(number))
        case ast.Name() | ast.Attribute():
            return Linear({ast.unparse(node): 1.0})
        case ast.UnaryOp(op=ast.USub(), operand=part):
            return _read(part, text).scaled(-1.0)
        case ast.UnaryOp(op=ast.UAdd(), operand=part):
            return _read(part, text)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _read(left, text).plus(_read(right, text))
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return _read(left, text).plus(_read(right, text).scaled(-1.0))
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            a, b = _read(left, text), _read(right, text)
            if not a.weights or not b.weights:
                return b.scaled(a.constant) if not a.weights else a.scaled(b.constant)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            a, b = _read(left, text), _read(right, text)
            if not b.weights and b.constant:
                return a.scaled(1.0 / b.constant)
    raise ValueError(f"expected {_FORM}, got {ast.unparse(node)!r:.100} in {text!r:.200}")


def split_comparison(text: str) -> tuple[str, str, str]:
    """Return the two sides of a comparison and its operator, "<=", ">=" or "==".

    Raises:
        ValueError: There is not one of these operators.
    """
    for op in ("<=", ">=", "=="):
        left, found, right = text.partition(op)
        if found and not any(o in right for o in ("<", ">", "=")):
            return left.strip(), op, right.strip()
    raise ValueError(f"expected one of <=, >= and ==, as in 'a + b <= 2', got {text!r:.200}")
