"""Ticks of an axis: round numbers, decades, moments and categories, with their labels."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from .figure import PanelAxis, Tick

_MINUTE, _HOUR, _DAY = 60.0, 3_600.0, 86_400.0
_UNITS = ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min"), (1.0, "s"))
# Steps between two moments, in seconds.
_MOMENTS = (
    *(1, 2, 5, 10, 30),
    *(60 * k for k in (1, 2, 5, 10, 30)),
    *(3_600 * k for k in (1, 3, 6, 12)),
    *(86_400 * k for k in (1, 2, 7, 14, 30, 90, 365)),
)
_LEAST_SPAN = 1e-300  # below it, parts of a span are rounded to zero
_LAST_YEAR = 9_000  # beyond it, a number is no moment that anybody means


def find_ticks(axis: PanelAxis, low: float, high: float, n: int) -> list[Tick]:
    """Return the ticks of an axis that shows low .. high.

    Args:
        axis: Its scale, and whether it has whole numbers only.
        low: Where it begins; positive on a log scale.
        high: Where it ends, beyond `low`.
        n: How many there are at most, about; categories are thinned out beyond it.
    """
    n = max(2, n)
    if axis.marks is not None:
        return [tick for tick in axis.marks if low <= tick.value <= high]
    if axis.scale == "category":
        every = max(1, math.ceil(len(axis.categories) / n))
        labels = axis.categories[::every]
        return [Tick(float(i * every), label) for i, label in enumerate(labels)]
    if axis.scale == "log":
        return _log_ticks(low, high, n)
    if axis.scale == "time" and _is_moment(low) and _is_moment(high) and high - low > 1.0:
        return _moments(low, high, n)
    if axis.scale == "duration":
        unit, name = next((u for u in _UNITS if high >= 2 * u[0]), _UNITS[-1])
        ticks = _round_ticks(low / unit, high / unit, n, whole=False)
        return [Tick(t.value * unit, f"{t.label} {name}") for t in ticks]
    return _round_ticks(low, high, n, axis.whole)


def find_step(span: float, n: int) -> float:
    """Return the smallest of 1, 2, 5, 10, ... times a power of ten that fits n times into a span.

    It is at least the span / n.
    """
    rough = span / n
    power = 10.0 ** math.floor(math.log10(rough))
    return next(k * power for k in (1, 2, 5, 10) if k * power >= rough * (1 - 1e-9))


def _round_ticks(low: float, high: float, n: int, whole: bool) -> list[Tick]:
    """Multiples of 1, 2 or 5 times a power of ten."""
    span = high - low
    if not (_LEAST_SPAN < span < math.inf) or span <= 1e-12 * max(abs(low), abs(high)):
        return [Tick(low, format_number(low))]
    step = find_step(span, n)
    if whole:
        step = max(1.0, step)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    large = max(abs(low), abs(high))
    plain = large < 1e6 and step >= 1e-6
    ticks = []
    for k in range(first, last + 1):
        value = k * step
        digits = max(1, math.ceil(math.log10(max(large / step, 10))) + 1)
        label = f"{value:,.{decimals}f}" if plain else format_number(value, digits)
        ticks.append(Tick(value, label.replace("-0", "0") if value == 0 else label))
    return ticks


def _log_ticks(low: float, high: float, n: int) -> list[Tick]:
    """Decades; 1, 2, 5 where there are few of them; round numbers where there is less than one."""
    first, last = math.log10(low), math.log10(high)
    if last - first < 0.7:
        return [t for t in _round_ticks(low, high, n, whole=False) if t.value > 0]
    every = max(1, math.ceil((last - first) / n))
    decades = [k for k in range(math.floor(first), math.ceil(last) + 1) if k % every == 0]
    digits = (1,) if last - first > n / 3 else ((1, 3) if last - first > n / 4 else (1, 2, 5))
    values = [float(f"{d}e{k}") for k in decades for d in digits]
    inside = [v for v in values if low * (1 - 1e-9) <= v <= high * (1 + 1e-9)]
    return [Tick(v, format_number(v)) for v in inside]


def _is_moment(value: float) -> bool:
    return 0 <= value < (_LAST_YEAR - 1970) * 365.25 * _DAY


def _moments(low: float, high: float, n: int) -> list[Tick]:
    """Round moments, in UTC; the date stands where a new day begins, and at the first tick."""
    rough = (high - low) / n
    step = next((s for s in _MOMENTS if s >= rough), None)
    if step is None:
        step = 365 * 86_400 * math.ceil(rough / (365 * 86_400))
    ticks: list[Tick] = []
    day = ""
    for k in range(math.ceil(low / step), math.floor(high / step) + 1):
        moment = datetime.fromtimestamp(k * step, UTC)
        date = f"{moment:%Y-%m-%d}"
        clock = f"{moment:%H:%M:%S}" if step < _MINUTE else f"{moment:%H:%M}"
        label = date if step >= _DAY else (clock if date == day else f"{date[5:]} {clock}")
        ticks.append(Tick(float(k * step), label))
        day = date
    return ticks


def format_number(value: float, digits: int = 6) -> str:
    """Return a number as short text: "0.001", "1e-5", "2,000", "1.5e9"."""
    if not math.isfinite(value):
        return str(value)
    if value == 0:
        return "0"
    if 1e-4 <= abs(value) < 1e7:
        text = f"{value:,.{max(0, digits - 1 - math.floor(math.log10(abs(value))))}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
