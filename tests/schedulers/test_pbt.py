import itertools
import logging
import math
import pickle
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

import luthier
from luthier import testing
from luthier.history.history import History
from luthier.schedulers import PB2, PBT, Decision, from_name
from luthier.schedulers.base import Next, Resume
from luthier.schedulers.pbt import loss_at, ranks
from luthier.schedulers.perturb import explore, perturb_value
from luthier.space.distributions import Categorical, Float, Int
from luthier.space.space import Space
from luthier.storages.transitions import end, start
from luthier.trial.record import State, TrialRow, Turn

X = Space({"x": Float(0, 10)})
CONTINUE, PAUSE = Decision.CONTINUE, Decision.PAUSE


def member(number, losses, state=State.PAUSED, turns=(), saved=True, params=None, **more):
    """A trial that reported {step.

    Loss} or losses at 5, 10, ..., with a checkpoint at its last step.
    """
    reports = (
        losses
        if isinstance(losses, dict)
        else {5.0 * (i + 1): loss for i, loss in enumerate(losses)}
    )
    made = (
        ({"step": max(reports), "value": "0"},)
        if reports and saved and state < State.COMPLETE
        else ()
    )
    turns = tuple(t if isinstance(t, Turn) else Turn(t[0], {"x": 1.0}, *t[1:]) for t in turns)
    row = TrialRow(
        number=number,
        state=state,
        params=params or {"x": number + 1.0},
        token=1,
        turns=turns,
        checkpoints=made,
        **more,
    )
    return row, reports


def told(*members, space=X, directions=("minimize",), budget=None):
    """A history of members."""
    rows = [replace(row, reports=tuple(reports.items())) for row, reports in members]
    return testing.history(*rows, space=space, directions=directions, seed=7, budget=budget)


def moves(history, scheduler):
    """What idle workers are told in turn, resumed trials going on where they copied."""
    out = []
    while isinstance(move := scheduler.next(history), Resume):
        out.append(move)
        source = move.number if move.source is None else move.source
        step = history.checkpoint_step[source]
        turn = Turn(
            float(history.last_step[source] if math.isnan(step) else step),
            move.params or {"x": 1.0},
            move.source,
        )
        turns = (*history.turns.get(move.number, ()), turn)
        row = TrialRow(
            number=move.number, state=State.RUNNING, params=turn.params, token=2, turns=turns
        )
        history.put([row])
    return out, move


