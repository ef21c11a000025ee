"""Studies with memory: where earlier tasks come from, what is kept, and what is said of them."""

import logging
import math
import re

import numpy as np
import pytest

import luthier
from luthier import Categorical, Float, Space, State
from luthier.errors import StudyError, TaskError
from luthier.transfer import Task, task_of_study

SPACE = Space({"x": Float(0, 1), "lr": Float(1e-5, 1.0, scale="log")})


def loss(trial, shift=0.0):
    return (trial.params["x"] - 0.3 - shift) ** 2 + (math.log10(trial.params["lr"]) + 3) ** 2 / 9


def earlier(name="old", n=12, storage=None, shift=0.0, sampler="random", **kwargs):
    kwargs.setdefault("space", SPACE)
    study = luthier.create_study(name, storage, seed=1, sampler=sampler, **kwargs)
    study.optimize(lambda t: loss(t, shift), n_trials=n, progress=False)
    return study


def test_a_study_begins_with_what_helped_before_and_says_so():
    study = luthier.create_study(space=SPACE, memory=[earlier()], seed=2)
    assert str(study.memory) == "1 earlier task with 12 trials\n  old: 12 trials"
    study.optimize(loss, n_trials=8, progress=False)
    first = study.trials[0]
    assert first.params == earlier().best_params
    assert first.tags == {"from_memory": "portfolio"}
    assert "number 1 of the configurations that helped 1 earlier task" in str(study.explain(0))
    assert study.trials[1].tags == {}
    assert re.fullmatch(r"w=\d\.\d\d: old [+-]100 %", study.trials[7].tags["from_memory"])
    assert "had a weight of" in str(study.explain(7))
    assert "(old +100 %)" in str(study.explain(7))
    assert "; earlier tasks have a weight of" in study.sampler.explain()


def test_memory_that_misled_is_dropped_with_a_sentence():
    study = luthier.create_study(space=SPACE, memory=[earlier()], seed=2)
    study.optimize(lambda t: -loss(t), n_trials=6, progress=False)
    assert "memory was dropped after trial 3" in str(study.explain(5))


@pytest.mark.parametrize("form", ["study", "task", "rows", "pairs", "list", "one list of rows"])
def test_memory_takes_studies_tasks_and_rows(form):
    old = earlier()
    memory = {
        "study": old,
        "task": task_of_study(old),
        "rows": old.trials,
        "pairs": [(t.params, t.value) for t in old.trials],
        "list": [old],
        "one list of rows": [old.trials],
    }[form]
    study = luthier.create_study(space=SPACE, memory=memory, seed=0)
    assert [t.n for t in study.memory.tasks] == [12]
    study.optimize(loss, n_trials=1, progress=False)
    assert study.best_params == pytest.approx(old.best_params)


@pytest.mark.parametrize(
    "memory", [3, "all", [3], ["all"], {"a": 1}, [None], [[1, 2]], luthier.Memory, ...], ids=repr
)
def test_what_is_no_memory_is_refused_before_the_study_is_made(memory, tmp_path):
    storage = f"sqlite:///{tmp_path}/s.db"
    with pytest.raises(StudyError, match="memory is 'auto', a study, a task, rows"):
        luthier.create_study("new", storage, space=SPACE, memory=memory)
    assert luthier.list_studies(storage) == []


def test_rows_that_cannot_be_read_are_refused():
    with pytest.raises(TaskError, match="finite"):
        luthier.create_study(space=SPACE, memory=[({"x": math.inf}, 1.0)] * 9)


def test_what_was_left_out_is_said():
    constant = earlier("constant", sampler="random")
    rows = [(t.params, 1.0) for t in constant.trials]
    few = earlier("few", n=3)
    other = luthier.create_study("other", space={"z": Float(0, 1)}, seed=0, sampler="random")
    other.optimize(lambda t: t.params["z"], n_trials=9, progress=False)
    failed = luthier.create_study("failed", space=SPACE, seed=0, sampler="random")
    failed.optimize(lambda t: 1 / 0, n_trials=9, catch=Exception, progress=False)
    memory = [few, other, failed, rows, earlier(), earlier("twice")]
    study = luthier.create_study(space=SPACE, memory=memory)
    assert [t.name for t in study.memory.tasks] == ["old"]
    assert dict(study.memory.left_out) == {
        "few": "3 rows that fit, and 8 are needed",
        "other": "it has none of the parameters",
        "failed": "0 rows that fit, and 8 are needed",
        "rows": "all of its losses are the same",
        "twice": "it is there already",
    }
    assert "left out\n  few: 3 rows that fit" in str(study.memory)


