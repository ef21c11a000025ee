import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luthier.schedulers import Median, Patient, Threshold
from luthier.trial.record import State

C, R = State.COMPLETE, State.RUNNING
NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("patience", "losses", "stopped"),
    [
        (0, [1.0], False),
        (0, [1.0, 2.0], True),
        (0, [1.0, 1.0], False),  # flat is not worse
        (0, [2.0, 1.0], False),
        (1, [1.0, 2.0], False),  # too few
        (1, [1.0, 2.0, 2.0], True),
        (1, [1.0, 2.0, 1.0], False),
        (1, [1.0, 0.5, 2.0], False),
        (1, [2.0, 1.0, 1.5, 1.2], True),  # better than the first, worse than the best
        (3, [1.0, 2.0, 3.0, 4.0], False),
        (3, [1.0, 2.0, 3.0, 4.0, 5.0], True),
        (3, [1.0, 2.0, 3.0, 4.0, 0.9], False),
    ],
)
def test_patience(table, stops, patience, losses, stopped):
    assert stops(Patient(None, patience), table((R, losses)), 0) == stopped


@pytest.mark.parametrize(("latest", "stopped"), [(1.25, False), (1.5, False), (1.625, True)])
def test_min_delta_forgives(table, stops, latest, stopped):
    assert stops(Patient(None, 1, min_delta=0.5), table((R, [1.0, latest, latest])), 0) == stopped


def test_counts_reports_not_steps(table, stops):
    assert not stops(Patient(None, 1), table((R, {1: 1.0, 100: 2.0})), 0)
    assert stops(Patient(None, 1), table((R, {1: 1.0, 100: 2.0, 100.5: 2.0})), 0)


def test_reports_that_come_late_count_at_their_step(table, stops):
    assert stops(Patient(None, 1), table((R, {3: 2.0, 2: 2.0, 1: 1.0})), 0)
    assert not stops(Patient(None, 1), table((R, {3: 1.0, 2: 2.0, 1: 2.0})), 0)


def test_what_is_not_finite_is_the_worst(table, stops):
    for broken in (NAN, INF, -INF):
        assert stops(Patient(None, 1), table((R, [1.0, broken, broken])), 0)
        assert stops(Patient(None, 1), table((R, [1.0, broken, 2.0])), 0)
        assert not stops(Patient(None, 1), table((R, [1.0, broken, 0.5])), 0)
        assert not stops(Patient(None, 1), table((R, [broken, broken, broken])), 0)
        assert not stops(Patient(None, 1), table((R, [broken, 1.0, 2.0])), 0)
        assert not stops(Patient(None, 1, 0.5), table((R, [broken, broken, broken])), 0)


def test_the_wrapped_scheduler_decides_once_patience_is_out(table, stops):
    good = [1.0, 2.0, 3.0]
    bad = [5.0, 6.0, 7.0]
    worse = [7.0, 6.0, 5.0]
    h = table((C, [3.0, 3.0, 3.0]), (R, good), (R, bad), (R, worse))
    patient, median = Patient(Median(n_startup_trials=0), patience=1), Median(n_startup_trials=0)
    assert [stops(median, h, n) for n in (1, 2, 3)] == [False, True, True]
    assert [stops(patient, h, n) for n in (1, 2, 3)] == [False, True, False]
    assert [stops(Patient(None, 1), h, n) for n in (1, 2, 3)] == [True, True, False]


def test_a_trial_without_reports_goes_on(table, stops):
    assert not stops(Patient(patience=0), table((R, [])), 0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"scheduler": "median"},
            "scheduler must be a scheduler, such as Median\\(\\), or None, got 'median'",
        ),
        ({"scheduler": Median}, "scheduler must be a scheduler"),
        ({"patience": -1}, "patience must be a whole number >= 0, got -1"),
        ({"patience": 1.0}, "patience"),
        ({"min_delta": -0.1}, "min_delta must be a finite number >= 0, got -0.1"),
        ({"min_delta": NAN}, "min_delta"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        Patient(**settings)


def test_settings_are_kept():
    wrapped = Threshold(upper=1)
    assert Patient(wrapped).scheduler is wrapped
    assert repr(Patient(patience=2)) == "Patient(scheduler=None, patience=2, min_delta=0.0)"


@given(data=st.data())
def test_agrees_with_the_definition(table, stops, trials, data):
    rows, me = data.draw(trials)
    patience, min_delta = data.draw(st.integers(0, 4)), data.draw(st.sampled_from([0.0, 0.5]))
    losses = [loss if math.isfinite(loss) else INF for _, loss in sorted(rows[me][1].items())]
    before = losses[: len(losses) - patience - 1]
    latest = losses[max(len(losses) - patience - 1, 0) :]
    out = bool(before) and all(min(before) + min_delta < loss for loss in latest)
    history = table(*rows)
    assert stops(Patient(None, patience, min_delta), history, me) == out
    median = Median(n_startup_trials=0)
    assert stops(Patient(median, patience, min_delta), history, me) == (
        out and stops(median, history, me)
    )
