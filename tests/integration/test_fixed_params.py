"""Params that somebody fixes are used, refused or warned of; none is replaced in silence."""

from __future__ import annotations

import logging
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import luthier
from luthier import Categorical, Float, Int, Space, State, TrialRow
from luthier.errors import (
    IncompatibleDistributionError,
    LuthierError,
    TrialError,
    UnknownParameterError,
)


@pytest.fixture(params=["memory", "sqlite"])
def study(request, tmp_path):
    storage = None if request.param == "memory" else f"sqlite:///{tmp_path}/s.db"
    return luthier.create_study("s", storage, seed=0, sampler="tpe")


@pytest.fixture(autouse=True)
def said(caplog):
    caplog.set_level(logging.WARNING, "luthier")
    return caplog


def run(study, dist, n_trials=3, **options):
    study.optimize(
        lambda t: float(isinstance(t.suggest("x", dist), float)),
        n_trials=n_trials,
        progress=False,
        **options,
    )
    return [t.params["x"] for t in study.trials if "x" in t.params]


@pytest.mark.parametrize(
    ("value", "dist", "used"),
    [
        (64, Categorical([32, 64, 128]), 64),
        (64.0, Categorical([32, 64, 128]), 64),
        (1.0, Categorical([1, 1.0, True]), 1.0),
        (0, Categorical([0, -1, 0.5]), 0),
        ("a", Categorical(["a", None]), "a"),
        (None, Categorical(["a", None]), None),
        (3.0, Int(1, 9), 3),
        (np.float32(0.25), Float(0, 1), 0.25),
    ],
)
def test_a_value_is_used_whatever_it_looked_like_before(study, said, value, dist, used) -> None:
    study.enqueue({"x": value})
    params = run(study, dist, 8)
    assert (params[0], type(params[0])) == (used, type(used))
    assert study.history.fits.all()
    assert not [r for r in said.records if "trial 0" in r.getMessage()]


@pytest.mark.parametrize(
    ("value", "dist"),
    [
        (0.0, Float(1, 10)),
        (0.25, Float(0, 1, step=0.1)),
        (-5, Float(1, 10, scale="log")),
        (99, Int(1, 10)),
        (4, Int(1, 10, step=2)),
    ],
)
def test_a_number_outside_of_the_range_is_used_with_a_warning(study, said, value, dist) -> None:
    study.enqueue({"x": value})
    assert run(study, dist)[0] == value
    [record] = said.records
    assert f"trial 0 ran with x = {value}" in record.getMessage()
    assert study.history.fits.tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("value", "dist"),
    [
        ("0.5", Float(0, 1)),
        (None, Float(0, 1)),
        (True, Int(0, 1)),
        (3.5, Int(1, 9)),
        ((1, 2), Float(0, 1)),
        ("lion", Categorical(["adam", "sgd"])),
        (5, Categorical([1, 2])),
    ],
)
def test_a_value_of_another_kind_is_refused_and_blinds_no_model(study, value, dist) -> None:
    study.enqueue({"x": value})
    with pytest.raises(UnknownParameterError, match="trial 0 is to run with x = "):
        run(study, dist)
    run(study, dist, 9)
    assert study.trials[0].state == State.FAILED
    assert study.history.fits[1:].all()
    assert not np.isnan(study.history.X[1:]).any()


@pytest.mark.parametrize("added", ["auto", None, "0.5", True])
def test_an_added_value_of_another_kind_blinds_no_model(study, added) -> None:
    row = TrialRow(number=-1, state=State.COMPLETE, params={"x": added}, values=(1.0,))
    study.add_trials([row])
    run(study, Float(0, 1), 20)
    assert study.history.fits.tolist() == [False] + [True] * 20


def test_added_trials_are_learnt_from_whatever_the_parameter_is(study) -> None:
    other = luthier.create_study(seed=1, sampler="random")
    choices = Categorical([0, -1, 0.5, 64, "a"])
    run(other, choices, 12)
    study.add_trials(other.trials)
    run(study, choices, 2)
    assert study.history.fits.all()
    np.testing.assert_array_equal(study.history.X[:12], other.history.X)


def test_names_that_nobody_asks_for_are_said_once(study, said) -> None:
    for _ in range(3):
        study.enqueue({"learning_rat": 0.1, "x": 0.5})
    study.optimize(
        lambda t: t.suggest_float("x", 0, 1) + t.suggest_float("learning_rate", 0, 1),
        n_trials=4,
        progress=False,
    )
    [record] = said.records
    assert "trial 0 was given 'learning_rat'" in record.getMessage()
    assert "did you mean 'learning_rate'?" in record.getMessage()


