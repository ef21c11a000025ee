"""Monitors: alarms that come for a reason, and seldom without one."""

import json

import numpy as np
import pytest

from luthier.errors import LifecycleError
from luthier.lifecycle.monitor import Monitor
from luthier.lifecycle.reference import Reference, encode


def make(seed=0, columns=5, **settings):
    """A generator of random numbers, and a monitor of columns that are normal."""
    rng = np.random.default_rng(seed)
    reference = Reference.of(
        rng.normal(size=(3000, columns)),
        outputs=rng.random(3000),
        losses=(rng.random(2000) < 0.1).astype(float),
    )
    return rng, Monitor(reference, **{"window": 200, "rows_a_day": 200} | settings)


def serve(rng, monitor, n, shift=0.0):
    for _ in range(n):
        row = rng.normal(size=len(monitor.reference.columns))
        row[2] += shift
        monitor.observe(row.tolist(), rng.random())


def test_months_without_drift_stay_within_the_budget():
    rng, monitor = make(columns=8, days_a_false_alarm=90)
    alarms = []
    monitor._on_alarm.append(alarms.append)
    for _ in range(120):
        monitor.check_window(rng.normal(size=(100, 8)).tolist(), rng.random(100))
    monitor.observe_losses((rng.random(120 * 100) < 0.1).astype(float))
    assert len(alarms) <= 5  # 1.3 are expected at most, for a budget of one in 90 days


def test_a_window_that_is_counted_already_says_the_same():
    rng, monitor = make()
    _, other = make()
    rows = rng.normal([0, 0, 1, 0, 0], size=(200, 5))
    outputs = rng.random(200) / 2
    monitor.check_window(rows.tolist(), outputs)
    columns = other.reference.columns
    counts = [encode(column, rows[:, j])[0] for j, column in enumerate(columns)]
    other.check_counts(counts, rows, encode(other.reference.outputs, outputs)[0])
    assert list(other.alarms) == ["drift of x2", "drift of the output"]
    assert other.alarms == monitor.alarms


@pytest.mark.parametrize(("columns", "width"), [(4, 5), (5, 4)])
def test_counts_of_other_columns_are_refused(columns, width):
    rng, monitor = make()
    counts = [np.ones(len(c.counts), int) for c in monitor.reference.columns][:columns]
    with pytest.raises(LifecycleError, match="a sample of 5 columns"):
        monitor.check_counts(counts, rng.normal(size=(10, width)))


def test_a_column_that_moves_is_named():
    rng, monitor = make()
    serve(rng, monitor, 200, shift=1.0)
    assert list(monitor.alarms) == ["drift of x2"]
    alarm = monitor.alarms["drift of x2"]
    assert not alarm.is_harm
    assert "usually" in alarm.because
    assert alarm.at_row == 200


def test_an_alarm_ends_after_five_clean_windows():
    rng, monitor = make()
    serve(rng, monitor, 200, shift=1.0)
    serve(rng, monitor, 4 * 200)
    assert monitor.alarms
    serve(rng, monitor, 200)
    assert not monitor.alarms


def test_an_alarm_is_told_once_while_it_lasts():
    rng, monitor = make()
    told = []
    monitor._on_alarm.append(told.append)
    serve(rng, monitor, 600, shift=1.0)
    assert [a.name for a in told] == ["drift of x2"]


def test_harm_is_found_and_nothing_else_accuses_the_model():
    rng, monitor = make(labels_a_day=200)
    monitor.observe_losses((rng.random(3000) < 0.1).astype(float))
    assert not monitor.alarms
    monitor.observe_losses((rng.random(1000) < 0.35).astype(float))
    assert monitor.alarms["harm"].is_harm
    assert 3000 < monitor.alarms["harm"].at_row < 3400


def test_an_alarm_tells_the_losses_since_the_change():
    rng, monitor = make()
    monitor.observe_losses((rng.random(1000) < 0.1).astype(float))
    monitor.observe_losses(np.ones(20))
    alarm = monitor.alarms["harm"]
    assert f"the latest {alarm.at_row - 1000} have mean 1" in alarm.because


