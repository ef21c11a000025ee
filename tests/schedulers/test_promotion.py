"""ASHA that pauses and promotes: Li 2020, algorithm 2."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.simulated import Workers, noisy

import luthier
from luthier.schedulers import ASHA, Decision
from luthier.schedulers.base import Next, Resume
from luthier.trial.record import State, TrialRow, Turn

C = State.COMPLETE
R = State.RUNNING
P = State.PAUSED
F = State.FAILED
W = State.WAITING
X = State.PRUNED
NAN = math.nan
GO, PAUSE = Decision.CONTINUE, Decision.PAUSE


def resumed(history, number, step):
    """Trial `number` goes on from a step."""
    row = TrialRow(
        number=number, state=R, params={"x": 0.5}, turns=(Turn(step, {"x": 0.5}),), token=2
    )
    history.put([row])
    return history


def asha(**settings):
    """Of trials that are much longer than what the tests look at."""
    return ASHA(**{"max_resource": 1000, **settings})


def test_it_pauses_at_a_rung_unless_it_would_be_promoted_at_once(table):
    def decided(*rows):
        return [asha().decide(table(*rows), i) for i in range(len(rows))]

    assert decided((R, [1.0])) == [PAUSE]
    assert decided((R, [1.0]), (R, [2.0])) == [PAUSE] * 2
    assert decided((R, [3.0]), (R, [2.0]), (R, [1.0])) == [PAUSE, PAUSE, GO]
    assert decided(*[(R, [float(i)]) for i in range(6)]) == [GO] * 2 + [PAUSE] * 4
    assert decided(*[(R, [1.0])] * 6) == [GO] * 2 + [PAUSE] * 4  # equals by number
    assert decided((R, [NAN]), (R, [-math.inf]), (R, [9.0])) == [PAUSE, PAUSE, GO]


def test_the_best_paused_one_at_the_highest_rung_is_promoted(table):
    a = asha()
    assert a.next(table()) is Next.START
    assert a.next(table((P, [1.0]), (P, [2.0]))) is Next.START
    assert a.next(table((P, [2.0]), (P, [1.0]), (P, [3.0]))) == Resume(1)
    assert (
        a.next(table((P, [2.0]), (R, [1.0]), (P, [3.0]))) is Next.START
    )  # the one in the best third runs
    low = [(P, [float(i + 1)]) for i in range(6)]
    high = [(P, [0.5, 0.5, x]) for x in (0.3, 0.1, 0.2)]
    assert a.next(table(*low, *high)) == Resume(7)
    assert a.next(table(*low, *high[:2])) is Next.START  # best at rung 0 are those that left it
    assert a.next(table(*low, (F, [0.0]), (X, [0.0]), (P, [0.9]), (P, [1.5]))) == Resume(
        8
    )  # nor those that are over


def test_nobody_is_promoted_twice_from_one_rung(table):
    h = table((P, [1.0]), (P, [2.0]), (P, [3.0]))
    h = resumed(h, 0, 1.0)
    sign = -1 if h.directions[0] == "maximize" else 1
    assert asha().next(h) is Next.START
    for step in (1.0, 2.0):  # it has no checkpoint and begins again
        h.put_report(0, step, sign * 50.0)
        assert asha().decide(h, 0) is GO
    h.put_report(0, 3.0, sign * 0.0)
    assert asha().decide(h, 0) is PAUSE
    h.put([TrialRow(number=0, state=P, params={"x": 0.5}, turns=(Turn(1.0, {"x": 0.5}),))])
    assert asha().next(h) == Resume(1)  # the best at rung 0 now, as 0 got worse there


def test_a_late_report_is_judged_at_the_last_rung_it_passes(table):
    others = (P, {1: 0.0, 3: 1.0, 9: 2.0}), (P, {1: 0.0, 3: 0.0, 10: 3.0})
    assert asha().decide(table(*others, (R, {11: 1.9})), 2) is GO
    assert asha().decide(table(*others, (R, {11: 2.1})), 2) is PAUSE
    assert asha().next(table(*others, (P, {11: 2.1}))) == Resume(0)


def test_until_the_next_rung_it_is_asked_again(table):
    three = (P, [5.0]), (P, [4.0])
    assert asha().decide(table(*three, (R, [3.0, 9.0])), 2) is GO
    assert asha().decide(table(*three, (R, [3.0, 9.0]), (P, [1.0])), 2) is PAUSE
    again = resumed(table(*three, (P, [3.0, 9.0]), (P, [1.0])), 2, 2.0)
    assert asha().decide(again, 2) is GO


def test_trials_end_at_max_resource(table):
    for steps, decision in ((9, PAUSE), (19, PAUSE), (20, GO), (25, GO)):
        assert ASHA(max_resource=20).decide(table((R, {steps: 1.0})), 0) is decision


def test_where_nobody_knows_how_long_trials_are_the_furthest_goes_on(table):
    """It may have come to its end, with nothing left to train should it be resumed."""
    assert ASHA().decide(table((R, [1.0])), 0) is GO
    assert ASHA().decide(table((R, {81: 1.0}), (P, [1.0])), 0) is GO
    assert ASHA().decide(table((R, {81: 1.0}), (R, {82: 1.0})), 0) is PAUSE
    assert ASHA().decide(table((R, {81: 1.0}), (C, {81: 2.0})), 0) is GO


def test_complete_trials_count_at_all_later_rungs(table):
    done = (C, [1.0]), (C, [5.0])
    assert asha().decide(table(*done, (R, {9: 0.5})), 2) is GO
    assert asha().decide(table(*done, (R, {9: 2.0})), 2) is PAUSE


def test_confirming_trials_never_count(table):
    h = table((P, [2.0]), (P, [3.0]), (C, [1.0]))
    assert asha().next(h) is Next.START
    h = table((P, [2.0]), (P, [3.0]), (C, [4.0]))
    assert asha().next(h) == Resume(0)
    h.put(
        [
            TrialRow(
                number=2,
                state=C,
                params={"x": 0.5},
                values=(4.0,),
                tags={"confirms": 0, "repeat": 0},
            )
        ]
    )
    assert asha().next(h) is Next.START
    h.put([TrialRow(number=2, state=R, params={"x": 0.5}, tags={"confirms": 0, "repeat": 0})])
    assert asha().decide(h, 2) is GO


def test_n_min(table):
    rows = [(P, [float(i)]) for i in range(6)]
    assert asha(n_min=6).next(table(*rows)) == Resume(0)
    assert asha(n_min=7).next(table(*rows)) is Next.START


def test_at_the_end_the_best_comes_to_its_end(table):
    h = table((P, [2.0]), (P, [1.0]))
    h.update_info(budget=3)
    assert asha().next(h) is Next.START
    h.update_info(budget=2)
    assert asha().next(h) == Resume(1)
    h = table((P, [2.0]), (P, [1.0, 1.0, 1.0]), (R, [3.0]))
    h.update_info(budget=3)
    assert asha().next(h) is Next.START  # one still runs
    h.put([TrialRow(number=2, state=F, params={"x": 0.5})])
    assert asha().next(h) == Resume(1)


def test_who_was_paused_by_somebody_else_goes_on(table):
    assert asha(min_resource=5).next(table((P, [1.0]))) == Resume(0)


def counted(h, level):
    """(loss, number) of those that count at a step, the best first; by the definition."""
    found = []
    for i in range(h.n):
        steps, losses = h.reports_of(i)
        at = np.flatnonzero(steps >= level * (1 - 1e-9))
        if h.state[i] != F and len(steps) and (len(at) or h.state[i] == C):
            loss = losses[at[0] if len(at) else -1]
            found.append((loss if np.isfinite(loss) else math.inf, i))
    return sorted(found)


class Referee:
    """Holds ASHA to its rule.

    Who goes beyond a rung is in the best 1/eta at that moment, and once only.
    """

    def __init__(self, levels, eta, last_resort=True):
        self.levels = levels
        self.eta = eta
        self.promoted = set()
        self.last_resort = last_resort

    def __call__(self, workers, what, number):
        h = workers.history
        passed = [s for s in self.levels if s <= h.last_step[number] + 1e-9]
        if (
            not passed
            or len(passed) == len(self.levels)
            or (what == "go on" and h.granted[number] >= passed[-1] - 1e-9)
        ):
            return
        if (
            what == "go on"
            and self.levels[-1] == math.inf
            and not (h.last_step > h.last_step[number]).any()
        ):
            return  # the furthest of all, where nobody knows how far it is
        good = counted(h, passed[-1])
        least = int(h.n >= h.budget and not h.running and self.last_resort)
        assert number in [i for _, i in good[: max(least, int(len(good) / self.eta + 1e-9))]]
        if what == "promote":
            assert (number, passed[-1]) not in self.promoted
            self.promoted.add((number, passed[-1]))


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    n=st.sampled_from([1, 2, 5, 30]),
    n_trials=st.integers(1, 40),
    eta=st.sampled_from([2, 3]),
    top=st.sampled_from([9, 20, None]),
    checkpoints=st.booleans(),
    crash=st.sampled_from([0, 0.05]),
    trouble=st.sampled_from([0, 0.05]),
    uneven=st.booleans(),
)
def test_whatever_the_timing(seed, n, n_trials, eta, top, checkpoints, crash, trouble, uneven):
    levels = [s for s in (eta**k for k in range(5)) if s < (top or 1000)] + ([top] if top else [])
    workers = Workers(
        ASHA(1, top, eta),
        np.random.default_rng(seed),
        n_trials,
        n,
        noisy(seed),
        top or 30,
        checkpoints,
        crash,
        trouble,
        trouble,
        (lambda i: 0.7 + i % 3) if uneven else lambda i: 1,
        0.1,
        Referee(levels if top else [*levels, math.inf], eta),
    )
    h = workers.run()
    assert h.n == n_trials
    assert not h.running
    if h.n and not (h.state == F).any():
        assert (h.state == C).any()


def test_one_worker_spends_what_successive_halving_would():
    workers = Workers(ASHA(1, 9), np.random.default_rng(0), 9, 1, lambda i, s: float(i), end=9)
    h = workers.run()
    assert [int((h.last_step >= s).sum()) for s in (1, 3, 9)] == [9, 3, 1]
    assert h.best() == 0
    assert workers.steps_run == 9 + 3 * 2 + 1 * 6


@pytest.mark.parametrize("n_trials", [1, 2, 20])
def test_a_study_has_a_complete_trial_however_small(n_trials):
    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        for step in range(int(trial.step) + 1, 28):
            trial.report(x + 1 / step, step, checkpoint={"step": step})
            if trial.should_prune():
                raise luthier.TrialPruned
        return x

    study = luthier.create_study(sampler="random", scheduler=ASHA(1, 27), seed=0)
    study.optimize(objective, n_trials=n_trials)
    assert len(study.trials) == n_trials
    if n_trials < 20:
        assert study.best_value == min(t.params["x"] for t in study.trials)
    assert sum(len(t.reports) for t in study.trials) < 27 * (1 + n_trials / 4)
