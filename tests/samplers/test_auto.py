"""What the automatic sampler chooses, from which data, and how it says so."""

from __future__ import annotations

import numpy as np
import pytest

import luthier
from luthier import Float, Space, State, TrialRow
from luthier.history.history import History
from luthier.samplers import Auto
from luthier.samplers.auto import find_time_limit, proposal_times_s

NUMBERS = Space({f"x{i}": Float(0, 1) for i in range(4)})
MIXED = Space({**NUMBERS.params, "c": ["a", "b", "c"]})


def bowl(params: dict) -> float:
    return sum((v - 0.3) ** 2 for v in params.values() if isinstance(v, float))


def told(space: Space, n: int, f=bowl, duration_s: float = 0.0, running: int = 0) -> History:
    rng, history = np.random.default_rng(0), History(space, ["minimize"])
    rows = []
    for i, params in enumerate(space.decode(space.sample(rng, n + running))):
        state = State.COMPLETE if i < n else State.RUNNING
        values, end = ((f(params),), i + duration_s) if i < n else (None, None)
        rows.append(
            TrialRow(
                number=i,
                state=state,
                params=params,
                values=values,
                started_s=float(i),
                finished_s=end,
            )
        )
    history.put(rows)
    return history


def said(space: Space, history: History) -> str:
    auto = Auto()
    X = auto.sample(space, history, 1, np.random.default_rng(0))
    assert space.feasible(X).all()
    return auto.explain()


def test_before_anything_is_proposed() -> None:
    assert Auto().explain() == "Auto: nothing has been proposed yet"


def test_a_gaussian_process_for_nearly_everything() -> None:
    study = luthier.create_study(space=MIXED, seed=0)
    study.optimize(lambda t: bowl(t.params), n_trials=27)
    assert isinstance(study.sampler, Auto)
    assert study.sampler.explain().startswith(
        "GP: 5 parameters, 26 finished trials, 1 at a time; it ranks left-out trials"
    )
    assert study.best_value < 0.05


def test_short_trials_get_a_gaussian_process_until_it_has_thought_enough() -> None:
    assert said(NUMBERS, told(NUMBERS, 200)).startswith("GP: ")
    history = told(NUMBERS, 400)
    since = find_time_limit(history, 4)
    assert since is not None
    assert 200 < since < 400
    assert (
        np.cumsum(proposal_times_s(400, 4))[since - 2]
        <= 5
        < np.cumsum(proposal_times_s(400, 4))[since - 1]
    )
    assert said(NUMBERS, history) == (
        "CMAES: a Gaussian process of 4 parameters has used up its time to think since trial "
        f"{since}; "
        "starts from what it has found"
    )
    assert said(MIXED, told(MIXED, 400)).startswith(
        "TPE: a Gaussian process of 5 parameters has used up"
    )


@pytest.mark.slow
def test_long_trials_keep_it() -> None:
    assert said(NUMBERS, told(NUMBERS, 600, duration_s=5.0)).startswith("GP: ")


def test_where_most_parameters_are_inactive_two_methods_take_turns() -> None:
    leaf = {f"y{i}": Float(0, 1, when={"c": "a"}) for i in range(12)}
    tree = Space({**MIXED.params, **leaf})
    assert said(tree, told(tree, 20)).startswith(
        "GP: 17 parameters, in turns with TPE as most of them are inactive, 20 finished"
    )
    assert (
        said(tree, told(tree, 21))
        == "TPE: 17 parameters, in turns with a Gaussian process as most of them are inactive"
    )


def test_a_few_conditions_leave_the_gaussian_process_alone() -> None:
    tree = Space({**MIXED.params, "y": Float(0, 1, when={"c": "a"})})
    for n in (20, 21):
        assert said(tree, told(tree, n)).startswith(f"GP: 6 parameters, {n} finished trials")


def test_workers() -> None:
    assert said(NUMBERS, told(NUMBERS, 30, running=20)).startswith(
        "GP: 4 parameters, 30 finished trials, 21 at a time"
    )
    assert (
        said(NUMBERS, told(NUMBERS, 30, running=70)) == "TPE: 71 trials at a time, 30 finished ones"
    )
    history = told(NUMBERS, 0, running=12)
    history.update_info(budget=20)
    assert said(NUMBERS, history).startswith("QMC: 13 trials at a time of 20")


