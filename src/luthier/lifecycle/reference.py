"""What is normal: the columns of a table in bins, and the losses of the model on it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from ..errors import LifecycleError, find_closest
from ..numerics.drift import count_in_bins, find_edges
from ..typing import Array, Index

_MOST_CATEGORIES = 30  # the rarer ones share a bin
_MOST_SAMPLED = 1000  # rows that are kept for the look at all columns
_LEVEL = 0.95  # of the upper end of the reference's mean loss


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A column in bins.

    Attributes:
        name: Its name.
        edges: Of a number: the edges between the bins.
        categories: Of a category: those that have a bin each, the most frequent first. One more bin
            is that of all others, and the last one of either kind is that of missing values.
        counts: (b,) rows of the reference in each bin.
        is_number: Whether it is a number.
    """

    name: str
    counts: tuple[int, ...]
    edges: tuple[float, ...] = ()
    categories: tuple[str, ...] = ()
    is_number: bool = True

    def describe(self, index: int) -> str:
        """The values of a bin, in words."""
        if index == len(self.counts) - 1:
            return f"missing values of {self.name}"
        if not self.is_number:
            is_known = index < len(self.categories)
            return f"{self.name} = {self.categories[index]}" if is_known else f"new {self.name}"
        low = f"{self.edges[index - 1]:.6g} <= " if index > 0 else ""
        high = f" < {self.edges[index]:.6g}" if index < len(self.edges) else ""
        return f"rows with {low}{self.name}{high}"


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """What is normal.

    Attributes:
        columns: The inputs.
        outputs: The model's answers; None where they are not watched.
        risk: Upper end of an interval of the mean loss; None where there are no labels.
        rows: A sample of the rows, encoded: numbers as they are, categories by their bin, NaN where
            missing.
    """

    columns: tuple[Column, ...]
    rows: list[list[float]]
    outputs: Column | None = None
    risk: float | None = None

    @classmethod
    def of(
        cls,
        X: Any,
        outputs: Any = None,
        losses: Any = None,
        *,
        categories: Sequence[str] = (),
        seed: int = 0,
    ) -> Reference:
        """Describe what is normal.

        Args:
            X: (n, d) a data frame, a dict of columns, or an array whose columns are called x0, x1,
                ...
            outputs: (n,) what the model answered.
            losses: (k,) losses in [0, 1], of rows that the model was not trained on.
            categories: Names of columns whose numbers are categories. Texts and truth values always
                are.
            seed: For the sample of rows.

        Raises:
            LifecycleError: There are no rows, columns differ in length, or losses are outside.
        """
        names, columns = _split(X)
        if not columns or not len(columns[0]):
            raise LifecycleError("expected a table with at least one row and one column")
        if unknown := set(categories) - set(names):
            raise LifecycleError(f"there are no columns {sorted(unknown)}, only {names}")
        made = [_describe(n, c, n in categories) for n, c in zip(names, columns, strict=True)]
        encoded = np.column_stack([encode(m, c)[1] for m, c in zip(made, columns, strict=True)])
        rng = np.random.default_rng(seed)
        chosen = rng.permutation(len(encoded))[:_MOST_SAMPLED]
        answers = None
        if outputs is not None:
            answers = _describe("the output", np.asarray(outputs).reshape(-1).tolist(), False)
        return cls(
            columns=tuple(made),
            rows=encoded[np.sort(chosen)].tolist(),
            outputs=answers,
            risk=None if losses is None else bound_risk(losses),
        )

    @property
    def sample(self) -> Array:
        """(m, d) the sample of rows."""
        return np.array(self.rows, dtype=np.float64)

    def order(self, row: Mapping[str, Any] | Sequence[Any]) -> Sequence[Any]:
        """Return the values of a row in the order of the columns.

        Raises:
            LifecycleError: A column is missing, or there is another one.
        """
        names = [column.name for column in self.columns]
        if not isinstance(row, Mapping):
            if len(row) != len(names):
                raise LifecycleError(f"expected {len(names)} columns, {names}, got {len(row)}")
            return row
        if row.keys() != set(names):
            missing, extra = set(names) - row.keys(), row.keys() - set(names)
            near = {n: find_closest(str(n), sorted(map(str, extra))) for n in sorted(missing)}
            raise LifecycleError(
                f"expected columns {names}; missing are {sorted(missing)}, unknown are "
                f"{sorted(map(str, extra))}"
                + "".join(f"; is {other!r} {name!r}?" for name, other in near.items() if other)
            )
        return [row[name] for name in names]


def encode(column: Column, values: Sequence[Any]) -> tuple[Index, Array]:
    """Return the counts (b,) of values in a column's bins, and the values as numbers (n,)."""
    if column.is_number:
        numbers = np.array([_to_number(v) for v in values], dtype=np.float64)
        return count_in_bins(numbers, np.array(column.edges)), numbers
    place = {category: float(i) for i, category in enumerate(column.categories)}
    other = float(len(place))
    codes = [math.nan if _is_missing(v) else place.get(str(v), other) for v in values]
    coded = np.array(codes, dtype=np.float64)
    edges = np.arange(len(place), dtype=np.float64) + 0.5
    return count_in_bins(coded, edges), coded


def _describe(name: str, values: Sequence[Any], is_category: bool) -> Column:
    known = [v for v in values if not _is_missing(v)]
    is_number = not is_category and all(
        isinstance(v, int | float | np.number) and not isinstance(v, bool | np.bool_) for v in known
    )
    if is_number:
        numbers = np.array([_to_number(v) for v in values], dtype=np.float64)
        edges = find_edges(numbers)
        counts = count_in_bins(numbers, edges)
        return Column(name=name, counts=tuple(counts.tolist()), edges=tuple(edges.tolist()))
    texts, n = np.unique([str(v) for v in known], return_counts=True)
    frequent = tuple(map(str, texts[np.argsort(-n, kind="stable")][:_MOST_CATEGORIES]))
    empty = Column(name=name, counts=(), categories=frequent, is_number=False)
    counts, _ = encode(empty, values)
    return msgspec.structs.replace(empty, counts=tuple(counts.tolist()))


def _split(X: Any) -> tuple[list[str], list[Sequence[Any]]]:
    if isinstance(X, Mapping):
        columns = [np.asarray(column).tolist() for column in X.values()]
        if len({len(column) for column in columns}) > 1:
            raise LifecycleError("expected columns of the same length")
        return [str(name) for name in X], columns
    if hasattr(X, "columns"):
        return [str(name) for name in X.columns], [X[name].tolist() for name in X.columns]
    table = np.asarray(X)
    table = table[:, None] if table.ndim == 1 else table
    return [f"x{j}" for j in range(table.shape[1])], [c.tolist() for c in table.T]


def bound_risk(losses: Any) -> float:
    """Upper end of a one-sided interval of the mean loss, by Hoeffding and by Bernstein's bound."""
    x = np.asarray(losses, dtype=np.float64).reshape(-1)
    if not len(x) or not ((x >= 0) & (x <= 1)).all():
        raise LifecycleError("losses of the reference must be numbers in [0, 1], at least one")
    log_term = math.log(2 / (1 - _LEVEL))
    n = len(x)
    hoeffding = math.sqrt(log_term / (2 * n))
    variance = float(x.var(ddof=1)) if n > 1 else 0.25
    bernstein = math.sqrt(2 * variance * log_term / n) + 7 * log_term / (3 * max(n - 1, 1))
    return min(float(x.mean()) + min(hoeffding, bernstein), 1 - 1e-9)


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float | np.floating) and math.isnan(value))


def _to_number(value: Any) -> float:
    if _is_missing(value):
        return math.nan
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan
