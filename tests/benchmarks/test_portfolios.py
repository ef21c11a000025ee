"""How portfolios are chosen from records, and on what they are judged."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from benchmarks.common.ready_made_sets import JUDGED, JUDGED_NUMBERS, MINED
from benchmarks.portfolios import choose_greedily, normalise, smooth
from benchmarks.ready_made import count_worth

from luthier import Categorical, Float, Space


def test_losses_are_put_between_the_best_and_the_median_of_each_data_set():
    losses = np.array([[1.0, 10.0], [2.0, 10.0], [3.0, 10.0], [9.0, 10.0]])
    regrets = normalise(losses)
    assert regrets[:, 0].tolist() == pytest.approx([0, 2 / 3, 1, 1])
    assert regrets[:, 1].tolist() == [0, 0, 0, 0]


def test_each_row_adds_most_to_those_before_it():
    regrets = np.array([[0.5, 0.5, 0.5], [0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.4, 0.4, 0.4]])
    assert choose_greedily(regrets, 3) == [1, 2, 0]
    assert choose_greedily(regrets, 3, [3]) == [3, 1, 2]
    assert choose_greedily(regrets, 9, [2]) == [2, 1, 0, 3]


def test_two_noisy_measurements_of_a_point_are_smoothed():
    space = Space({"x": Float(0, 1), "c": Categorical(("a", "b"))})
    rng = np.random.default_rng(0)
    X = space.sample(rng, 60)
    truth = (X[:, 0] - 0.3) ** 2 + 0.2 * X[:, 1]
    losses = (truth + rng.normal(0, 0.1, 60))[:, None]
    smoothed = smooth(space, X, losses, X)[:, 0]
    good = truth < np.median(truth)
    assert np.mean((smoothed - truth)[good] ** 2) < np.mean((losses[:, 0] - truth)[good] ** 2) / 2


def test_portfolios_are_judged_on_other_data_sets_than_they_are_mined_from():
    assert not set(MINED) & {*JUDGED, *JUDGED_NUMBERS}
    assert len(set(JUDGED)) == 15


def test_the_best_of_n_random_trials_is_worth_n():
    losses = np.arange(1.0, 11.0)  # the mean of the best of n of them is 11 / (n + 1)
    assert [count_worth(losses, 11 / (n + 1)) for n in (1, 4, 10)] == [1, 4, 10]
    assert count_worth(losses, 3.0) == 3
    assert count_worth(losses, 0.5) == 11