def test_another_direction_is_turned_and_another_metric_is_ranked():
    up = luthier.create_study("up", space=SPACE, direction="maximize", seed=0, sampler="random")
    up.optimize(lambda t: 1 - loss(t), n_trials=12, progress=False)
    study = luthier.create_study(space=SPACE, memory=[up], seed=0)
    study.optimize(loss, n_trials=1, progress=False)
    assert study.best_params == up.best_params
    slow = luthier.create_study("slow", space=SPACE, objectives={"train_time_s": "minimize"})
    slow.optimize(lambda t: t.params["x"], n_trials=9, progress=False)
    study = luthier.create_study(space=SPACE, memory=[slow], objectives={"accuracy": "maximize"})
    assert "of another kind" in study.memory.left_out[0][1]


def test_results_of_the_same_data_and_algorithm_count_as_results():
    old = earlier()
    wide = Space({"x": Float(0, 0.5), "lr": Float(1e-6, 1.0, scale="log")})
    study = luthier.create_study(space=wide, memory=[task_of_study(old, same=True)], seed=0)
    fit = [t for t in old.trials if t.params["x"] <= 0.5]
    assert 0 < len(fit) < 12
    assert [t.value for t in study.trials] == pytest.approx([t.value for t in fit])
    assert study.trials[0].tags == {"from_memory": "known result of old"}
    assert study.best_value == pytest.approx(min(t.value for t in fit))


def test_numbers_that_somebody_wrote_are_taken_over_as_they_are():
    old = luthier.create_study("old", space=SPACE, seed=0)
    for i in range(9):
        params = {"x": 0.1 * i, "lr": 0.01 if i == 3 else 10.0 ** (-i / 2)}
        old.add(params, abs(i - 3))
    again = luthier.create_study(space=SPACE, memory=[task_of_study(old, same=True)])
    assert again.trials[3].params == pytest.approx({"x": 0.3, "lr": 0.01}, rel=1e-13)
    assert again.trials[3].params["lr"] == 0.01
    study = luthier.create_study(space=SPACE, memory=[old], seed=0)
    study.optimize(loss, n_trials=1, progress=False)
    assert study.trials[0].params["lr"] == 0.01


@pytest.mark.parametrize(
    "changed", [{"objectives": ("latency",)}, {"directions": ("maximize",)}], ids=["name", "turned"]
)
def test_losses_of_another_kind_are_no_results_though_data_are_the_same(changed):
    task = task_of_study(earlier(), same=True).replace(**changed)
    study = luthier.create_study(space=SPACE, memory=[task], seed=0)
    assert not study.trials
    assert (len(study.memory.tasks), len(study.memory.left_out)) in ((0, 1), (1, 0))


def test_failed_trials_of_the_same_data_are_no_results():
    old = luthier.create_study("old", space=SPACE, seed=0, sampler="random")

    def sometimes(trial):
        if trial.number % 3 == 0:
            raise ValueError("no")
        return loss(trial)

    old.optimize(sometimes, n_trials=12, catch=ValueError, progress=False)
    study = luthier.create_study(space=SPACE, memory=[task_of_study(old, same=True)])
    assert len(study.trials) == 8
    assert {t.state for t in study.trials} == {State.COMPLETE}


def test_auto_takes_the_finished_studies_of_the_same_storage_and_family(tmp_path):
    storage = f"sqlite:///{tmp_path}/s.db"
    earlier("same", storage=storage, family="net")
    earlier("other family", storage=storage, family="tree")
    earlier("few", n=5, storage=storage, family="net")
    waits = earlier("waits", storage=storage, family="net")
    waits.enqueue({"x": 0.5})
    foreign = Space({"a": Float(0, 1), "b": Float(0, 1)})
    strange = luthier.create_study("foreign", storage, space=foreign, family="net")
    strange.optimize(lambda t: t.params["a"], n_trials=9, progress=False)
    study = luthier.create_study("new", storage, space=SPACE, memory="auto", family="net")
    assert [t.name for t in study.memory.tasks] == ["same"]
    again = luthier.create_study(
        "new", storage, space=SPACE, memory="auto", family="net", load_if_exists=True
    )
    assert [t.name for t in again.memory.tasks] == ["same"]


