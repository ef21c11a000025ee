"""What people do with a study: optimise, ask and tell, enqueue, add, go on, look at results."""

from __future__ import annotations

import concurrent.futures as cf
import logging
import math
import random
import time
from contextlib import nullcontext
from functools import partial
from multiprocessing import get_context

import numpy as np
import pytest

import luthier
from luthier import Categorical, Float, Int, Space, State, TrialRow
from luthier.errors import (
    ConstraintError,
    CostError,
    IncompatibleDistributionError,
    LeaseLostError,
    NoCompletedTrialsError,
    ObjectiveValueError,
    StudyError,
    StudyExistsError,
    StudyNotFoundError,
    TrialError,
    UnknownParameterError,
)


def sphere(trial: luthier.Trial) -> float:
    x, y = trial.suggest_float("x", -5, 5), trial.suggest_int("y", -5, 5)
    return (x - 1) ** 2 + (y + 2) ** 2


def table(study: luthier.Study) -> list[tuple]:
    return [(t.number, t.state, t.params, t.values, t.reports) for t in study.trials]


@pytest.fixture(params=["memory", "sqlite"])
def storage(request, tmp_path):
    return None if request.param == "memory" else f"sqlite:///{tmp_path}/study.db"


@pytest.mark.parametrize(("direction", "sign"), [("minimize", 1), ("maximize", -1)])
def test_both_directions_find_the_optimum(direction: str, sign: int) -> None:
    study = luthier.create_study(direction=direction, seed=3)
    study.optimize(lambda t: sign * sphere(t), n_trials=60)
    assert sign * study.best_value < 1
    assert study.best_value == sign * min(sign * t.value for t in study.trials)
    assert study.best_params == study.best_trial.params
    assert len(study.trials) == 60


def test_the_same_seed_gives_the_same_study(storage) -> None:
    tables = []
    for name in ("a", "b"):
        study = luthier.create_study(name, storage, seed=7)
        study.optimize(sphere, n_trials=30)
        tables.append(table(study))
    assert tables[0] == tables[1]
    other = luthier.create_study("c", storage, seed=8)
    other.optimize(sphere, n_trials=30)
    assert table(other) != tables[0]


def test_going_on_is_the_same_as_not_having_stopped(tmp_path) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    whole = luthier.create_study("whole", url, seed=1)
    whole.optimize(sphere, n_trials=40)
    luthier.create_study("parts", url, seed=1).optimize(sphere, n_trials=15)
    for n in (5, 20):
        luthier.load_study("parts", url).optimize(sphere, n_trials=n)
    assert table(luthier.load_study("parts", url)) == table(whole)


def sleepy(trial: luthier.Trial) -> float:
    x, y = trial.suggest_float("x", -5, 5), trial.suggest_float("y", -5, 5)
    for step in range(3):
        time.sleep(random.SystemRandom().uniform(0, 0.02))
        trial.report((x - 1) ** 2 + y**2 + 1 / (step + 1), step)
        if trial.should_prune():
            raise luthier.TrialPruned
    return (x - 1) ** 2 + y**2


def test_several_jobs_are_reproducible_whatever_the_timing() -> None:
    tables = []
    for _ in range(2):
        study = luthier.create_study(
            seed=5, scheduler=luthier.schedulers.Median(n_startup_trials=2)
        )
        study.optimize(sleepy, n_trials=24, n_jobs=3, reproducible=True)
        tables.append(table(study))
    assert tables[0] == tables[1]
    assert {row[1] for row in tables[0]} == {State.COMPLETE, State.PRUNED}


def test_several_jobs_run_all_trials_once(storage) -> None:
    study = luthier.create_study("jobs", storage, seed=0)
    study.optimize(sphere, n_trials=25, n_jobs=2)
    assert [t.number for t in study.trials] == list(range(25))
    assert {t.state for t in study.trials} == {State.COMPLETE}
    assert len({(t.params["x"], t.params["y"]) for t in study.trials}) == 25


