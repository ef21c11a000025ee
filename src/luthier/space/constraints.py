"""Hard constraints, as text ("warmup < steps") or as a function: no proposal may break them."""

from __future__ import annotations

import ast
import contextlib
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ..errors import ConstraintError
from ..typing import Array, Mask
from ..validation import is_text, show

_MAX_LENGTH = 2_000  # characters
_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_CALLS: dict[str, Callable[..., Any]] = {
    "abs": np.abs,
    "exp": np.exp,
    "log": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "sqrt": np.sqrt,
    "min": lambda *a: np.minimum.reduce(np.broadcast_arrays(*a)),
    "max": lambda *a: np.maximum.reduce(np.broadcast_arrays(*a)),
}
# Forms of an expression beside names and calls.
_ALLOWED = (
    ast.BoolOp,
    ast.UnaryOp,
    ast.BinOp,
    ast.Compare,
    ast.Constant,
    ast.Tuple,
    ast.List,
    ast.operator,
    ast.cmpop,
    ast.boolop,
    ast.unaryop,
    ast.expr_context,
)


Rule = str | Callable[[dict[str, Any]], Any]
"""A hard constraint as people write it."""


def read_rules(
    rules: Rule | Iterable[Rule] | None, names: Sequence[str]
) -> list[Expression | Predicate]:
    """Return hard constraints on parameters of these names, from one or several as people write it.

    Raises:
        ConstraintError: One is neither text nor a function, or names another parameter.
    """
    read: list[Expression | Predicate] = []
    for rule in _list_rules(rules):
        made = Expression(rule) if isinstance(rule, str) else Predicate(rule, set(names))
        if not is_text(made.text):
            raise ConstraintError(f"a constraint has no lone surrogates, got {show(made.text)}")
        if unknown := made.names - set(names):
            raise ConstraintError(
                f"constraint {made.text!r} names {sorted(unknown)}, not among {list(names)!r:.500}"
            )
        read.append(made)
    return read


def _list_rules(rules: Rule | Iterable[Rule] | None) -> list[Rule]:
    """Return hard constraints as a list, however they were given.

    Raises:
        ConstraintError: One is neither text nor a function.
    """
    if rules is None:
        return []
    one = isinstance(rules, str) or not isinstance(rules, Iterable)
    listed: list[Any] = [rules] if one else list(cast(Iterable[Any], rules))
    for rule in listed:
        if not isinstance(rule, str) and not callable(rule):
            raise ConstraintError(
                "a constraint is text such as 'warmup < steps', or a function of the params, got "
                f"{show(rule)} ({type(rule).__name__})"
            )
    return listed


