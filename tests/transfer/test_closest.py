"""The tasks that models learn from: those that order the first trials most clearly."""

import numpy as np
import pytest
from tests.transfer.cases import SPACE, bowl, make

import luthier
from luthier import Float, History, Space, State, TrialRow
from luthier.history.task import Task
from luthier.models.training_data import InputEncoder
from luthier.transfer import closest
from luthier.transfer.closest import MAX_MODELLED, compare_orders, find_closest
from luthier.transfer.recall import recall
from luthier.transfer.source_models import kendall


def tilt(i):
    """A task whose losses rise along the column that matters least."""
    task = make(20, i)
    return task.replace(name=f"tilt {i}", losses=task.X[:, [1]] ** 2 - 0.2 * task.X[:, [0]])


def history_after(n, tasks, loss=bowl):
    history = History(SPACE, ["minimize"])
    history.update_info(memory=tuple(tasks))
    X = SPACE.sample(np.random.default_rng(4), n)
    history.put(
        [
            TrialRow(number=i, state=State.COMPLETE, params=p, values=(float(y),))
            for i, (p, y) in enumerate(zip(SPACE.decode(X), loss(X), strict=True))
        ]
    )
    return history


def test_of_more_than_twenty_those_are_taken_that_are_like_the_trials_or_their_contrary():
    like = [make(20, i) for i in range(12)]
    turned = [t.replace(name=f"turned {i}", losses=-t.losses) for i, t in enumerate(like[:6])]
    tasks = [*(tilt(100 + i) for i in range(12)), *like, *turned]
    history = history_after(16, tasks)
    [models] = find_closest(SPACE, history, recall(SPACE, history))
    names = [m.task.name for m in models.matched]
    assert len(names) == MAX_MODELLED
    assert sum(name.startswith("tilt") for name in names) <= 3
    Z = InputEncoder(SPACE).encode(history.X)
    F = recall(SPACE, history).models[0]
    kept = [i for i, m in enumerate(F.matched) if m.task.name in names]
    np.testing.assert_allclose(models.predict(Z), F.predict(Z)[:, kept])


def test_up_to_twenty_are_all_taken():
    history = history_after(6, [make(20, i) for i in range(5)])
    recalled = recall(SPACE, history)
    assert find_closest(SPACE, history, recalled) == recalled.models


def test_a_task_that_knows_less_than_half_of_the_parameters_helps_the_portfolio_alone():
    space = Space({"x": Float(0, 1)})
    X = space.sample(np.random.default_rng(0), 20)
    few = Task(name="few", space=space, X=X, losses=(X - 0.3) ** 2)
    history = history_after(8, [few])
    recalled = recall(SPACE, history)
    assert len(recalled.portfolio)
    assert find_closest(SPACE, history, recalled) == (None,)
    history = history_after(8, [few, make(20, 1)])
    [models] = find_closest(SPACE, history, recall(SPACE, history))
    assert [m.task.name for m in models.matched] == ["task 1"]


def test_the_choice_is_made_anew_only_when_trials_have_doubled(monkeypatch):
    n_trials = []

    def count(y, F):
        n_trials.append(len(y))
        return compare_orders(y, F)

    monkeypatch.setattr(closest, "compare_orders", count)
    memory = [make(10, i, 0.01 * i) for i in range(25)]
    study = luthier.create_study(space=SPACE, memory=memory, seed=0, sampler="gp")
    for _ in range(20):
        trial = study.ask()
        study.tell(trial, float(bowl(np.nan_to_num(SPACE.encode(trial.params)))[0]))
    assert n_trials == [4, 8, 16]


@pytest.mark.parametrize("n_values", [3, 100])
def test_orders_are_compared_as_by_kendall(n_values):
    rng = np.random.default_rng(0)
    y = rng.integers(0, n_values, 15).astype(float)
    F = rng.standard_normal((15, 4))
    np.testing.assert_allclose(compare_orders(y, F), [kendall(y, f) for f in F.T], atol=1e-12)
    assert (compare_orders(np.ones(15), F) == 0).all()
