"""What a study adds to a knowledge base."""

import math

import numpy as np
import pytest

import luthier
from luthier import Float, Memory, Space
from luthier.errors import TaskError, UnstorableError
from luthier.storages import SQLite
from luthier.study.copy import copy

SPACE = Space({"x": Float(0, 1), "y": Float(0, 1)})


def loss(trial):
    return (trial.params["x"] - 0.3) ** 2 + trial.params["y"]


def run(n=10, name="a", objective=loss, storage=None, seed=0, **kwargs):
    study = luthier.create_study(name, storage, space=SPACE, sampler="random", seed=seed, **kwargs)
    study.optimize(objective, n_trials=n, progress=False, catch=ZeroDivisionError)
    return study


def test_a_study_is_there_once_with_what_it_found_last():
    base, study = Memory("memory://"), run(family="svm")
    X, y = np.arange(40.0)[:, None], [0, 1] * 20
    first = study.remember(base, data=(X, y), tags={"team": "a"})
    assert first.how == "added"
    assert (first.head.name, first.head.family, first.head.n) == ("a", "svm", 10)
    assert first.head.context["log_rows"] == math.log(40)
    assert first.head.tags == {"team": "a"}
    assert study.remember(base, data=(X, y), tags={"team": "a"}).how == "known"
    study.optimize(loss, n_trials=5, progress=False)
    assert study.remember(base).how == "replaced"
    assert [head.n for head in base.tasks()] == [15]


def test_another_study_of_the_same_name_and_seed_is_another_one():
    base = Memory("memory://")
    assert run().remember(base).how == "added"
    assert run(storage="memory://", n=11).remember(base).how == "added"


def test_studies_that_begin_with_the_same_known_result_are_others():
    base = Memory("memory://")
    for i in range(2):
        study = luthier.create_study(f"study {i}", space=SPACE, sampler="random", seed=0)
        study.add({"x": 0.5, "y": 0.5}, 1.0)
        study.optimize(loss, n_trials=9 + i, progress=False)
        assert study.remember(base, data=f"data {i}").how == "added"
    assert [head.name for head in base.tasks()] == ["study 0", "study 1"]


def test_known_results_alone_can_be_remembered():
    base, study = Memory("memory://"), luthier.create_study("known", space=SPACE, seed=0)
    for i in range(9):
        study.add({"x": i / 9, "y": 0.5}, float(i))
    assert study.remember(base).how == "added"
    assert study.remember(base).how == "known"


def test_a_copy_is_the_same_study(tmp_path):
    base = Memory("memory://")
    source, target = SQLite(tmp_path / "a.db"), SQLite(tmp_path / "b.db")
    run(storage=source).remember(base)
    copy(source, target, "a")
    copied = luthier.load_study("a", target)
    copied.optimize(loss, n_trials=3, progress=False)
    assert copied.remember(base).how == "replaced"
    assert len(base.tasks()) == 1


def test_a_base_may_share_a_storage_with_studies(tmp_path):
    url = f"sqlite:///{tmp_path}/a.db"
    run(storage=url).remember(url)
    assert [record.name for record in luthier.list_studies(url)] == ["a"]
    again = luthier.create_study("b", url, space=SPACE, memory=Memory(url))
    assert [task.name for task in again.memory.tasks] == ["a"]


@pytest.mark.parametrize(
    ("study", "said"),
    [
        (lambda: luthier.create_study(space=SPACE), "no complete trial"),
        (lambda: run(objective=lambda trial: 1 / 0), "no complete trial"),
        (lambda: run(objective=lambda trial: 3.0), "are the same"),
    ],
    ids=["empty", "failed", "constant"],
)
def test_a_study_that_teaches_nothing_is_refused(study, said):
    base = Memory("memory://")
    with pytest.raises(TaskError, match=said):
        study().remember(base)
    assert base.tasks() == []


def test_bad_facts_are_refused():
    study, base = run(), Memory("memory://")
    with pytest.raises(TaskError, match="all targets"):
        study.remember(base, data=([[1], [2]], [1, 1]))
    with pytest.raises(TaskError, match="leave out what is not known"):
        study.remember(base, context={"log_rows": math.nan})
    with pytest.raises(TaskError, match="did you mean 'log_rows'"):
        study.remember(base, context={"log_row": 9.0})
    with pytest.raises(UnstorableError, match="tags of a task are a dict"):
        study.remember(base, tags=["fraud"])
    assert base.tasks() == []


@pytest.mark.parametrize("memory", [None, "memory://"])
def test_a_base_that_would_be_gone_at_once_is_refused(memory):
    with pytest.raises(TaskError, match=r"sqlite:///memory\.db|would be gone at once"):
        run().remember(memory)
