import math
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luthier.schedulers import ASHA
from luthier.trial.record import State

C = State.COMPLETE
R = State.RUNNING
P = State.PRUNED
F = State.FAILED
W = State.WAITING
NAN, INF = math.nan, math.inf

stopping = partial(ASHA, mode="stopping")


def test_the_first_at_a_rung_goes_on(table, stops):
    for loss in (5.0, NAN, INF, -INF):
        assert not stops(stopping(), table((R, [loss])), 0)
        assert not stops(
            stopping(), table((C, []), (F, [0.0]), (R, {1: 9.0}), (R, {1: 0.0, 2: 0.0, 3: loss})), 3
        )


@pytest.mark.parametrize(
    ("others", "stopped"),  # this trial has loss 5
    [
        ([6], False),
        ([4], True),
        ([4, 6], True),  # 2nd of 3
        ([6, 7], False),
        ([4, 6, 7, 8], True),  # 2nd of 5
        ([4, 6, 7, 8, 9], False),  # 2nd of 6
        ([3, 4, 6, 7, 8, 9], True),
        ([3, 4, 6, 7, 8, 9, 10, 11], False),  # 3rd of 9
    ],
)
def test_goes_on_in_the_best_third(table, stops, others, stopped):
    assert (
        stops(stopping(), table(*[(R, [float(x)]) for x in others], (R, [5.0])), len(others))
        == stopped
    )


def test_reduction_factor(table, stops):
    h = table((R, [1.0]), (R, [2.0]), (R, [3.0]), (R, [4.0]))
    assert [stops(stopping(reduction_factor=2), h, n) for n in range(4)] == [
        False,
        False,
        True,
        True,
    ]
    assert [stops(stopping(reduction_factor=4 / 3), h, n) for n in range(4)] == [
        False,
        False,
        False,
        True,
    ]
    assert [stops(stopping(reduction_factor=100), h, n) for n in range(4)] == [
        False,
        True,
        True,
        True,
    ]


@pytest.mark.parametrize("loss", [1.0, 0.0, -1e300])
def test_none_is_stopped_for_a_loss_with_which_another_goes_on(table, stops, loss):
    h = table(*[(R, [loss])] * 6)
    assert not any(stops(stopping(), h, n) for n in range(6))
    better = (R, [-1e301])
    h = table(better, *[(P, [loss])] * 4, (R, [loss]))
    assert not stops(stopping(), h, 5)  # the second place of two
    h = table(better, better, *[(P, [loss])] * 4, (R, [loss]))
    assert stops(stopping(), h, 6)


def test_decides_only_where_a_rung_is_reached(table, stops):
    best = (C, [0.0] * 40)
    decided = [
        n for n in range(1, 31) if stops(stopping(min_resource=2), table(best, (R, [1.0] * n)), 1)
    ]
    assert decided == [2, 6, 18]
    assert [n for n in range(1, 31) if stops(stopping(2, 18), table(best, (R, [1.0] * n)), 1)] == [
        2,
        6,
    ]
    assert [
        n for n in range(1, 31) if stops(stopping(2, 20, 4), table(best, (R, [1.0] * n)), 1)
    ] == [2, 8]


def test_rungs_need_not_be_whole(table, stops):
    best = (C, {s / 10: 0.0 for s in range(1, 40)})
    steps = [s / 10 for s in range(1, 30)]
    s = stopping(min_resource=0.25, reduction_factor=2.5)  # 0.25, 0.625, 1.5625
    decided = [
        steps[n - 1]
        for n in range(1, 30)
        if stops(s, table(best, (R, dict.fromkeys(steps[:n], 1.0))), 1)
    ]
    assert decided == [0.3, 0.7, 1.6]


def test_the_first_report_beyond_a_rung_counts_there(table, stops):
    other = (R, {1: 0.0, 4: 2.0, 5: 0.0, 9: 0.0})
    assert not stops(stopping(), table(other, (R, {2: 1.0, 3: 1.9})), 1)
    assert stops(stopping(), table(other, (R, {2: 1.0, 3: 2.1})), 1)
    assert stops(stopping(), table(other, (R, {2: 1.0, 7: 2.1})), 1)  # late at the rung, but there
    assert not stops(stopping(), table(other, (R, {2: 1.0, 7: 2.1, 8: 9.0})), 1)


def test_a_report_that_passes_several_rungs_is_judged_at_the_last(table, stops):
    others = (R, {1: 0.0, 3: 1.0, 9: 2.0}), (R, {1: 0.0, 3: 0.0})
    assert not stops(stopping(), table(*others, (R, {9: 1.9})), 2)
    assert stops(stopping(), table(*others, (R, {9: 2.1})), 2)
    assert not stops(stopping(), table(*others, (R, {30: 99.0})), 2)  # the first there


def test_it_counts_at_every_rung_it_passed(table, stops):
    jumper = (R, {10: 1.0})
    for steps in ([1.0], [0.0, 0.0, 1.1], {1: 0.0, 3: 0.0, 9: 1.1}):
        assert stops(
            stopping(),
            table(jumper, (R, steps if isinstance(steps, dict) else [*steps[:-1], 1.1])),
            1,
        )
    assert not stops(stopping(), table(jumper, (R, {1: 2.0, 27: 2.0})), 1)


