"""Several objectives with names, and constraints on results.

What is told, stored, refused, and who is the best.
"""

from __future__ import annotations

import logging
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import luthier
from luthier import Float, State, TrialRow
from luthier.errors import (
    NoCompletedTrialsError,
    NoFeasibleTrialsError,
    ObjectiveValueError,
    ReportError,
    ResultConstraintError,
    SamplerError,
    StudyError,
    TrialError,
)
from luthier.history.constraint_columns import violation

AIMS = {"accuracy": "maximize", "latency_ms": "minimize"}
SPACE = {"x": Float(0, 1)}


@pytest.fixture(params=["memory", "sqlite"])
def storage(request, tmp_path):
    return None if request.param == "memory" else str(tmp_path / "a.db")


def created(storage=None, **how):
    return luthier.create_study(
        "aims", storage, objectives=AIMS, space=SPACE, sampler="random", seed=0, **how
    )


def both(trial):
    x = trial.params["x"]
    trial.set_constraint("memory", x - 0.8)
    return {"latency_ms": 50 * x**2, "accuracy": x}


def complete(values, constraints=(), x=0.5, **how):
    limits = dict(constraints)
    return TrialRow(
        number=-1, state=State.COMPLETE, params={"x": x}, values=values, constraints=limits, **how
    )


# -- names
# ----------------------------------------------------------------------------------------------


def test_values_may_be_returned_by_name_in_any_order(storage):
    study = created(storage)
    study.optimize(both, n_trials=5, n_jobs=2)
    for row in study.trials:
        x = row.params["x"]
        assert row.values == (x, 50 * x**2)
        assert row.constraints == {"memory": x - 0.8}


def test_names_are_stored(tmp_path):
    created(str(tmp_path / "a.db"))
    again = luthier.load_study("aims", str(tmp_path / "a.db"))
    assert (again.objectives, again.directions) == (
        ("accuracy", "latency_ms"),
        ("maximize", "minimize"),
    )
    assert again.history.objectives == again.objectives


def test_tell_and_report_by_name():
    study = created()
    trial = study.ask()
    trial.report({"latency_ms": 9.0, "accuracy": 0.1}, step=1)
    trial.set_constraint("memory", -1)
    row = study.tell(trial, {"latency_ms": 8.0, "accuracy": 0.2})
    assert (row.values, row.constraints) == ((0.2, 8.0), {"memory": -1.0})
    assert study.trials[0].reports == ((1.0, (0.1, 9.0)),)


def test_without_names_values_are_numbered():
    study = luthier.create_study(objectives=["minimize"] * 3)
    assert study.objectives == ("value_0", "value_1", "value_2")
    assert luthier.create_study().objectives == ("value",)


@pytest.mark.parametrize(
    ("returned", "says"),
    [
        ({"accuracy": 1.0}, "there is no 'latency_ms'; the objectives are accuracy, latency_ms"),
        ({"accuracy": 1.0, "latency": 2.0}, "there is no 'latency_ms' and an unknown 'latency'"),
        (
            (1.0,),
            r"2 numbers \(accuracy, latency_ms\), one for each direction of the study; trial 0 "
            r"returned \(1.0,\)",
        ),
        ((1.0, 2.0, 3.0), r"2 numbers \(accuracy, latency_ms\)"),
        (1.0, "2 numbers"),
        ({"accuracy": "good", "latency_ms": 1.0}, "2 numbers"),
    ],
)
def test_wrong_values_say_what_is_missing(returned, says):
    with pytest.raises(ObjectiveValueError, match=says):
        created().optimize(lambda trial: returned, n_trials=1)


def test_reports_with_other_names_are_refused():
    with pytest.raises(ReportError, match=r"trial 0 reported .* an unknown 'speed'"):
        created().ask().report({"accuracy": 0.1, "speed": 1.0}, step=1)


def test_nan_in_one_objective_fails_the_trial_and_not_the_study():
    study = created()
    study.optimize(lambda trial: {"accuracy": 0.5, "latency_ms": math.nan}, n_trials=2)
    assert [row.state for row in study.trials] == [State.FAILED] * 2
    assert "NaN (latency_ms) is no result" in study.trials[0].error