def test_auto_asks_for_the_family_where_the_parameters_are_not_known(tmp_path, caplog):
    storage = f"sqlite:///{tmp_path}/s.db"
    earlier("same", storage=storage, family="net")
    named = luthier.create_study("named", storage, memory="auto", family="net")
    assert [t.name for t in named.memory.tasks] == ["same"]
    assert not caplog.text
    unnamed = luthier.create_study("unnamed", storage, memory="auto")
    assert unnamed.memory.tasks == ()
    assert "name the family" in caplog.text


def test_a_study_and_the_base_that_remembers_it_count_once(tmp_path):
    base = luthier.Memory(f"sqlite:///{tmp_path}/m.db")
    old = earlier()
    old.remember(base, family="net")
    study = luthier.create_study(space=SPACE, memory=[base, old], seed=0)
    assert len(study.memory.tasks) == 1
    assert "it is there already" in str(study.memory.left_out)


def test_memory_lives_with_the_study(tmp_path):
    storage = f"sqlite:///{tmp_path}/s.db"
    luthier.create_study("new", storage, space=SPACE, memory=[earlier()], seed=3)
    one, other = (luthier.load_study("new", storage) for _ in range(2))
    assert [t.name for t in one.memory.tasks] == ["old"]
    one.optimize(loss, n_trials=7, progress=False)
    apart = luthier.create_study(space=SPACE, memory=[earlier()], seed=3)
    apart.optimize(loss, n_trials=7, progress=False)
    assert [t.params for t in other.trials] == [t.params for t in apart.trials]


def test_a_study_that_was_made_without_memory_says_that_it_stays_so(caplog):
    luthier.create_study("s", "memory://", space=SPACE)
    storage = luthier.create_study("plain", space=SPACE).storage
    with caplog.at_level(logging.WARNING):
        study = luthier.create_study(
            "plain", storage, space=SPACE, memory=[earlier()], load_if_exists=True
        )
    assert "was created without memory" in caplog.text
    assert study.memory.tasks == ()


def test_a_stored_task_that_cannot_be_read_is_left_out_with_a_warning(caplog):
    study = luthier.create_study("new", space=SPACE, memory=[earlier()])
    stored = study.engine.spec["memory"]
    newer = {**stored, "tasks": [{**stored["tasks"][0], "format": 99}]}
    study.engine.update_spec(memory=newer)
    assert "newer one wrote it" in caplog.text
    assert study.memory.tasks == ()
    study.optimize(loss, n_trials=2, progress=False)


@pytest.mark.parametrize("n_tasks", [1, 3, 25])
def test_any_number_of_tasks(n_tasks):
    memory = [earlier(f"old {i}", n=8, shift=0.01 * i) for i in range(n_tasks)]
    study = luthier.create_study(space=SPACE, memory=memory, seed=0)
    study.optimize(loss, n_trials=9, progress=False)
    assert len(study.memory.tasks) == n_tasks
    assert study.best_value < 0.05


def test_a_large_task_is_bounded():
    study = luthier.create_study(space=SPACE, memory=[earlier(n=300)])
    assert study.memory.tasks[0].n == 100


@pytest.mark.parametrize(
    "name", ["<b>old</b>\x1b[31m", "x" * 5000, "\u202eold"], ids=["markup", "long", "turned"]
)
def test_names_and_losses_that_somebody_has_poisoned_do_no_harm(name):
    X = SPACE.sample(np.random.default_rng(0), 12)
    losses = np.where(np.arange(12) % 2, 1e300, -1e300)[:, None] * X[:, :1]
    task = Task(name=name, space=SPACE, X=X, losses=losses)
    study = luthier.create_study(space=SPACE, memory=[task], seed=0)
    study.optimize(loss, n_trials=10, progress=False)
    assert all(np.isfinite(t.value) for t in study.trials)
    assert "\x1b" not in str(study.explain(9))