def test_what_processes_run_is_said_too(study, said) -> None:
    study.enqueue({"x": 20.0, "lr": 1})
    assert run(study, Float(0, 1), n_jobs=2)[0] == 20.0
    assert sorted(r.getMessage()[:26] for r in said.records) == [
        "trial 0 ran with x = 20.0,",
        "trial 0 was given 'lr', an",
    ]


def test_a_trial_that_goes_on_keeps_what_it_ran_with(study) -> None:
    study.scheduler = luthier.schedulers.ASHA(max_resource=9)
    study.enqueue({"x": 20.0})
    used = []

    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        if trial.number == 0:
            used.append(x)
        for step in range(int(trial.step) + 1, 10):
            trial.report(-x, step, checkpoint={"step": step})
            if trial.should_stop():
                raise luthier.TrialPruned
        return -x

    study.optimize(objective, n_trials=12, progress=False)
    assert len(used) > 1
    assert set(used) == {20.0}


def test_a_retried_trial_keeps_what_it_ran_with(study) -> None:
    study.enqueue({"x": 20.0})

    def fail(trial):
        trial.suggest_float("x", 0, 1)
        raise ValueError("a disk is full")

    study.optimize(fail, n_trials=1, catch=ValueError, progress=False)
    study.retry(0)
    assert run(study, Float(0, 1))[0] == 20.0


def test_what_a_worker_gave_back_is_not_used_outside_of_the_range() -> None:
    study = luthier.create_study(seed=0, sampler="random")
    run(study, Float(5, 6))

    def interrupt(trial):
        raise KeyboardInterrupt

    study.optimize(interrupt, n_trials=1, progress=False)
    assert 0 <= run(study, Float(0, 1), 1)[-1] <= 1


def test_waiting_trials_of_a_declared_space_that_has_changed_are_warned_of(tmp_path, said) -> None:
    storage = f"sqlite:///{tmp_path}/s.db"
    wide = luthier.create_study("s", storage, space={"x": Float(0, 9), "c": ["a", "b"]}, seed=0)
    wide.enqueue({"x": 5.0, "c": "b"})
    study = luthier.load_study("s", storage, space={"x": Float(0, 1), "c": ["b", "z"]})
    study.optimize(lambda t: t.params["x"], n_trials=2, progress=False)
    assert study.trials[0].params["c"] == "b"
    assert study.history.fits.all()
    assert "trial 0 was to run with {'x': 5.0, 'c': 'b'}" in said.text


DECLARED = {"x": Float(0, 1), "k": Int(0, 8, step=2), "c": ["a", "b"]}


@pytest.mark.parametrize(
    ("name", "dist", "error", "says"),
    [
        ("xx", Float(0, 1), UnknownParameterError, "did you mean 'x'"),
        ("learning_rate", Float(0, 1), UnknownParameterError, "the space has"),
        ("x", Float(0, 2), IncompatibleDistributionError, "declares 'x'"),
        ("x", Int(0, 1), IncompatibleDistributionError, "declares 'x'"),
        ("k", Int(0, 8), IncompatibleDistributionError, "declares 'k'"),
        ("c", Categorical(["a", "z"]), IncompatibleDistributionError, "declares 'c'"),
    ],
)
def test_a_declared_space_is_not_widened(name, dist, error, says) -> None:
    study = luthier.create_study(space=DECLARED, seed=0)
    with pytest.raises(error, match=says):
        study.optimize(lambda t: float(t.suggest(name, dist)), n_trials=1, progress=False)
    assert study.space.params == Space(DECLARED).params


@pytest.mark.parametrize(
    "dist", [Float(0, 0.5), Float(0.25, 0.75, step=0.25), Int(2, 6, step=4), Categorical(["b"])]
)
def test_less_than_a_declared_range_is_warned_of_once(dist, said) -> None:
    name = {Float: "x", Int: "k", Categorical: "c"}[type(dist)]
    study = luthier.create_study(space=DECLARED, seed=0, sampler="random")
    study.optimize(
        lambda t: float(dist.find(t.suggest(name, dist)) is not None and len(t.params)),
        n_trials=9,
        progress=False,
    )
    assert all(dist.find(t.params[name]) is not None for t in study.trials)
    assert study.space.params == Space(DECLARED).params
    [record] = said.records
    assert f"asks for '{name}' in" in record.getMessage()


def test_declared_names_that_suggest_calls_leave_out_are_said(said) -> None:
    study = luthier.create_study(space={"lr": Float(0, 1), "x": Float(0, 1)}, seed=0)
    study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=3, progress=False)
    [record] = said.records
    assert "declares 'lr'" in record.getMessage()
    assert study.trials[0].params.keys() == {"lr", "x"}


def test_an_objective_may_mix_suggest_calls_and_declared_params(said) -> None:
    study = luthier.create_study(space={"lr": Float(0, 1), "x": Float(0, 1)}, seed=0)
    study.optimize(
        lambda t: t.suggest_float("x", 0, 1) + t.params["lr"], n_trials=3, progress=False
    )
    assert not said.records


