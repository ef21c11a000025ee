"""A knowledge base: what studies add to it, and what later ones get."""

import contextlib
import math
import sqlite3

import numpy as np
import pytest
import scipy.sparse
from tests.transfer.cases import SPACE, make, make_noise

import luthier
from luthier import Float, Memory, Space
from luthier.errors import SpaceError, StorageVersionError, TaskError, UnstorableError


def loss(trial, shift=0.0):
    x, lr = trial.params["x"], trial.params["lr"]
    return (
        (x - 0.3 - shift) ** 2
        + (math.log10(lr) / 5 + 0.4) ** 2
        + 0.3 * (trial.params["kind"] == "b")
    )


def filled(n=4, **changed):
    base = Memory("memory://")
    for i in range(n):
        base.add(make(20, seed=i, **changed))
    return base


def test_what_the_only_task_found_best_is_recommended_first_and_is_best_in_it():
    for advice in (filled(1).recommend(SPACE, 1), filled(1).recommend(SPACE, 3)):
        assert (advice[0].evidence, advice[0].regret) == ("best in 1 of 1 task", 0.0)


def test_names_of_objectives_are_no_text_and_tags_have_names():
    with pytest.raises(TaskError, match="objectives are a list of texts"):
        filled(1).recommend(SPACE, objectives="value")
    with pytest.raises(UnstorableError, match="tags of a task are a dict"):
        filled(1).about(tags=["a"])


def test_a_study_begins_with_what_the_base_knows():
    base = filled()
    study = luthier.create_study(space=SPACE, memory=base, seed=0)
    assert [task.name for task in study.memory.tasks] == ["task 3", "task 2", "task 1", "task 0"]
    study.optimize(loss, n_trials=1, progress=False)
    assert study.trials[0].tags == {"from_memory": "portfolio"}
    assert study.trials[0].params == base.recommend(SPACE, 1)[0].params


def test_of_many_tasks_the_closest_that_tell_something_are_read():
    base = Memory("memory://")
    base.add(make(20, seed=0, name="good"))
    for i in range(70):
        base.add(make_noise(20, seed=100 + i).replace(name=f"junk {i}"))
    study = luthier.create_study(space=SPACE, memory=base, seed=0)
    assert "good" in [task.name for task in study.memory.tasks]


def test_the_context_and_tags_of_a_new_task_order_equal_ones():
    base = Memory("memory://")
    for i in range(65):
        base.add(make(12, seed=i, context={"log_rows": float(i)}, tags={"team": str(i)}))
    found = base.about(context={"log_rows": 7.2}).find_tasks(Wanted(SPACE))
    assert [task.name for task in found][:3] == ["task 7", "task 8", "task 6"]
    assert len(found) == 60
    by_tag = base.about(tags={"team": "3"}).find_tasks(Wanted(SPACE))
    assert by_tag[0].name == "task 3"
    X, y = np.arange(40.0)[:, None], [0, 1] * 20
    base.about(data=(X, y))
    with pytest.raises(TaskError, match="all targets"):
        base.about(data=(X, [1] * 40))
    with pytest.raises(TaskError, match="a finite number"):
        base.about(context={"log_rows": math.nan})


class Wanted:
    def __init__(self, space, family=""):
        self.space = space
        self.family = family


def test_tasks_of_another_family_do_not_come():
    base = filled(2, family="svm")
    assert base.find_tasks(Wanted(SPACE, "xgboost")) == []
    assert len(base.find_tasks(Wanted(SPACE, "svm"))) == 2
    assert len(base.find_tasks(Wanted(Space(), "svm"))) == 2
    assert base.recommend(SPACE, family="xgboost") == []


def test_similar_tasks_are_those_that_rank_the_trials_alike():
    base = Memory("memory://")
    base.add(make(30, seed=0, name="turned", losses=-make(30).losses))
    base.add(make(30, seed=1, name="alike", context={"log_rows": 1.0}))
    base.add(make_noise(30, seed=5).replace(name="noise"))
    study = luthier.create_study(space=SPACE, sampler="random", seed=0)
    before = base.about(context={"log_rows": 1.0}).find_similar(study.history)
    assert [s.name for s in before] == ["alike", "turned", "noise"]
    assert {s.agreement for s in before} == {None}
    study.optimize(loss, n_trials=12, progress=False)
    after = base.find_similar(study.history)
    assert [s.name for s in after] == ["alike", "turned", "noise"]
    assert after[0].agreement > 0.6 > -0.6 > after[1].agreement


def test_bases_are_merged_and_exchanged_without_doubles(tmp_path):
    a, b = filled(3), Memory("memory://")
    b.add(make(20, seed=2))
    b.add(make(20, seed=7), source="study 7")
    assert [t.how for t in a.merge(b)] == ["known", "added"]
    assert [t.how for t in a.merge(b)] == ["known", "known"]
    assert b.export(tmp_path / "b.json") == 2
    c = Memory("memory://")
    assert [t.how for t in c.import_(tmp_path / "b.json")] == ["added", "added"]
    assert [t.how for t in c.import_(tmp_path / "b.json")] == ["known", "known"]
    assert len(luthier.create_study(space=SPACE, memory=c).memory.tasks) == 2
    assert b.import_(tmp_path / "b.json")[1].how == "known"


