"""Hyperband and successive halving.

The tables of Li 2018, and that brackets hold whatever the timing.
"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.simulated import Workers, levels_reached, noisy

import luthier
from luthier.numerics.halving import Slots, brackets, rung_steps
from luthier.schedulers import ASHA, DEHB, Decision, Hyperband, SuccessiveHalving
from luthier.schedulers.base import Next, Resume
from luthier.trial.record import State, TrialRow

C = State.COMPLETE
R = State.RUNNING
P = State.PAUSED
F = State.FAILED
W = State.WAITING
GO, PAUSE = Decision.CONTINUE, Decision.PAUSE

TABLE = (  # Li 2018, table 1: R = 81, eta = 3
    ((81, 1), (27, 3), (9, 9), (3, 27), (1, 81)),
    ((34, 3), (11, 9), (3, 27), (1, 81)),
    ((15, 9), (5, 27), (1, 81)),
    ((8, 27), (2, 81)),
    ((5, 81),),
)
BEGINS = np.cumsum([0, 81, 34, 15, 8, 5])


def test_the_table_of_the_paper():
    assert brackets(1, 81, 3) == TABLE
    assert sum(n * r for b in TABLE for n, r in b) == 1902
    assert [b[0][0] for b in brackets(1, 243, 3)] == [243, 98, 41, 18, 9, 6]


def test_brackets_that_do_not_come_out_even():
    by_200 = brackets(1, 200, 3)
    assert [b[0][0] for b in by_200] == [81, 34, 15, 8, 5]
    np.testing.assert_allclose(
        [r for _, r in by_200[0]], [200 / 81, 200 / 27, 200 / 9, 200 / 3, 200]
    )
    assert [r for _, r in brackets(0.1, 0.9, 3)[0]] == [0.1, 0.3, 0.9]
    assert brackets(1, 2, 3) == (((1, 2),),)
    assert len(brackets(1, 1000, 10)) == 4  # log(1000, 10) is 2.9999999999999996
    assert rung_steps(0.1, None, 3, 1) == [0.1, 0.3, 0.9]
    assert rung_steps(1, None, 3, 2.7 * 10 - 4e-15) == [1, 3, 9, 27]
    assert rung_steps(1, 20, 3) == [1, 3, 9, 20]
    assert rung_steps(1, 27, 3) == [1, 3, 9, 27]


def test_a_rung_waits_for_all_of_its_bracket_and_the_best_go_on(table):
    s = SuccessiveHalving(6, 1, 9)  # 6, 2, 1
    rows = [(P, [float(x)]) for x in (5, 3, 4, 1, 2)]
    assert s.next(table(*rows)) is Next.START  # one place is free
    assert s.next(table(*rows, (R, []))) is Next.START  # for the next bracket
    assert s.decide(table(*rows, (R, [6.0])), 5) is PAUSE
    assert s.decide(table(*rows, (R, [1.5])), 5) is GO
    assert s.next(table(*rows, (R, [1.5]))) == Resume(3)
    assert s.next(table(*rows, (P, [6.0]))) == Resume(3)
    assert s.next(table(*rows, (F, []))) == Resume(3)
    assert s.next(table(*rows, (F, [0.0]), (R, []), (P, [0.0]))) == Resume(3)
    two = [(P, [float(x)]) for x in (5, 3, 4)], [(P, [2.0, 2.0, 7.0]), (P, [1.0])]
    assert s.next(table(*two[0], *two[1], (F, [0.0]))) == Resume(4)
    assert (
        s.decide(table(*two[0], *two[1], (R, [6.0, 1.0, 1.0])), 5) is PAUSE
    )  # not of the best two at 1


def test_complete_trials_take_a_place_and_failed_ones_do_not(table):
    s = SuccessiveHalving(6, 1, 9)
    done = [(C, [float(x)]) for x in (1, 9)]
    assert s.next(table(*done, *[(P, [float(x)]) for x in (5, 4, 3, 2)])) == Resume(5)
    assert (
        s.next(table((C, [1.0]), (C, [2.0]), *[(P, [float(x)]) for x in (5, 4, 3, 6)]))
        is Next.START
    )
    assert s.next(table(*[(F, [0.0])] * 4, (P, [5.0]), (P, [math.nan]))) == Resume(4)
    assert s.next(table(*[(F, [0.0])] * 5, (P, [math.nan]))) == Resume(5)
    assert s.next(table(*[(F, [0.0])] * 6, (P, [0.0]))) is Next.START


def test_fewer_trials_than_rungs(table):
    """The study is over before its bracket is full: at least one goes on from each rung."""
    for n in (1, 2, 4, 8):
        h = table(*[(P, [float(9 - i)]) for i in range(n)])
        h.update_info(budget=n + 1)
        assert Hyperband(1, 81).next(h) is Next.START
        h.update_info(budget=n)
        assert Hyperband(1, 81).next(h) == Resume(n - 1)
        workers = Workers(Hyperband(1, 81), np.random.default_rng(0), n, 1, lambda i, s: float(i))
        h = workers.run()
        assert levels_reached(h, slice(0, n), (1, 3, 9, 27, 81)) == [n, max(1, n // 3), 1, 1, 1]
        assert h.best() == 0


def test_enqueued_trials_that_nobody_runs_do_not_hold_up_the_end(table):
    h = table((P, [1.0]), (P, [2.0]), (W, []))
    h.update_info(budget=2)
    assert Hyperband(1, 81).next(h) == Resume(0)


def test_trials_that_confirm_or_were_added_hold_their_place(table):
    s = SuccessiveHalving(3, 1, 9)
    h = table((P, [1.0]), (P, [2.0]), (C, [0.0]))
    assert s.next(h) is Next.START  # the third has taken the place
    h.put(
        [
            TrialRow(
                number=2,
                state=C,
                params={"x": 0.5},
                values=(0.0,),
                tags={"confirms": 0, "repeat": 0},
            )
        ]
    )
    assert s.next(h) == Resume(0)
    assert s.next(table((P, [1.0]), (P, [2.0]), (C, [], 0.0))) == Resume(
        0
    )  # never reported: counts nowhere


def test_max_resource_is_learned_from_the_first_complete_trial(table):
    s = Hyperband()
    assert all(s.decide(table((R, [1.0] * n)), 0) is GO for n in range(1, 100))
    assert s.decide(table((C, [1.0] * 9), (R, [1.0])), 1) is PAUSE
    assert s.decide(table((C, [1.0] * 9), (R, [1.0] * 4)), 1) is PAUSE
    assert s.decide(table((C, [1.0] * 9), (R, [1.0] * 9)), 1) is GO
    h = table((C, [1.0] * 27), (C, [1.0] * 9), (R, [1.0] * 26))
    assert s.decide(h, 2) is PAUSE
    h.put(
        [
            TrialRow(number=i, state=C, params={"x": 0.5}, values=(1.0,), finished_s=9.0 - i)
            for i in range(2)
        ]
    )
    assert s.decide(h, 2) is GO
    workers = Workers(Hyperband(), np.random.default_rng(0), 143, 4, noisy(0), checked=0.02)
    h = workers.run()
    reached = levels_reached(h, slice(0, 81), (1, 3, 9, 27, 81))
    assert reached[0] == 81
    assert all(n <= most for n, most in zip(reached, (81, 31, 13, 7, 5), strict=True))


@pytest.mark.parametrize("n", [1, 7, pytest.param(200, marks=pytest.mark.slow)])
@pytest.mark.parametrize("checkpoints", [True, False])
def test_each_bracket_spends_what_the_table_says(n, checkpoints):
    workers = Workers(
        Hyperband(1, 81),
        np.random.default_rng(n),
        2 * 143,
        n,
        noisy(n),
        checkpoints=checkpoints,
        checked=0.005,
    )
    h = workers.run()
    for begin in (0, 143):
        for bracket, at in zip(TABLE, BEGINS, strict=False):
            steps = [r for _, r in bracket]
            numbers = slice(begin + at, begin + at + bracket[0][0])
            assert levels_reached(h, numbers, steps) == [k for k, _ in bracket]
            assert set(h.last_step[numbers]) == {r for k, r in bracket}
    if checkpoints:
        assert workers.steps_run == h.n_reports


@settings(max_examples=40)
@given(
    seed=st.integers(0, 10**6),
    n=st.sampled_from([1, 2, 5, 30]),
    n_trials=st.integers(1, 60),
    checkpoints=st.booleans(),
    crash=st.sampled_from([0, 0.05]),
    trouble=st.sampled_from([0, 0.05]),
    uneven=st.booleans(),
    learned=st.booleans(),
    kind=st.sampled_from([Hyperband, DEHB, SuccessiveHalving]),
)
def test_whatever_the_timing(seed, n, n_trials, checkpoints, crash, trouble, uneven, learned, kind):
    top = None if learned else 9
    scheduler = SuccessiveHalving(5, 1, top) if kind is SuccessiveHalving else kind(1, top)
    workers = Workers(
        scheduler,
        np.random.default_rng(seed),
        n_trials,
        n,
        noisy(seed),
        9,
        checkpoints,
        crash,
        trouble,
        trouble,
        (lambda i: 0.7 + i % 3) if uneven else lambda i: 1,
        0.1,
    )
    h = workers.run()
    assert h.n == n_trials
    assert not h.running
    if not (h.state == F).any():
        assert (h.state == C).any()
        sizes, begins = ([9, 5, 3], (0, 9, 14)) if kind is not SuccessiveHalving else ([5], (0,))
        if not learned and not trouble and n_trials >= sum(sizes):
            for size, begin in zip(sizes, begins, strict=True):
                rungs = (
                    [1, 3, 9][-len(sizes) + sizes.index(size) :] if len(sizes) > 1 else [1, 3, 9]
                )
                most = [max(1, int(size / 3**i)) for i in range(len(rungs))]
                came = levels_reached(h, slice(begin, begin + size), rungs)
                assert came[0] == size
                assert came == most or uneven or not checkpoints


def test_brackets_are_read_from_any_history_alike():
    """What one object keeps of a study must not reach into another."""
    a, b = ([float(i) for i in range(5)], [float(-i) for i in range(5)])
    one = SuccessiveHalving(5, 1, 9)
    for losses in (a, b, a):
        workers = Workers(
            one, np.random.default_rng(0), 5, 1, lambda i, s, losses=losses: losses[i], end=9
        )
        assert workers.run().best() == int(np.argmin(losses))


def objective(trial):
    x, end = trial.suggest_float("x", 0, 1), 81
    for step in range(int(trial.step) + 1, end + 1):
        trial.report(x + 1 / step, step, checkpoint={"step": step})
        if trial.should_prune():
            raise luthier.TrialPruned
    return x


def test_a_study_of_one_pass_spends_exactly_the_table():
    study = luthier.create_study(sampler="random", scheduler=Hyperband(1, 81, 3), seed=0)
    study.optimize(objective, n_trials=143, progress=False)
    for bracket, at in zip(TABLE, BEGINS, strict=False):
        numbers = range(at, at + bracket[0][0])
        steps = [len(study.trials[i].reports) for i in numbers]
        assert [sum(s >= r for s in steps) for _, r in bracket] == [n for n, _ in bracket]
        best = min(numbers, key=lambda i: study.trials[i].params["x"])
        assert study.trials[best].state == C
    assert sum(t.state == C for t in study.trials) == 1 + 1 + 1 + 2 + 5
    assert {t.state for t in study.trials} == {C, P}


@pytest.mark.parametrize(
    "scheduler",
    [
        "asha",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("hyperband", "pasha", "successivehalving", "dehb")
        ),
    ],
)
def test_a_study_in_processes_comes_to_its_end(scheduler, tmp_path):
    study = luthier.create_study(
        "s", f"sqlite:///{tmp_path}/s.db", sampler="random", scheduler=scheduler, seed=0
    )
    study.optimize(objective, n_trials=12, n_jobs=3, progress=False)
    assert len(study.trials) == 12
    assert {t.state for t in study.trials} <= {C, P}
    assert any(t.state == C for t in study.trials)


def test_dehb_has_a_place_for_each_number():
    slots = Slots(brackets(1, 81, 3))
    assert slots.sizes.tolist() == [81, 34, 15, 8, 5]
    assert slots.n_first == 143
    level, place = slots.at(np.arange(143 + 2 * 206))
    assert (level[:143] == -1).all()
    per_pass = [n for b in TABLE for n, _ in b]
    assert len(per_pass) == 15
    assert sum(per_pass) == 206
    assert level[143 : 143 + 206].tolist() == [
        at + i for at, b in enumerate(TABLE) for i, (n, _) in enumerate(b) for _ in range(n)
    ]
    for at, size in enumerate(slots.sizes):
        there = place[level == at]
        assert there.tolist() == [i % size for i in range(len(there))]  # the pointer rolls on


def test_dehb_stops_trials_at_their_rung_once_they_are_bred(table):
    s = DEHB(1, 9)  # 9 + 5 + 3 trials begin; then (9, 3, 1), (5, 1), (3) places
    rows = [(C, {9: 1.0})] * 17
    states = [
        [s.decide(table(*rows, *rows[:k], (R, [1.0] * n)), 17 + k) for n in range(1, 10)]
        for k in (0, 9, 12, 13)
    ]
    stop = Decision.STOP
    assert states[0] == [stop] * 9
    assert states[1] == [GO] * 2 + [stop] * 7
    assert states[2] == [GO] * 9
    assert states[3] == [GO] * 2 + [stop] * 7
    assert s.next(table(*rows, *rows[:12], (P, [0.0]))) is Next.START


@pytest.mark.parametrize("kind", [ASHA, Hyperband, DEHB, SuccessiveHalving])
def test_bad_settings(kind):
    for given_, message in (
        ({"min_resource": 0}, "min_resource must be a finite number > 0, got 0"),
        (
            {"min_resource": 9, "max_resource": 3},
            "max_resource must be a finite number > 9, got 3",
        ),
        ({"reduction_factor": 1.0}, "reduction_factor must be a finite number > 1, got 1.0"),
    ):
        with pytest.raises(ValueError, match=message):
            kind(**given_)
    with pytest.raises(ValueError, match="n_trials must be a whole number >= 1, got 0"):
        SuccessiveHalving(0)


def test_settings_are_what_a_scheduler_shows():
    assert (
        repr(Hyperband(1, 81)) == "Hyperband(min_resource=1, max_resource=81, reduction_factor=3)"
    )
    assert repr(SuccessiveHalving(9)).startswith(
        "SuccessiveHalving(n_trials=9, min_resource=1, max_resource=None"
    )


STEPS = [1e300, 1e-300, 10.0**200, 2.0**53, 1e308, 5e-324]


@pytest.mark.parametrize(
    "name", ["asha", "hyperband", "dehb", "pasha", "successivehalving", "auto"]
)
@pytest.mark.parametrize("step", STEPS)
def test_steps_of_any_size_are_decided_on(name, step):
    study = luthier.create_study(space={"x": luthier.Float(0, 1)}, scheduler=name, seed=1)

    def objective(trial):
        for k in range(1, 10):
            trial.report(trial.params["x"], step * k if step * k < math.inf else step)
            if trial.should_prune():
                raise luthier.TrialPruned
        return trial.params["x"]

    study.optimize(objective, n_trials=12, progress=False)
    assert any(t.state is State.COMPLETE for t in study.trials)


@given(
    st.floats(5e-324, 1.7e308), st.floats(5e-324, 1.7e308), st.floats(1, 1e300, exclude_min=True)
)
@settings(max_examples=60)
def test_plans_are_small_whatever_the_numbers_are(one, other, eta):
    low, high = sorted((one, other))
    steps = rung_steps(low, high, eta)
    assert len(steps) <= 201
    assert steps == sorted(steps)
    assert len(rung_steps(low, None, eta, high)) <= 200
    table = brackets(low, high, eta)
    assert len(table) <= 100
    assert sum(b[0][0] for b in table) <= 1_000_000
    assert all(0 < step < math.inf and n >= 1 for b in table for n, step in b)
    assert len(Slots(table).at(np.arange(10))[0]) == 10