def test_steps_from_zero_meet_the_first_rung_at_one(table, stops):
    best = (C, {0: 0.0, 1: 0.0})
    assert not stops(stopping(), table(best, (R, {0: 1.0})), 1)
    assert stops(stopping(), table(best, (R, {0: 1.0, 1: 1.0})), 1)


def test_only_complete_trials_count_beyond_their_last_step(table, stops):
    for state, stopped in ((C, True), (P, False), (R, False), (W, False), (F, False)):
        assert stops(stopping(), table((state, [5.0, 1.0]), (R, {1: 0.0, 3: 2.0})), 1) == stopped
    assert not stops(
        stopping(), table((C, [1.0, 5.0]), (R, {1: 0.0, 3: 2.0})), 1
    )  # with its last report, not its best
    assert not stops(
        stopping(), table((C, [], 0.0), (R, [2.0])), 1
    )  # one that never reported does not


def test_pruned_and_waiting_trials_count_at_rungs_they_reached_and_failed_ones_nowhere(
    table, stops
):
    for state, stopped in ((C, True), (P, True), (R, True), (W, True), (F, False)):
        assert stops(stopping(), table((state, [1.0]), (R, [2.0])), 1) == stopped


@pytest.mark.parametrize("broken", [NAN, INF, -INF])
def test_what_is_not_finite_is_the_worst(table, stops, broken):
    assert stops(stopping(), table((R, [9.0]), (R, [broken])), 1)
    assert not stops(stopping(), table((R, [broken]), (R, [9.0])), 1)
    assert stops(stopping(), table((R, [broken]), (R, [9.0])), 0)
    assert [stops(stopping(), table((R, [broken]), (R, [NAN])), n) for n in (0, 1)] == [False, True]


def test_n_min(table, stops):
    h = table((R, [1.0]), (R, [2.0]), (R, [3.0]))
    assert [stops(stopping(n_min=3), h, n) for n in range(3)] == [False, True, True]
    assert not any(stops(stopping(n_min=4), h, n) for n in range(3))


def test_reports_that_come_late_count_at_their_step(table, stops):
    h = table((C, {3: 1.0}), (R, {4: 2.0, 2: 9.0}))
    assert stops(stopping(), h, 1)
    h.put_report(1, 3.0, float(h.values[0, 0]) / 2)  # now 4 is no longer the first beyond the rung
    assert not stops(stopping(), h, 1)


def test_a_trial_begun_again_is_not_counted_twice(table, stops):
    h = table((R, [1.0]), (R, [2.0]))
    before = stops(stopping(), h, 1)
    h.put_report(0, 1.0, float(h.last_loss[0]) * (-1 if h.directions[0] == "maximize" else 1))
    assert stops(stopping(), h, 1) == before


def test_a_trial_without_reports_goes_on(table, stops):
    assert not stops(stopping(), table((C, [1.0]), (R, [])), 1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"min_resource": 0}, "min_resource must be a finite number > 0, got 0"),
        ({"min_resource": "auto"}, "min_resource must be a finite number > 0, got 'auto'"),
        ({"min_resource": NAN}, "min_resource"),
        (
            {"min_resource": 3, "max_resource": 3},
            "max_resource must be a finite number > 3, got 3",
        ),
        ({"max_resource": INF}, "max_resource"),
        ({"reduction_factor": 1}, "reduction_factor must be a finite number > 1, got 1"),
        ({"n_min": 0}, "n_min must be a whole number >= 1, got 0"),
        ({"n_min": 2.0}, "n_min"),
        ({"mode": "pause"}, "mode must be 'promotion' or 'stopping', got 'pause'"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        ASHA(**settings)


def test_settings_are_kept():
    settings = "min_resource=2, max_resource=54, reduction_factor=3, n_min=1"
    assert repr(ASHA(2, 54)) == f"ASHA({settings}, mode='promotion')"
    assert repr(stopping(2, 54)) == f"ASHA({settings}, mode='stopping')"


def expected(rows, me, min_resource, max_resource, reduction_factor, n_min):
    own = sorted(rows[me][1])
    rungs = [min_resource * reduction_factor**k for k in range(20)]
    reached = [r for r in rungs if r <= own[-1]]
    if not reached or own[-1] >= max_resource or any(s >= reached[-1] for s in own[:-1]):
        return False
    recorded = []
    for number, (state, reports, *_) in enumerate(rows):
        beyond = [s for s in reports if s >= reached[-1]]
        if state != F and reports and (beyond or state == C):
            loss = reports[min(beyond) if beyond else max(reports)]
            recorded.append((loss if math.isfinite(loss) else INF, number))
    own_loss = next(loss for loss, number in recorded if number == me)
    finite = math.isfinite(own_loss)
    rank = 1 + sum(loss < own_loss if finite else (loss, n) < (INF, me) for loss, n in recorded)
    return len(recorded) >= n_min and rank > max(1, len(recorded) / reduction_factor)


@given(data=st.data())
def test_agrees_with_the_definition(table, stops, trials, data):
    rows, me = data.draw(trials)
    settings = {
        "min_resource": data.draw(st.sampled_from([0.5, 1, 2, 3.5])),
        "max_resource": data.draw(st.sampled_from([9, 27, 100])),
        "reduction_factor": data.draw(st.sampled_from([1.5, 2, 3])),
        "n_min": data.draw(st.integers(1, 3)),
    }
    assert stops(stopping(**settings), table(*rows), me) == expected(rows, me, **settings)
