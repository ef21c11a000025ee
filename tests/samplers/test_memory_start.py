"""First trials with memory: turns, batches, and rows that other methods begin with."""

import numpy as np
import pytest
from tests.transfer.cases import SPACE, bowl, make, make_noise

from luthier import History, State, TrialRow
from luthier.samplers import CMAES, QMC, TPE, Forest
from luthier.samplers.memory_start import (
    good_rows,
    lead_by_memory,
    next_of_portfolio,
    see_tasks,
    start_length,
)
from luthier.transfer.recall import recall

RNG = np.random.default_rng(0)


def history_after(n, tasks=None, sign=1.0):
    history = History(SPACE, ["minimize"])
    history.update_info(memory=tuple([make(30, i) for i in range(3)] if tasks is None else tasks))
    X = SPACE.sample(np.random.default_rng(4), n)
    history.put(
        [
            TrialRow(number=i, state=State.COMPLETE, params=p, values=(sign * float(y),))
            for i, (p, y) in enumerate(zip(SPACE.decode(X), bowl(X), strict=True))
        ]
    )
    return history


def lead(history, n):
    def evenly(k):
        return QMC().sample_sequence(SPACE, history, k, RNG)

    return lead_by_memory(SPACE, history, n, RNG, evenly), evenly(n)


def test_a_batch_is_of_the_portfolio():
    history = history_after(0)
    X, _ = lead(history, 5)
    np.testing.assert_array_equal(X, recall(SPACE, history).portfolio[:5])


def test_tasks_of_no_use_change_nothing():
    history = history_after(0, [make_noise()])
    X, even = lead(history, 2)
    np.testing.assert_array_equal(X, even)
    assert start_length(SPACE, history, 8) == 8
    assert next_of_portfolio(SPACE, history, 1) is None
    assert len(good_rows(SPACE, history, 0.1)) == 0


def test_a_start_is_shorter_where_memory_was_right():
    assert start_length(SPACE, history_after(5), 8) == 5
    assert start_length(SPACE, history_after(5, sign=-1.0), 8) == 7


def test_rows_are_good_once_the_first_trials_agree():
    assert len(good_rows(SPACE, history_after(3), 0.1)) == 0
    good = good_rows(SPACE, history_after(8), 0.1)
    assert len(good) >= 2
    assert bowl(good).max() < np.median(bowl(SPACE.sample(RNG, 200)))
    assert len(good_rows(SPACE, history_after(8, sign=-1.0), 0.1)) == 0


def test_cmaes_searches_around_what_was_good_in_a_task_that_is_like_it():
    def distance(history):
        X = np.concatenate(
            [CMAES().sample(SPACE, history, 1, np.random.default_rng(i)) for i in range(20)]
        )
        return bowl(X).mean()

    assert distance(history_after(10)) < 0.6 * distance(history_after(10, []))


def test_a_forest_sees_what_tasks_predict_as_more_columns():
    history = history_after(5)
    X = history.X
    seen = see_tasks(SPACE, history)(X)
    assert seen.shape == (5, 3 + 3)
    np.testing.assert_array_equal(seen[:, :3], X)
    assert see_tasks(SPACE, history_after(5, [])) is None


@pytest.mark.parametrize("sampler", [TPE(), Forest(random_share=0)], ids=["tpe", "forest"])
def test_models_propose_better_points_with_memory(sampler):
    def mean_loss(history):
        X = [sampler.sample(SPACE, history, 1, np.random.default_rng(i)) for i in range(8)]
        return bowl(np.concatenate(X)).mean()

    assert mean_loss(history_after(20)) < 0.9 * mean_loss(history_after(20, []))
