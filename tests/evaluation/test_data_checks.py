import logging

import numpy as np
import pytest

from luthier.errors import EvaluationError, SplitError
from luthier.evaluation import SplitPlan, plan_folds
from luthier.evaluation.data_checks import check_data
from luthier.evaluation.metrics import read_metrics

X = np.random.default_rng(0).normal(size=(20, 2))
Y = np.arange(20) % 2
BLOCKS = np.repeat([0, 1], 10)


def check(X=X, y=Y, metrics="accuracy", plan=None, weight=None):
    plan = plan_folds(20, 2, shuffle=False) if plan is None else plan
    return check_data(X, y, plan, read_metrics(metrics), weight)


def test_targets_and_weights_come_back_as_arrays():
    targets, weights = check(y=Y.tolist(), weight=[1] * 20)
    assert targets.tolist() == Y.tolist()
    assert weights.dtype == float


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"X": X[1:]}, SplitError, "the plan is of 20 rows, and X has 19"),
        ({"y": Y[1:]}, SplitError, "y must hold a target for each of the 20 rows"),
        ({"y": np.ones(20)}, SplitError, "the target is constant: every row has 1.0"),
        ({"y": np.r_[np.nan, np.arange(19.0)]}, EvaluationError, "y must be known.*nan in row 0"),
        ({"metrics": ["accuracy", "mse"]}, EvaluationError, "accuracy is for classes and mse"),
        ({"y": np.array(["a", "b"] * 10), "metrics": "mse"}, EvaluationError, "mse needs numbers"),
        ({"y": X[:, 0]}, EvaluationError, "accuracy is for classes, and y holds numbers such as"),
        ({"y": BLOCKS}, SplitError, "fold 0 has one class only to train on, 1"),
        ({"weight": [1, 2]}, EvaluationError, "sample_weight must hold one number for each"),
        ({"weight": [-1] * 20}, EvaluationError, "sample_weight must be finite and at least 0"),
        ({"weight": [0] * 20}, EvaluationError, "sample_weight must be finite and at least 0"),
    ],
)
def test_data_that_cannot_be_evaluated_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        check(**options)


def test_auc_needs_two_classes_to_test_on():
    plan = SplitPlan("given", 20, [(np.arange(10, 20), [0, 2, 4])])
    with pytest.raises(SplitError, match="fold 0 has one class only to test on, 0, and auc"):
        check(metrics="auc", plan=plan)


def test_a_metric_is_known_by_what_it_does_not_by_its_name():
    plan = SplitPlan("given", 20, [(np.arange(10, 20), [0, 2, 4])])
    with pytest.raises(SplitError, match="one class only to test on, 0, and ranks needs two"):
        check(metrics={"ranks": "auc"}, plan=plan)


@pytest.mark.parametrize("hole", [0.0, np.nan])
def test_the_same_row_on_both_sides_is_told(hole, caplog):
    twice = np.concatenate([X[:10], X[:10]])
    twice[:, 1] += hole
    with caplog.at_level(logging.WARNING, "luthier"):
        check(X=twice)
    assert "10 of 10 test rows of the first fold are copies of train rows" in caplog.text


def test_rows_without_copies_are_not_told(caplog):
    with caplog.at_level(logging.WARNING, "luthier"):
        check()
        check(X=np.concatenate([X[:10], X[:10]]), y=np.r_[Y[:10], 1 - Y[:10]])
    assert not caplog.text
