"""A study without a declared space follows what the objective asks for, at once."""

from __future__ import annotations

import itertools
import subprocess
import sys

import pytest

import luthier
from luthier import Categorical, Float, Int, State
from luthier.samplers import GP, Forest

ASKED = [
    Float(0, 1),
    Float(1e-3, 1, scale="log"),
    Float(5, 10, step=0.5),
    Int(0, 8),
    Int(-20, 5),
    Categorical([0, 1, 2, 0.5]),
    Categorical(["a", "bb", None]),
    Categorical([2, 1, 0, 0.5, 9], ordered=True),
]
SAMPLERS = {
    "auto": "auto",
    "tpe": "tpe",
    "gp": GP(n_startup_trials=3),
    "forest": Forest(n_startup_trials=3),
    "cmaes": "cmaes",
    "de": "de",
    "evolution": "evolution",
    "bohb": "bohb",
    "qmc": "qmc",
    "random": "random",
}


def run(study, dist, n_trials=1):
    """Run trials of an objective that asks for one parameter in this way; return its values."""
    values = []

    def objective(trial):
        values.append(trial.suggest("x", dist))
        other = trial.suggest_float("y", 0, 1)
        return other + (values[-1] if isinstance(values[-1], float) else 0.5)

    study.optimize(objective, n_trials=n_trials, progress=False)
    assert all(dist.find(value) is not None for value in values)
    assert study.space.params["x"] == dist
    return values


@pytest.mark.parametrize("name", SAMPLERS)
def test_an_edited_parameter_is_followed_at_once(name) -> None:
    for old, new in itertools.permutations(ASKED if name == "random" else ASKED[::2], 2):
        study = luthier.create_study(seed=0, sampler=SAMPLERS[name])
        run(study, old, 6)
        run(study, new, 8)
        fits = study.history.fits
        assert fits[6:].all()
        assert fits[:6].tolist() == [new.find(t.params["x"]) is not None for t in study.trials[:6]]
        run(study, old, 2)
        assert study.history.fits[:6].all()
        assert all(t.state == State.COMPLETE for t in study.trials)


@pytest.mark.parametrize(("old", "new"), [*itertools.permutations(ASKED[:7:2], 2)])
def test_an_edited_parameter_is_followed_after_loading(old, new, tmp_path) -> None:
    storage = f"sqlite:///{tmp_path}/s.db"
    run(luthier.create_study("s", storage, seed=0, sampler="tpe"), old, 12)
    run(luthier.load_study("s", storage, sampler="tpe"), new, 4)
    study = luthier.load_study("s", storage, sampler="tpe")
    assert study.space.params["x"] == new
    assert study.history.fits[12:].all()


def test_proposals_are_of_the_new_range_from_the_second_trial_on() -> None:
    study = luthier.create_study(seed=1, sampler="random")
    run(study, Float(0, 1), 100)
    assert sum(x <= 1 for x in run(study, Float(0, 100), 50)) < 5
    run(study, Float(0, 10), 1)
    for _ in range(10):  # what the sampler proposes, not what is drawn in its place
        trial = study.ask()
        assert trial.ticket.proposal["x"] <= 10
        study.tell(trial, 1.0)


def test_it_may_be_edited_between_asks() -> None:
    study = luthier.create_study(seed=0, sampler="tpe")
    for dist in (Float(0, 1), Float(1e-3, 1, scale="log"), Categorical([1, 2])):
        for _ in range(3):
            trial = study.ask()
            trial.suggest("x", dist)
            study.tell(trial, 1.0)
        assert study.space.params["x"] == dist


def test_a_range_that_depends_on_another_parameter_is_joined_for_good() -> None:
    study = luthier.create_study(seed=0, sampler="tpe")

    def objective(trial):
        n = trial.suggest_int("n", 1, 20)
        return float(trial.suggest_int("k", 0, 10 * n))

    for _ in range(12):
        study.optimize(objective, n_trials=1, progress=False)
    largest = 10 * max(t.params["n"] for t in study.trials)
    assert study.space.params["k"] == Int(0, largest)


def test_a_changed_kind_is_said_once(caplog) -> None:
    study = luthier.create_study(seed=0)
    for dist in (Float(0, 1), Categorical(["a", "b"]), Float(0, 1), Categorical(["a"])):
        run(study, dist, 2)
    assert caplog.text.count("'x' was") == 1


def ask_for_dependent(trial):
    """An objective whose second range depends on its first value."""
    n = trial.suggest_int("n", 1, 20)
    return float(trial.suggest_int("k", 0, 10 * n))


def find_largest(study):
    return 10 * max(t.params["n"] for t in study.trials)