@pytest.mark.parametrize(
    "sampler",
    ["auto", "gp", "tpe", "forest", "cmaes", "evolution", "de", "random", "qmc"],
)
def test_every_sampler_begins_with_the_portfolio(sampler):
    study = luthier.create_study(space=SPACE, memory=[earlier()], seed=2, sampler=sampler)
    study.optimize(loss, n_trials=12, progress=False)
    assert study.trials[0].params == earlier().best_params
    assert len({tuple(t.params.items()) for t in study.trials}) == 12


def test_a_space_that_the_objective_shows_is_matched_when_it_is_known():
    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        lr = trial.suggest_float("lr", 1e-5, 1.0, log=True)
        return (x - 0.3) ** 2 + (math.log10(lr) + 3) ** 2 / 9

    study = luthier.create_study(memory=[earlier()], seed=2)
    study.optimize(objective, n_trials=8, progress=False)
    assert earlier().best_params in [t.params for t in study.trials]


def test_memory_costs_no_further_call_of_the_storage():
    def n_calls(memory):
        study = luthier.create_study(space=SPACE, memory=memory, seed=0, sampler="random")
        storage, calls = study.storage, []
        for name in ("changes", "add_trials", "claim", "finish", "update_study", "rows"):
            verb = getattr(storage, name)

            def count(*args, _verb=verb, _name=name, **kwargs):
                calls.append(_name)
                return _verb(*args, **kwargs)

            setattr(storage, name, count)
        study.optimize(loss, n_trials=5, progress=False)
        return calls

    assert n_calls([earlier()]) == n_calls(None)


def test_choices_that_are_new_or_gone():
    old = Space({**SPACE.params, "kind": Categorical(("a", "b", "c"))})
    study = luthier.create_study("old", space=old, seed=0, sampler="random")
    study.optimize(loss, n_trials=30, progress=False)
    new = Space({**SPACE.params, "kind": Categorical(("c", "d", "a"))})
    later = luthier.create_study(space=new, memory=[study], seed=0)
    later.optimize(loss, n_trials=9, progress=False)
    assert later.memory.tasks[0].n == 30
    assert later.trials[0].params["kind"] in ("a", "c")


def test_several_objectives_learn_from_tasks_that_have_objectives_of_these_names():
    def both(trial):
        return {"error": loss(trial), "size": trial.params["x"]}

    names = {"size": "minimize", "error": "minimize"}
    old = luthier.create_study("old", space=SPACE, objectives=names, seed=1, sampler="random")
    old.optimize(both, n_trials=20, progress=False)
    names = {"error": "minimize", "size": "minimize"}
    study = luthier.create_study(space=SPACE, objectives=names, memory=[old], seed=0, sampler="gp")
    study.optimize(both, n_trials=10, progress=False)
    assert study.trials[0].tags == {"from_memory": "portfolio"}
    assert study.trials[9].tags["from_memory"].startswith("w=")


def test_constraints_and_memory_go_together():
    def objective(trial):
        trial.set_constraint("room", trial.params["x"] - 0.25)
        return loss(trial)

    study = luthier.create_study(space=SPACE, memory=[earlier()], seed=0)
    study.optimize(objective, n_trials=14, progress=False)
    assert study.best_params["x"] <= 0.25
    assert any(t.tags.get("from_memory", "").startswith("w=") for t in study.trials)


def test_a_study_is_no_memory_of_itself(tmp_path):
    storage = f"sqlite:///{tmp_path}/s.db"
    earlier("s", storage=storage)
    again = luthier.create_study("s", storage, space=SPACE, memory="auto", load_if_exists=True)
    assert again.memory.tasks == ()
    assert len(again.trials) == 12


def test_of_many_tasks_that_are_of_no_use_only_some_are_named():
    rng = np.random.default_rng(0)
    X = SPACE.sample(rng, 4)
    tasks = [
        Task(name=f"junk\x1b {i}", space=SPACE, X=X, losses=rng.random((4, 1))) for i in range(100)
    ]
    study = luthier.create_study(space=SPACE, memory=tasks)
    assert len(study.memory.left_out) == 6
    assert study.memory.left_out[5][0] == "95 more"
    assert "\x1b" not in str(study.memory)