def test_several_objectives() -> None:
    study = luthier.create_study(space=NUMBERS, objectives=["minimize", "minimize"], seed=0)
    study.optimize(
        lambda t: ((t.params["x0"] - 0.2) ** 2, (t.params["x1"] - 0.7) ** 2), n_trials=12
    )
    assert (
        study.sampler.explain() == "GP: 4 parameters, 2 objectives, 11 finished trials, 1 at a time"
    )


def test_objectives_and_constraints_get_their_own_time_to_think() -> None:
    history = told(NUMBERS, 400)
    since = find_time_limit(history, 4)
    assert find_time_limit(history, 4, n_models=3) == since, (
        "trials that take no time get it for as many proposals"
    )
    slow = told(NUMBERS, 400, duration_s=1.0)
    assert find_time_limit(slow, 4, n_models=1) is None
    assert find_time_limit(slow, 4, n_models=8) is not None


def test_several_objectives_beyond_that() -> None:
    history = History(NUMBERS, ["minimize", "minimize"])
    points = NUMBERS.decode(NUMBERS.sample(np.random.default_rng(0), 400))
    history.put(
        TrialRow(
            number=i,
            state=State.COMPLETE,
            params=p,
            values=(p["x0"], p["x1"]),
            started_s=0.0,
            finished_s=0.0,
        )
        for i, p in enumerate(points)
    )
    assert said(NUMBERS, history).startswith(
        "TPE: a Gaussian process of 4 parameters, 2 objectives has used up"
    )


@pytest.mark.slow
def test_it_changes_its_mind_where_there_is_nothing_to_model() -> None:
    got = []
    for seed in range(4):
        noise = np.random.default_rng(seed)
        got.append(said(NUMBERS, told(NUMBERS, 100, lambda p, noise=noise: float(noise.random()))))
    lost = [
        text
        for text in got
        if text.startswith("TPE: a Gaussian process ranks left-out trials no better than chance")
    ]
    assert len(lost) >= 2
    assert said(NUMBERS, told(NUMBERS, 100)).startswith("GP: ")


def test_another_process_makes_the_same_choice() -> None:
    used = Auto()
    for n in (3, 10, 30, 60, 400):
        history = told(NUMBERS, n)
        X = used.sample(NUMBERS, history, 2, np.random.default_rng(n))
        np.testing.assert_array_equal(
            Auto().sample(NUMBERS, history, 2, np.random.default_rng(n)), X
        )


def test_one_sampler_for_two_studies() -> None:
    """The same losses at other points are another study."""
    auto, noise = Auto(), np.random.default_rng(3).random(100)
    for X in (np.random.default_rng(0).random((100, 4)), np.column_stack([noise] * 4)):
        history = History(NUMBERS, ["minimize"])
        history.put(
            TrialRow(number=i, state=State.COMPLETE, params=p, values=(float(v),))
            for i, (p, v) in enumerate(zip(NUMBERS.decode(X), noise, strict=True))
        )
        got = auto.sample(NUMBERS, history, 1, np.random.default_rng(0))
        np.testing.assert_array_equal(
            Auto().sample(NUMBERS, history, 1, np.random.default_rng(0)), got
        )


@pytest.mark.parametrize("seed", range(2))
def test_what_the_process_has_found_is_refined_after_it(seed: int) -> None:
    study = luthier.create_study(space=NUMBERS, seed=seed)
    study.add_trials(
        TrialRow(
            number=-1,
            state=State.COMPLETE,
            params=p,
            values=(bowl(p),),
            started_s=0.0,
            finished_s=0.0,
        )
        for p in NUMBERS.decode(NUMBERS.sample(np.random.default_rng(seed), 400))
    )
    before = study.best_value
    study.optimize(lambda t: bowl(t.params), n_trials=150)
    assert study.sampler.explain().startswith("CMAES: ")
    assert study.best_value < 0.2 * before