@pytest.mark.parametrize("n_first", [2, 12])
def test_a_later_session_knows_which_ranges_depend_on_others(n_first, tmp_path) -> None:
    storage = f"sqlite:///{tmp_path}/s.db"
    first = luthier.create_study("s", storage, seed=0, sampler="tpe")
    first.optimize(ask_for_dependent, n_trials=n_first, progress=False)
    for _ in range(4):
        study = luthier.load_study("s", storage)
        study.optimize(ask_for_dependent, n_trials=1, progress=False)
        assert study.space.params["k"] == Int(0, find_largest(study))
        assert study.history.fits.all()


def test_sessions_of_one_trial_find_out_what_varies(tmp_path) -> None:
    storage = f"sqlite:///{tmp_path}/s.db"
    luthier.create_study("s", storage, seed=0, sampler="random")
    for i in range(8):
        study = luthier.load_study("s", storage)
        study.optimize(ask_for_dependent, n_trials=1, progress=False)
        if i >= 2:
            assert study.space.params["k"] == Int(0, find_largest(study))
            assert study.history.fits.all()


def test_sessions_of_one_trial_follow_an_edit(tmp_path) -> None:
    storage = f"sqlite:///{tmp_path}/s.db"
    luthier.create_study("s", storage, seed=0, sampler="random")
    for dist in (Float(0, 1), Float(0, 1), Float(5, 6), Float(5, 6), Float(2, 3), Float(2, 3)):
        run(luthier.load_study("s", storage), dist)


WORKER = """
import sys, luthier

def ask_for_dependent(trial):
    n = trial.suggest_int("n", 1, 20)
    return float(trial.suggest_int("k", 0, 10 * n))

study = luthier.load_study("s", sys.argv[1])
for n_trials in (1, 1, 4, 1):
    study.optimize(ask_for_dependent, n_trials=n_trials, progress=False)
    study = luthier.load_study("s", sys.argv[1])
"""


@pytest.mark.slow
def test_processes_share_what_they_know_of_ranges(tmp_path) -> None:
    storage = f"sqlite:///{tmp_path}/s.db"
    luthier.create_study("s", storage, seed=0, sampler="random")
    workers = [subprocess.Popen([sys.executable, "-c", WORKER, storage]) for _ in range(2)]
    assert [w.wait() for w in workers] == [0, 0]
    study = luthier.load_study("s", storage)
    assert len(study.trials) == 14
    assert study.space.params["k"] == Int(0, find_largest(study))
    study.optimize(ask_for_dependent, n_trials=1, progress=False)
    assert study.space.params["k"] == Int(0, find_largest(study))


def test_what_varied_is_followed_again_once_it_has_settled(tmp_path) -> None:
    storage = f"sqlite:///{tmp_path}/s.db"
    first = luthier.create_study("s", storage, seed=0, sampler="random")
    first.optimize(ask_for_dependent, n_trials=6, progress=False)

    def edited(trial):
        return float(trial.suggest_int("n", 1, 20) + trial.suggest_int("k", 0, 5))

    luthier.load_study("s", storage).optimize(edited, n_trials=10, progress=False)
    study = luthier.load_study("s", storage)
    assert study.space.params["k"] == Int(0, 5)
    study.optimize(ask_for_dependent, n_trials=6, progress=False)
    assert study.space.params["k"] == Int(0, max(10 * t.params["n"] for t in study.trials[16:]))


def test_what_varies_has_not_settled_while_its_parent_is_one_value(tmp_path) -> None:
    storage = f"sqlite:///{tmp_path}/s.db"

    def objective(trial):
        kind = trial.suggest_categorical("kind", ["a", "b"])
        return trial.suggest_float("x", 0, 1 if kind == "a" else 10)

    study = luthier.create_study("s", storage, seed=0, sampler="random")
    study.optimize(objective, n_trials=8, progress=False)
    study = luthier.load_study("s", storage)
    for _ in range(12):
        study.enqueue({"kind": "a"})
    study.optimize(objective, n_trials=12, progress=False)
    assert study.space.params["x"] == Float(0, 10)


def test_the_range_before_an_edit_is_no_part_of_one_that_depends_on_others(tmp_path) -> None:
    storage = f"sqlite:///{tmp_path}/s.db"
    study = luthier.create_study("s", storage, seed=0, sampler="random")
    study.optimize(lambda t: t.suggest_int("k", 0, 5000), n_trials=3, progress=False)
    study = luthier.load_study("s", storage)
    study.optimize(ask_for_dependent, n_trials=6, progress=False)
    assert study.space.params["k"] == Int(0, max(10 * t.params["n"] for t in study.trials[3:]))
