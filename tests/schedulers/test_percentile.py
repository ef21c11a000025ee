import math
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from luthier import Float, Space
from luthier.history.history import History
from luthier.schedulers import Decision, Median, Percentile
from luthier.trial.record import State, TrialRow

C = State.COMPLETE
R = State.RUNNING
P = State.PRUNED
F = State.FAILED
W = State.WAITING
NAN, INF = math.nan, math.inf


def at_once(percentile=50.0, **settings):
    return Percentile(percentile, **{"n_startup_trials": 0, **settings})


def quarter(loss):
    """Four finished trials with losses 1, 2, 3, 4 at step 1; this one has `loss` there."""
    return (C, [1.0]), (C, [2.0]), (P, [3.0]), (C, [4.0]), (R, [loss])


@pytest.mark.parametrize(
    ("percentile", "loss", "stopped"),
    [
        (25, 1.75, False),  # the 25th percentile of 1, 2, 3, 4
        (25, 1.76, True),
        (50, 2.5, False),
        (50, 2.6, True),
        (0, 1.0, False),
        (0, 1.1, True),
        (100, 4.0, False),
        (100, 4.1, True),
    ],
)
def test_keeps_the_best_per_cent(table, stops, percentile, loss, stopped):
    assert stops(at_once(percentile), table(*quarter(loss)), 4) == stopped


@pytest.mark.parametrize(("loss", "stopped"), [(2.5, False), (2.6, True)])
def test_median_is_the_fiftieth_percentile(table, stops, loss, stopped):
    assert stops(Median(n_startup_trials=0), table(*quarter(loss)), 4) == stopped


def test_judges_the_best_so_far_of_all(table, stops):
    h = table((C, [1.0, 9.0]), (C, [2.0, 9.0]), (R, [1.2, 8.0]), (R, [5.0, 8.0]))
    assert not stops(at_once(), h, 2)
    assert stops(at_once(), h, 3)


@pytest.mark.parametrize(("own", "stopped"), [(2.9, False), (3.1, True)])
def test_the_bar_may_be_the_median_of_running_averages(table, stops, own, stopped):
    others = (
        (C, [1.0, 5.0]),
        (C, [2.0, 5.0]),
        (C, [2.0, 2.0, 99.0]),
    )  # averages 3, 3.5, 2; best 1, 2, 2
    assert (
        stops(Median(n_startup_trials=0, average=True), table(*others, (R, [9.0, own])), 3)
        == stopped
    )
    assert stops(Median(n_startup_trials=0), table(*others, (R, [9.0, own])), 3)


def test_what_others_report_later_does_not_matter(table, stops):
    assert not stops(at_once(), table((C, [3.0, 0.1]), (C, [3.0, 0.1]), (R, [2.0])), 2)


def test_equal_to_the_bar_goes_on(table, stops):
    h = table(*[(C, [0.1 + 0.2])] * 6, (R, [0.1 + 0.2]))
    assert not any(stops(at_once(p), h, 6) for p in (0, 10, 25, 33.3, 50, 100))


def test_counts_pruned_running_and_waiting_others_but_not_failed_ones(table, stops):
    for state, stopped in ((C, True), (P, True), (R, True), (W, True), (F, False)):
        assert stops(at_once(), table((state, [1.0]), (R, [2.0])), 1) == stopped


def test_those_stopped_before_this_step_do_not_count(table, stops):
    assert not stops(at_once(), table((P, [0.5]), (R, [0.5]), (C, [3.0, 3.0]), (R, [2.0, 2.0])), 3)


def test_one_that_completed_early_counts_with_its_best(table, stops):
    h = table((C, {1: 0.5, 2: 0.7}), (R, {1: 0.6, 10: 0.6}), (R, {1: 0.9, 10: 0.4}))
    assert stops(at_once(), h, 1)
    assert not stops(at_once(), h, 2)


def test_uneven_steps_compare_the_reports_up_to_the_step(table, stops):
    others = (C, {3: 5.0, 7: 3.0, 12: 1.0}), (C, {5: 4.0, 20: 0.0})
    assert not stops(at_once(), table(*others, (R, {10: 3.5})), 2)  # against 3 and 4
    assert stops(at_once(), table(*others, (R, {10: 3.6})), 2)
    assert not stops(at_once(), table(*others, (R, {2: 99.0})), 2)  # nobody had reported by then
    assert stops(at_once(), table(*others, (R, {4: 99.0})), 2)  # against 5


