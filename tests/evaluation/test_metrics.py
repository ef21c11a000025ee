import numpy as np
import pytest
import sklearn.metrics

from luthier.errors import EvaluationError
from luthier.evaluation import Metric
from luthier.evaluation.metrics import METRICS, read_metrics

RNG = np.random.default_rng(0)
N = 200
WEIGHT = RNG.random(N)
Y = RNG.integers(0, 3, N)
P = RNG.dirichlet(np.ones(3), N)
TWO = RNG.integers(0, 2, N)
SCORE = np.round(RNG.normal(size=N) + TWO, 1)  # with ties
NUMBER = RNG.normal(size=N)
TOLD = NUMBER + RNG.normal(size=N)


def value(name, y, told, classes=None, weight=WEIGHT):
    metric = METRICS[name]
    rows = metric.rows(y, told, classes)
    assert rows.shape == (len(y),)
    return metric.total(rows, y, weight)


@pytest.mark.parametrize("weight", [np.ones(N), WEIGHT])
@pytest.mark.parametrize(
    ("name", "y", "told", "classes", "theirs"),
    [
        ("accuracy", Y, P.argmax(1), [0, 1, 2], sklearn.metrics.accuracy_score),
        ("balanced_accuracy", Y, P.argmax(1), [0, 1, 2], sklearn.metrics.balanced_accuracy_score),
        ("log_loss", Y, P, [0, 1, 2], sklearn.metrics.log_loss),
        ("auc", TWO, SCORE, [0, 1], sklearn.metrics.roc_auc_score),
        ("mse", NUMBER, TOLD, None, sklearn.metrics.mean_squared_error),
        ("rmse", NUMBER, TOLD, None, sklearn.metrics.root_mean_squared_error),
        ("mae", NUMBER, TOLD, None, sklearn.metrics.mean_absolute_error),
        ("r2", NUMBER, TOLD, None, sklearn.metrics.r2_score),
    ],
)
def test_metrics_are_those_of_scikit_learn(name, y, told, classes, theirs, weight):
    assert value(name, y, told, classes, weight) == pytest.approx(
        theirs(y, told, sample_weight=weight)
    )


def test_brier_of_two_classes_is_that_of_scikit_learn():
    p = P[:, :2] / P[:, :2].sum(axis=1, keepdims=True)
    theirs = sklearn.metrics.brier_score_loss(TWO, p[:, 1], sample_weight=WEIGHT)
    assert value("brier", TWO, p, [0, 1]) == pytest.approx(theirs)


def test_auc_takes_probabilities_of_two_columns():
    p = np.column_stack([1 - SCORE, SCORE])
    assert value("auc", TWO, p, [0, 1]) == value("auc", TWO, SCORE, [0, 1])


def test_a_class_that_was_never_trained_on_has_a_large_loss():
    assert value("log_loss", np.array([2]), P[:1, :2], [0, 1], np.ones(1)) == pytest.approx(
        34.54, abs=0.01
    )


def test_auc_is_for_two_classes():
    with pytest.raises(EvaluationError, match="auc is for two classes, and there are 3"):
        value("auc", Y, P, [0, 1, 2])
    assert np.isnan(value("auc", np.ones(N), SCORE, [0, 1]))


def test_metrics_are_read_from_names_functions_and_dicts():
    def own(model, X, y):
        return 0.5

    first, second = read_metrics(["accuracy", own])
    assert (first.name, first.direction, second.name) == ("accuracy", "maximize", "own")
    (renamed,) = read_metrics({"error": Metric(name="x", direction="minimize", score=own)})
    assert (renamed.name, renamed.sign()) == ("error", 1.0)
    (theirs,) = read_metrics("roc_auc_ovr")
    assert theirs.score is not None


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ([], "expected at least one metric"),
        (["mse", "mse"], "each of another name"),
        ("acuracy", "there is no metric 'acuracy'; did you mean 'accuracy'"),
        (7, "a metric is a name, a function"),
    ],
)
def test_what_is_no_metric_is_refused(metrics, message):
    with pytest.raises(EvaluationError, match=message):
        read_metrics(metrics)
