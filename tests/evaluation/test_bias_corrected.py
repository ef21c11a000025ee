import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.neighbors import KNeighborsClassifier

import luthier
from luthier import Int, Space
from luthier.errors import EvaluationError, TooFewResultsError
from luthier.evaluation import Evaluate, Metric, bbc, plan_folds, promise_best
from luthier.evaluation.bias_corrected import expect_gain, judge_gain
from luthier.evaluation.metrics import METRICS

ACCURACY = METRICS["accuracy"]


def draw(n, n_configurations, seed):
    """Right and wrong of configurations that are equally good, on the same rows."""
    rng = np.random.default_rng(seed)
    return (rng.random((n_configurations, n)) < 0.7).astype(float), rng.integers(0, 2, n)


@pytest.mark.slow
def test_the_promise_is_not_too_good_where_the_best_score_is():
    promises = []
    for seed in range(40):
        rows, y = draw(100, 50, seed)
        promises.append(bbc(rows, y, ACCURACY, n_resamples=300))
    seen = np.mean([p.seen for p in promises]) - 0.7
    bias = np.mean([p.value for p in promises]) - 0.7
    assert seen > 0.08
    assert abs(bias) < 0.015
    assert np.mean([p.low <= 0.7 <= p.high for p in promises]) >= 0.93
    assert promises[0].optimism == pytest.approx(promises[0].seen - promises[0].value)


def test_of_one_configuration_the_promise_is_its_score():
    rows, y = draw(400, 1, 0)
    found = bbc(rows, y, ACCURACY)
    assert found.value == pytest.approx(rows.mean(), abs=0.005)
    half = 1.96 * np.sqrt(0.7 * 0.3 / 400)
    assert found.high - found.low == pytest.approx(2 * half, rel=0.3)


def test_losses_and_other_totals():
    rng = np.random.default_rng(0)
    rows, y = rng.exponential(size=(20, 200)), rng.normal(size=200)
    low_is_good = bbc(rows, y, METRICS["mse"])
    assert low_is_good.seen == rows.mean(axis=1).min() < low_is_good.value
    root = bbc(rows, y, METRICS["rmse"])
    assert root.value == pytest.approx(np.sqrt(low_is_good.value), rel=0.02)
    scores, labels = rng.normal(size=(60, 200)), rng.integers(0, 2, 200)
    auc = bbc(scores, labels, METRICS["auc"], n_resamples=50)
    assert auc.seen > 0.57
    assert auc.value == pytest.approx(0.5, abs=0.05)
    assert auc.n_configurations == 60


@pytest.mark.slow
def test_a_gain_that_is_luck_is_none():
    gains, seen = [], []
    for seed in range(20):
        rows, y = draw(100, 50, seed)
        gains.append(expect_gain(rows, rows[0], y, ACCURACY).expected)
        seen.append(rows.mean(axis=1).max() - rows[0].mean())
    assert np.mean(seen) > 0.08
    assert abs(np.mean(gains)) < 0.02
    better = rows.copy()
    better[3] = np.maximum(better[3], better[4])
    assert expect_gain(better, rows[0], y, ACCURACY).expected > 0.1
    assert expect_gain(1 - better, 1 - rows[0], y, METRICS["mse"]).expected > 0.1
    auc = expect_gain(rows[:5] + y, rows[0], y, METRICS["auc"], n_resamples=20)
    assert auc.expected > 0.2
    assert auc.optimism == max(0.0, auc.seen - auc.expected)


