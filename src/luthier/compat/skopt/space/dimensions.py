"""Real, Integer, Categorical: the dimensions of a space."""

from __future__ import annotations

import numbers
import warnings
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from .transformers import (
    CategoricalEncoder,
    Identity,
    LabelEncoder,
    LogN,
    Normalize,
    Pipeline,
    StringEncoder,
    Transformer,
)

_PRIORS = ("uniform", "log-uniform")
_SHOWN = 7  # categories that a text shows, at most


class LeftOut(NamedTuple):
    """Stands for what a text leaves out."""

    def __repr__(self) -> str:
        return "..."


class Dimension:
    """Base of all dimensions."""

    prior: Any = None
    transform_: str
    transformer: Transformer
    _name: str | None = None

    def rvs(self, n_samples: int | None = 1, random_state: Any = None) -> Any:
        """Draw values.

        Args:
            n_samples: How many.
            random_state: Seed or generator.
        """
        raise NotImplementedError

    def set_transformer(self, transform: str) -> None:
        """Choose the map to numbers, by its name."""
        raise NotImplementedError

    def transform(self, X: Any) -> Any:
        """Return values as numbers that models take."""
        return self.transformer.transform(X)

    def inverse_transform(self, Xt: Any) -> Any:
        """Return numbers as values."""
        return self.transformer.inverse_transform(Xt)

    @property
    def size(self) -> int:
        """Number of columns of values."""
        return 1

    @property
    def transformed_size(self) -> int:
        """Number of columns of numbers."""
        return 1

    @property
    def bounds(self) -> Any:
        """The ends, or the categories."""
        raise NotImplementedError

    @property
    def is_constant(self) -> bool:
        """Whether there is one value."""
        raise NotImplementedError

    @property
    def transformed_bounds(self) -> Any:
        """The ends of the numbers."""
        raise NotImplementedError

    @property
    def name(self) -> str | None:
        """The name; None without."""
        return self._name

    @name.setter
    def name(self, value: str | None) -> None:
        if value is not None and not isinstance(value, str):
            raise ValueError("Dimension's name must be either string or None.")
        self._name = value


class _Range(Dimension):
    """Base of Real and Integer."""

    def __init__(
        self,
        low: float,
        high: float,
        prior: str = "uniform",
        base: int = 10,
        transform: str | None = None,
        name: str | None = None,
        dtype: Any = float,
    ) -> None:
        if high <= low:
            raise ValueError(f"the lower bound {low} has to be less than the upper bound {high}")
        if prior not in _PRIORS:
            raise ValueError(f"prior should be 'uniform' or 'log-uniform' got {prior}")
        if prior == "log-uniform" and low * high <= 0:
            raise ValueError("search space should not contain 0 when using log-uniform prior")
        self.low = low
        self.high = high
        self.prior = prior
        self.base = base
        self.log_base = np.log10(base)
        self.name = name
        self.dtype = dtype
        self._check_dtype()
        self.set_transformer("identity" if transform is None else transform)

    def _check_dtype(self) -> None:
        raise NotImplementedError

    def _shares(self) -> Transformer:
        """Return the map of the numbers to [0, 1]."""
        raise NotImplementedError

    def set_transformer(self, transform: str = "identity") -> None:
        if transform not in ("normalize", "identity"):
            raise ValueError(f"transform should be 'normalize' or 'identity' got {transform}")
        self.transform_ = transform
        is_log = self.prior == "log-uniform"
        warp: Transformer = LogN(self.base) if is_log else Identity()
        self.transformer = Pipeline([warp, self._shares()]) if transform == "normalize" else warp

    @property
    def _ends(self) -> tuple[float, float]:
        """The ends as they lie on the scale."""
        if self.prior == "uniform":
            return self.low, self.high
        return np.log10(self.low) / self.log_base, np.log10(self.high) / self.log_base

    def rvs(self, n_samples: int | None = 1, random_state: Any = None) -> Any:
        rng = check_random_state(random_state)
        low, high = (0.0, 1.0) if self.transform_ == "normalize" else self._ends
        return self.inverse_transform(rng.uniform(low, high, size=n_samples))

    def inverse_transform(self, Xt: Any) -> Any:
        raw = np.asarray(self.transformer.inverse_transform(Xt))
        return np.clip(raw, self.low, self.high)

    @property
    def bounds(self) -> tuple[float, float]:
        return self.low, self.high

    @property
    def is_constant(self) -> bool:
        return bool(self.low == self.high)

    def __contains__(self, point: Any) -> bool:
        return bool(np.all((self.low <= np.asarray(point)) & (np.asarray(point) <= self.high)))

    @property
    def transformed_bounds(self) -> tuple[float, float]:
        return (0.0, 1.0) if self.transform_ == "normalize" else self._ends

    def distance(self, a: float, b: float) -> float:
        """Return the distance of two values.

        Raises:
            RuntimeError: One is outside.
        """
        if not (a in self and b in self):
            raise RuntimeError(
                f"Can only compute distance for values within the space, not {a} and {b}."
            )
        return abs(a - b)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(low={self.low}, high={self.high}, prior='{self.prior}', "
            f"transform='{self.transform_}')"
        )

    __hash__ = None  # type: ignore[assignment]  # names and transforms may change


