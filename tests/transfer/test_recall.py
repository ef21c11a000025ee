"""What earlier tasks say of a space: learned once, and a function of tasks and space alone."""

import numpy as np
from tests.transfer.cases import SPACE, bowl, make, make_noise

from luthier import Float, History, Space
from luthier.models.training_data import InputEncoder
from luthier.transfer import recall as room
from luthier.transfer.recall import recall


def history_with(*tasks, space=SPACE):
    history = History(space, ["minimize"])
    history.update_info(memory=tuple(tasks))
    return history


def test_what_was_learned_is_kept_for_an_equal_space(monkeypatch):
    history = history_with(make(25, 0), make(25, 1))
    first = recall(SPACE, history)
    monkeypatch.setattr(room, "learn_tasks", None)  # whoever calls it fails
    assert recall(Space(SPACE.params), history) is first


def test_it_does_not_depend_on_who_asks():
    tasks = [make(25, 0), make(25, 1)]
    one, other = recall(SPACE, history_with(*tasks)), recall(SPACE, history_with(*tasks))
    assert one is not other
    np.testing.assert_array_equal(one.portfolio, other.portfolio)


def test_where_no_task_is_of_use_nothing_is_recalled():
    assert recall(SPACE, history_with()) is None
    assert recall(SPACE, history_with(make_noise())) is None
    assert recall(SPACE, history_with(make(n=3))) is None
    other = Space({"other": Float(0, 1)})
    assert recall(other, history_with(make(), space=other)) is None


def test_of_several_objectives_those_are_recalled_that_a_task_has():
    X = SPACE.sample(np.random.default_rng(0), 30)
    history = History(SPACE, ["minimize", "maximize"], objectives=["loss", "speed"])
    losses = np.column_stack([bowl(X), X[:, 1]])
    both = make(30, X=X, losses=losses, objectives=("loss", "size"), directions=("minimize",) * 2)
    history.update_info(memory=(both,))
    recalled = recall(SPACE, history)
    assert recalled.models[0] is not None
    assert recalled.models[1] is None
    assert recalled.mean_prediction(InputEncoder(SPACE), X, 1) is None
