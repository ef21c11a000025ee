"""Counts and durations in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MOST_S = 2e11  # seconds; what is longer is no duration, and later than the year 8000


def count_of(n: int, what: str) -> str:
    """Return such as "1 trial" and "1,000 trials"."""
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"


def agree(n: int, one: str, many: str) -> str:
    """Return the word that agrees with a count: "is" with 1 trial, "are" with 0 or 2 trials."""
    return one if n == 1 else many


def to_six_digits(number: float) -> str:
    """Return a number as people read it; the negative zero of floats is "0"."""
    return f"{number + 0.0:.6g}"


def list_params(params: Mapping[str, Any]) -> str:
    """Return params such as "lr=0.01, kernel='rbf'"."""
    return ", ".join(
        f"{name}={to_six_digits(v)}" if isinstance(v, float) else f"{name}={v!r}"
        for name, v in params.items()
    )


def format_duration(seconds: float) -> str:
    """Return a duration such as "1.2 s", "3 min 4 s", "5 h 6 min"."""
    if not abs(seconds) < MOST_S:
        return f"{seconds:.3g} s"
    if seconds < 60:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60:,} h {minutes % 60} min"
