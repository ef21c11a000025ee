"""Values of a parameter: from what scikit-learn's searches take to a distribution, and back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..errors import DistributionError
from ..space.choices import choice_key, to_choice
from ..space.distributions import Categorical, Distribution, Float, Int
from ..space.normal import Normal
from ..validation import show

_MAX_LABEL = 80  # characters of the text that stands for an object
_SEED_BITS = 32  # of the parameter that stands for a distribution that can only be drawn from


def is_same(a: Any, b: Any) -> bool:
    """Whether two values of a parameter are one: the same object, or equal plain values."""
    plain = isinstance(a, int | float | str | bool | tuple)
    return a is b or (type(a) is type(b) and plain and bool(a == b))


class Same:
    """The way back of values that the study holds as the estimator takes them."""

    def __call__(self, stored: Any) -> Any:
        """Return the value of a stored one."""
        return stored

    def find(self, value: Any, dist: Distribution) -> tuple[Any] | None:
        """Return what the study would store for a value, in a tuple; None where it has no such."""
        return None if dist.find(value) is None else (value,)


class Pick:
    """The way back from a choice to the very object that a list holds.

    Args:
        known: The choices of the study.
        values: The objects, one for each choice.
    """

    def __init__(self, known: Categorical, values: Sequence[Any]) -> None:
        self.known = known
        self.values = values

    def __call__(self, stored: Any) -> Any:
        """Return the object of a choice."""
        return self.values[int(self.known.raw(stored))]

    def find(self, value: Any, dist: Distribution) -> tuple[Any] | None:
        """Return the choice that stands for a value, in a tuple; None where none does."""
        at = next((i for i, mine in enumerate(self.values) if is_same(mine, value)), None)
        return None if at is None else (self.known.choices[at],)


class Quantile:
    """The way back from a probability to a value of a distribution of SciPy.

    Args:
        distribution: A frozen one, with `ppf`.
    """

    def __init__(self, distribution: Any) -> None:
        self.distribution = distribution

    def __call__(self, stored: Any) -> Any:
        """Return the value below which a distribution has this share."""
        return self.distribution.ppf(stored)

    def find(self, value: Any, dist: Distribution) -> None:
        """Return None: of a value nobody knows where it lies."""


class Draw:
    """The way back from a seed to a value of something that can only be drawn from.

    Args:
        distribution: It has `rvs(random_state=)`.
    """

    def __init__(self, distribution: Any) -> None:
        self.distribution = distribution

    def __call__(self, stored: Any) -> Any:
        """Return the draw of a seed."""
        return self.distribution.rvs(random_state=np.random.RandomState(stored))

    def find(self, value: Any, dist: Distribution) -> None:
        """Return None: of a value nobody knows where it lies."""


Way = Same | Pick | Quantile | Draw
"""From a value that the study stores to the value that the estimator is given."""


def read_values(name: str, given: Any) -> tuple[Distribution, Way]:
    """Return a distribution for what stands under a name of a space, and the way back.

    Args:
        name: The parameter, for the message.
        given: A distribution of luthier; one of SciPy, or something else with `rvs`; a list, an
            array or another collection of values.

    Raises:
        DistributionError: It is none of these, or has no values.
    """
    if isinstance(given, Float | Int | Categorical | Normal):
        return given, Same()
    if hasattr(given, "rvs"):
        return _read_scipy(given)
    is_collection = isinstance(given, Iterable) and not isinstance(given, str | bytes)
    if not is_collection or np.ndim(given if isinstance(given, np.ndarray) else 0) > 1:
        raise DistributionError(
            f"parameter {name!r:.100}: expected a list of values, a frozen distribution of "
            f"scipy.stats, or a luthier.Float, Int, Categorical or Normal, got {show(given)} "
            f"({type(given).__name__}); write [{show(given)}] for one value"
        )
    values = list(given)
    if not values:
        raise DistributionError(
            f"parameter {name!r:.100}: expected at least one value, got none: {show(given)}"
        )
    return _read_list(values)


def _read_list(values: list[Any]) -> tuple[Categorical, Pick]:
    """Return the choices that stand for values; of equal ones only the first."""
    labels: dict[str, tuple[Any, Any]] = {}  # key -> label, value
    for value in values:
        label, stands_for_itself = _label(value)
        key = choice_key(label)
        if stands_for_itself and key in labels:
            if type(labels[key][1]) is type(value):
                continue
            label = _describe(value)
        plain, n = label, 1
        while (key := choice_key(label)) in labels:
            n += 1
            label = f"{plain} #{n}"
        labels[key] = label, value
    choices = tuple(label for label, _ in labels.values())
    known = Categorical(choices, ordered=len(choices) > 2 and _rises_or_falls(choices))
    return known, Pick(known, [value for _, value in labels.values()])


def _rises_or_falls(choices: Sequence[Any]) -> bool:
    """Whether choices are numbers in their order, so that neighbours are alike."""
    if not all(type(c) in (int, float) for c in choices):
        return False
    pairs = list(pairwise(choices))
    return all(a < b for a, b in pairs) or all(a > b for a, b in pairs)


def _label(value: Any) -> tuple[Any, bool]:
    """Return what the study stores for a value, and whether that is the value itself."""
    try:
        return to_choice(value), True
    except DistributionError:
        return _describe(value), False


def _describe(value: Any) -> str:
    """Return a short text for an object, which is the same in every process."""
    text = getattr(value, "__qualname__", None) or " ".join(repr(value).split())
    text = re.sub(r" at 0x[0-9a-f]+", "", text)
    return text if len(text) <= _MAX_LABEL else f"{text[: _MAX_LABEL - 3]}..."


def _read_scipy(given: Any) -> tuple[Distribution, Way]:
    """Return a distribution for a frozen one of SciPy.

    `uniform`, `loguniform` and `randint` are ranges; of others the study holds the probability
    below the value; of what has only `rvs` it holds a seed.
    """
    kind = getattr(getattr(given, "dist", None), "name", "")
    if kind == "uniform":
        low, high = map(float, given.support())
        return Float(low, high), Same()
    if kind in ("loguniform", "reciprocal") and not _shift(given):
        low, high = map(float, given.support())
        return Float(low, high, scale="log"), Same()
    if kind == "randint":
        low, high = map(int, given.support())
        return Int(low, high), Same()
    if hasattr(given, "ppf"):
        ends = np.asarray([given.ppf(0.0), given.ppf(1.0)])
        inner = np.where(np.isfinite(ends), [0.0, 1.0], [1e-9, 1 - 1e-9])
        return Float(float(inner[0]), float(inner[1])), Quantile(given)
    return Int(0, 2**_SEED_BITS - 1), Draw(given)


def _shift(given: Any) -> float:
    """Return the `loc` of a frozen distribution with two shapes."""
    after = given.args[2] if len(given.args) > 2 else 0.0
    return float(given.kwds.get("loc", after))