# -- truncation selection
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [2, 3, 4, 5, 8, 10, 20])
@pytest.mark.parametrize("quantile", [0.05, 0.2, 0.25, 0.5])
def test_the_worst_copy_the_best_and_no_more_than_half(n, quantile):
    losses = random.Random(n).sample(range(100), n)
    history = told(*(member(i, [float(loss)]) for i, loss in enumerate(losses)))
    found, end = moves(history, PBT(population_size=n, quantile=quantile, synchronous=True))
    size = min(math.ceil(round(quantile * n, 9)), n // 2)
    order = sorted(range(n), key=losses.__getitem__)
    copies = {m.number: m.source for m in found if m.source is not None}
    assert set(copies) == set(order[n - size :])
    assert set(copies.values()) <= set(order[:size])
    assert [m.number for m in found] == sorted(copies) + sorted(
        set(order) - set(copies)
    )  # copiers first
    assert all(m.params is None for m in found if m.source is None)
    assert end is Next.WAIT


def test_donors_are_drawn_uniformly():
    counts = np.zeros(8)
    for seed in range(200):
        history = told(*(member(i, [float(i)]) for i in range(8)))
        history.update_info(seed=seed)
        move = PBT(population_size=8, synchronous=True).next(history)
        assert move.number == 6
        counts[move.source] += 1
    assert counts[2:].sum() == 0
    assert abs(counts[0] - 100) < 35


def test_equals_rank_by_number():
    found = moves(told(*(member(i, [1.0]) for i in range(8))), PBT(population_size=8))[0]
    assert {m.number for m in found if m.source is not None} == {6, 7}
    assert {m.source for m in found} <= {None, 0, 1}


def test_losses_that_are_not_numbers_rank_last():
    history = told(
        member(0, [math.nan]), member(1, [1e300]), member(2, [-math.inf]), member(3, [5.0])
    )
    scheduler = PBT(population_size=4, quantile=0.5, synchronous=True)
    assert {
        m.number: m.source for m in moves(history, scheduler)[0] if m.source is not None
    }.keys() == {0, 2}


def test_several_objectives_rank_by_fronts():
    losses = [(0.0, 9.0), (9.0, 0.0), (1.0, 10.0), (10.0, 10.0)]
    assert ranks(np.array(losses)).tolist() == [0, 0, 1, 2]
    history = told(
        *(member(i, [loss]) for i, loss in enumerate(losses)), directions=("minimize", "minimize")
    )
    move = PBT(population_size=4, synchronous=True).next(history)
    assert (move.number, move.source) == (3, 0)


# -- who is compared with whom
# ----------------------------------------------------------------------------------------


def test_asynchronous_members_are_compared_with_those_that_have_come_as_far():
    scheduler = PBT(population_size=4, quantile=0.25)
    rest = [
        member(1, [1.0, 0.5]),
        member(2, [2.0], State.RUNNING),
        member(3, {3.0: 0.0}, State.RUNNING),
    ]
    history = told(member(0, [9.0], State.RUNNING), *rest)
    assert scheduler.decide(history, 0) is PAUSE
    assert scheduler.next(told(member(0, [9.0]), *rest)).source == 1  # 3 has not come to 5
    alone = told(
        member(0, [9.0], State.RUNNING), *(member(i, {3.0: 0.0}, State.RUNNING) for i in (1, 2, 3))
    )
    assert scheduler.decide(alone, 0) is CONTINUE


def test_a_member_is_judged_at_its_first_report_in_an_interval():
    def decide(steps, granted=()):
        others = [member(i, dict.fromkeys(range(1, 30), 0.1 * i), State.RUNNING) for i in (1, 2, 3)]
        own = member(0, {float(s): 9.0 for s in steps}, State.RUNNING, turns=granted)
        return PBT(population_size=4, interval=5).decide(told(own, *others), 0)

    assert decide([4]) is CONTINUE
    assert decide([4, 5]) is PAUSE
    assert decide([4, 6]) is PAUSE
    assert decide([5, 6]) is CONTINUE
    assert decide([4, 5], granted=[(5.0,)]) is CONTINUE
    assert decide([9, 10], granted=[(5.0,)]) is PAUSE
    assert decide([0.1]) is CONTINUE


def test_intervals_may_be_fractions():
    scheduler = PBT(population_size=2, interval=0.1, synchronous=True)
    for k in range(1, 40):
        assert scheduler.decide(told(member(0, {k / 10: 0.0}, State.RUNNING)), 0) is PAUSE


def test_those_behind_go_first():
    scheduler = PBT(population_size=3)
    ahead = member(0, [1.0, 0.9], State.RUNNING)
    assert scheduler.decide(told(ahead, member(1, [1.0]), member(2, [0.95])), 0) is PAUSE
    assert (
        scheduler.decide(told(ahead, member(1, [1.0, 0.95]), member(2, [0.95, 0.92])), 0)
        is CONTINUE
    )
    assert (
        scheduler.decide(told(ahead, member(1, {}, State.WAITING), member(2, [1.0, 2.0])), 0)
        is PAUSE
    )
    unborn = told(ahead, member(1, {}, State.WAITING), member(2, [1.0, 2.0]), budget=2)
    assert scheduler.decide(unborn, 0) is CONTINUE  # it can never begin
    assert (
        scheduler.decide(told(ahead, member(1, [1.0, 1.0])), 0) is PAUSE
    )  # for a member that is not there yet
    assert scheduler.decide(told(ahead, member(1, [1.0, 1.0]), budget=2), 0) is CONTINUE
    history = told(member(0, [1.0, 0.9]), member(1, [1.0]), member(2, [0.95]))
    assert [m.number for m in moves(history, scheduler)[0]] == [1, 2, 0]


def test_a_copy_counts_with_what_it_copied_and_not_where_it_leapt():
    history = told(
        member(0, {5.0: 9.0, 24.0: 0.2}, State.RUNNING, turns=[(5.0,), (23.0, 1)]),
        member(1, {float(s): 1.0 - s / 100 for s in range(1, 24)}),
        member(2, {5.0: 9.0, 10.0: 8.0}, State.RUNNING, turns=[(10.0, 1)]),
    )
    assert loss_at(history, 0, 4.0) is None
    assert loss_at(history, 0, 5.0) == [9.0]
    assert loss_at(history, 0, 6.0) is None  # it was never there
    assert loss_at(history, 0, 23.0) == [1.0 - 23 / 100]
    assert loss_at(history, 0, 23.5) == [1.0 - 23 / 100]
    assert loss_at(history, 0, 24.0) == loss_at(history, 0, 99.0) == [0.2]
    assert loss_at(history, 2, 10.0) == [8.0]  # with which it came there
    assert loss_at(history, 2, 11.0) == [0.9]
    assert loss_at(history, 2, 7.0) == [9.0]


def test_donors_have_a_checkpoint_of_their_own_from_there_on():
    scheduler = PBT(population_size=4)
    worse = [member(2, [2.0]), member(3, [3.0])]

    def donor(best):
        return next(
            m.source
            for m in moves(told(best, member(1, [9.0]), *worse), scheduler)[0]
            if m.number == 1
        )

    assert donor(member(0, [0.0])) == 0
    assert donor(member(0, [0.0], State.RUNNING)) == 0
    assert donor(member(0, [0.0], State.WAITING)) == 0
    assert donor(member(0, [0.0], State.COMPLETE)) is None  # compared, not copied
    assert donor(member(0, [0.0], saved=False)) is None
    assert donor(member(0, [0.0, 0.0])) == 0
    early = TrialRow(
        number=0, state=State.PAUSED, params={"x": 1.0}, token=1, checkpoints=({"step": 4.0},)
    )
    assert donor((early, {5.0: 0.0, 10.0: 0.0})) is None
    lent = TrialRow(
        number=0,
        state=State.RUNNING,
        params={"x": 1.0},
        token=1,
        checkpoints=({"step": 5.0},),
        turns=(Turn(5.0, {"x": 1.0}, 3),),
    )
    assert donor((lent, {5.0: 0.0})) is None


def test_where_nobody_has_a_checkpoint_so_far_nobody_is_copied(caplog):
    scheduler = PBT(population_size=4)
    history = told(*(member(i, [float(i)], saved=False) for i in range(4)))
    assert {m.source for m in moves(history, scheduler)[0]} == {None}
    assert "none of them has a checkpoint" in caplog.text


def test_failed_ones_shrink_the_population_and_foreign_ones_are_none(caplog):
    scheduler = PBT(population_size=4)
    failed = member(0, [0.0], State.FAILED)
    history = told(failed, member(1, [9.0]), member(2, [1.0]), member(3, [2.0]))
    assert {m.source for m in moves(history, scheduler)[0]} == {2, None}
    foreign = (
        TrialRow(number=0, state=State.COMPLETE, params={"x": 1.0}, values=(0.0,)),
        {5.0: 0.0},
    )
    rerun = member(1, [0.0], State.PAUSED, tags={"confirms": 0, "repeat": 0})
    assert scheduler.next(told(foreign, rerun, member(2, [1.0]), member(3, [2.0]))) is Next.START
    assert scheduler.next(told(foreign, rerun, member(2, [1.0]), budget=3)) == Resume(2)
    assert (
        scheduler.next(
            told(foreign, rerun, *(member(i, [1.0], State.COMPLETE) for i in range(2, 6)))
        )
        is Next.DONE
    )


def test_members_start_until_there_are_enough_then_all_come_to_their_end():
    scheduler = PBT(population_size=2)
    assert scheduler.next(told()) is Next.START
    assert scheduler.next(told(member(0, [1.0]))) is Next.START
    assert scheduler.next(told(member(0, [1.0]), budget=1)) == Resume(0)
    assert scheduler.next(told(*(member(i, [1.0], State.RUNNING) for i in range(2)))) is Next.WAIT
    assert (
        scheduler.next(told(member(0, [1.0], State.COMPLETE), member(1, [1.0], State.FAILED)))
        is Next.DONE
    )
    assert scheduler.next(told(member(0, [1.0], State.COMPLETE), member(1, [1.0]))) == Resume(1)


def test_from_max_resource_on_nobody_is_paused_or_copied():
    for synchronous in (False, True):
        scheduler = PBT(population_size=2, max_resource=10, quantile=0.5, synchronous=synchronous)
        history = told(member(0, [9.0, 9.0], State.RUNNING), member(1, [1.0, 1.0]))
        assert scheduler.decide(history, 0) is CONTINUE
        assert scheduler.next(told(member(0, [9.0]), member(1, [1.0, 1.0]))) == Resume(0)


# -- synchronous
# ----------------------------------------------------------------------------------------------


def test_synchronous_members_wait_for_all():
    scheduler = PBT(population_size=3, synchronous=True)
    assert scheduler.decide(told(member(0, [1.0], State.RUNNING)), 0) is PAUSE
    two = member(0, [1.0]), member(1, [2.0])
    assert scheduler.next(told(*two, member(2, {4.0: 0.0}, State.RUNNING))) is Next.WAIT
    assert (
        scheduler.next(told(*two, member(2, [0.0], State.RUNNING))) is Next.WAIT
    )  # it is about to pause
    assert (
        scheduler.next(told(*two, member(2, [0.0], State.WAITING))) is Next.DONE
    )  # nobody can be resumed, or runs
    assert scheduler.next(told(*two, member(2, [0.0])))[::2] == (1, 2)
    assert scheduler.next(told(*two, member(2, [0.0], State.COMPLETE))) == Resume(
        0
    )  # donors must go on
    assert scheduler.next(told(*two, member(2, {4.0: 0.0}, State.FAILED))).source == 0


def test_synchronous_decisions_of_a_round_do_not_depend_on_who_has_moved_on():
    members = [member(i, [float(10 - i)]) for i in range(8)]
    first = moves(told(*members), PBT(population_size=8, synchronous=True))[0]
    later = []
    history = told(*members)
    for move in first:
        assert PBT(population_size=8, synchronous=True).next(history) == move
        turn = Turn(5.0, move.params or {"x": 1.0}, move.source)
        history.put(
            [
                TrialRow(
                    number=move.number,
                    state=State.RUNNING,
                    params=turn.params,
                    token=2,
                    turns=(turn,),
                )
            ]
        )
        history.put_report(move.number, 6.0, -100.0)  # a great step forward
        later.append(move)
    assert later == first


# -- exploration
# ----------------------------------------------------------------------------------------------

NUMBERS = [
    Float(1e-5, 1, scale="log"),
    Float(-3, 3),
    Float(0, 1, step=0.1),
    Float(0.5, 0.999, scale="reverse_log"),
    Int(0, 10),
    Int(1, 1000, scale="log"),
    Int(-5, 20, step=5),
    Int(1, 64, scale="reverse_log"),
    Int(3, 3),
    Float(2, 2),
]
CHOICES = [
    Categorical(("a", "b", "c")),
    Categorical((1, 2, 4, 8), ordered=True),
    Categorical((None,)),
]
SEEDS = st.integers(0, 2**32)


@settings(max_examples=200)
@given(st.sampled_from(NUMBERS), SEEDS, st.sampled_from([(1.2, 0.8), (2.0, 0.5), (1.001,)]))
def test_a_number_is_multiplied_and_stays_in_its_range(dist, seed, factors):
    rng = np.random.default_rng(seed)
    value = dist.value(dist.from_unit(rng.random()))
    new = perturb_value(dist, value, 0.0, factors, rng)
    assert type(new) is type(value)
    assert dist.contains(float(new))
    end = {"reverse_log": 1.0 if isinstance(dist, Float) else dist.high + 1}.get(dist.scale, 0.0)
    raw = [end + (value - end) * f for f in factors]
    if dist.step is None:
        assert min(abs(new - min(max(r, dist.low), dist.high)) for r in raw) < 1e-12
    elif dist.n_values > 1:
        moved = new != value
        assert moved or value in (dist.low, dist.top)
        assert min(abs(new - r) for r in raw) <= dist.step * 1.5 or new in (dist.low, dist.top)


def test_whole_numbers_move_both_ways():
    rng = np.random.default_rng(0)
    assert {perturb_value(Int(0, 10), 2, 0.0, (1.2, 0.8), rng) for _ in range(50)} == {1, 3}
    assert {perturb_value(Int(0, 10), 0, 0.0, (1.2, 0.8), rng) for _ in range(50)} == {0, 1}
    assert {perturb_value(Int(0, 10), 10, 0.0, (1.2, 0.8), rng) for _ in range(50)} == {8, 10}
    assert {perturb_value(Float(0, 1), 0.5, 0.0, (1.2, 0.8), rng) for _ in range(50)} == {0.6, 0.4}
    assert {
        round(perturb_value(Float(0, 0.99, scale="reverse_log"), 0.9, 0.0, (1.2, 0.8), rng), 9)
        for _ in range(50)
    } == {0.88, 0.92}


def test_choices_step_or_are_drawn():
    rng = np.random.default_rng(0)
    sizes = Categorical(("s", "m", "l", "xl"), ordered=True)
    assert {perturb_value(sizes, "m", 0.0, (1.2, 0.8), rng) for _ in range(50)} == {"s", "l"}
    assert {perturb_value(sizes, "xl", 0.0, (1.2, 0.8), rng) for _ in range(50)} == {"l", "xl"}
    assert {perturb_value(CHOICES[0], "a", 0.0, (1.2, 0.8), rng) for _ in range(50)} == {
        "a",
        "b",
        "c",
    }
    believed = Categorical(("a", "b"), prior={"b": 1.0})
    drawn = [perturb_value(believed, "a", 0.0, (1.2, 0.8), rng) for _ in range(200)]
    assert drawn.count("b") > 150


def test_resampling_follows_the_prior():
    rng = np.random.default_rng(0)
    dist = Float(1e-5, 1, scale="log", prior=(1e-3, 0.02))
    drawn = [perturb_value(dist, 0.5, 1.0, (1.2, 0.8), rng) for _ in range(200)]
    assert np.mean([3e-4 < v < 3e-3 for v in drawn]) > 0.9
    wide = [perturb_value(Float(0, 1), 0.5, 1.0, (1.2, 0.8), rng) for _ in range(400)]
    assert abs(np.mean(wide) - 0.5) < 0.1
    share = np.mean(
        [perturb_value(Float(0, 1), 0.5, 0.25, (1.2, 0.8), rng) in (0.6, 0.4) for _ in range(1000)]
    )
    assert abs(share - 0.75) < 0.06


TREE = Space(
    {
        "kind": ["svm", "net"],
        "layers": Int(1, 4, when={"kind": "net"}),
        "width": Int(8, 64, when={"kind": "net", "layers": [2, 3, 4]}),
        "c": Float(1e-3, 1e3, scale="log", when={"kind": "svm"}),
        "a": Float(0, 1),
        "b": Float(0, 1),
    },
    constraints=["a + b < 1.2"],
)


@settings(max_examples=150)
@given(SEEDS)
def test_what_is_explored_keeps_conditions_and_constraints(seed):
    rng = np.random.default_rng(seed)
    [given] = TREE.decode(TREE.sample(rng, 1))
    new = explore(TREE, given, None, 0.25, (1.2, 0.8), rng)
    assert TREE.check(new) == new
    assert set(new) == {
        n for n, on in zip(TREE.names, TREE.active(TREE.encode(new))[0], strict=True) if on
    }
    frozen = explore(TREE, given, ["a"], 0.25, (1.2, 0.8), rng)
    assert {**frozen, "a": None} == {**given, "a": None}
    assert explore(TREE, given, [], 0.25, (1.2, 0.8), rng) == given


def test_params_stay_where_nothing_near_is_allowed():
    space = Space(
        {"a": Float(0, 1)}, constraints=[lambda p: p["a"] < 0.3 or abs(p["a"] - 0.5) < 1e-9]
    )
    assert explore(space, {"a": 0.5}, None, 0.0, (1.2, 0.8), np.random.default_rng(0)) == {"a": 0.5}


def test_foreign_and_outdated_values():
    rng = np.random.default_rng(0)
    space = Space({"k": ["a", "b"], "x": Float(0, 1)})
    new = explore(space, {"k": "gone", "x": 5.0, "other": 3}, [], 0.0, (1.2,), rng)
    assert new["other"] == 3
    assert space.check({"k": new["k"], "x": new["x"]})


def test_numbers_that_are_not_mutated_are_exactly_the_donors():
    space = Space({"x": Float(1e-7, 1, scale="log"), "y": Float(0.1, 0.7)})
    for value in (0.1 + 0.2, 1 / 3, 0.123456789123456):
        best = member(0, [0.0], params={"x": value, "y": value})
        history = told(best, member(1, [9.0], params={"x": 0.5, "y": 0.5}), space=space)
        move = PBT(population_size=2, quantile=0.5, mutate=["x"], resample_probability=0).next(
            history
        )
        assert move.params["y"] == value
        assert move.params["x"] in (value * 1.2, value * 0.8)


# -- all in all
# ----------------------------------------------------------------------------------------------


class Driver:
    """Workers of random speed, without a study: what a storage would note is put into a history."""

    def __init__(self, scheduler, n_workers, seed, n_steps=30, p_fail=0.0):
        self.scheduler = scheduler
        self.rng = random.Random(seed)
        self.n_steps = n_steps
        self.p_fail = p_fail
        self.space = Space({"x": Float(0, 1), "k": Int(1, 9)})
        self.history = History(self.space, ["minimize"], seed=seed)
        self.rows = {}
        self.weights = {}
        self.saved = {}
        self.n_workers = n_workers
        self.busy = {}
        self.log = []

    def put(self, row):
        self.rows[row.number] = row
        self.history.put([row])

    def ask(self, worker):
        h = self.history
        move = self.same(lambda s, history: s.next(history))
        if move is Next.START:
            x = random.Random(1000 * h.seed + h.n).random()
            row = TrialRow(number=h.n, state=State.RUNNING, params={"x": x, "k": 5}, token=1)
            self.put(row)
            self.weights[row.number], at = 0.0, 0.0
        elif isinstance(move, Resume):
            assert move.number in h.paused
            self.judge(move)
            source = move.number if move.source is None else move.source
            step = float(h.checkpoint_step[source])
            lent = ({"step": step, "value": ""},) if move.source is not None else ()
            row = self.rows[move.number]
            turn = Turn(step, move.params or row.params, move.source)
            row = start(row, "w", 0.0, 1.0, turn, lent)
            self.put(row)
            self.weights[row.number], at = self.saved[source, step], step
            self.log.append((move, step))
        else:
            return move
        self.busy[worker] = (row.number, at)
        return None

    def judge(self, move):
        """What must be true of a copy."""
        h, own = self.history, float(self.history.last_step[move.number])
        if move.source is None:
            assert move.params is None
            return
        assert h.checkpoint_step[move.source] >= own
        assert h.state[move.source] < State.COMPLETE
        assert self.space.check(move.params) == move.params
        came = [
            m
            for m in range(h.n)
            if np.fmax(h.last_step[m], h.granted[m]) >= own and h.state[m] != State.FAILED
        ]
        losses = {m: float(v[0]) for m in came if (v := loss_at(h, m, own)) is not None}
        better = sum(v < losses[move.source] for v in losses.values())
        worse = sum(v > losses[move.number] for v in losses.values())
        cut = min(math.ceil(self.scheduler.quantile * len(losses) - 1e-9), len(losses) // 2)
        assert better < cut
        assert worse < cut

    def same(self, ask):
        """The answer, which a rebuilt history and a pickled scheduler give too."""
        answer = ask(self.scheduler, self.history)
        again = History(self.space, ["minimize"], seed=self.history.seed)
        again.update_info(budget=self.history.budget)
        again.put(self.rows[i] for i in sorted(self.rows))
        for m in reversed(range(self.history.n)):
            steps, losses = self.history.reports_of(m)
            for step, loss in zip(steps, losses, strict=True):
                again.put_report(m, float(step), float(loss))
        assert ask(pickle.loads(pickle.dumps(self.scheduler)), again) == answer
        return answer

    def step(self, worker):
        number, at = self.busy[worker]
        row, h = self.rows[number], self.history
        if self.p_fail and self.rng.random() < self.p_fail:
            return self.end(worker, State.FAILED)
        if at >= self.n_steps:  # it was paused at its last step
            return self.end(worker, State.COMPLETE)
        at += 1
        self.weights[number] += row.params["x"] - 0.5 + 0.01 * row.params["k"]
        loss = -self.weights[number]
        self.saved[number, at] = self.weights[number]
        assert not h.last_step[number] >= at  # never again where it has been
        h.put_report(number, at, loss)
        made = ({"step": at, "value": ""},)
        self.rows[number] = replace(row, checkpoints=made)
        h.set_checkpoint_step(number, at)
        self.busy[worker] = (number, at)
        decision = self.same(lambda s, history: s.decide(history, number))
        if decision is PAUSE:
            self.end(worker, State.PAUSED)
        elif at >= self.n_steps:
            self.end(worker, State.COMPLETE)

    def end(self, worker, state):
        number, _ = self.busy.pop(worker)
        row, values = self.rows[number], (-self.weights[number],)
        checkpoints = row.checkpoints if state == State.PAUSED else ()
        self.put(end(replace(row, state=state, values=values, checkpoints=checkpoints), row))

    def run(self):
        for _ in range(100_000):
            idle = [w for w in range(self.n_workers) if w not in self.busy]
            told = {self.ask(w) for w in idle}
            if not self.busy:
                assert told == {Next.DONE}
                return self.rows
            self.step(self.rng.choice(list(self.busy)))
        raise AssertionError("it does not end")


@settings(max_examples=25)
@given(
    seed=st.integers(0, 1000),
    n=st.integers(2, 7),
    n_workers=st.integers(1, 8),
    synchronous=st.booleans(),
    quantile=st.sampled_from([0.25, 0.5]),
    p_fail=st.sampled_from([0.0, 0.01]),
    end=st.sampled_from([None, 12]),
)
def test_whatever_the_timing_everything_ends_and_no_step_goes_backwards(
    seed, n, n_workers, synchronous, quantile, p_fail, end
):
    logging.getLogger("luthier").disabled = True
    scheduler = PBT(n, 4, end, quantile, synchronous=synchronous)
    driver = Driver(scheduler, n_workers, seed, n_steps=12, p_fail=p_fail)
    rows = driver.run()
    logging.getLogger("luthier").disabled = False
    assert len(rows) == n
    assert {r.state for r in rows.values()} <= {State.COMPLETE, State.FAILED}
    for row in rows.values():
        steps = [t.step for t in row.turns]
        assert steps == sorted(steps)
    schedule = {
        i: PBT.schedule(list(rows.values()), i) for i in rows if rows[i].state == State.COMPLETE
    }
    for i, path in schedule.items():  # what it came to is what its schedule says
        assert next(iter(path)) == 0
        assert list(path) == sorted(path)
        total = 0.0
        for begin, finish in itertools.pairwise([*path, 12]):
            for _ in range(int(begin), int(finish)):
                total += path[begin]["x"] - 0.5 + 0.01 * path[begin]["k"]
        assert -total == rows[i].value


def test_synchronous_populations_do_not_depend_on_timing():
    def turns(seed, n_workers):
        driver = Driver(PBT(6, 4, synchronous=True), n_workers, 3, n_steps=12)
        driver.rng = random.Random(seed)
        return {i: (r.turns, r.value) for i, r in driver.run().items()}

    first = turns(0, 1)
    assert all(
        turns(seed, n_workers) == first for seed, n_workers in [(1, 2), (2, 3), (3, 6), (4, 9)]
    )
    assert sum(t.source is not None for turns, _ in first.values() for t in turns) >= 2


# -- settings and words
# -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"population_size": 1}, "PBT needs at least 2 members, got population_size=1"),
        ({"population_size": 2.5}, "population_size must be a whole number"),
        ({"interval": 0}, "interval must be a finite number > 0, got 0"),
        ({"interval": math.nan}, "interval must be a finite number"),
        ({"max_resource": 0}, "max_resource must be"),
        ({"quantile": 0}, "quantile must be a finite number > 0 and <= 0.5, got 0"),
        ({"quantile": 0.6}, "quantile must be"),
        ({"resample_probability": 1.1}, "resample_probability must be"),
        ({"factors": (1.2, 0)}, "a factor must be a finite number > 0, got 0"),
        ({"factors": 1.2}, "factors must be a list of numbers"),
        ({"factors": ()}, "factors must be a list of numbers"),
        ({"mutate": "lr"}, "mutate must be a list of names"),
    ],
)
def test_settings_out_of_range(settings, words):
    with pytest.raises(ValueError, match=words):
        PBT(**settings)


