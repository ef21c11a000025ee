"""Portfolios: greedy and complementary, feasible, and led by what a single task found best."""

import numpy as np
import pytest
from tests.transfer.cases import NAMES, SPACE, make

from luthier import Float, Int, Space
from luthier.transfer.matching import match
from luthier.transfer.portfolio import (
    choose_greedily,
    choose_portfolio,
    complete,
    judge_candidates,
)
from luthier.transfer.source_models import learn_tasks


def build(tasks, space=SPACE, n=10):
    models = learn_tasks(space, [match(task, space, NAMES) for task in tasks])
    return choose_portfolio(space, [models], n)


def test_each_choice_lowers_the_mean_of_the_minima_most():
    R = np.array([[0.0, 1.0, 1.0], [0.3, 0.3, 0.5], [1.0, 0.0, 0.1], [0.2, 0.9, 0.9]])
    assert choose_greedily(R, 3).tolist() == [1, 2, 0]
    assert choose_greedily(R, 9).tolist() == [1, 2, 0, 3]


@pytest.mark.parametrize("seed", range(4))
def test_the_first_choice_of_a_single_task_is_its_best_row(seed):
    task = make(25, seed)
    np.testing.assert_array_equal(build([task])[0], task.X[np.argmin(task.losses[:, 0])])


def test_two_tasks_with_the_same_best_row_both_lose_nothing_there():
    one, other = make(25, 0), make(25, 1, shift=0.05)
    shared = one.X[np.argmin(one.losses[:, 0])]
    X, losses = np.vstack([other.X, shared]), np.vstack([other.losses, [[-1.0]]])
    tasks = [one, other.replace(X=X, losses=losses)]
    models = learn_tasks(SPACE, [match(task, SPACE, NAMES) for task in tasks])
    points, R = judge_candidates(SPACE, [models])
    at = (points == shared).all(axis=1)
    assert R[at].tolist() == [[0.0, 0.0]]


def test_no_point_stands_there_twice_and_all_belong_to_the_space():
    space = Space({**SPACE.params, "depth": Int(1, 9, default=4)}, ["x < 0.6"])
    X = build([make(25, i, 0.1 * i) for i in range(4)], space, 40)
    assert len(X) == 40
    assert len(set(space.keys(X))) == 40
    assert space.feasible(X).all()
    assert not np.isnan(X).any()


def test_rows_that_were_penalised_or_lie_outside_are_not_proposed():
    task = make(30, 0)
    best = int(np.argmin(task.losses[:, 0]))
    bad = np.arange(30) == best
    assert not (build([task.replace(penalised=bad)], n=64) == task.X[best]).all(axis=1).any()
    narrow = Space({**SPACE.params, "x": Float(0.5, 1)})
    assert (narrow.raw(build([task], narrow))[:, 0] >= 0.5).all()


def test_what_a_row_lacks_stands_at_its_default():
    space = Space({"x": Float(0, 1), "depth": Int(1, 9, default=9)})
    X = complete(space, np.array([[0.2, np.nan]]))
    assert space.decode(X) == [{"x": 0.2, "depth": 9}]