def test_reporting_less_often_is_no_disadvantage(table, stops):
    dense = {s: 10.0 - s for s in range(1, 10)}
    for sparse in ({9: 1.0}, {4: 6.0, 9: 1.0}, {2: 8.0, 9: 1.0}):
        assert not stops(at_once(), table((C, dense), (C, dense), (R, sparse)), 2)


def test_reports_that_come_late_count_at_their_step(table, stops):
    h = table((C, [1.0, 1.0]), (R, {2: 3.0}))
    assert stops(at_once(), h, 1)
    h.put_report(1, 1.0, float(h.values[0, 0]))
    assert not stops(at_once(), h, 1)


def test_a_step_reported_again_keeps_the_later(table, stops):
    h = table((C, [1.0]), (R, [3.0]))
    h.put_report(1, 1.0, float(h.values[0, 0]))
    assert not stops(at_once(), h, 1)


def test_waits_for_startup_trials_to_complete(table, stops):
    h = table((C, [1.0]), (P, [1.0]), (C, [1.0]), (R, [1.0]), (R, [2.0]))
    assert stops(Percentile(n_startup_trials=2), h, 4)
    assert not stops(Percentile(n_startup_trials=3), h, 4)


def test_waits_for_enough_others_to_compare_with(table, stops):
    h = table((C, [1.0]), (C, [1.0, 1.0]), (C, {3: 1.0}), (R, [2.0]))
    assert stops(at_once(n_min_trials=2), h, 3)
    assert not stops(at_once(n_min_trials=3), h, 3)


def test_nobody_to_compare_with_goes_on(table, stops):
    for loss in (1.0, NAN, INF):
        assert not stops(at_once(0), table((R, [loss])), 0)
        assert not stops(at_once(0), table((C, []), (F, [0.0]), (R, [loss])), 2)
        assert not stops(Percentile(), table((C, [0.0]), (R, [loss])), 1)


def test_a_trial_without_reports_goes_on(table, stops):
    assert not stops(at_once(), table((C, [1.0]), (R, [])), 1)


@pytest.mark.parametrize("broken", [NAN, INF, -INF])
def test_what_is_not_finite_is_the_worst(table, stops, broken):
    others = (C, [1.0, 1.0]), (C, [2.0, 2.0])
    assert stops(at_once(), table(*others, (R, [broken])), 2)
    assert not stops(at_once(), table(*others, (R, [1.0, broken])), 2)  # its best so far is good
    assert not stops(at_once(), table((C, [broken]), (C, [broken]), (C, [1.0]), (R, [2.0])), 3)
    assert stops(at_once(0), table((C, [broken]), (C, [broken]), (C, [1.0]), (R, [2.0])), 3)
    assert not stops(at_once(0), table((C, [broken]), (C, [NAN]), (R, [broken])), 2)


def test_huge_losses_raise_no_warning(table, stops):
    assert stops(at_once(10), table((C, [-1e308]), (C, [NAN]), (R, [NAN])), 2)


