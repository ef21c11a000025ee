import itertools
import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luthier.plots.figure import PanelAxis, Tick
from luthier.plots.ticks import find_ticks, format_number

LINEAR, LOG = PanelAxis(), PanelAxis(scale="log")


def labels(axis, low, high, n=6):
    return [tick.label for tick in find_ticks(axis, low, high, n)]


@pytest.mark.parametrize(
    ("axis", "low", "high", "expected"),
    [
        (LINEAR, 0, 1, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (LINEAR, -3, 7, ["-2", "0", "2", "4", "6"]),
        (LINEAR, 0, 5000, ["0", "1,000", "2,000", "3,000", "4,000", "5,000"]),
        (LINEAR, 1e8, 3e8, ["1e8", "1.5e8", "2e8", "2.5e8", "3e8"]),
        (LINEAR, -0.01, 0.01, ["-0.010", "-0.005", "0.000", "0.005", "0.010"]),
        (PanelAxis(whole=True), 0, 3, ["0", "1", "2", "3"]),
        (LINEAR, 0, 2e-308, ["0"]),
        (LOG, 1e-5, 1e-1, ["1e-5", "0.0001", "0.001", "0.01", "0.1"]),
        (LOG, 1, 100, ["1", "3", "10", "30", "100"]),
        (LOG, 2, 9.5, ["2", "4", "6", "8"]),
        (LOG, 1e-18, 1, ["1e-18", "1e-15", "1e-12", "1e-9", "1e-6", "0.001", "1"]),
    ],
)
def test_ticks_stand_at_round_numbers(axis, low, high, expected):
    assert labels(axis, low, high) == expected


@pytest.mark.parametrize(
    ("high", "expected"),
    [
        (50, ["0 s", "10 s", "20 s", "30 s", "40 s", "50 s"]),
        (600, ["0 min", "2 min", "4 min", "6 min", "8 min", "10 min"]),
        (3600 * 5, ["0 h", "1 h", "2 h", "3 h", "4 h", "5 h"]),
        (86400 * 3, ["0.0 d", "0.5 d", "1.0 d", "1.5 d", "2.0 d", "2.5 d", "3.0 d"]),
    ],
)
def test_durations_have_the_unit_that_fits(high, expected):
    assert labels(PanelAxis(scale="duration"), 0, high) == expected


def test_moments_are_round_in_utc_and_say_the_day_once():
    begin = datetime(2026, 11, 30, 22, 10, tzinfo=UTC).timestamp()
    found = labels(PanelAxis(scale="time"), begin, begin + 4 * 3600)
    assert found == ["11-30 23:00", "12-01 00:00", "01:00", "02:00"]


def test_categories_are_thinned_out_where_there_are_too_many():
    axis = PanelAxis(scale="category", categories=tuple("abcdefghij"))
    assert labels(axis, -0.5, 9.5, 5) == ["a", "c", "e", "g", "i"]


def test_own_marks_stand_instead_of_round_numbers():
    axis = PanelAxis(marks=(Tick(0.5, "half"), Tick(9.0, "beyond")))
    assert labels(axis, 0, 1) == ["half"]


@given(
    st.floats(-1e12, 1e12),
    st.floats(1e-6, 1e12),
    st.integers(2, 12),
    st.booleans(),
)
def test_linear_ticks_are_few_inside_and_evenly_apart(low, span, n, whole):
    ticks = find_ticks(PanelAxis(whole=whole), low, low + span, n)
    values = [t.value for t in ticks]
    assert len(ticks) <= n + 2
    slack = 1e-6 * span + 1e-9 * abs(low)
    assert all(low - slack <= v <= low + span + slack for v in values)
    assert len({t.label for t in ticks}) == len(ticks)
    gaps = [b - a for a, b in itertools.pairwise(values)]
    assert not gaps or max(gaps) - min(gaps) <= slack


@given(st.floats(1e-300, 1e300), st.floats(1.01, 1e6), st.integers(2, 12))
def test_log_ticks_lie_inside(low, ratio, n):
    high = min(low * ratio, 1e304)
    ticks = find_ticks(LOG, low, high, n)
    assert all(low * (1 - 1e-6) <= t.value <= high * (1 + 1e-6) for t in ticks)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.25, "-0.25"),
        (1234567.0, "1,234,567"),
        (1e-5, "1e-5"),
        (1.5e9, "1.5e9"),
        (math.inf, "inf"),
        (0.1 + 0.2, "0.3"),
    ],
)
def test_numbers_are_short(value, text):
    assert format_number(value) == text