def test_a_child_without_its_parent_is_explained() -> None:
    space = {"m": ["a", "b"], "n": Int(1, 5, when={"m": "a"})}
    study = luthier.create_study(space=space)
    with pytest.raises(UnknownParameterError, match="'n' needs 'm' to be 'a'; give that too"):
        study.enqueue({"n": 3})
    with pytest.raises(UnknownParameterError, match="and it is 'b'; change that"):
        study.enqueue({"n": 3, "m": "b"})
    study.enqueue({"n": 3, "m": "a"})


@pytest.mark.parametrize("sampler", ["forest", "gp", "tpe", "auto", "evolution", "de", "bohb"])
def test_a_parameter_that_earlier_trials_lack_is_proposed(sampler) -> None:
    old = luthier.create_study(space={"x": Float(0, 1)}, sampler="random", seed=0)
    old.optimize(lambda t: t.params["x"], n_trials=12, progress=False)
    space = {"x": Float(0, 1), "z": Float(0, 1), "k": Int(0, 9), "c": ["a", "b", "c"]}
    new = luthier.create_study(space=space, sampler=sampler, seed=0)
    new.add_trials(old.trials)
    for _ in range(12):
        trial = new.ask()
        assert trial.params.keys() == space.keys()
        new.tell(trial, trial.params["x"] + 0.2)


WORKER = """
    import sys, luthier
    study = luthier.load_study("s", sys.argv[1], scheduler="median")

    def objective(trial):
        units = trial.suggest_categorical("units", [32, 64, 128])
        for step in range(1, 6):
            trial.report(1 / units, step)
            if trial.should_stop():
                raise luthier.TrialPruned
        return 1 / units

    study.optimize(objective, n_trials=4, progress=False)
"""


@pytest.mark.slow
def test_workers_that_meet_each_others_numbers_before_their_choices_go_on(tmp_path) -> None:
    storage = f"sqlite:///{tmp_path}/s.db"
    study = luthier.create_study("s", storage, seed=0)
    study.enqueue({"units": 64})
    command = [sys.executable, "-c", textwrap.dedent(WORKER), storage]
    workers = [subprocess.Popen(command) for _ in range(2)]
    assert [worker.wait(timeout=120) for worker in workers] == [0, 0]
    loaded = luthier.load_study("s", storage)
    assert len(loaded.trials) == 8
    assert loaded.history.fits.all()
    assert loaded.trials[0].params == {"units": 64}


def test_errors_are_of_this_library() -> None:
    study = luthier.create_study(seed=0)
    for wrong in ([{"x": 1}], "x", None, 3, {"x": float("nan")}, {"x": object()}, {3: 1}):
        with pytest.raises(LuthierError):
            study.enqueue(wrong)
    assert not study.trials


@pytest.mark.parametrize("space", [None, {"x": luthier.Float(0, 10), "k": ["a", "b"]}])
def test_known_results_are_learnt_from(space) -> None:
    study = luthier.create_study(space=space, seed=0)
    assert study.add({"x": 3.0, "k": "a"}, 0.5) == 0
    assert (study.best_value, study.best_params) == (0.5, {"x": 3.0, "k": "a"})
    for params, value in (
        ([("x", 1)], 0.5),
        ({"x": 1.0, "k": "a"}, "n"),
        ({"x": 1.0, "k": "a"}, float("nan")),
    ):
        with pytest.raises(TrialError):
            study.add(params, value)
    assert len(study.trials) == 1
    if space:
        with pytest.raises(UnknownParameterError):
            study.add({"x": 11.0, "k": "a"}, 0.5)


def test_several_values_of_a_known_result_come_by_name() -> None:
    study = luthier.create_study(objectives={"loss": "minimize", "size": "maximize"})
    study.add({"x": 1.0}, {"size": 7, "loss": 2})
    assert study.trials[0].values == (2.0, 7.0)


@pytest.mark.parametrize("params", [{"x": 3.0}, {"x": 3.0, "k": "b"}, {"k": "b"}])
def test_what_is_there_already_is_not_enqueued_again(params, tmp_path) -> None:
    def objective(trial: luthier.Trial) -> float:
        trial.suggest_categorical("k", ["a", "b"])
        return trial.suggest_float("x", 0, 10)

    for _ in range(3):  # a script that is run three times
        study = luthier.create_study("s", str(tmp_path / "a.db"), seed=0, load_if_exists=True)
        number = study.enqueue(params, skip_if_exists=True)
        assert study.enqueue(params, skip_if_exists=True) == number == 0
        study.optimize(objective, n_trials=1, progress=False)
    assert len(study.trials) == 3
    assert study.enqueue(params) == 3
