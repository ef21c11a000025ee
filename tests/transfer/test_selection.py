"""The tasks that a study keeps: each once, and of too many those that fit best."""

import numpy as np
import pytest
from tests.transfer.cases import NAMES, SPACE, make

from luthier import Float, Space
from luthier.history.task import rank_columns
from luthier.transfer.selection import MAX_TASKS, choose_tasks


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
    few = [make(10 + i, i) for i in range(65)]
    full = [make(10, 100 + i, space=space) for i in range(20)]
    kept, left = choose_tasks([*few, *full], space, NAMES)
    assert len(kept) == MAX_TASKS
    assert len(left) == 25
    assert sum(t.space.d == 4 for t in kept) == 20
    assert min(t.n for t in kept if t.space.d == 3) == 35


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.replace(family="other", name="copy"),
        lambda t: t.keep(10),
        lambda t: t.select(np.arange(12)),
        lambda t: t.replace(losses=rank_columns(t.losses)),
        lambda t: t.keep(10).replace(losses=rank_columns(t.keep(10).losses)),
        lambda t: t.replace(
            losses=np.where(np.arange(20)[:, None] == 3, 9.0, t.losses),
            penalised=np.arange(20) == 3,
        ),
    ],
    ids=["family", "best rows", "earlier", "ranks", "best rows as ranks", "another penalty"],
)
@pytest.mark.parametrize("first", [True, False], ids=["first", "second"])
def test_a_study_that_comes_from_two_places_counts_once(change, first):
    task = make(20, 0)
    other = change(task)
    kept, left = choose_tasks([other, task] if first else [task, other], SPACE, NAMES)
    assert [t.n for t in kept] == [20]
    assert len(left) == 1


@pytest.mark.parametrize(
    "change",
    [lambda t: t.replace(losses=t.losses[::-1]), lambda t: t.replace(losses=t.losses + 0.1)],
    ids=["another order", "other losses"],
)
def test_two_studies_that_tried_the_same_configurations_are_two(change):
    task = make(20, 0)
    assert len(choose_tasks([task, change(task)], SPACE, NAMES)[0]) == 2
