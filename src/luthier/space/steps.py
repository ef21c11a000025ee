"""Numbers at equal distances, as they are written: 0.1 + 2 * 0.1 is 0.3."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

_MAX_DIGITS = 15  # of a number that people write; one with more was computed
_WHOLE = 2**53  # up to it floats are exact
_ULPS = 4  # by which a computed number may miss the one that was meant
_SLACK = 1e-9  # of a step, by which a computed one may
_Quotient = tuple[int, int]


class Steps:
    """The numbers low, low + step, ... up to high, each the float that is nearest to the exact sum.

    A number of up to 15 digits counts as the decimal that it is written as, any other as the binary
    fraction that it is. All of them are whole multiples of one unit, so that a sum is one whole
    number and one rounding.

    Args:
        low: The first number.
        high: No number is above it.
        step: The distance, above 0.

    Attributes:
        n: How many there are.
        top: The last one.
    """

    def __init__(self, low: float, high: float, step: float) -> None:
        first, distance = _exact(low), _exact(step)
        self._low, self._step, self._divisor = _as_multiples(first, distance)
        self._float_low, self._float_step = float(low), float(step)
        self.n = _count(first, _exact(high), distance)
        if not all(map(_is_written, (low, high, step))):
            self.n = _count_computed(low, high, step)
        self._prepare()
        self.top = min(self.at(self.n - 1), float(high))

    def _prepare(self) -> None:
        """Find whether floats compute the numbers exactly, in units of a factor."""
        factor = math.gcd(self._low, self._step) if self._divisor == 1 else 1
        low, step = self._low // factor, self._step // factor
        largest = max(abs(low), abs(low + (self.n - 1) * step), step)
        self._by_floats = largest <= _WHOLE and _is_float(factor) and _is_float(self._divisor)
        if self._by_floats:
            self._units = float(low), float(step), float(factor), float(self._divisor)

    def at(self, i: Any) -> Any:
        """Return the i-th numbers, from 0 on; NaN for NaN."""
        if self._by_floats:
            low, step, factor, divisor = self._units
            return (low + i * step) * factor / divisor  # one of the two is 1
        if isinstance(i, np.ndarray):
            return np.array([self._sum(v) for v in i.ravel().tolist()]).reshape(i.shape)
        return self._sum(i)

    def _sum(self, i: float) -> float:
        return (self._low + int(i) * self._step) / self._divisor if i == i else i

    def index(self, values: Any) -> Any:
        """Return the index of the number that is nearest to each value; NaN for NaN."""
        last = float(self.n - 1)
        if isinstance(values, np.ndarray):
            with np.errstate(over="ignore", invalid="ignore"):  # of values far away
                i = np.rint((values - self._float_low) / self._float_step)
            return np.minimum(np.maximum(i, 0.0), last)
        i = (values - self._float_low) / self._float_step
        if 0.0 < i < last:
            return float(round(i))
        return i if i != i else 0.0 if i <= 0.0 else last

    def nearest(self, values: Any) -> Any:
        """Return the number that is nearest to each value; NaN for NaN."""
        found = self.at(self.index(values))
        if isinstance(found, np.ndarray):
            return np.minimum(found, self.top)
        return self.top if found > self.top else found


def _is_float(whole: int) -> bool:
    """Whether a float holds a whole number exactly."""
    return whole.bit_length() <= 1000 and int(float(whole)) == whole


def _exact(number: float) -> _Quotient:
    """Return the decimal that a number is written as, or the binary fraction that it is."""
    is_decimal = isinstance(number, float) and _is_written(number)
    return (Decimal(repr(number)) if is_decimal else number).as_integer_ratio()


def _is_written(number: float) -> bool:
    """Whether a number has no more digits than people write; all whole numbers have not."""
    if isinstance(number, int):
        return True
    digits = repr(number).partition("e")[0].replace(".", "").strip("-0")
    return len(digits) <= _MAX_DIGITS


def _as_multiples(low: _Quotient, step: _Quotient) -> tuple[int, int, int]:
    """Return the whole numbers whose quotients with the third are two quotients."""
    divisor = math.lcm(low[1], step[1])
    return low[0] * (divisor // low[1]), step[0] * (divisor // step[1]), divisor


def _count(low: _Quotient, high: _Quotient, step: _Quotient) -> int:
    """Return how many numbers there are up to high."""
    (a, p), (b, q), (c, r) = low, high, step
    return (b * p - a * q) * r // (p * q * c) + 1


def _count_computed(low: float, high: float, step: float) -> int:
    """Return how many numbers there are up to high, where it was computed up to its rounding."""
    first, last, distance = (Fraction(*_exact(v)) for v in (low, high, step))
    n_steps = (last - first) / distance
    missed = _ULPS * (Fraction(math.ulp(low)) + Fraction(math.ulp(high)))
    missed += _ULPS * Fraction(math.ulp(step)) * int(n_steps)
    n_steps += min(max(missed / distance, Fraction(_SLACK)), Fraction(1, 4))
    return math.floor(n_steps) + 1
