"""Space: the dimensions of a search, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from sklearn.utils import check_random_state

from .dimensions import (
    Categorical,
    Dimension,
    Integer,
    LeftOut,
    Real,
    check_dimension,
    check_dimension_strictly,
)

__all__ = ["Categorical", "Integer", "Real", "Space", "check_dimension"]

_check_dimension = check_dimension_strictly  # its name in scikit-optimize

_ROUNDS = 10_000  # of draws, until a constraint is taken to forbid all
_SHOWN = 31  # dimensions that a text shows, at most


class Space:
    """The dimensions of a search.

    Args:
        dimensions: Each a Dimension, or what `check_dimension` reads as one.
        constraint: Takes a point; returns whether it is allowed. None for all.

    Raises:
        ValueError: One is no dimension.
    """

    def __init__(
        self, dimensions: Any, constraint: Callable[[list[Any]], Any] | None = None
    ) -> None:
        self.dimensions = [check_dimension(one) for one in dimensions]
        if constraint is None:
            constraint = getattr(dimensions, "constraint", None)
        if constraint is not None and not callable(constraint):
            raise ValueError(f"constraint must be a function of a point, got {constraint!r}")
        self.constraint = constraint

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Space) and self.dimensions == other.dimensions

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown: list[Any] = self.dimensions
        if len(shown) > _SHOWN:
            shown = [*shown[:15], LeftOut(), *shown[-15:]]
        return "Space([{}])".format(",\n       ".join(map(str, shown)))

    def __iter__(self) -> Iterator[Dimension]:
        return iter(self.dimensions)

    @property
    def dimension_names(self) -> list[str]:
        """The names; X_0, X_1, ... where there is none."""
        return [f"X_{i}" if one.name is None else one.name for i, one in enumerate(self.dimensions)]

    @dimension_names.setter
    def dimension_names(self, names: Sequence[str]) -> None:
        if len(names) != len(self.dimensions):
            raise ValueError("`names` must be the same length as `self.dimensions`.")
        for one, name in zip(self.dimensions, names, strict=True):
            one.name = name

    @property
    def n_dims(self) -> int:
        """Number of dimensions."""
        return len(self.dimensions)

    @property
    def transformed_n_dims(self) -> int:
        """Number of columns that models see."""
        return sum(one.transformed_size for one in self.dimensions)

    @property
    def is_real(self) -> bool:
        """Whether all dimensions are Real."""
        return all(isinstance(one, Real) for one in self.dimensions)

    @property
    def is_categorical(self) -> bool:
        """Whether all dimensions are Categorical."""
        return all(isinstance(one, Categorical) for one in self.dimensions)

    @property
    def is_partly_categorical(self) -> bool:
        """Whether one dimension is Categorical."""
        return any(isinstance(one, Categorical) for one in self.dimensions)

    @property
    def n_constant_dimensions(self) -> int:
        """Number of dimensions of one value."""
        return sum(one.is_constant for one in self.dimensions)

    @property
    def bounds(self) -> list[Any]:
        """The ends, or the categories, of each dimension."""
        return [one.bounds for one in self.dimensions]

    @property
    def transformed_bounds(self) -> list[tuple[float, float]]:
        """The ends of each column that models see."""
        found: list[tuple[float, float]] = []
        for one in self.dimensions:
            ends = one.transformed_bounds
            found.extend([ends] if one.transformed_size == 1 else ends)
        return found

    def rvs(self, n_samples: int = 1, random_state: Any = None) -> list[list[Any]]:
        """Draw points.

        Args:
            n_samples: How many.
            random_state: Seed or generator.

        Raises:
            RuntimeError: The constraint forbids all that are drawn.
        """
        rng = check_random_state(random_state)
        points: list[list[Any]] = []
        for _ in range(_ROUNDS):
            columns = [one.rvs(n_samples=n_samples, random_state=rng) for one in self.dimensions]
            rows = [list(row) for row in zip(*columns, strict=True)]
            if self.constraint is not None:
                rows = [row for row in rows if self.constraint(row)]
            points.extend(rows)
            if len(points) >= n_samples:
                return points[:n_samples]
        raise RuntimeError(
            f"none of {_ROUNDS * n_samples:,} draws keeps the constraint; loosen it, or narrow the "
            "dimensions to where it holds"
        )

    def set_transformer(self, transform: str | Sequence[str]) -> None:
        """Choose what models see, by one name for all dimensions or one for each."""
        names = [transform] * self.n_dims if isinstance(transform, str) else transform
        for one, name in zip(self.dimensions, names, strict=True):
            one.set_transformer(name)

    def set_transformer_by_type(self, transform: str, dim_type: type) -> None:
        """Choose what models see of the dimensions of a type."""
        for one in self.dimensions:
            if isinstance(one, dim_type):
                one.set_transformer(transform)

    def get_transformer(self) -> list[str]:
        """Return the name of what models see of each dimension."""
        return [one.transform_ for one in self.dimensions]

    def transform(self, X: Sequence[Sequence[Any]]) -> Any:
        """Return points as the numbers that models see, (n, transformed_n_dims)."""
        columns = [
            np.asarray(one.transform([x[j] for x in X])).reshape(len(X), -1)
            for j, one in enumerate(self.dimensions)
        ]
        return np.hstack(columns)

    def inverse_transform(self, Xt: Any) -> list[list[Any]]:
        """Return the points of such numbers."""
        numbers = np.asarray(Xt)
        columns, start = [], 0
        for one in self.dimensions:
            k = one.transformed_size
            part = numbers[:, start] if k == 1 else numbers[:, start : start + k]
            columns.append(one.inverse_transform(part))
            start += k
        return [list(row) for row in zip(*columns, strict=True)]

    def __contains__(self, point: Sequence[Any]) -> bool:
        inside = all(v in one for v, one in zip(point, self.dimensions, strict=False))  # type: ignore[operator]
        return inside and (self.constraint is None or bool(self.constraint(list(point))))

    def __getitem__(self, dimension_names: Any) -> Any:
        """Return the place and the dimension of a name or a place, or of several.

        Raises:
            ValueError: It is neither.
        """
        if isinstance(dimension_names, str | int):
            for i, one in enumerate(self.dimensions):
                if dimension_names in (one.name, i):
                    return i, one
            return None, None
        if isinstance(dimension_names, list | tuple):
            return [self[name] for name in dimension_names]
        raise ValueError(
            f"expected a name or a list of names, got {type(dimension_names).__name__}"
        )

    def distance(self, point_a: Iterable[Any], point_b: Iterable[Any]) -> float:
        """Return the sum of the distances in all dimensions."""
        return float(
            sum(
                one.distance(a, b)  # type: ignore[attr-defined]
                for a, b, one in zip(point_a, point_b, self.dimensions, strict=True)
            )
        )

    @classmethod
    def from_yaml(cls, yml_path: str, namespace: str | None = None) -> Space:
        """Return the space of a YAML file: a list of dimensions, perhaps under a name.

        Args:
            yml_path: The file.
            namespace: The name; None for the first one.

        Raises:
            TypeError: It is neither a list nor a dict.
        """
        config = yaml.safe_load(Path(yml_path).read_text(encoding="utf-8"))
        if isinstance(config, dict):
            config = next(iter(config.values())) if namespace is None else config[namespace]
        if not isinstance(config, list):
            raise TypeError("YaML does not specify a list or dictionary")
        kinds: Mapping[str, Any] = {"real": Real, "integer": Integer, "categorical": Categorical}
        made = []
        for option in config:
            kind, fields = next(iter(option.items()))
            made.append(kinds[kind.lower()](**{k.lower(): v for k, v in fields.items()}))
        return cls(made)

    @classmethod
    def from_df(
        cls,
        df: Any,
        priors: Mapping[Any, Any] | None = None,
        bases: Mapping[Any, int] | None = None,
        transforms: Mapping[Any, str] | None = None,
    ) -> Space:
        """Return a space whose dimensions have the values of a table's columns.

        Args:
            df: A pandas DataFrame.
            priors: Column to prior.
            bases: Column to base of the logarithm.
            transforms: Column to what models see.
        """
        import pandas as pd  # with such a table it is there

        dimensions: list[Dimension] = []
        for name in df.columns:
            column = df[name]
            given = {"prior": priors, "base": bases, "transform": transforms}
            fields: dict[str, Any] = {k: v[name] for k, v in given.items() if v and name in v}
            fields["name"] = str(name)
            if pd.api.types.is_float_dtype(column.dtype):
                dimensions.append(Real(column.min(), column.max(), **fields))
            elif pd.api.types.is_integer_dtype(column.dtype):
                dimensions.append(Integer(column.min(), column.max(), **fields))
            else:
                dimensions.append(Categorical(column.unique(), **fields))
        return cls(dimensions)