class Expression:
    """A constraint written as text, evaluated on whole columns.

    It can be stored, and it never runs foreign code.

    Args:
        text: Comparisons, `and`, `or`, `not`, `in`, arithmetic, abs, exp, log, log2, log10, sqrt,
            min, max over names of parameters, numbers and strings. Example: "layers * width <= 512
            and optimizer != 'sgd'".

    Raises:
        ConstraintError: The text is no such expression.

    Attributes:
        text: The expression.
        names: The parameters that it names.
        n_parts: Number of its operations, names and constants.
    """

    def __init__(self, text: str) -> None:
        if len(text) > _MAX_LENGTH:
            raise ConstraintError(
                f"a constraint has at most {_MAX_LENGTH:,} characters, got {len(text):,}; write "
                "several"
            )
        self.text = text.strip()
        self.names: set[str] = set()
        self.n_parts = 0
        self._lists: dict[ast.expr, frozenset[Any]] = {}  # of constants, in what follows `in`
        try:
            self._tree = ast.parse(self.text, mode="eval").body
            self._check(self._tree)
        except ConstraintError:
            raise
        except (SyntaxError, RecursionError, MemoryError, ValueError) as e:
            raise ConstraintError(
                f"expected an expression like 'a + b <= 10', got {text!r:.200}: "
                f"{getattr(e, 'msg', e)}"
            ) from None

    def _check(self, node: ast.AST) -> None:
        """Walk the tree once, so that nothing but the listed forms is ever evaluated."""
        self.n_parts += 1
        if isinstance(node, ast.Call):
            known = isinstance(node.func, ast.Name) and node.func.id in _CALLS
            if not known or node.keywords:
                raise ConstraintError(
                    f"only {', '.join(_CALLS)} can be called in a constraint, got {self.text!r}"
                )
            children: list[ast.AST] = list(node.args)
        elif isinstance(node, ast.Name):
            self.names.add(node.id)
            children = []
        elif isinstance(node, _ALLOWED):
            children = list(ast.iter_child_nodes(node))
            if isinstance(node, ast.Tuple | ast.List):
                with contextlib.suppress(ValueError, TypeError):  # names, or what has no hash
                    self._lists[node] = frozenset(ast.literal_eval(node))
        else:
            raise ConstraintError(
                f"{type(node).__name__} is not allowed in a constraint, got {self.text!r}"
            )
        for child in children:
            self._check(child)

    def __call__(self, columns: Mapping[str, NDArray[Any]]) -> Mask:
        """Return whether the constraint holds (n,), for columns of parameter values, each (n,)."""
        n = len(next(iter(columns.values()))) if columns else 1
        try:
            with np.errstate(all="ignore"):
                holds = np.asarray(self._value(self._tree, columns), dtype=bool)
                return np.broadcast_to(holds, (n,))
        except Exception as e:
            raise ConstraintError(f"constraint {self.text!r} cannot be evaluated: {e}") from e

    def _value(self, node: ast.AST, columns: Mapping[str, NDArray[Any]]) -> Any:
        match node:
            case ast.Constant():
                return node.value
            case ast.Name():
                return columns[node.id]
            case ast.Tuple() | ast.List():
                return [self._value(e, columns) for e in node.elts]
            case ast.BinOp():
                sides = (_floats(self._value(n, columns)) for n in (node.left, node.right))
                return _BINARY[type(node.op)](*sides)
            case ast.UnaryOp():
                v = self._value(node.operand, columns)
                if isinstance(node.op, ast.Not):
                    return np.logical_not(v)
                return -v if isinstance(node.op, ast.USub) else v
            case ast.BoolOp():
                parts = [self._value(v, columns) for v in node.values]
                join = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
                return join.reduce(np.broadcast_arrays(*parts))
            case ast.Compare():
                left = self._value(node.left, columns)
                result: Any = np.True_
                for op, comparator in zip(node.ops, node.comparators, strict=True):
                    if isinstance(op, ast.In | ast.NotIn) and comparator in self._lists:
                        found = _is_among(left, self._lists[comparator])
                        result = result & (found if isinstance(op, ast.In) else ~found)
                        left = list(self._lists[comparator])
                        continue
                    right = self._value(comparator, columns)
                    result = result & self._compare(op, left, right)
                    left = right
                return result
            case ast.Call(func=ast.Name(id=name)):
                return _CALLS[name](*(self._value(a, columns) for a in node.args))
        raise ConstraintError(f"{ast.unparse(node)!r} is not allowed in a constraint")

    @staticmethod
    def _compare(op: ast.cmpop, left: Any, right: Any) -> Any:
        if isinstance(op, ast.In | ast.NotIn):
            found = np.logical_or.reduce([np.asarray(left == r) for r in right])
            return found if isinstance(op, ast.In) else ~found
        return np.asarray(_COMPARE[type(op)](left, right))


def _floats(value: Any) -> Array:
    """Return an operand of arithmetic as floats.

    With integers of any size, text or lists arithmetic could take any time and memory.
    """
    found = np.asarray(value)
    text = found.dtype == object and any(isinstance(v, str) for v in found.flat)
    if isinstance(value, list) or found.dtype.kind not in "biufO" or text:
        raise ConstraintError("arithmetic takes numbers, not text or lists")
    return found.astype(float)


def _is_among(value: Any, choices: frozenset[Any]) -> NDArray[np.bool_]:
    """Return whether a value, or each of a column (n,), is one of some constants."""
    column = np.asarray(value)
    if column.ndim != 1 or isinstance(value, list):
        return np.asarray(column.ndim == 0 and column.item() in choices)
    return np.fromiter((v in choices for v in column.tolist()), dtype=bool, count=len(column))


class Predicate:
    """A constraint written as a function of the params; it sees the active ones only.

    A point at which the function looks up a parameter that is not active (a KeyError) is allowed.

    Args:
        function: Takes the params, and returns true for what is allowed.
        names: All parameters of the space.

    Attributes:
        text: The function's name, for messages.
    """

    def __init__(self, function: Callable[[dict[str, Any]], Any], names: set[str]) -> None:
        self.function = function
        self.names = names
        self.text = getattr(function, "__name__", repr(function))

    def __call__(self, params: dict[str, Any]) -> bool:
        """Whether the params are allowed."""
        try:
            return bool(self.function(params))
        except KeyError as e:
            if e.args and e.args[0] in self.names:
                return True
            raise ConstraintError(
                f"constraint {self.text} asks for {e}, which is not a parameter; the space has "
                f"{sorted(self.names)}"
            ) from None
        except Exception as e:
            raise ConstraintError(
                f"constraint {self.text} failed on {params!r}: {type(e).__name__}: {e}"
            ) from e
