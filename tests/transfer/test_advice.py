"""First configurations with the evidence for each."""

import numpy as np
from tests.transfer.cases import SPACE, make, make_noise

from luthier.transfer.advice import advise


def test_the_first_configuration_helps_most_tasks_and_says_so():
    near = [make(30, seed=i, name=f"near {i}") for i in range(3)]
    far = make(30, seed=9, shift=0.6, name="far")
    found = advise(SPACE, [*near, far], 2)
    assert found[0].evidence == "best in 3 of 4 tasks"
    assert found[0].best_in == ("near 0", "near 1", "near 2")
    assert found[1].best_in == ("far",)
    assert abs(found[0].params["x"] - 0.3) < 0.15 < abs(found[1].params["x"] - 0.3)
    assert 0 <= found[0].regret < 0.5
    assert str(found[0]).endswith("kind='a': best in 3 of 4 tasks")


def test_a_task_that_is_the_target_gives_its_best():
    task = make(20, seed=1)
    best = SPACE.decode(task.X[[np.argmin(task.losses)]])[0]
    [first] = advise(SPACE, [task], 1)
    assert first.params == best
    assert first.evidence == "best in 1 of 1 task"


def test_a_task_that_tells_of_two_objectives_counts_once():
    X = make(30).X
    losses = np.stack([make(30).losses[:, 0], make(30, shift=0.1).losses[:, 0]], axis=1)
    task = make(30, X=X, losses=losses, objectives=("a", "b"), directions=("minimize", "minimize"))
    assert {a.n_tasks for a in advise(SPACE, [task], 3, ("a", "b"))} == {1}


def test_noise_and_nothing_give_no_advice():
    assert advise(SPACE, [], 3) == []
    assert advise(SPACE, [make_noise(seed=3)], 3) == []