def test_it_has_a_name_and_says_its_settings():
    assert repr(from_name("pbt")) == repr(PBT())
    assert "population_size=20" in repr(PBT())
    assert "warned" not in repr(PBT())


def test_unknown_names_are_said_once(caplog):
    scheduler = PBT(population_size=2, quantile=0.5, mutate=["y"])
    for _ in range(2):
        assert scheduler.next(told(member(0, [0.0]), member(1, [9.0]))).source == 0
    words = [r.getMessage() for r in caplog.records]
    assert words == ["mutate names ['y'], which the space does not have so far: ['x']"]


def test_checkpoints_that_come_too_rarely_are_said_once(caplog):
    early = TrialRow(
        number=0, state=State.PAUSED, params={"x": 1.0}, token=1, checkpoints=({"step": 3.0},)
    )
    scheduler = PBT(population_size=2, quantile=0.5)
    for _ in range(2):
        assert scheduler.next(told((early, {5.0: 0.0}), member(1, [9.0]))) == Resume(0)
    assert len(caplog.records) == 1
    assert "trial 1 cannot copy [0] at step 5" in caplog.text


def test_without_being_asked_only_real_numbers_are_mutated():
    """Whole numbers and choices may be an architecture, which no other's checkpoint fits."""
    space = {
        "width": Int(8, 64),
        "kind": ["relu", "tanh"],
        "depth": Categorical((1, 2, 3), ordered=True),
        "rate": Float(1e-4, 1, scale="log"),
        "size": Float(8, 64, step=8),
    }

    def training(trial):
        shape = [trial.params[name] for name in ("width", "kind", "depth")]
        if trial.checkpoint is not None:
            assert trial.checkpoint["shape"] == shape
        for step in range(int(trial.step) + 1, 21):
            trial.report(trial.params["rate"] / step, step, checkpoint={"shape": shape})
            if trial.should_stop():
                raise luthier.TrialPruned
        return trial.params["rate"]

    for scheduler in (PBT, PB2):
        study = luthier.create_study(
            space=space,
            scheduler=scheduler(population_size=6, interval=4, max_resource=20),
            seed=0,
        )
        study.optimize(training)
        copied = [t for row in study.trials for t in row.turns if t.source is not None]
        assert copied


def test_a_population_in_which_nothing_may_change_says_so(caplog):
    def training(trial):
        n = trial.suggest_int("n", 1, 9)
        for step in range(int(trial.step) + 1, 21):
            trial.report(n, step, checkpoint={"n": n})
            if trial.should_stop():
                raise luthier.TrialPruned
        return n

    study = luthier.create_study(
        scheduler=PBT(population_size=6, interval=4, max_resource=20), seed=0
    )
    study.optimize(training)
    assert caplog.text.count("nothing of them is varied") == 1
