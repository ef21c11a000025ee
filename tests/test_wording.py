"""Counts and durations in words."""

from __future__ import annotations

import math

import pytest

from luthier.wording import count_of, format_duration


@pytest.mark.parametrize(
    ("n", "text"), [(0, "0 trials"), (1, "1 trial"), (2, "2 trials"), (1_000, "1,000 trials")]
)
def test_counts(n, text):
    assert count_of(n, "trial") == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0123, "0.012 s"),
        (1.23, "1.2 s"),
        (42.4, "42 s"),
        (60, "1 min 0 s"),
        (184, "3 min 4 s"),
        (18_360, "5 h 6 min"),
        (3_600_000, "1,000 h 0 min"),
        (1e300, "1e+300 s"),
        (math.inf, "inf s"),
    ],
)
def test_durations(seconds, text):
    assert format_duration(seconds) == text