@pytest.mark.parametrize(
    ("how", "says"),
    [
        (
            {"objectives": AIMS, "direction": "minimize"},
            "give one of direction and objectives",
        ),
        ({"objectives": {}}, "objectives is a dict such as"),
        ({"objectives": 5}, "or a list such as"),
        ({"direction": ""}, "a direction is 'minimize' or 'maximize', got"),
        ({"objectives": {" ": "minimize"}}, "the name of an objective is valid Unicode text"),
        ({"objectives": {"\ud800": "minimize"}}, "no lone surrogates"),
        ({"objectives": {"a": "up"}}, "a direction is 'minimize' or 'maximize', got \\['up'\\]"),
        ({"objectives": {"": "minimize"}}, "the name of an objective is valid Unicode text"),
        ({"objectives": ["a", "b"]}, "a direction is 'minimize' or 'maximize', got"),
        ({"objectives": "minimize"}, "or a list such as"),
    ],
)
def test_wrong_objectives(how, says):
    with pytest.raises(StudyError, match=says):
        luthier.create_study(**how)


def test_a_loaded_study_keeps_its_names(tmp_path):
    db = str(tmp_path / "a.db")
    created(db)
    assert created(db, load_if_exists=True).objectives == tuple(AIMS)
    with pytest.raises(StudyError, match="has objectives"):
        luthier.create_study(
            "aims", db, objectives={"f1": "maximize", "latency_ms": "minimize"}, load_if_exists=True
        )


def test_tables_have_the_names():
    study = created()
    study.optimize(both, n_trials=2)
    table = study.to_dataframe()
    assert {"values.accuracy", "values.latency_ms", "constraints.memory"} <= set(table.columns)


# -- constraints
# ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("memory", "12", "constraint 'memory' is a number"),
        ("memory", True, "constraint 'memory' is a number"),
        ("memory", None, "constraint 'memory' is a number"),
        ("", 1.0, "a constraint's name is text"),
        (3, 1.0, "a constraint's name is text"),
        ("crash", 1.0, "not 'crash'"),
    ],
)
def test_wrong_constraints(name, value, says):
    with pytest.raises(ResultConstraintError, match=says):
        created().ask().set_constraint(name, value)


def test_a_constraint_that_is_nan_fails_the_trial():
    study = created()

    def objective(trial):
        trial.set_constraint("memory", math.nan)
        return 0.5, 1.0

    study.optimize(objective, n_trials=1)
    assert study.trials[0].state == State.FAILED
    assert "NaN (memory) is no result" in study.trials[0].error
    assert study.history.violation.tolist() == [0.0], "what is NaN tells nothing"


def test_constraints_of_any_size_come_back(storage):
    study = created(storage)
    [number] = study.add_trials(
        [complete((0.5, 1.0), {"a": math.inf, "b": -math.inf, "c": np.float32(0.5)})]
    )
    assert study.trials[number].constraints == {"a": math.inf, "b": -math.inf, "c": 0.5}
    assert not study.trials[number].feasible


def test_the_best_is_feasible():
    study = luthier.create_study(seed=0)
    study.add_trials([complete((1.0,), {"c": 0.1}), complete((2.0,), {"c": 0.0}), complete((3.0,))])
    assert study.best_value == 2.0
    assert [row.value for row in study.best_trials] == [2.0]
    assert "best 2 in trial 1" in repr(study)


def test_the_front_is_of_feasible_trials():
    study = created()
    study.add_trials(
        [
            complete((0.9, 1.0), {"c": 1.0}),
            complete((0.8, 2.0), {"c": -1.0}),
            complete((0.7, 3.0), {"c": -1.0}),
            complete((0.6, 1.0), {}),
            complete((0.6, 1.0), {}),
        ]
    )
    assert [row.number for row in study.best_trials] == [1, 3, 4], "identical points are all there"


def test_nothing_feasible_says_what_is_broken():
    study = luthier.create_study(seed=0)
    with pytest.raises(NoCompletedTrialsError, match="no trial is complete yet"):
        _ = study.best_trial
    study.add_trials(
        [complete((1.0,), {"mem": 5.0, "ms": -1.0}), complete((2.0,), {"mem": 2.0, "ms": 1.0})]
    )
    says = (
        "none of 2 complete trials keeps all constraints.*broken are mem by 2, ms by 1; the "
        "nearest is trial 0"
    )
    for ask in (lambda: study.best_trial, study.recommend):
        with pytest.raises(NoFeasibleTrialsError, match=says):
            ask()
    assert study.best_trials == []


def test_recommend_takes_what_is_probably_feasible():
    study = luthier.create_study(space=SPACE, seed=0)
    study.add_trials(complete((x,), {"c": 0.35 - x}, x=x) for x in np.linspace(0, 1, 21))
    found = study.recommend(21)
    assert found[0].params["x"] == pytest.approx(0.35, abs=0.051)
    assert (
        0.5
        <= min(r.probability_feasible for r in found)
        < 0.999
        < max(r.probability_feasible for r in found)
    )
    assert [r.mean for r in found] == sorted(r.mean for r in found)
    assert all(r.params["x"] > 0.34 for r in found)
    assert any("feasible with probability" in str(r) for r in found)


