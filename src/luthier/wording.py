"""Counts and durations in words."""

from __future__ import annotations

MOST_S = 2e11  # seconds; what is longer is no duration, and later than the year 8000


def count_of(n: int, what: str) -> str:
    """Return such as "1 trial" and "1,000 trials"."""
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"


def format_duration(seconds: float) -> str:
    """Return a duration such as "1.2 s", "3 min 4 s", "5 h 6 min"."""
    if not abs(seconds) < MOST_S:
        return f"{seconds:.3g} s"
    if seconds < 60:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60:,} h {minutes % 60} min"
