"""The tasks that a study keeps: each once, and of many those that stand for most others."""

import numpy as np
from tests.transfer.cases import NAMES, SPACE, make

from luthier import Float, Space
from luthier.transfer.selection import MAX_TASKS, choose_medoids, choose_tasks


def test_a_task_that_is_there_twice_counts_once():
    task = make(20, 0)
    kept, left = choose_tasks([task, task.replace(name="copy"), make(20, 1)], SPACE, NAMES)
    assert [t.name for t in kept] == ["task 0", "task 1"]
    assert left == [("copy", "it is there already")]


def test_what_is_of_no_use_is_left_out_with_the_reason():
    kept, left = choose_tasks([make(n=3), make(20, 1)], SPACE, NAMES)
    assert len(kept) == 1
    assert left == [("task 0", "3 rows that fit, and 8 are needed")]


def test_while_the_space_is_not_known_nothing_is_refused():
    kept, left = choose_tasks([make(n=3), make(20, 1)], Space(), NAMES)
    assert len(kept) == 2
    assert not left


def test_of_many_tasks_those_that_know_the_parameters_come_first():
    space = Space({**SPACE.params, "extra": Float(0, 1)})
    few = [make(10, i) for i in range(65)]
    full = [make(10, 100 + i, space=space) for i in range(MAX_TASKS)]
    kept, left = choose_tasks([*few, *full], space, NAMES)
    assert len(kept) == MAX_TASKS
    assert len(left) == 65
    assert sum(t.space.d == 4 for t in kept) > 5


def test_medoids_stand_for_groups_before_they_repeat_one():
    same = np.kron(np.eye(3), np.ones((4, 4)))
    assert sorted(i // 4 for i in choose_medoids(same)[:3]) == [0, 1, 2]
    assert sorted(choose_medoids(same)) == list(range(12))
