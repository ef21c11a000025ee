import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

from luthier.errors import EvaluationError
from luthier.evaluation.calibration import (
    Calibrator,
    apply_isotonic,
    apply_sigmoid,
    choose_threshold,
    fit_isotonic,
    fit_sigmoid,
)

RNG = np.random.default_rng(0)
N = 600
TRUE_P = RNG.beta(1, 2, N)
IS_TRUE = RNG.random(N) < TRUE_P
P = TRUE_P**2 / (TRUE_P**2 + (1 - TRUE_P) ** 2)  # too sure of itself: twice the logit
ONES = np.ones(N)
WEIGHT = RNG.random(N)


def log_loss(p, is_true=IS_TRUE):
    return -np.log(np.clip(np.where(is_true, p, 1 - p), 1e-12, None)).mean()


def test_the_sigmoid_is_a_logistic_regression_of_the_logit():
    logit = np.log(P / (1 - P))[:, None]
    theirs = LogisticRegression(C=1e9).fit(logit, IS_TRUE)
    ours = fit_sigmoid(P, IS_TRUE, ONES)
    assert ours == pytest.approx([theirs.coef_[0, 0], theirs.intercept_[0]], abs=0.05)
    assert ours[0] == pytest.approx(0.5, abs=0.1)
    assert log_loss(apply_sigmoid(ours, P)) < log_loss(P)


def test_a_model_that_separates_the_classes_stays_finite():
    theta = fit_sigmoid(np.array([0.1, 0.2, 0.8, 0.9]), np.array([0, 0, 1, 1], bool), np.ones(4))
    assert np.isfinite(theta).all()


@pytest.mark.parametrize("weight", [ONES, WEIGHT])
def test_isotonic_steps_are_those_of_scikit_learn(weight):
    p = np.round(P, 2)  # with ties
    theirs = IsotonicRegression(out_of_bounds="clip").fit(p, IS_TRUE, weight)
    ours = apply_isotonic(fit_isotonic(p, IS_TRUE, weight), p)
    assert ours == pytest.approx(theirs.predict(p), abs=1e-9)


@pytest.mark.parametrize("kind", ["sigmoid", "isotonic"])
def test_several_classes_sum_to_one_and_are_better(kind):
    p = RNG.dirichlet([1, 2, 1], N)
    labels = np.array([RNG.choice(3, p=row) for row in p])
    sure = p**3 / (p**3).sum(axis=1, keepdims=True)
    is_true = labels[:, None] == np.arange(3)
    calibrated = Calibrator(kind, sure, is_true, ONES)(sure)
    assert calibrated.sum(axis=1) == pytest.approx(ONES)
    loss = [-np.log(np.clip(q[is_true], 1e-3, None)).mean() for q in (sure, calibrated)]
    assert loss[1] < loss[0]


def test_two_classes_are_one_map():
    p = np.column_stack([1 - P, P])
    is_true = np.column_stack([~IS_TRUE, IS_TRUE])
    calibrated = Calibrator("sigmoid", p, is_true, ONES)(p)
    assert calibrated[:, 1] == pytest.approx(apply_sigmoid(fit_sigmoid(P, IS_TRUE, ONES), P))
    with pytest.raises(ValueError, match="calibrate"):
        Calibrator("beta", p, is_true, ONES)


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("accuracy", accuracy_score),
        ("balanced_accuracy", balanced_accuracy_score),
        ("f1", f1_score),
    ],
)
def test_the_threshold_is_the_best_of_all(name, theirs):
    threshold = choose_threshold(P, IS_TRUE, name, WEIGHT)
    best = max(theirs(IS_TRUE, t <= P, sample_weight=WEIGHT) for t in np.unique(P))
    assert theirs(IS_TRUE, threshold <= P, sample_weight=WEIGHT) == pytest.approx(best)


def test_the_threshold_by_a_cost_of_ones_own():
    def minus_cost(is_second):
        return -(10 * (IS_TRUE & ~is_second).sum() + (~IS_TRUE & is_second).sum())

    threshold = choose_threshold(TRUE_P, IS_TRUE, minus_cost, ONES)
    assert 0.02 < threshold < 0.25  # 1 / 11 where probabilities are right


def test_of_equal_thresholds_the_middle_is_taken():
    p = np.array([0.1, 0.9])
    assert choose_threshold(p, np.array([False, True]), "accuracy", np.ones(2)) == 0.5


def test_bad_arguments():
    with pytest.raises(EvaluationError, match="threshold is a function, or one of accuracy"):
        choose_threshold(P, IS_TRUE, "gain", ONES)
    with pytest.raises(EvaluationError, match="got None"):
        choose_threshold(P, IS_TRUE, None, ONES)
    with pytest.raises(EvaluationError, match="needs rows of both classes"):
        choose_threshold(P, np.ones(N, bool), "f1", ONES)