def test_tasks_are_forgotten_by_name_or_not_at_all():
    base = filled(3)
    with pytest.raises(TaskError, match="the base has no task 'none'"):
        base.forget("task 0", "none")
    assert len(base.tasks()) == 3
    assert [h.name for h in base.forget("task 0", base.tasks()[2].id)] == ["task 0", "task 2"]
    assert [h.name for h in base.tasks()] == ["task 1"]


def test_names_of_data_are_hashed():
    base = Memory("memory://")
    base.add(make(12, data_hash="customers.csv"))
    [head] = base.tasks()
    assert len(head.data_hash) == 32
    assert base.about(data="customers.csv").find_tasks(Wanted(SPACE))[0].data_hash == head.data_hash
    for bad in ("", 3, (1,)):
        with pytest.raises(TaskError):
            base.about(data=bad)


def test_poisoned_tasks_are_bounded():
    base = filled(3)
    losses = np.where(np.arange(20) % 2, 1e300, -1e300)[:, None] * make(20).losses
    base.add(make(20, name="<b>\x1b[2J</b>" * 20, losses=losses))
    base.add(make(20, seed=5, context={"log_rows": 1e300}, tags={"<i>": "</script>"}))
    study = luthier.create_study(space=SPACE, memory=base, seed=1)
    study.optimize(loss, n_trials=9, progress=False)
    assert study.best_value < 0.05
    assert all(math.isfinite(a.regret) for a in base.recommend(SPACE, 3))
    base.about(context={"log_rows": -1e300}).find_similar(study.history)


@pytest.mark.parametrize(
    "losses",
    [np.where(np.arange(20) % 2, 1.7e308, -1.7e308), np.arange(20) * 1e-320, np.eye(20)[3] * 1e308],
    ids=["largest", "smallest", "one"],
)
def test_losses_at_the_ends_of_the_numbers_do_no_harm(losses, tmp_path):
    base = Memory("memory://")
    base.add(make(20, losses=losses[:, None]))
    study = luthier.create_study(space=SPACE, memory=base, seed=1, sampler="GP")
    study.optimize(loss, n_trials=7, progress=False)
    assert all(math.isfinite(advice.regret) for advice in base.recommend(SPACE))
    base.export(tmp_path / "a.json")
    assert Memory("memory://").import_(tmp_path / "a.json")[0].how == "added"


@pytest.mark.parametrize("n", [0, -1, 2.5])
def test_wrong_arguments_are_refused(n):
    with pytest.raises(ValueError, match="n must be a whole number >= 1"):
        filled(1).recommend(SPACE, n)
    with pytest.raises(SpaceError):
        filled(1).recommend({"x": 3})


@pytest.mark.parametrize(
    "call",
    [
        lambda base: base.find_similar(None),
        lambda base: base.find_similar(base),
        lambda base: base.load(["task 0"]),
        lambda base: base.add(None),
        lambda base: base.add(luthier.create_study()),
        lambda base: base.merge("memory://"),
        lambda base: base.forget(["task 0"]),
        lambda base: base.recommend(SPACE, objectives=None),
        lambda base: base.recommend(SPACE, objectives=[3]),
        lambda base: base.recommend(SPACE, family=3),
        lambda base: base.about(data=([[1], [2, 3]], [0, 1]), context={}),
        lambda base: base.about(context={"log_row": 3}),
        lambda base: Memory(None),
    ],
    ids=range(13),
)
def test_things_of_another_kind_are_refused(call):
    base = filled(1)
    with pytest.raises(TaskError):
        call(base)
    assert len(base.tasks()) == 1


def test_one_head_is_loaded_and_a_study_is_as_good_as_its_history():
    base = filled(2)
    assert [t.name for t in base.load(base.tasks()[1])] == ["task 1"]
    study = luthier.create_study(space=SPACE)
    assert base.find_similar(study) == base.find_similar(study.history)


def test_sparse_data_are_hashed_and_described_by_numbers():
    X = scipy.sparse.random(20, 30, 0.2, random_state=0)
    base = Memory("memory://")
    hashes = [
        base.about(data=data, context={"log_rows": 3}).asked.data_hash
        for data in ((X, np.arange(20)), (X.tocsc(), np.arange(20)), (2 * X, np.arange(20)))
    ]
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_space_with_other_parameters_gets_nothing():
    other = Space({"a": Float(0, 1), "b": Float(0, 1)})
    study = luthier.create_study(space=other, memory=filled(), seed=0)
    assert study.memory.tasks == ()
    assert filled().recommend(other) == []


def test_a_file_of_a_newer_version_is_refused(tmp_path):
    file = tmp_path / "a.db"
    base = Memory(file)
    base.add(make(12))
    base.close()
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA user_version = 99")
        connection.commit()
    with pytest.raises(StorageVersionError, match="schema 99"):
        Memory(file).tasks()
