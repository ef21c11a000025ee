"""How portfolios are chosen from records, and on what they are judged."""

import json

import numpy as np
import pytest

pytest.importorskip("sklearn")

from benchmarks.common.ready_made_sets import JUDGED, JUDGED_NUMBERS, MINED
from benchmarks.portfolios import (
    choose_greedily,
    choose_predicted,
    normalise,
    read_autogluon,
    read_flaml,
    smooth,
)
from benchmarks.ready_made import count_worth, leave_one_out

from luthier import Categorical, Float, Space, spaces


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


class Recorded:
    """A model whose best value of C moves with the data set, and with its size."""

    family = "svm"
    instances = ("a", "b", "c")
    sizes = (1.0, 0.1)

    def clip(self, params):
        return dict(params)

    def unclip(self, params, default):
        return {**params, "gamma": default["gamma"]}

    def predict(self, params):
        C = np.log10([row["C"] for row in params])
        best = np.array([[2.0, 2.1, 2.2], [0.9, 1.0, 1.1]])
        return (C[:, None, None] - best) ** 2


def test_rows_from_surrogates_are_good_on_each_size_of_the_data():
    rows = choose_predicted(Recorded())
    assert len(rows) == 9
    for best in (2.0, 1.0):
        assert min(abs(np.log10(row["C"]) - best) for row in rows) < 0.05
    assert {row["gamma"] for row in rows} == {spaces.svm().params["gamma"].default}


def test_a_portfolio_is_judged_on_each_size_of_data_sets_that_it_was_not_mined_from():
    judged = leave_one_out(Recorded())
    assert list(judged) == ["1 of the rows", "0.1 of the rows"]
    for found in judged.values():
        assert [run["set"] for run in found["runs"]] == ["a", "b", "c"]
        assert found["regret"]["portfolio"] < found["regret"]["default"]
        assert found["worse than default"] == 0


def test_portfolios_of_others_are_read_in_their_order_without_what_the_space_lacks(tmp_path):
    (tmp_path / "portfolio.py").write_text(
        """portfolio = {
            "XT": [
                {"criterion": "gini"},
                {"max_features": 1.0, "max_leaf_nodes": 9, "ag_args": {"priority": -9}},
                {"max_features": "sqrt", "min_samples_leaf": 1, "ag_args": {"priority": -5}},
                {"max_features": 0.75, "min_samples_leaf": 4, "ag_args": {"priority": -3}},
            ],
        }"""
    )
    rows = read_autogluon(tmp_path / "portfolio.py", "XT", "extra_trees")
    assert rows == [{"max_features": 0.75, "min_samples_leaf": 4}, {"max_features": 1.0}]
    with pytest.raises(ValueError, match="has no configurations of CAT"):
        read_autogluon(tmp_path / "portfolio.py", "CAT", "catboost")

    (tmp_path / "extra_tree").mkdir()
    for task in ("binary", "multiclass", "regression"):
        found = {"portfolio": [{"hyperparameters": {"max_features": 0.4612, "max_leaves": 81}}]}
        (tmp_path / "extra_tree" / f"{task}.json").write_text(json.dumps(found))
    assert read_flaml(tmp_path, "extra_tree", "extra_trees") == [{"max_features": 0.461}]
