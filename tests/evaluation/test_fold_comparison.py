import numpy as np
import pytest

from luthier.errors import EvaluationError
from luthier.evaluation import (
    choose_within_error,
    compare_all,
    compare_folds,
    plan_folds,
    plan_time_folds,
)
from luthier.numerics.count_tests import holm
from luthier.numerics.resampling import corrected_t, correlated_t_posterior

A = np.array([0.80, 0.82, 0.78, 0.81, 0.79])
B = A + np.array([0.05, 0.06, 0.05, 0.04, 0.05])
C = A + np.array([0.01, -0.01, 0.0, 0.005, -0.005])
PLAN = plan_folds(100, 5)


def test_a_comparison_has_the_figures_of_both_tests():
    found = compare_folds(A, B, PLAN, names=("default", "tuned"), region=0.01)
    test, where = corrected_t(B - A, 0.25), correlated_t_posterior(B - A, 0.25, 0.01)
    assert (found.gain, found.low, found.high, found.p) == (test.mean, test.low, test.high, test.p)
    assert (found.worse, found.equal, found.better) == where
    assert found.significant
    assert found.verdict == "tuned is better than default."
    assert "gain +0.0500" in str(found)


def test_gains_of_losses_are_what_is_lost():
    found = compare_folds(A, B, 0.25, "minimize")
    assert found.gain == pytest.approx(-0.05)
    assert found.verdict == "the second is worse than the first."


def test_what_does_not_matter_is_as_good_as_equal():
    assert compare_folds(A, C, PLAN, region=0.05).verdict.startswith(
        "the second and the first are as good"
    )
    assert (
        compare_folds(A, C, PLAN).verdict
        == "the second cannot be told from the first on these folds."
    )


def test_several_comparisons_are_corrected_for():
    found = compare_all({"a": A, "b": B, "c": C}, PLAN)
    assert [f.names for f in found] == [("a", "b"), ("a", "c")]
    assert [f.p_adjusted for f in found] == holm([f.p for f in found]).tolist()


@pytest.mark.parametrize(
    ("first", "second", "plan", "message"),
    [
        (A, B[1:], PLAN, "expected scores of two models or more on the same folds"),
        ([0.5], [0.6], PLAN, "at least 2"),
        (A, [0.5, np.nan, 0.5, 0.5, 0.5], PLAN, "the score of the second in fold 1 is nan"),
        (A, B, plan_time_folds(100), "is not for folds in time"),
    ],
)
def test_scores_that_cannot_be_compared_are_refused(first, second, plan, message):
    with pytest.raises(EvaluationError, match=message):
        compare_folds(first, second, plan)


def test_numbers_out_of_range_are_refused():
    with pytest.raises(ValueError, match="direction"):
        compare_folds(A, B, PLAN, "up")
    with pytest.raises(ValueError, match="level"):
        compare_folds(A, B, PLAN, level=2)
    with pytest.raises(ValueError, match="region"):
        compare_folds(A, B, PLAN, region=-1)


def test_the_cheapest_within_an_error_of_the_best_is_chosen():
    near = B - np.array([0.01, -0.01, 0.005, -0.005, 0.001])
    scores = {"far": A, "best": B, "near": near}
    cost = {"far": 1.0, "near": 2.0, "best": 3.0}
    assert choose_within_error(scores, cost, PLAN) == "near"
    assert choose_within_error(scores, cost, PLAN, "minimize") == "far"
    assert choose_within_error({"best": B}, cost, PLAN) == "best"
    with pytest.raises(EvaluationError, match="the order says nothing of 'near'"):
        choose_within_error(scores, {"far": 1.0, "best": 1.0}, PLAN)


def test_equal_scores_are_equal_without_a_region_as_well():
    found = compare_folds([0.7, 0.8, 0.9], [0.7, 0.8, 0.9], 0.5)
    assert (found.worse, found.equal, found.better) == (0, 1, 0)
    assert "as good as equal" in found.verdict