def test_after_an_acknowledged_harm_the_detector_begins_anew():
    rng, monitor = make()
    monitor.observe_losses(np.ones(500))
    monitor.acknowledge("harm")
    monitor.observe_losses((rng.random(500) < 0.1).astype(float))
    assert not monitor.alarms
    with pytest.raises(LifecycleError, match="no alarm 'harm'"):
        monitor.acknowledge("harm")


def test_outputs_are_watched():
    rng, monitor = make()
    for _ in range(200):
        monitor.observe(rng.normal(size=5).tolist(), rng.beta(5, 1))
    assert "drift of the output" in monitor.alarms


def test_columns_that_go_together_otherwise_are_named():
    rng, monitor = make(window=400)
    rows = rng.normal(size=(400, 5))
    rows[:, 1] = rows[:, 3]
    monitor.check_window(rows.tolist())
    assert "x1" in monitor.alarms["drift of all columns"].because
    assert "x3" in monitor.alarms["drift of all columns"].because


def test_missing_values_are_a_drift():
    rng, monitor = make()
    rows = rng.normal(size=(200, 5))
    rows[:40, 0] = np.nan
    monitor.check_window(rows.tolist())
    assert monitor.alarms["drift of x0"].because.startswith("missing values of x0 are 20.0%")


def test_a_constant_column_and_an_empty_window_are_no_drift():
    monitor = Monitor(Reference.of(np.ones((100, 2))), window=10)
    monitor.check_window([])
    monitor.check_window([[1.0, 1.0]] * 10)
    assert not monitor.alarms


def test_another_process_goes_on_where_one_stopped():
    rng, monitor = make()
    losses = (rng.random(4000) < 0.2).astype(float)
    whole = Monitor(monitor.reference)
    whole.observe_losses(losses)
    first, second = Monitor(monitor.reference), Monitor(monitor.reference)
    first.observe_losses(losses[:300])
    second.restore(json.loads(json.dumps(first.save())))
    second.observe_losses(losses[300:])
    assert whole.alarms["harm"].at_row == (first.alarms | second.alarms)["harm"].at_row


def test_rows_of_a_part_window_are_read_again():
    rng, monitor = make()
    rows = rng.normal(2.0, size=(200, 5)).tolist()
    for row in rows[:150]:
        monitor.observe(row)
    other = Monitor(monitor.reference, window=200, rows_a_day=200)
    other.observe(rows[0])
    other.restore(monitor.save())
    assert (monitor.n_rows, other.n_rows) == (150, 0)
    for row in rows[other.n_rows :]:
        other.observe(row)
    assert other.alarms


@pytest.mark.parametrize("saved", [{}, {"alarms": {"harm": 1}}, None])
def test_what_is_no_state_is_not_restored(saved):
    _, monitor = make()
    before = monitor.save()
    with pytest.raises(LifecycleError, match=r"what Monitor\.save returned"):
        monitor.restore(saved)
    assert monitor.save() == before


@pytest.mark.parametrize("losses", [[1.5], [-1], [float("nan")], ["a"], [None, {}]])
def test_losses_outside_are_refused_and_nothing_is_noted(losses):
    _, monitor = make()
    before = monitor.save()
    with pytest.raises(LifecycleError, match=r"\[0, 1\]"):
        monitor.observe_losses(losses)
    assert monitor.save() == before


def test_without_losses_in_the_reference_none_is_too_large():
    monitor = Monitor(Reference.of(np.ones((10, 1))))
    with pytest.raises(LifecycleError, match="the reference has no losses"):
        monitor.observe_losses([0.5])


@pytest.mark.parametrize("name", ["window", "rows_a_day", "labels_a_day", "days_a_false_alarm"])
@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_settings_out_of_range_are_refused(name, value):
    with pytest.raises(LifecycleError, match=f"{name} must be a number > 0"):
        make(**{name: value})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"window": 0.5}, "window must be a whole number"),
        ({"tolerance": -0.1}, "tolerance must lie between 0 and 1"),
        ({"tolerance": float("nan")}, "tolerance must lie between 0 and 1"),
    ],
)
def test_a_window_is_a_whole_number_and_a_tolerance_a_share(changes, message):
    with pytest.raises(LifecycleError, match=message):
        make(**changes)