class Real(_Range):
    """A real number from `low` to `high`.

    Args:
        low: The lower end.
        high: The upper end.
        prior: "uniform" or "log-uniform".
        base: Of the logarithm.
        transform: What models see: "identity" or "normalize".
        name: The name.
        dtype: Type of the values.

    Raises:
        ValueError: An argument does not fit.
    """

    def _check_dtype(self) -> None:
        kinds = ("float", "float16", "float32", "float64")
        if isinstance(self.dtype, str) and self.dtype not in kinds:
            raise ValueError(f"dtype must be one of {kinds} got {self.dtype}")
        if isinstance(self.dtype, type) and not np.issubdtype(self.dtype, np.floating):
            raise ValueError(f"dtype must be a np.floating subtype; got {self.dtype}")

    def _shares(self) -> Transformer:
        return Normalize(*self._ends)

    def inverse_transform(self, Xt: Any) -> Any:
        values = super().inverse_transform(Xt).astype(self.dtype)
        return values.tolist() if self.dtype in (float, "float") else values

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Real)
            and np.allclose([self.low, self.high], [other.low, other.high])
            and self.prior == other.prior
            and self.transform_ == other.transform_
        )

    __hash__ = None


class Integer(_Range):
    """A whole number from `low` to `high`, both included.

    Args:
        low: The smallest.
        high: The largest.
        prior: "uniform" or "log-uniform".
        base: Of the logarithm.
        transform: What models see: "identity" or "normalize".
        name: The name.
        dtype: Type of the values.

    Raises:
        ValueError: An argument does not fit.
    """

    def __init__(
        self,
        low: float,
        high: float,
        prior: str = "uniform",
        base: int = 10,
        transform: str | None = None,
        name: str | None = None,
        dtype: Any = np.int64,
    ) -> None:
        super().__init__(low, high, prior, base, transform, name, dtype)

    def _check_dtype(self) -> None:
        try:
            is_whole = np.issubdtype(np.dtype(self.dtype), np.integer)
        except TypeError:
            is_whole = False
        if not is_whole:
            raise ValueError(
                f"dtype must be 'int', 'int8' to 'int64' or 'uint8' to 'uint64', got {self.dtype}"
            )

    def _shares(self) -> Transformer:
        return Normalize(*self._ends, is_int=self.prior == "uniform")

    def rvs(self, n_samples: int | None = 1, random_state: Any = None) -> Any:
        if self.transform_ == "normalize" or self.prior != "uniform":
            return super().rvs(n_samples, random_state)
        rng = check_random_state(random_state)
        return self.inverse_transform(
            rng.randint(int(self.low), int(self.high) + 1, size=n_samples)
        )

    def inverse_transform(self, Xt: Any) -> Any:
        values = np.round(super().inverse_transform(Xt)).astype(self.dtype)
        if self.dtype in (int, "int"):
            return values.tolist()
        return values if values.ndim else values[()]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Integer) and np.allclose(
            [self.low, self.high], [other.low, other.high]
        )

    __hash__ = None


class Categorical(Dimension):
    """One of several values.

    Args:
        categories: The values.
        prior: The probability of each; None for equal ones.
        transform: What models see: "onehot", "label", "string", "normalize" or "identity".
        name: The name.

    Raises:
        ValueError: An argument does not fit.
    """

    def __init__(
        self,
        categories: Iterable[Any],
        prior: Sequence[float] | None = None,
        transform: str | None = None,
        name: str | None = None,
    ) -> None:
        self.categories = tuple(categories)
        self.name = name
        self.prior = prior
        k = len(self.categories)
        self.prior_ = np.full(k, 1.0 / k) if prior is None else np.asarray(prior, dtype=float)
        self.set_transformer("onehot" if transform is None else transform)

    def set_transformer(self, transform: str = "onehot") -> None:
        makers = {
            "onehot": CategoricalEncoder,
            "string": StringEncoder,
            "label": LabelEncoder,
            "identity": lambda _: Identity(),
            "normalize": lambda values: Pipeline(
                [LabelEncoder(values), Normalize(0, len(values) - 1, is_int=True)]
            ),
        }
        if transform not in makers:
            raise ValueError(
                "Expected transform to be 'identity', 'string', 'label', 'normalize' or 'onehot' "
                f"got {transform}"
            )
        self.transform_ = transform
        made: Any = makers[transform]
        self.transformer = made(self.categories)

    def rvs(self, n_samples: int | None = None, random_state: Any = None) -> Any:
        rng = check_random_state(random_state)
        edges = np.cumsum(self.prior_)
        drawn = np.searchsorted(edges / edges[-1], rng.uniform(size=n_samples), side="left")
        if n_samples is None:
            chosen = self.categories[int(drawn)]
            return [chosen] if self.transform_ == "normalize" else chosen
        return [self.categories[int(i)] for i in drawn]

    @property
    def transformed_size(self) -> int:
        k = len(self.categories)
        return k if self.transform_ == "onehot" and k > 2 else 1

    @property
    def bounds(self) -> tuple[Any, ...]:
        return self.categories

    @property
    def is_constant(self) -> bool:
        return len(self.categories) <= 1

    def __contains__(self, point: Any) -> bool:
        return point in self.categories

    @property
    def transformed_bounds(self) -> Any:
        if self.transformed_size == 1:
            return 0.0, 1.0
        return [(0.0, 1.0)] * self.transformed_size

    def distance(self, a: Any, b: Any) -> int:
        """Return 0 for the same value, and 1 for another.

        Raises:
            RuntimeError: One is no category.
        """
        if not (a in self and b in self):
            raise RuntimeError(
                f"Can only compute distance for values within the space, not {a} and {b}."
            )
        return int(a != b)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Categorical)
            and self.categories == other.categories
            and np.allclose(self.prior_, other.prior_)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown, prior = self.categories, self.prior
        if len(shown) > _SHOWN:
            shown = (*shown[:3], LeftOut(), *shown[-3:])
        if prior is not None and len(prior) > _SHOWN:
            prior = [*prior[:3], LeftOut(), *prior[-3:]]
        return f"Categorical(categories={shown}, prior={prior})"