def test_several_objectives_have_no_recommendation():
    with pytest.raises(StudyError, match="see choose"):
        created().recommend()


# -- crashes
# ----------------------------------------------------------------------------------------------


def crashes(trial):
    if trial.params["x"] > 0.5:
        raise MemoryError("no more")
    return trial.params["x"], 1.0


def test_crashes_may_count_as_infeasible(storage, caplog):
    study = created(storage)
    with caplog.at_level(logging.ERROR):
        study.set_catch_as("infeasible")
        study.optimize(crashes, n_trials=12, catch=MemoryError)
    failed = np.array([row.state == State.FAILED for row in study.trials])
    assert 0 < failed.sum() < 12
    assert study.history.constraint_names == ("crash",)
    np.testing.assert_array_equal(study.history.constraints[:, 0], np.where(failed, 1.0, -1.0))
    np.testing.assert_array_equal(study.history.feasible, ~failed)
    if storage:
        assert luthier.load_study("aims", storage).history.crash
    study.set_catch_as("failed")
    assert study.history.constraint_names == ()


def test_catch_as_is_one_of_two():
    with pytest.raises(StudyError, match="catch_as is 'failed' or 'infeasible', got 'maybe'"):
        created().set_catch_as("maybe")


# -- samplers
# ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sampler", ["CMAES", "DE", "DEHB", "Forest"])
def test_samplers_for_one_objective_refuse_several(sampler):
    study = luthier.create_study(space=SPACE, objectives=["minimize"] * 2, sampler=sampler)
    with pytest.raises(SamplerError, match=f"{sampler} takes one objective, got 2"):
        study.ask()


@pytest.mark.parametrize("sampler", ["NSGA2", "NSGA3"])
def test_samplers_for_several_objectives_refuse_one(sampler):
    study = luthier.create_study(space=SPACE, sampler=sampler)
    with pytest.raises(SamplerError, match=f"{sampler} takes several objectives, got one"):
        study.ask()


REFUSED = [
    *((sampler, 1) for sampler in ("NSGA2", "NSGA3")),
    *((sampler, 2) for sampler in ("CMAES", "DE", "DEHB", "Forest")),
]


@pytest.mark.parametrize(("sampler", "m"), REFUSED)
@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("is_enqueued", [False, True])
def test_samplers_refuse_before_an_objective_that_discovers_its_space(
    sampler, m, n_jobs, is_enqueued
):
    calls = []

    def objective(trial):
        calls.append(trial.number)
        return (trial.suggest_float("x", 0, 1),) * m

    study = luthier.create_study(objectives=["minimize"] * m, sampler=sampler)
    if is_enqueued:
        study.enqueue({"x": 0.5})
    with pytest.raises(SamplerError, match=f"{sampler} takes (several objectives|one objective)"):
        study.optimize(objective, n_trials=3, n_jobs=n_jobs, progress=False)
    with pytest.raises(SamplerError):
        study.ask()
    assert calls == []
    assert [t.state for t in study.trials] == [State.WAITING] * is_enqueued


# -- columns
# ----------------------------------------------------------------------------------------------

CONSTRAINTS = st.lists(
    st.dictionaries(st.sampled_from("abc"), st.floats(allow_nan=False), max_size=3),
    min_size=1,
    max_size=40,
)


@given(CONSTRAINTS)
def test_columns_say_what_rows_say(told):
    study = luthier.create_study(seed=0)
    study.add_trials(complete((0.0,), limits) for limits in told)
    history, rows = study.history, study.trials
    for name, column in zip(history.constraint_names, history.constraints.T, strict=True):
        np.testing.assert_array_equal(column, [row.constraints.get(name, math.nan) for row in rows])
    np.testing.assert_array_equal(history.feasible, [row.feasible for row in rows])
    assert (history.violation >= 0).all()


def test_violations_count_alike_whatever_the_unit():
    seconds_and_bytes = np.array(
        [[1.0, -5.0], [-1.0, 4e9], [0.5, 2e9], [math.nan, -1.0], [math.inf, 0.0]]
    )
    np.testing.assert_allclose(violation(seconds_and_bytes), [1, 1, 1, 0, 2])


def test_who_looks_back_does_not_see_constraints_of_what_came_later():
    study = luthier.create_study(seed=0)
    study.add_trials([complete((1.0,), {"c": 1.0}), complete((2.0,), {"c": 2.0})])
    before = study.history.before(1, 1)
    np.testing.assert_array_equal(before.constraints, [[1.0], [math.nan]])


