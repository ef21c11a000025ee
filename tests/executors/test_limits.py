"""Limits of one task."""

import math

import pytest

from luthier.executors.limits import TaskLimits


def test_what_is_not_limited_has_no_end():
    assert TaskLimits.parse(None) == TaskLimits.parse({}) == (math.inf, 0)


def test_limits_are_in_seconds_and_bytes():
    assert TaskLimits.parse({"time_s": 2, "memory_mb": 1.5}) == (2, 3 * 2**19)


@pytest.mark.parametrize(
    "limits",
    [{"seconds": 1}, {"time_s": 0}, {"memory_mb": -1}, {"time_s": float("nan")}, {"time_s": "1"}],
)
def test_limits_that_make_no_sense(limits):
    with pytest.raises(ValueError, match="limits are 'time_s' and 'memory_mb'"):
        TaskLimits.parse(limits)


def test_errors_say_what_was_allowed():
    limits = TaskLimits.parse({"time_s": 2, "memory_mb": 100})
    assert str(limits.timeout_error()) == "ran longer than its limit of 2 s and was ended"
    assert str(limits.memory_error(150 * 2**20, 30 * 2**20)) == (
        "used 150 MB, more than its limit of 100 MB, and was ended (beside 30 MB that its worker "
        "held before)"
    )


def test_a_worker_may_hold_half_of_the_limit_between_two_tasks():
    limits = TaskLimits.parse({"memory_mb": 100})
    assert not limits.is_too_much_left(50 * 2**20)
    assert limits.is_too_much_left(51 * 2**20)
    assert not TaskLimits().is_too_much_left(10**12)
