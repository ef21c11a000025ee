"""Which report counts at a rung, and who is better than whom with several objectives."""

import math
import pickle
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.simulated import Workers, noisy

from luthier.history.history import History
from luthier.history.rungs import Rungs, order
from luthier.numerics.pareto import fronts, is_non_dominated
from luthier.schedulers import ASHA, DEHB, PASHA, Hyperband, SuccessiveHalving
from luthier.schedulers.base import Next, Resume
from luthier.space.distributions import Float
from luthier.space.space import Space
from luthier.trial.record import State, TrialRow

C = State.COMPLETE
R = State.RUNNING
P = State.PAUSED
F = State.FAILED
X = State.PRUNED
WORST = np.finfo(float).max


def test_the_first_report_at_or_beyond_a_rung_counts(table):
    h = table(
        (P, {1: 1.0, 2: 2.0}),
        (X, {4: 3.0}),
        (R, {2: 4.0, 3: 5.0, 9: 6.0}),
        (F, [0.0] * 9),
        (R, []),
        (C, {2: 7.0}),
    )
    for _ in range(2):
        found = [Rungs().at(h, [1, 3, 9, 27], k) for k in range(4)]
        assert [f.numbers.tolist() for f in found] == [[0, 1, 2, 5], [1, 2, 5], [2, 5], [5]]
        assert [f.losses[:, 0].tolist() for f in found] == [[1, 3, 4, 7], [3, 5, 7], [6, 7], [7]]
    among = Rungs().at(h, [1, 3], 1, np.array([5, 0, 2]))
    assert among.numbers.tolist() == [2, 5]


def test_what_is_not_finite_is_the_worst_and_equals_go_by_number(table):
    h = table(
        (P, [math.nan]), (P, [2.0]), (P, [-math.inf]), (P, [2.0]), (P, [1.0]), (P, [math.inf])
    )
    assert Rungs().at(h, [1], 0).order().tolist() == [4, 1, 3, 0, 2, 5]


def test_a_step_is_reached_in_spite_of_rounding(table):
    steps = np.cumsum([0.1] * 9)  # 0.7999999999999999
    h = table((P, {float(s): float(i) for i, s in enumerate(steps)}))
    assert [Rungs().at(h, [0.3, 0.8], k).losses.item() for k in (0, 1)] == [2.0, 7.0]


@settings(max_examples=40)
@given(data=st.data())
def test_what_is_kept_changes_nothing(data):
    """New reports, late, replaced and beyond all rungs so far; new trials.

    Other rungs, other histories.
    """
    rungs, levels = Rungs(), [1.0, 2.0, 4.0]
    histories = [History(Space({"x": Float(0, 1)}), ["minimize"]) for _ in range(2)]
    for _ in range(data.draw(st.integers(1, 30))):
        h = histories[data.draw(st.sampled_from([0, 0, 0, 1]))]
        number = data.draw(st.integers(0, min(h.n, 20)))
        state = data.draw(st.sampled_from([R, R, P, C, F]))
        h.put([TrialRow(number=number, state=state, params={"x": 0.5}, values=None)])
        for step, loss in data.draw(
            st.dictionaries(st.sampled_from([0.5, 1, 1.5, 2, 3, 4, 8, 9]), st.floats(-3, 3))
        ).items():
            h.put_report(number, step, loss)
        levels = data.draw(
            st.sampled_from([levels, levels, [1.0, 2.0, 4.0], [1.0, 2.0, 4.0, 8.0], [1.5, 3.0]])
        )
        for k in range(len(levels)):
            for view in (h, h.without(h.number < 0)):
                kept, fresh = rungs.at(view, levels, k), Rungs().at(view, levels, k)
                np.testing.assert_equal(tuple(kept), tuple(fresh))
    assert pickle.loads(pickle.dumps(rungs))._of is None