def test_ask_and_tell(storage) -> None:
    study = luthier.create_study(
        "at", storage, direction="maximize", space={"x": Float(0, 1), "c": ["a", "b"]}, seed=0
    )
    trial = study.ask()
    assert set(trial.params) == {"x", "c"}, "a declared space needs no suggest calls"
    row = study.tell(trial, 0.5)
    assert (row.state, row.value, row.params) == (State.COMPLETE, 0.5, trial.params)
    with pytest.raises(LeaseLostError, match="over"):
        study.tell(trial, 0.6)
    assert study.tell(study.ask(), state="failed").state == State.FAILED
    assert study.tell(study.ask(), math.nan).state == State.FAILED
    assert study.tell(study.ask(), 0.1, "pruned").state == State.PRUNED
    assert study.tell(study.ask(), math.inf).value == math.inf
    trial = study.ask()
    for wrong in (None, "1", [1, 2], True):
        with pytest.raises(ObjectiveValueError):
            study.tell(trial, wrong, State.COMPLETE)
    with pytest.raises(TrialError, match="ends complete, pruned or failed"):
        study.tell(trial, 1.0, "running")
    assert study.best_value == math.inf


def test_running_trials_are_seen_by_the_sampler() -> None:
    study = luthier.create_study(space={"k": Int(0, 9)}, sampler="Random", seed=0)
    assert sorted(study.ask().params["k"] for _ in range(10)) == list(range(10))


def test_enqueued_trials_come_first_and_are_completed(storage) -> None:
    space = {"m": ["a", "b"], "x": Float(0, 1, when={"m": "a"}), "y": Float(0, 1)}
    study = luthier.create_study("q", storage, space=space, seed=0)
    assert study.enqueue({"m": "a", "x": 0.5}, tags={"why": "default"}) == 0
    study.enqueue({"m": "b"})
    study.optimize(lambda t: t.params["y"], n_trials=3)
    first, second, _ = study.trials
    assert (first.params["m"], first.params["x"], set(first.params)) == ("a", 0.5, {"m", "x", "y"})
    assert first.tags == {"why": "default"}
    assert (second.params["m"], set(second.params)) == ("b", {"m", "y"})
    for wrong, error in (
        ({"z": 1}, UnknownParameterError),
        ({"m": "b", "x": 0.1}, UnknownParameterError),
        ({"y": 2}, UnknownParameterError),
    ):
        with pytest.raises(error):
            study.enqueue(wrong)


def test_enqueueing_before_the_objective_is_known() -> None:
    study = luthier.create_study(seed=0)
    study.enqueue({"x": 2.5})
    study.optimize(sphere, n_trials=2)
    assert study.trials[0].params["x"] == 2.5
    assert study.trials[1].params["x"] != 2.5


def test_enqueued_params_must_keep_the_constraints() -> None:
    study = luthier.create_study(space=Space({"a": Int(0, 5), "b": Int(0, 5)}, ["a < b"]))
    with pytest.raises(ConstraintError):
        study.enqueue({"a": 5, "b": 1})
    study.enqueue({"a": 3})
    study.optimize(lambda t: t.params["a"], n_trials=5)
    assert study.trials[0].params["a"] == 3
    assert all(t.params["a"] < t.params["b"] for t in study.trials)


def test_trials_from_elsewhere() -> None:
    source = luthier.create_study(seed=0)
    source.optimize(sphere, n_trials=20)
    target = luthier.create_study(seed=1)
    assert target.add_trials(source.trials) == list(range(20))
    target.optimize(sphere, n_trials=5)
    assert len(target.trials) == 25
    assert target.trials[:20] == [
        TrialRow(**{**{f: getattr(t, f) for f in t.__struct_fields__}, "token": 0, "lease_s": 0.0})
        for t in source.trials
    ]
    with pytest.raises(TrialError, match="needs 1 values"):
        target.add_trials([TrialRow(number=0, state=State.COMPLETE, params={})])
    with pytest.raises(TrialError, match="running"):
        target.add_trials([TrialRow(number=0, state=State.RUNNING, params={})])


def test_callbacks_and_stop() -> None:
    told = []

    def stop_at_5(study: luthier.Study, row: TrialRow) -> None:
        told.append(row.number)
        if row.number == 5:
            study.stop()

    study = luthier.create_study(seed=0)
    study.optimize(sphere, callbacks=[stop_at_5])
    assert told == list(range(6))
    study.optimize(sphere, n_trials=2)
    assert len(study.trials) == 8


def test_time_is_a_bound_too() -> None:
    study = luthier.create_study(seed=0)
    study.optimize(lambda t: time.sleep(0.01) or 1.0, timeout_s=0.1)
    assert 1 <= len(study.trials) <= 10


