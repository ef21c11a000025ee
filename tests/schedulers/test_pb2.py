import pickle
import subprocess
import sys

import numpy as np
import pytest

from luthier.history.history import History
from luthier.schedulers import PB2, PBT, from_name
from luthier.schedulers.base import Resume
from luthier.space.distributions import Categorical, Float, Int
from luthier.space.space import Space
from luthier.trial.record import State, TrialRow, Turn

SIZES = Categorical((1, 2, 3), ordered=True)
SPACE = Space({"x": Float(1e-4, 1, scale="log"), "k": Int(1, 40), "c": ["a", "b"], "o": SIZES})


def population(best_u, n=6, rounds=6, space=SPACE, seed=0, running=()):
    """Members whose loss falls quicker the nearer the unit value of x is to best_u.

    All stand at the same step.
    """
    rng = np.random.default_rng(seed)
    history = History(space, ["minimize"], seed=seed)
    for m in range(n):
        [params] = space.decode(space.sample(rng, 1))
        turns = []
        loss = 10.0
        reports = {}
        for k in range(rounds):
            if k:
                [params] = space.decode(space.sample(rng, 1))
                turns.append(Turn(5.0 * k, params, None))
            u = space.dists[0].to_unit(params["x"])
            loss -= 1 - 4 * (u - best_u) ** 2
            reports[5.0 * (k + 1)] = loss
        first = Turn(0.0, {**params, "x": 0.01}) if not turns else turns[0]
        state = State.RUNNING if m in running else State.PAUSED
        row = TrialRow(
            number=m,
            state=state,
            params=params,
            token=1,
            turns=(first, *turns[1:]),
            checkpoints=({"step": 5.0 * rounds, "value": ""},),
        )
        history.put([row])
        for step, value in reports.items():
            history.put_report(m, step, value)
    return history


def test_numbers_go_where_progress_was_quick():
    for best in (0.25, 0.75):
        found = []
        for seed in range(6):
            history = population(best, seed=seed)
            move = PB2(population_size=6, interval=5, synchronous=True).next(history)
            assert move.source is not None
            found.append(SPACE.dists[0].to_unit(move.params["x"]))
            assert SPACE.check(move.params) == move.params
        assert abs(np.median(found) - best) < 0.2


def test_the_same_history_gives_the_same_params():
    move = PB2(population_size=6).next(population(0.5))
    assert isinstance(move, Resume)
    assert pickle.loads(pickle.dumps(PB2(population_size=6))).next(population(0.5)) == move


def test_choices_follow_the_rule_of_pbt():
    ordered, loose = set(), set()
    for seed in range(12):
        history = population(0.5, seed=seed)
        move = PB2(population_size=6, resample_probability=0.0).next(history)
        donor = history.turns[move.source][-1].params
        ordered.add(abs(move.params["o"] - donor["o"]))
        loose.add(move.params["c"])
    assert ordered <= {0, 1}
    assert loose == {"a", "b"}


def test_names_that_are_not_mutated_are_copied():
    history = population(0.5)
    move = PB2(population_size=6, mutate=["x"]).next(history)
    donor = history.turns[move.source][-1].params
    assert {**move.params, "x": 0} == {**donor, "x": 0}
    assert move.params["x"] != donor["x"]
    assert PB2(population_size=6, mutate=[]).next(history).params == donor


def test_what_is_known_and_what_is_pending():
    scheduler = PB2(population_size=6)
    known, pending = scheduler._experience(population(0.5, running=range(3)), 2)
    assert len(pending) == 2  # others that run
    assert len(known) == 6 * 5  # nothing is known before the first report
    assert all(s.end == s.step + 5 for s in known)
    assert [s.end for s in known] == sorted(s.end for s in known)
    assert scheduler._experience(population(0.5), 5)[1] == []


def test_the_sd_is_that_of_pending_members_too(monkeypatch):
    from luthier.numerics import time_gp

    seen = {}
    best_bounds = time_gp.best_bounds

    def noted(known, expected, *args):
        seen["n"] = len(known.t), len(expected.t)
        return best_bounds(known, expected, *args)

    monkeypatch.setattr(time_gp, "best_bounds", noted)
    PB2(population_size=6).next(population(0.5, running=(0, 1)))
    assert seen["n"] == (30, 32)


def test_what_a_member_went_through():
    history = History(Space({"x": Float(0, 1)}), ["maximize"])
    a, b = {"x": 0.1}, {"x": 0.2}
    copied = (Turn(5.0, a), Turn(10.0, b, 1))
    history.put([TrialRow(number=0, state=State.RUNNING, params=b, token=1, turns=copied)])
    history.put([TrialRow(number=1, state=State.COMPLETE, params=a, values=(1.0,), token=1)])
    for number, reports in enumerate(
        [[1, 2, 3, 4, 5, 6, 6.5, 7, 8, 8.5, 1, 2, 3, 4, 12], [10.0] * 15]
    ):
        for step, value in enumerate(reports, 1):
            history.put_report(number, float(step), float(value))
    past, now = PB2(interval=5)._stretches(history, 0)
    assert [(s.step, s.reward, s.params["x"], s.end, s.rate) for s in past] == [
        (1.0, 1.0, 0.1, 5.0, 1.0),
        (5.0, 5.0, 0.1, 10.0, 0.7),
        (10.0, 10.0, 0.2, 15.0, 0.4),  # from what it copied
    ]
    assert (now.step, now.reward, now.params) == (15.0, 12.0, b)
    history.put_report(1, 10.0, float("nan"))
    assert len(PB2(interval=5)._stretches(history, 0)[0]) == 2


def test_with_little_known_it_explores_as_pbt_does():
    history = population(0.5, n=2, rounds=1)
    settings = {"population_size": 2, "quantile": 0.5}
    assert PB2(**settings).next(history) == PBT(**settings).next(history)


def test_constraints_and_conditions_are_kept():
    space = Space(
        {"x": Float(0, 1), "y": Float(0, 1), "n": Int(1, 3), "z": Float(0, 1, when={"n": [2, 3]})},
        constraints=["x + y < 0.8"],
    )
    for seed in range(6):
        move = PB2(population_size=6).next(population(0.9, space=space, seed=seed))
        assert space.check(move.params) == move.params


def test_the_window_bounds_what_the_model_sees():
    history = population(0.5)
    wide, narrow = (PB2(population_size=6, window=w).next(history).params["x"] for w in (1000, 3))
    assert wide != narrow


def test_settings():
    assert repr(from_name("pb2")) == repr(PB2())
    with pytest.raises(ValueError, match="PBT needs at least 2 members"):
        PB2(population_size=1)
    with pytest.raises(ValueError, match="window must be a whole number >= 3"):
        PB2(window=2)


def test_scipy_is_loaded_when_it_is_needed():
    code = "import sys, luthier.schedulers as s; s.PB2(); s.PBT(); print('scipy' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
        == "False\n"
    )