def test_fronts_and_the_net_over_them():
    losses = np.array(
        [
            [0.0, 4.0],
            [4.0, 0.0],
            [2.0, 2.0],
            [1.0, 3.0],
            [5.0, 5.0],
            [2.0, 2.5],
            [2.0, 2.0],
            [3.9, 0.1],
        ]
    )
    assert fronts(losses).tolist() == [0, 0, 0, 0, 2, 1, 0, 0]
    assert order(losses).tolist() == [0, 1, 2, 3, 7, 6, 5, 4]  # a corner, the other, the middle
    assert order(np.array([[WORST, 0.0], [0.0, WORST], [WORST, WORST]])).tolist() == [1, 0, 2]
    assert order(np.empty((0, 2))).tolist() == order(np.empty((0, 1))).tolist() == []


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(2, 4))
def test_fronts_are_what_is_left_when_the_front_before_is_gone(seed, n, m):
    losses = np.random.default_rng(seed).integers(0, 5, (n, m)).astype(float)
    left, expected = np.arange(n), np.zeros(n, dtype=int)
    for f in range(n):
        best = is_non_dominated(losses[left])
        expected[left[best]] = f
        left = left[~best]
    assert fronts(losses).tolist() == expected.tolist()
    ranks = expected[order(losses)]
    assert (np.diff(ranks) >= 0).all()
    assert sorted(order(losses).tolist()) == list(range(n))
    most = n // 3
    assert order(losses, most)[:most].tolist() == order(losses)[:most].tolist()


@pytest.mark.parametrize(
    "scheduler", [ASHA(1, 9), ASHA(1, 9, mode="stopping"), Hyperband(1, 9), PASHA(1, 9), DEHB(1, 9)]
)
def test_several_objectives(scheduler):
    def curve(i, step):
        angle = i / 17 * math.pi / 2
        return (math.cos(angle) + (i % 3) / step, -math.sin(angle) - (i % 3) / step)

    workers = Workers(
        scheduler,
        np.random.default_rng(0),
        30,
        3,
        curve,
        9,
        checked=0.2,
        directions=["minimize", "maximize"],
    )
    h = workers.run()
    assert (h.state == C).any()
    assert h.n_reports < 0.7 * 30 * 9


@pytest.fixture(scope="module")
def large():
    """What 50 workers come to under a promoting scheduler.

    The study has 10,000 trials of up to 50 reports.
    """
    n = 10_000
    rng = np.random.default_rng(0)
    h = History(Space({"x": Float(0, 1)}), ["maximize"])
    n_steps = rng.choice([1, 3, 9, 27, 50], n, p=[0.6, 0.2, 0.1, 0.05, 0.05])
    states = [C if k == 50 else P for k in n_steps.tolist()]
    states[-50:] = [R] * 50
    n_steps[-50:] = 3
    h.put(
        TrialRow(number=i, state=s, params={"x": 0.5}, values=(0.0,), token=1)
        for i, s in enumerate(states)
    )
    values = rng.random((n, 50)) + np.linspace(0, 1, 50)
    for i, k in enumerate(n_steps.tolist()):
        for s, v in enumerate(values[i, :k].tolist(), start=1):
            h.put_report(i, float(s), v)
    return h


@pytest.mark.parametrize(
    "scheduler",
    [
        ASHA(),
        ASHA(1, 50),
        ASHA(mode="stopping"),
        Hyperband(1, 81),
        Hyperband(),
        SuccessiveHalving(),
        PASHA(),
        DEHB(1, 81),
    ],
    ids=repr,
)
def test_what_is_next_is_known_quickly_in_a_large_study(large, scheduler):
    for verb, args in (("decide", (large.n - 1,)), ("next", ())):
        taken = []
        for k in range(8):
            large.put_report(large.n - 2 - k, 2.5 + k / 10, 0.5)  # somebody has reported
            begin = time.thread_time()
            answer = getattr(scheduler, verb)(large, *args)
            taken.append(time.thread_time() - begin)
        assert verb == "decide" or answer is Next.START or isinstance(answer, Resume)
        assert min(taken) < 0.005, (verb, taken)


def test_a_pickled_scheduler_carries_no_study():
    for scheduler in (ASHA(), Hyperband(), PASHA(), DEHB(1, 9), SuccessiveHalving()):
        Workers(scheduler, np.random.default_rng(0), 20, 2, noisy(0), 9).run()
        assert len(pickle.dumps(scheduler)) < 1500
