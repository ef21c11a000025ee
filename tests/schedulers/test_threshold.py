import math

import pytest

from luthier.schedulers import Threshold
from luthier.trial.record import State

R = State.RUNNING
NAN, INF = math.nan, math.inf


@pytest.fixture
def threshold(direction):
    """A Threshold in the terms of losses.

    A study that maximises has its bounds negated, and swapped.
    """

    def make(lower=None, upper=None, **settings):
        if direction == "maximize":
            lower, upper = None if upper is None else -upper, None if lower is None else -lower
        return Threshold(lower, upper, **settings)

    return make


@pytest.mark.parametrize(
    ("lower", "upper", "loss", "stopped"),
    [
        (0, 1, 0.5, False),
        (0, 1, 0.0, False),
        (0, 1, 1.0, False),
        (0, 1, -0.1, True),
        (0, 1, 1.1, True),
        (0, 1, NAN, True),
        (0, 1, INF, True),
        (0, 1, -INF, True),
        (None, 1, -1e9, False),
        (None, 1, 1.1, True),
        (None, 1, NAN, True),
        (None, 1, -INF, False),
        (None, 1, INF, True),
        (0, None, 1e9, False),
        (0, None, -0.1, True),
        (0, None, NAN, True),
        (0, None, INF, False),
        (0, None, -INF, True),
        (2, 2, 2.0, False),
        (2, 2, 2.1, True),
        (-3, -1, -2.0, False),
        (-3, -1, 2.0, True),
    ],
)
def test_bounds(table, stops, threshold, lower, upper, loss, stopped):
    assert stops(threshold(lower, upper), table((R, [0.5, loss])), 0) == stopped


def test_bounds_are_in_the_sign_of_the_user(table, stops, direction):
    sign = -1 if direction == "maximize" else 1
    assert stops(Threshold(upper=10), table((R, [sign * 11])), 0)
    assert not stops(Threshold(upper=10), table((R, [sign * -11])), 0)
    assert stops(Threshold(lower=0.5), table((R, [sign * 0.4])), 0)


def test_only_the_latest_report_counts(table, stops, threshold):
    assert not stops(threshold(upper=1), table((R, [5.0, 0.5])), 0)
    assert not stops(
        threshold(upper=1), table((R, {2: 0.5, 1: 5.0})), 0
    )  # told late, of an earlier step
    assert stops(threshold(upper=1), table((R, {2: 5.0, 1: 0.5})), 0)


def test_others_do_not_matter(table, stops, threshold):
    others = (State.COMPLETE, [0.1, 0.1]), (State.FAILED, [9.0])
    assert not stops(threshold(upper=1), table(*others, (R, [0.9])), 2)
    assert stops(threshold(upper=1), table(*others, (R, [1.1])), 2)


def test_warmup_and_interval(table, stops, threshold):
    s = threshold(
        upper=1, n_warmup_steps=2, interval_steps=5
    )  # due at the first report from 2, 7, 12, ...
    for steps, due in [
        ([1], False),
        ([1, 2], True),
        ([2, 6], False),
        ([2, 8], True),
        ([8, 11], False),
        ([8, 40], True),
    ]:
        assert stops(s, table((R, dict.fromkeys(steps, 2.0))), 0) == due, steps


def test_a_trial_without_reports_goes_on(table, stops, threshold):
    assert not stops(threshold(upper=1), table((R, [])), 0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "Threshold needs lower, upper or both"),
        ({"lower": 2, "upper": 1}, "lower must not be above upper, got lower = 2 and upper = 1"),
        ({"lower": NAN}, "lower must be a finite number, got nan"),
        ({"upper": INF}, "upper must be a finite number, got inf"),
        ({"upper": "1"}, "upper must be a finite number, got '1'"),
        ({"upper": True}, "upper"),
        ({"upper": 1, "n_warmup_steps": -1}, "n_warmup_steps"),
        ({"upper": 1, "interval_steps": 0}, "interval_steps"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        Threshold(**settings)


def test_settings_are_kept():
    assert (
        repr(Threshold(0, 1.5))
        == "Threshold(lower=0, upper=1.5, n_warmup_steps=0, interval_steps=1)"
    )