def test_warmup_and_interval(table, stops):
    s = at_once(n_warmup_steps=4, interval_steps=3)  # due at the first report from 4, 7, 10, ...
    for steps, due in [
        ([1], False),
        ([1, 3], False),
        ([3, 4], True),
        ([4, 5], False),
        ([3, 6], True),
        ([4, 7], True),
        ([4, 6, 8], True),
        ([4, 8, 9], False),
        ([8, 30], True),
    ]:
        assert stops(s, table((C, [1.0] * 40), (R, dict.fromkeys(steps, 2.0))), 1) == due, steps


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"percentile": -1},
            "percentile must be a finite number >= 0 and <= 100, got -1",
        ),
        ({"percentile": 101}, "percentile"),
        ({"percentile": NAN}, "got nan"),
        ({"percentile": "25"}, "got '25'"),
        ({"n_startup_trials": -1}, "n_startup_trials must be a whole number >= 0, got -1"),
        ({"n_startup_trials": 1.5}, "n_startup_trials"),
        ({"n_startup_trials": True}, "n_startup_trials"),
        ({"n_warmup_steps": -1}, "n_warmup_steps must be a finite number >= 0, got -1"),
        ({"n_warmup_steps": None}, "n_warmup_steps"),
        ({"interval_steps": 0}, "interval_steps must be a finite number > 0, got 0"),
        ({"interval_steps": INF}, "interval_steps"),
        ({"n_min_trials": 0}, "n_min_trials must be a whole number >= 1, got 0"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        Percentile(**settings)
    if "percentile" not in settings:
        with pytest.raises(ValueError, match=message):
            Median(**settings)


def test_settings_are_kept():
    assert repr(Percentile(10)) == (
        "Percentile(percentile=10, n_startup_trials=5, n_warmup_steps=0, interval_steps=1, "
        "n_min_trials=1, average=False)"
    )
    assert (
        repr(Median(3, 2)) == "Median(n_startup_trials=3, n_warmup_steps=2, interval_steps=1, "
        "n_min_trials=1, average=False)"
    )
    assert Percentile(np.float64(5), n_startup_trials=np.int64(2)).n_startup_trials == 2


def worst(loss):
    return loss if math.isfinite(loss) else 1.7e308


def mean(losses):
    return min(sum(x / len(losses) for x in losses), sys.float_info.max)


def expected(
    trials, me, percentile, n_startup_trials, n_warmup_steps, interval_steps, n_min_trials, average
):
    own = trials[me][1]
    step = max(own)
    interval = {
        s: math.floor((s - n_warmup_steps) / interval_steps) for s in own if s >= n_warmup_steps
    }
    if step not in interval or any(interval[s] == interval[step] for s in interval if s < step):
        return False
    if sum(t[0] == C for t in trials) < n_startup_trials:
        return False
    others = [
        (mean if average else min)([worst(loss) for s, loss in reports.items() if s <= step])
        for number, (state, reports, *_) in enumerate(trials)
        if number != me
        and state != F
        and reports
        and min(reports) <= step
        and (state == C or max(reports) >= step)
    ]
    return len(others) >= n_min_trials and min(map(worst, own.values())) > np.percentile(
        others, percentile
    )


@given(data=st.data())
def test_agrees_with_the_definition(table, stops, trials, data):
    rows, me = data.draw(trials)
    settings = {
        "percentile": data.draw(st.sampled_from([0, 25, 50, 60.0, 100])),
        "n_startup_trials": data.draw(st.integers(0, 2)),
        "n_warmup_steps": data.draw(st.sampled_from([0, 1, 2.5])),
        "interval_steps": data.draw(st.sampled_from([0.5, 1, 3])),
        "n_min_trials": data.draw(st.integers(1, 3)),
        "average": data.draw(st.booleans()),
    }
    assert stops(Percentile(**settings), table(*rows), me) == expected(rows, me, **settings)
    if settings["percentile"] == 50:
        del settings["percentile"]
        assert stops(Median(**settings), table(*rows), me) == expected(rows, me, 50, **settings)


def test_several_objectives_are_compared_by_fronts():
    """At step 2 trials 0 and 1 are on the first front, 2 on the second, 3 on the third.

    Failed ones are on none.
    """
    points = [(1.0, -1.0), (2.0, -2.0), (3.0, -1.5), (4.0, 0.0), (0.0, -9.0)]
    states = [C, R, P, C, F]

    def judged(own, percentile, last=2.0):
        history = History(Space({"x": Float(0, 1)}), ["minimize", "maximize"])
        for number, (state, (a, b)) in enumerate(zip([*states, R], [*points, own], strict=True)):
            values = (a, -b) if state in (C, P) else None
            history.put([TrialRow(number=number, state=state, params={"x": 0.5}, values=values)])
            history.put_report(number, last, (a, -b))
            history.put_report(
                number, 1.0, (50.0 - number, 0.0)
            )  # comes late, and is of an earlier step
        return at_once(percentile).decide(history, 5)

    assert judged((0.5, -0.5), 25) is Decision.CONTINUE
    assert judged((2.5, -0.5), 25) is Decision.STOP, (
        "on the second front, where two of four are on the first"
    )
    assert judged((2.5, -0.5), 75) is Decision.CONTINUE
    assert judged((9.0, 9.0), 75) is Decision.STOP
    assert judged((NAN, -5.0), 50) is Decision.CONTINUE, (
        "the best in one objective, whatever the other"
    )


def test_fronts_are_of_those_that_have_come_as_far():
    """Trials that ended at step 1 with better reports say nothing of step 5."""
    history = History(Space({"x": Float(0, 1)}), ["minimize", "minimize"])
    for number, state in enumerate([P, C, C, R]):
        values = (1.0, 1.0) if state == C else None
        history.put([TrialRow(number=number, state=state, params={"x": 0.5}, values=values)])
    history.put_report(0, 1.0, (0.0, 0.0))
    for number, report in ((1, (1.0, 3.0)), (2, (3.0, 1.0)), (3, (2.0, 2.0))):
        history.put_report(number, 5.0, report)
    assert at_once(50).decide(history, 3) is Decision.CONTINUE