def test_a_gain_is_judged_by_its_error_over_rows_and_by_the_luck_of_the_choice():
    # Two configurations that are right in 70 % of 150 rows: 5 % are called different.
    ps, found = [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        y = rng.integers(0, 2, 150)
        a, b, better = (rng.random((3, 150)) < [[0.7], [0.7], [0.85]]).astype(float)
        ps.append(judge_gain(a, b, y, ACCURACY, n_resamples=100))
        found.append(judge_gain(better, b, y, ACCURACY, n_resamples=100) < 0.05)
    assert 0.02 <= np.mean(np.array(ps) < 0.05) <= 0.09
    assert np.mean(found) > 0.85
    flattered = judge_gain(better, b, y, ACCURACY, 0.1)
    assert judge_gain(better, b, y, ACCURACY) < flattered
    assert judge_gain(b, b, y, ACCURACY) == 1.0
    assert judge_gain(np.ones(150), np.zeros(150), y, ACCURACY) == 0.0
    assert judge_gain(1 - better, 1 - b, y, METRICS["mse"]) < 0.05
    # Groups whose rows are alike are as one row each.
    groups = np.repeat(np.arange(15), 10)
    alike = (rng.random((2, 15)) < [[0.7], [0.5]]).astype(float)[:, groups]
    alone = judge_gain(*alike, y, ACCURACY)
    assert judge_gain(*alike, y, ACCURACY, groups=groups) > alone


def test_groups_are_drawn_as_a_whole():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(20), 20)
    rows = (rng.random((5, 20)) < 0.7).astype(float)[:, groups]  # all rows of a group are alike
    y = rng.integers(0, 2, 400)
    alone = bbc(rows, y, ACCURACY)
    together = bbc(rows, y, ACCURACY, groups=groups)
    assert together.high - together.low > 2 * (alone.high - alone.low)


def test_weights_count():
    rows = np.concatenate([np.ones((1, 50)), np.zeros((1, 50))], axis=1)
    weight = np.repeat([3.0, 1.0], 50)
    assert bbc(rows, np.arange(100) % 2, ACCURACY, weight=weight).value == pytest.approx(
        0.75, abs=0.02
    )


@pytest.mark.parametrize(
    ("rows", "y", "metric", "groups", "message"),
    [
        ([[1.0, 0.0]], [0, 1], Metric(name="own", score=len), None, "own is not had row by row"),
        ([[1.0, 0.0]], [0, 1, 1], ACCURACY, None, r"expected finite rows of shape \(C, 3\)"),
        ([[1.0, np.nan]], [0, 1], ACCURACY, None, "expected finite rows"),
        ([[1.0, 0.0]], [0, 1], ACCURACY, [1, 1], "there is one group only"),
    ],
)
def test_what_cannot_be_bootstrapped_is_refused(rows, y, metric, groups, message):
    with pytest.raises(EvaluationError, match=message):
        bbc(rows, y, metric, groups=groups)


def test_the_promise_of_a_study():
    X, y = make_classification(150, 5, flip_y=0.3, random_state=0)
    evaluate = Evaluate(KNeighborsClassifier(), X, y, plan_folds(150, stratify=y), "accuracy")
    study = luthier.create_study(
        space=Space({"n_neighbors": Int(1, 40)}),
        direction="maximize",
        scheduler=evaluate.scheduler,
        seed=0,
    )
    with pytest.raises(TooFewResultsError, match="no complete trial has noted"):
        promise_best(study.trials, evaluate)
    study.optimize(evaluate, n_trials=20)
    found = promise_best(study.trials, evaluate)
    assert found.seen == study.best_value
    assert found.low < found.value < found.high
    assert found.n_configurations == sum(row.state.name == "COMPLETE" for row in study.trials)
    assert "95% interval" in str(found)
    other = Evaluate(KNeighborsClassifier(), X, y, plan_folds(150, seed=9), "accuracy")
    with pytest.raises(TooFewResultsError, match="with these folds"):
        promise_best(study.trials, other)


def test_a_metric_by_its_name():
    rows, y = draw(50, 3, 0)
    assert bbc(rows, y, "accuracy", n_resamples=50) == bbc(rows, y, ACCURACY, n_resamples=50)
    with pytest.raises(EvaluationError, match="did you mean 'accuracy'"):
        bbc(rows, y, "acuracy")
    with pytest.raises(EvaluationError, match="f1 is not had row by row"):
        bbc(rows, y, "f1")
