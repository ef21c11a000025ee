"""Numbers, shares and times as people read them."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from ..plots.ticks import format_number
from ..wording import MOST_S, format_duration


def number(value: float) -> str:
    """Return a number with four digits; "" for NaN."""
    return "" if math.isnan(value) else format_number(value, 4)


def percent(share: float) -> str:
    """Return a share as "61 %"; what is not nothing is never "0 %"."""
    points = 100 * share
    if 0 < points < 1:
        return "less than 1 %"
    return f"{points:.0f} %"


def duration(seconds: float) -> str:
    """Return a duration such as "1.2 s", "3 min 4 s", "5 h 6 min"; "" for NaN."""
    return "" if math.isnan(seconds) else format_duration(seconds)


def moment(seconds: float) -> str:
    """Return a time in seconds since 1970 as date and time of day in UTC; "" for NaN."""
    if math.isnan(seconds):
        return ""
    if not 0 <= seconds < MOST_S:
        return f"{seconds:.3g} s since 1970"
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def value_of(param: Any) -> str:
    """Return the value of a parameter; "" for one that is not active."""
    if isinstance(param, float):
        return number(param) or "nan"
    return "" if param is None else str(param)


def join(texts: list[str]) -> str:
    """Return texts as "a", "a and b", "a, b and c"."""
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)
