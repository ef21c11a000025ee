"""How alike tasks are, by the trials that have ended."""

import numpy as np
import pytest
from tests.transfer.cases import NAMES, SPACE, bowl, make

from luthier import Float, History, Space, State, TrialRow
from luthier.transfer.matching import match
from luthier.transfer.recall import recall
from luthier.transfer.similarity import find_most_alike, measure_similarity, split_rows


def history_after(n, tasks, loss):
    history = History(SPACE, ["minimize"])
    history.update_info(memory=tuple(tasks))
    X = SPACE.sample(np.random.default_rng(4), n)
    params = SPACE.decode(X)
    history.put(
        [
            TrialRow(number=i, state=State.COMPLETE, params=p, values=(float(y),))
            for i, (p, y) in enumerate(zip(params, loss(X), strict=True))
        ]
    )
    return history, recall(SPACE, history)


def test_the_task_that_is_like_the_present_one_is_found():
    turned = make(30, 1)
    tasks = [turned.replace(losses=-turned.losses), make(30, 2, shift=0.4), make(30, 3)]
    tasks += [make(30, 4, shift=0.1), make(30, 5, shift=-0.1)]
    history, recalled = history_after(12, tasks, bowl)
    similarity = measure_similarity(SPACE, history, recalled).similarity
    assert similarity[0] == 0
    assert similarity[2] > max(similarity[:2])
    assert find_most_alike(SPACE, history, recalled).task.name in ("task 3", "task 4", "task 5")


@pytest.mark.parametrize(("n", "sign"), [(3, 1.0), (12, -1.0)], ids=["few", "misled"])
def test_nothing_is_alike_before_trials_tell_or_where_memory_misled(n, sign):
    history, recalled = history_after(n, [make(30, 1), make(30, 2)], lambda X: sign * bowl(X))
    assert measure_similarity(SPACE, history, recalled) is None
    assert find_most_alike(SPACE, history, recalled) is None


def test_rows_are_split_by_their_losses_and_those_outside_are_left_out():
    space = Space({**SPACE.params, "x": Float(0, 0.5)})
    task = make(40, 0)
    m = match(task, space, NAMES)
    good, others = split_rows(space, m, 0.1)
    assert len(good) + len(others) == m.inside.sum() < 40
    order = np.argsort(m.losses)
    np.testing.assert_allclose(good[0], m.X[order[m.inside[order]][0]])
    assert len(good) <= 4