def test_ranges_and_choices_may_change_between_runs(storage, tmp_path) -> None:
    storage = storage or luthier.storages.InMemory()
    study = luthier.create_study("r", storage, seed=0, sampler="TPE")
    study.optimize(
        lambda t: t.suggest_float("x", 0, 1) + (t.suggest_categorical("c", ["a", "b"]) == "a"),
        n_trials=20,
    )
    again = luthier.load_study("r", storage, sampler="TPE")
    again.optimize(
        lambda t: t.suggest_float("x", 0.5, 2) + (t.suggest_categorical("c", ["b", "z"]) == "z"),
        n_trials=20,
    )
    assert again.space.params == {"x": Float(0.5, 2), "c": Categorical(["b", "z"])}
    assert all(0.5 <= t.params["x"] <= 2 and t.params["c"] in "bz" for t in again.trials[20:])
    assert again.history.fits[:20].tolist() == [
        t.params["x"] >= 0.5 and t.params["c"] == "b" for t in again.trials[:20]
    ]


def test_ranges_that_differ_from_trial_to_trial_are_joined() -> None:
    def objective(trial: luthier.Trial) -> float:
        a = trial.suggest_int("a", 1, 9)
        return trial.suggest_int("b", 0, a)

    study = luthier.create_study(seed=0)
    study.optimize(objective, n_trials=40)
    assert study.space.params["b"] == Int(0, 9)
    assert all(t.params["b"] <= t.params["a"] for t in study.trials)


def test_a_name_has_one_distribution_in_a_trial() -> None:
    study = luthier.create_study(seed=0)
    with pytest.raises(IncompatibleDistributionError, match="earlier in this trial"):
        study.optimize(
            lambda t: t.suggest_float("z", 0, 1) + t.suggest_float("z", 0, 2), n_trials=1
        )
    assert study.trials[0].state == State.FAILED


def test_choices_come_back_in_the_users_types(storage) -> None:
    choices = [1, 1.0, True, None, "1", (32, 32), [8]]
    study = luthier.create_study("types", storage, seed=0)
    seen = []

    def objective(trial: luthier.Trial) -> float:
        seen.append(trial.suggest_categorical("c", choices))
        return 0.0

    study.optimize(objective, n_trials=20)
    assert all(any(s is c for c in choices) for s in seen)
    back = [t.params["c"] for t in luthier.load_study("types", study.storage).trials]
    assert [tuple(s) if isinstance(s, list) else s for s in seen] == back
    assert [type(tuple(s) if isinstance(s, list) else s) for s in seen] == [type(b) for b in back]


def test_the_conditions_of_an_objective_are_discovered() -> None:
    def objective(trial: luthier.Trial) -> float:
        if trial.suggest_categorical("m", ["a", "b"]) == "a":
            return trial.suggest_float("xa", 0, 1)
        return 1 + trial.suggest_float("xb", 0, 1)

    study = luthier.create_study(seed=0, sampler="TPE")
    study.optimize(objective, n_trials=60)
    for t in study.trials:
        assert set(t.params) == {"m", "xa" if t.params["m"] == "a" else "xb"}
    assert study.space.params["xa"].when == {"m": ("a",)}
    assert sum(t.params["m"] == "a" for t in study.trials[30:]) > 20