def test_a_trial_that_was_paused_keeps_what_it_told():
    space = {"x": Float(0, 1)}
    study = luthier.create_study(
        space=space, scheduler=luthier.schedulers.ASHA(min_resource=1, max_resource=4)
    )

    def objective(trial):
        for step in range(int(trial.step) + 1, 5):
            if step == 1:
                trial.set_constraint("early", -1.0)
            trial.report(trial.params["x"], step, checkpoint={})
            if trial.should_prune():
                raise luthier.TrialPruned
        trial.set_constraint("late", -2.0)
        return trial.params["x"]

    study.optimize(objective, n_trials=9)
    whole = [row for row in study.trials if row.state == State.COMPLETE]
    assert whole
    assert all(row.constraints == {"early": -1.0, "late": -2.0} for row in whole)
    resting = [row for row in study.trials if row.state == State.PAUSED]
    assert resting
    assert all(row.constraints == {"early": -1.0} for row in resting)


# -- several workers, and what comes from elsewhere
# -------------------------------------------------------------------


def test_a_constraint_does_not_hide_an_objective_of_its_name():
    study = luthier.create_study(
        objectives={"loss": "minimize"}, space=SPACE, sampler="random", seed=0
    )

    def objective(trial):
        trial.set_constraint("loss", -1.0)
        return math.nan

    study.optimize(objective, n_trials=2)
    assert [row.state for row in study.trials] == [State.FAILED] * 2
    with pytest.raises(NoCompletedTrialsError):
        _ = study.best_trial


def test_what_one_worker_says_of_failures_another_keeps(tmp_path):
    db = str(tmp_path / "a.db")
    first = luthier.create_study("s", db, sampler="random", seed=0)
    second = luthier.load_study("s", db, sampler="random")
    first.set_catch_as("infeasible")
    first.optimize(lambda t: 1 / 0, n_trials=1, catch=ZeroDivisionError)
    second.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=2)  # its space grows
    assert second.history.constraint_names == ("crash",)
    assert luthier.load_study("s", db).history.feasible.tolist() == [False, True, True]
    assert luthier.load_study("s", db).space.names == ("x",)
    second.set_catch_as("failed")
    first.optimize(lambda t: 1.0, n_trials=0)
    assert first.history.constraint_names == ()


def test_failures_may_count_as_infeasible_from_the_start():
    study = luthier.create_study(space=SPACE, sampler="random", seed=0, catch_as="infeasible")
    study.tell(study.ask(), state="failed")
    study.tell(study.ask(), 1.0)
    assert study.history.feasible.tolist() == [False, True]
    storage = study.storage
    with pytest.raises(StudyError, match="takes failures as infeasible, not failed"):
        luthier.create_study(study.name, storage, load_if_exists=True, catch_as="failed")
    assert luthier.create_study(study.name, storage, load_if_exists=True).history.crash
    with pytest.raises(StudyError, match="catch_as is 'failed' or 'infeasible', got 'pruned'"):
        luthier.create_study(catch_as="pruned")


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (complete((math.nan, 1.0)), "a complete trial has no NaN"),
        (complete((0.5, 1.0), {"c": math.nan}), "a complete trial has no NaN"),
        (complete(("abc", 1.0)), "2 numbers"),
        (complete((None, 1.0)), "2 numbers"),
        (complete((1.0,)), "2 numbers"),
        (complete(None), "needs 2 values"),
        (TrialRow(number=-1, state=State.FAILED, values=(1.0, 2.0, 3.0)), "2 numbers"),
        (complete((0.5, 1.0), {"c": "big"}), "constraint 'c' is a number"),
    ],
)
def test_added_trials_are_checked(row, says):
    study = created()
    with pytest.raises(TrialError, match=says):
        study.add_trials([row])
    assert study.trials == []


def test_added_trials_may_hold_numpy_numbers(storage):
    study = created(storage)
    study.add_trials([complete((np.float64(0.5), np.int64(1)), {"c": 10**400})])
    assert (study.trials[0].values, study.trials[0].constraints) == ((0.5, 1.0), {"c": math.inf})


def test_a_trial_that_waits_breaks_nothing_yet():
    study = created()
    study.add_trials(
        [TrialRow(number=-1, state=State.WAITING, params={"x": 0.5}, constraints={"c": 1.0})]
    )
    assert study.history.constraint_names == ()


def test_configurations_that_always_broke_a_constraint_are_not_recommended():
    study = luthier.create_study(space=SPACE, seed=0)
    study.add_trials(
        complete((x,), {"c": 1.0 if i < 9 else -1.0}, x=x)
        for i, x in enumerate(np.linspace(0, 1, 10))
    )
    assert [r.numbers for r in study.recommend(10)] == [(9,)]