def check_dimension(dimension: Any, transform: str | None = None) -> Dimension:
    """Return the dimension that a user has described.

    Args:
        dimension: A Dimension; (low, high), perhaps with a prior and a base; or categories.
        transform: What models see.

    Raises:
        ValueError: It is no dimension.
    """
    found = _read_loosely(dimension, transform)
    later: Any
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            later = check_dimension_strictly(dimension, transform)
    except ValueError as e:
        later = e
    if later != found:
        warnings.warn(
            f"Dimension {dimension!r} was inferred to {found}. In upcoming versions of "
            f"scikit-optimize, it will be inferred to {later}. Write it as Real, Integer or "
            "Categorical",
            UserWarning,
            stacklevel=2,
        )
    return found


def check_dimension_strictly(dimension: Any, transform: str | None = None) -> Dimension:
    """Return a dimension by the later rules: tuples are ranges, everything else categories."""
    if isinstance(dimension, Dimension):
        return dimension
    if isinstance(dimension, tuple) and 2 <= len(dimension) <= 4:
        found = _read_range(dimension, transform)
        if found is not None:
            return found
        if len(set(map(type, dimension))) > 1:
            warnings.warn(
                f"{dimension!r} was inferred to a Categorical object, but looks like a tuple for "
                "an Integer or Real dimension that was miss-spelled. Pass a list or a Categorical "
                "object to suppress this warning.",
                UserWarning,
                stacklevel=2,
            )
    if isinstance(dimension, Iterable):
        return Categorical(dimension, transform=transform)
    raise _explain(dimension)


def _read_loosely(dimension: Any, transform: str | None) -> Dimension:
    """Return a dimension by the rules of today: lists and arrays may be ranges too."""
    if isinstance(dimension, Dimension):
        return dimension
    if not isinstance(dimension, list | tuple | np.ndarray) or not len(dimension):
        raise _explain(dimension)
    ends = tuple(dimension[:2])
    if len(dimension) == 2 and any(isinstance(v, str | bool | np.bool_) for v in ends):
        return Categorical(dimension, transform=transform)
    found = _read_range(tuple(dimension), transform)
    if found is not None:
        return found
    if len(dimension) == 2 and not all(isinstance(v, numbers.Real) for v in ends):
        raise _explain(dimension)
    return Categorical(dimension, transform=transform)


def _read_range(given: tuple[Any, ...], transform: str | None) -> Dimension | None:
    """Return the range that a tuple describes; None where it describes none."""
    if not 2 <= len(given) <= 4:
        return None
    low, high, *more = given
    if any(isinstance(v, bool | np.bool_) for v in (low, high)):
        return None
    if (more and more[0] not in _PRIORS) or (len(more) == 2 and not isinstance(more[1], int)):
        return None
    prior, base = more[0] if more else "uniform", more[1] if len(more) > 1 else 10
    if all(isinstance(v, numbers.Integral) for v in (low, high)):
        return Integer(int(low), int(high), prior, base, transform)
    if all(isinstance(v, numbers.Real) for v in (low, high)):
        return Real(float(low), float(high), prior, base, transform)
    return None


def _explain(dimension: Any) -> ValueError:
    made_by = f" (a {type(dimension).__module__}.{type(dimension).__name__})"
    return ValueError(
        f"Invalid dimension {dimension!r}{made_by if '.' in type(dimension).__module__ else ''}. "
        "Write Real(low, high), Integer(low, high) or Categorical(values) of "
        "luthier.compat.skopt.space, a tuple (low, high), or a list of values"
    )
