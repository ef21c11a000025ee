"""Priors of parameters from a table of past bests."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from ..errors import DistributionError, SpaceError
from ..numerics import priors
from .choices import choice_key, to_choice
from .distributions import Categorical, Distribution, Float, Int
from .normal import Normal
from .space import Space

# Numbers above 0 whose largest is so many times the smallest are on a log scale.
_MANY_FOLD = {Float: 3, Int: 10}
_MARGIN = 0.5  # of the spread of past bests, by which a range reaches beyond them on either side


class FittedPriors(NamedTuple):
    """A space with priors.

    Attributes:
        space: The space.
        notes: What of the table was not used, and why, a sentence for each.
    """

    space: Space
    notes: list[str]


def fit_priors(rows: Sequence[Mapping[str, Any]], space: Space | None = None) -> FittedPriors:
    """Return a space whose parameters have the priors that a table of past bests tells of.

    A number has a normal prior: the mean of the past bests on the parameter's scale, and their
    standard deviation, to which one more row with the default of 0.25 of the range is added, so
    that few rows make no narrow prior; see `numerics.priors.fit`. A choice has the number of rows
    in which it was best as its weight.

    Args:
        rows: The best params of earlier studies, one mapping each; None or a missing name tells
            nothing.
        space: What gets the priors; None for one that is read off the table. There a range reaches
            beyond the past bests by half of their spread, and is logarithmic where all are above 0
            and the largest is three times the smallest, ten times for whole numbers; what is no
            number, or has one value only, is a choice.

    Raises:
        SpaceError: There are no rows, or none tells of a parameter.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    notes: list[str] = []
    columns = {n: _drop_missing(n, [row.get(n) for row in rows], notes) for n in names}
    known = {n: values for n, values in columns.items() if values}
    if not known:
        raise SpaceError(
            f"expected rows of past bests, one column for each parameter, got {len(rows)} rows "
            "that tell nothing"
        )
    if space is None:
        space = Space({n: _read_column(n, values) for n, values in known.items()})
        notes += [
            f"{n} has numbers and {texts[0]!r:.100}, so each of its values is a choice"
            for n, values in known.items()
            if 0 < len(texts := [v for v in values if isinstance(v, str)]) < len(values)
        ]
    elif strange := [n for n in known if n not in space.params]:
        notes.append(f"{strange!r:.500} are no parameters of the space")
    fitted = {
        n: _fit(n, space.params[n], values, notes)
        for n, values in known.items()
        if n in space.params
    }
    if not fitted:
        raise SpaceError(
            f"no column is a parameter of the space: the table has {names!r:.500}, the space "
            f"{list(space.params)!r:.500}"
        )
    return FittedPriors(space.with_params(fitted), notes)


def _drop_missing(name: str, values: Sequence[Any], notes: list[str]) -> list[Any]:
    """Return the values of a column that tell something.

    NaN, and its text in a column of numbers, tells nothing, which is noted.
    """
    found = [v for v in values if v is not None]
    has_numbers = any(isinstance(v, int | float) for v in found)
    kept = [v for v in found if v == v and not (has_numbers and _is_nan_text(v))]
    if len(kept) < len(found):
        notes.append(f"{name}: {len(found) - len(kept)} of {len(found)} values are NaN")
    return kept


def _is_nan_text(value: Any) -> bool:
    return isinstance(value, str) and value.strip().lower() == "nan"


def _read_column(name: str, values: Sequence[Any]) -> Distribution:
    """Return a distribution that has all values of a column.

    Raises:
        SpaceError: There is none, as numbers are too far apart.
    """
    try:
        return _read_distribution(values)
    except (DistributionError, OverflowError) as e:
        raise SpaceError(
            f"column {name!r:.100} is no parameter, as its values span no range that floats can "
            f"measure: {e}; leave it out, or pass a space"
        ) from None


def _read_distribution(values: Sequence[Any]) -> Distribution:
    """Return a distribution that has all values of a column."""
    is_number = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    if not is_number or len(set(values)) == 1:
        choices = {choice_key(v): to_choice(v) for v in values}
        return Categorical(tuple(choices.values()))
    low, high = min(values), max(values)
    kind = Int if all(isinstance(v, int) for v in values) else Float
    is_log = low > 0 and high / low >= _MANY_FOLD[kind]
    if is_log:
        margin = (high / low) ** _MARGIN
        ends = low / margin, high * margin
    else:
        spread = _MARGIN * (high - low)
        ends = low - spread, high + spread
        if low >= 0:  # what was never negative is not proposed so
            ends = max(0.0, ends[0]), ends[1]
    scale: Any = "log" if is_log else "linear"
    if kind is Int:
        least = 1 if is_log else math.floor(ends[0])
        return Int(max(math.floor(ends[0]), least), math.ceil(ends[1]), scale=scale)
    return Float(_shorten(ends[0]), _shorten(ends[1]), scale=scale)


def _shorten(number: float) -> float:
    return float(f"{number:.3g}")


def _fit(name: str, dist: Distribution, values: Sequence[Any], notes: list[str]) -> Distribution:
    """Return a distribution with the prior that past bests tell of.

    Args:
        name: The parameter's.
        dist: Its distribution.
        values: The past bests.
        notes: To which is added what was not used.
    """
    if isinstance(dist, Normal):
        notes.append(f"{name} is a Normal, which is a prior itself")
        return dist
    usable = [v for v in values if dist.find(v) is not None]
    if len(usable) < len(values):
        n_lost = len(values) - len(usable)
        notes.append(f"{name}: {n_lost} of {len(values)} values are none of {dist!r:.500}")
    if not usable or dist.n_values == 1:
        return dist
    if isinstance(dist, Categorical):
        counts = Counter(dist.find(v) for v in usable)
        weights = tuple(float(counts[i]) for i in range(len(dist.choices)))
        return msgspec.structs.replace(dist, prior=weights)
    mean, deviation = priors.fit(dist.to_unit(np.array([dist.raw(v) for v in usable])))
    middle = dist.value(dist.from_unit(mean))
    if isinstance(dist, Float):
        middle = min(max(_shorten(middle), dist.low), dist.high)
    return msgspec.structs.replace(dist, prior=(middle, _shorten(deviation)))