def test_names_and_directions() -> None:
    storage = luthier.storages.InMemory()
    study = luthier.create_study("s", storage, direction="maximize")
    with pytest.raises(StudyExistsError, match="load_if_exists"):
        luthier.create_study("s", storage)
    assert luthier.create_study("s", storage, load_if_exists=True).directions == ("maximize",)
    with pytest.raises(StudyError, match="has directions"):
        luthier.create_study("s", storage, direction="minimize", load_if_exists=True)
    with pytest.raises(StudyError, match="'minimize' or 'maximize'"):
        luthier.create_study(direction="up")
    with pytest.raises(StudyError, match="give one of direction and objectives"):
        luthier.create_study(direction="minimize", objectives=["minimize"])
    with pytest.raises(StudyError, match="seed"):
        luthier.create_study(seed=-1)
    assert [s.name for s in luthier.list_studies(storage)] == ["s"]
    luthier.delete_study("s", storage)
    with pytest.raises(StudyNotFoundError, match="no study 's'"):
        luthier.load_study("s", storage)
    with pytest.raises(StudyNotFoundError, match="deleted"):
        study.ask()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"n_trials": -1}, "n_trials"),
        ({"n_trials": 2.5}, "whole number"),
        ({"n_jobs": 1.5}, "whole number"),
        ({"callbacks": print}, "list of functions"),
        ({"timeout_s": 0}, "timeout_s"),
        ({"n_jobs": 0}, "n_jobs"),
        ({"limits": {"hours": 1}}, "limits"),
        ({"limits": 60}, "limits is a dict"),
        ({"resources": 2}, "resources is a dict"),
        ({"catch": "ValueError"}, "catch is a class of exceptions"),
        ({"catch": [ValueError, 3]}, "catch is a class of exceptions"),
        ({"resources": {"cpu": 10_000}}, "cores"),
    ],
)
def test_bounds_that_make_no_sense(arguments, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        luthier.create_study().optimize(sphere, **arguments)


def test_what_is_no_objective_is_refused_before_a_trial_begins() -> None:
    study = luthier.create_study()
    with pytest.raises(ValueError, match="the objective is a function of a trial, got 3"):
        study.optimize(3, n_trials=1)
    assert not study.trials


@pytest.mark.parametrize("method", ["load_checkpoint", "forecast", "retry"])
def test_what_is_no_trial_is_refused(method: str) -> None:
    with pytest.raises(TrialError, match="expected a trial, or its number, got 'b"):
        getattr(luthier.create_study(), method)("best")


def test_the_best_of_nothing() -> None:
    study = luthier.create_study("empty")
    with pytest.raises(NoCompletedTrialsError, match="no trial is complete yet"):
        study.best_trial
    assert study.best_trials == []
    with pytest.raises(StudyError, match="best_trials"):
        luthier.create_study(objectives=["minimize", "maximize"]).best_trial


def test_the_front_of_two_objectives() -> None:
    study = luthier.create_study(objectives=["minimize", "maximize"], seed=0)
    study.optimize(
        lambda t: (t.suggest_float("x", 0, 1) ** 2, t.suggest_float("x", 0, 1)), n_trials=20
    )
    assert len(study.best_trials) == 20, "all are trade-offs"
    study.optimize(lambda t: (2.0, -1.0), n_trials=1)
    assert len(study.best_trials) == 20


def test_dataframe_and_reprs() -> None:
    study = luthier.create_study("<b>s</b>", seed=0)

    def objective(trial: luthier.Trial) -> float:
        trial.set_tag("note", np.float64(1.5))
        return sphere(trial)

    study.optimize(objective, n_trials=3)
    frame = study.to_dataframe()
    assert list(frame.columns) == [
        "number",
        "state",
        "value",
        "duration_s",
        "params.x",
        "params.y",
        "tags.note",
    ]
    assert frame["value"].tolist() == [t.value for t in study.trials]
    assert "3 complete" in repr(study)
    assert "best" in repr(study)
    assert "<b>" not in study._repr_html_()
    assert repr(study.best_trial).startswith(f"TrialRow({study.best_trial.number} COMPLETE")


def costly(trial: luthier.Trial) -> float:
    value = sphere(trial)
    trial.set_cost(1)
    trial.set_cost(np.float32(trial.number + 0.5))
    if trial.number == 1:
        raise luthier.TrialPruned
    if trial.number == 2:
        raise ZeroDivisionError
    return value


@pytest.mark.parametrize("where", ["here", "processes", "threads", "pool"])
def test_costs_are_kept_however_a_trial_ends_and_wherever_it_ran(storage, where: str) -> None:
    study = luthier.create_study("costs", storage, seed=0)
    pools = {
        "threads": cf.ThreadPoolExecutor,
        "pool": partial(cf.ProcessPoolExecutor, mp_context=get_context("spawn")),
    }
    with pools[where](2) if where in pools else nullcontext() as pool:
        study.optimize(
            costly, 4, n_jobs=1 if where == "here" else 2, executor=pool, catch=ZeroDivisionError
        )
    assert [t.state for t in study.trials] == [
        State.COMPLETE,
        State.PRUNED,
        State.FAILED,
        State.COMPLETE,
    ]
    assert [t.cost for t in study.trials] == [0.5, 1.5, 2.5, 3.5]
    assert study.history.cost.tolist() == [0.5, 1.5, 2.5, 3.5]
    told = study.ask()
    told.set_cost(7)
    assert study.tell(told, 1.0).cost == 7
    study.tell(study.ask(), 1.0)
    again = luthier.load_study("costs", study.storage)
    np.testing.assert_equal(again.history.cost, [0.5, 1.5, 2.5, 3.5, 7.0, np.nan])
    np.testing.assert_equal(study.history.cost, again.history.cost)
    assert study.to_dataframe()["cost"].isna().tolist() == [False] * 5 + [True]
    copied = luthier.create_study(seed=1)
    copied.add_trials(study.trials)
    assert [t.cost for t in copied.trials] == [t.cost for t in study.trials]


@pytest.mark.parametrize("wrong", [-1, math.nan, math.inf, "3", None, True, 1j, [1]])
def test_a_cost_is_a_number_that_can_be_summed(wrong) -> None:
    study = luthier.create_study()
    with pytest.raises(CostError, match=r"a cost is a finite number >= 0, got .* in trial 0"):
        study.ask().set_cost(wrong)
    if wrong is not None:
        with pytest.raises(CostError, match="added trial"):
            study.add_trials([TrialRow(number=0, state=State.FAILED, cost=wrong)])


def test_a_study_without_costs_has_no_column_of_them() -> None:
    study = luthier.create_study(seed=0)
    study.optimize(sphere, n_trials=2)
    assert "cost" not in study.to_dataframe()
    assert np.isnan(study.history.cost).all()


def test_what_is_enqueued_is_run_to_the_last_digit() -> None:
    space = {"m": ["a", "b"], "x": Float(1e-3, 1e3, scale="log"), "y": Float(0, 1, when={"m": "a"})}
    study = luthier.create_study(space=space, seed=0)
    wanted = [{"m": "b", "x": x} for x in np.random.default_rng(0).uniform(0.1, 1, 30).tolist()]
    for params in wanted:
        study.enqueue(params)
    study.optimize(lambda t: t.params["x"], n_trials=30)
    assert [t.params for t in study.trials] == wanted
    for x in np.random.default_rng(1).uniform(0.1, 1, 30).tolist():
        study.enqueue({"x": x})
        assert study.ask().params["x"] == x


def test_a_trials_own_generator_depends_on_seed_and_number_only() -> None:
    draws = []
    for _ in range(2):
        study = luthier.create_study(seed=9)
        study.optimize(lambda t: draws.append((t.number, float(t.rng.random()))) or 0.0, n_trials=3)
    assert draws[:3] == draws[3:]
    assert len({d for _, d in draws}) == 3


@pytest.mark.parametrize("sampler", ["qmc", "auto"])
def test_enqueued_trials_are_completed_with_different_points(sampler: str) -> None:
    study = luthier.create_study(space={"k": ["a", "b"], "x": Float(0, 1)}, sampler=sampler, seed=0)
    for _ in range(5):
        study.enqueue({"k": "a"})
    study.optimize(lambda t: t.params["x"], n_trials=7)
    assert len({t.params["x"] for t in study.trials}) == 7


def test_a_loaded_study_knows_its_trials_and_kinds(tmp_path) -> None:
    url = f"sqlite:///{tmp_path}/k.db"
    luthier.create_study("k", url, space={"x": Float(0, 1)}, seed=0).optimize(
        lambda t: t.params["x"], n_trials=3
    )
    assert "3 complete" in repr(luthier.load_study("k", url))
    other = luthier.load_study("k", url, space={"x": ["a", "b"]})
    other.optimize(lambda t: float(t.params["x"] == "a"), n_trials=3)
    assert luthier.load_study("k", url).space.params == {"x": Categorical(["a", "b"])}
    assert other.history.fits.tolist() == [False] * 3 + [True] * 3


def test_constraints_that_cannot_be_stored_are_missed_aloud(tmp_path, caplog) -> None:
    url = f"sqlite:///{tmp_path}/f.db"
    space = Space({"x": Float(0, 1)}, ["x < 0.9", lambda p: p["x"] < 0.5])
    luthier.create_study("f", url, space=space)
    luthier.load_study("f", url, space=space)
    assert not caplog.records
    with caplog.at_level(logging.WARNING, "luthier"):
        luthier.load_study("f", url)
    assert "pass its space" in caplog.text


def test_tell_takes_its_own_trials_only() -> None:
    study = luthier.create_study()
    for other in (luthier.create_study().ask(), "3", None, True, 0.0):
        with pytest.raises(TrialError, match="ask returned"):
            study.tell(other, 1.0)
    for number in (-1, 0, 3):
        with pytest.raises(TrialError, match=f"trial {number} does not exist"):
            study.tell(number, 1.0)


def test_tell_takes_a_trials_number() -> None:
    study = luthier.create_study(sampler="random", seed=0)
    trial = study.ask()
    x = trial.suggest_float("x", 0, 1)
    trial.set_tag("note", "kept")
    row = study.tell(np.int64(trial.number), 2.0)
    assert (row.number, row.values, row.params, row.tags) == (0, (2.0,), {"x": x}, {"note": "kept"})
    with pytest.raises(TrialError, match="trial 0 is complete"):
        study.tell(0, 1.0)
    study.enqueue({"x": 0.5})
    with pytest.raises(TrialError, match="trial 1 is waiting"):
        study.tell(1, 1.0)


def test_another_process_may_tell_a_trial_by_its_number(tmp_path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    asking = luthier.create_study("s", url, space={"x": Float(0, 1)}, seed=0)
    trial = asking.ask()
    row = luthier.load_study("s", url).tell(trial.number, 1.5)
    assert (row.state, row.values, row.params) == (State.COMPLETE, (1.5,), trial.params)
    with pytest.raises(LeaseLostError):
        asking.tell(trial, 1.0)


def test_what_another_process_told_by_number_keeps_the_params_that_were_stored(tmp_path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    asking = luthier.create_study("s", url, sampler="random", seed=0)
    trial = asking.ask()
    x = trial.suggest_float("x", 0, 1)
    trial.report(0.5, 1)
    row = luthier.load_study("s", url, sampler="random").tell(trial.number, 0.5)
    assert (row.state, row.params) == (State.COMPLETE, {"x": x})
    assert asking.trials[0].params == {"x": x}


def test_a_copy_of_a_trial_may_be_told_and_one_of_another_study_not() -> None:
    import copy

    study = luthier.create_study(sampler="random", seed=0)
    study.tell(copy.copy(study.ask()), 1.0)
    assert study.trials[0].state == State.COMPLETE


def test_a_trial_that_ends_in_a_thread_by_what_is_no_error_keeps_its_notes() -> None:
    class Ending(BaseException):
        pass

    def objective(trial):
        trial.suggest_float("x", 0, 1)
        trial.set_tag("a", 1)
        trial.set_cost(2.0)
        trial.set_constraint("g", 1.0)
        if trial.number == 1:
            raise Ending
        return 1.0

    study = luthier.create_study(sampler="random", seed=0)
    with cf.ThreadPoolExecutor(1) as pool:
        study.optimize(objective, 3, executor=pool, catch=Ending, progress=False)
    row = study.trials[1]
    assert row.state == State.FAILED
    assert (set(row.params), row.tags, row.cost, row.constraints) == (
        {"x"},
        {"a": 1},
        2.0,
        {"g": 1.0},
    )


def test_a_total_counts_the_trials_of_earlier_runs_and_of_others(tmp_path):
    def objective(trial):
        return trial.suggest_float("x", 0, 1)

    study = luthier.create_study("s", tmp_path / "a.db", seed=0)
    study.optimize(objective, total=4)
    study.optimize(objective, total=4)
    assert len(study.trials) == 4
    other = luthier.load_study("s", tmp_path / "a.db")
    other.optimize(objective, n_trials=2, total=9)
    study.optimize(objective, total=7, n_jobs=2)
    assert len(study.trials) == 7
    study.enqueue({"x": 0.5})
    study.optimize(objective, total=8)
    assert [t.params["x"] for t in study.trials[7:]] == [0.5]
    study.optimize(objective, total=3)
    assert len(study.trials) == 8
    with pytest.raises(ValueError, match="total must be a whole number"):
        study.optimize(objective, total=-1)


def test_an_interrupt_with_arguments_is_a_signal_of_the_users(caplog):
    def objective(trial):
        raise KeyboardInterrupt(15)

    study = luthier.create_study(seed=0)
    with pytest.raises(KeyboardInterrupt):
        study.optimize(objective, n_trials=1)
    assert [t.state.name for t in study.trials] == ["WAITING"]
    assert study.stop_reason is None


def test_a_table_without_trials_has_the_columns_that_any_has():
    pytest.importorskip("pandas")
    empty = luthier.create_study()
    assert list(empty.to_dataframe().columns) == ["number", "state", "value", "duration_s"]
    assert empty.to_dataframe()["value"].tolist() == []
    several = luthier.create_study(objectives={"loss": "minimize", "size": "minimize"})
    assert "values.size" in several.to_dataframe().columns


def test_a_table_says_why_trials_failed():
    pytest.importorskip("pandas")
    study = luthier.create_study(seed=0)

    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        if trial.number == 1:
            raise OSError("the disk\nis gone")
        return x

    study.optimize(objective, n_trials=3, catch=OSError, progress=False)
    table = study.to_dataframe()
    assert table["error"].dropna().tolist() == ["OSError: the disk"]
    assert table["value"].isna().tolist() == [False, True, False]
    assert "params.x" in table.columns
