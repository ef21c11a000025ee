"""Errors that are expected before the labels come, and when nothing is said."""

import math

import numpy as np
import pytest

from luthier.errors import LifecycleError
from luthier.lifecycle import ErrorEstimator


def draw(rng, n, shift=0.0):
    """Probabilities of a model that is too sure, and labels whose true rate is p ** 2 or so."""
    logit = rng.normal(shift, 2, n)
    rate = 1 / (1 + np.exp(-logit))
    return 1 / (1 + np.exp(-2 * logit)), (rng.random(n) < rate).astype(float)


def error(p, y):
    return np.mean((p >= 0.5) != (y == 1))


def test_the_error_of_other_inputs_is_expected_though_the_model_is_too_sure():
    rng = np.random.default_rng(0)
    estimator = ErrorEstimator(*draw(rng, 5000))
    assert estimator.check(*draw(rng, 2000))
    p, y = draw(rng, 5000, shift=3.0)  # easier rows
    before = error(*draw(rng, 5000))
    found = estimator.estimate(p)
    assert found.because == ""
    assert abs(found.error - error(p, y)) < 0.015 < before - error(p, y)
    assert np.mean(np.minimum(p, 1 - p)) < found.error - 0.02  # what the model itself believes


def test_nothing_is_said_where_the_latest_labels_contradict():
    rng = np.random.default_rng(1)
    estimator = ErrorEstimator(*draw(rng, 3000))
    p, y = draw(rng, 1000)
    y = np.where(rng.random(1000) < 0.2, 1 - y, y)  # what is right has changed
    assert not estimator.check(p, y)
    found = estimator.estimate(p)
    assert math.isnan(found.error)
    assert "labels have error" in found.because


def test_a_good_calibration_is_seldom_refused():
    rng = np.random.default_rng(2)
    estimator = ErrorEstimator(*draw(rng, 20_000))
    refused = sum(not estimator.check(*draw(rng, 500)) for _ in range(200))
    assert refused <= 8  # 1 % is asked for, and the calibration has its own error


def test_nothing_is_said_before_labels_have_come_or_of_no_rows():
    rng = np.random.default_rng(3)
    estimator = ErrorEstimator(*draw(rng, 500))
    assert "no labels" in estimator.estimate([0.5]).because
    assert not estimator.check([0.5], [1])
    assert "only 1 labels" in estimator.estimate([0.5]).because
    estimator.check(*draw(rng, 500))
    assert estimator.estimate([]).because == "there are no rows"


@pytest.mark.parametrize(
    ("probabilities", "labels", "message"),
    [
        ([0.5] * 99, [0, 1] * 49 + [1], "at least 100 rows"),
        ([0.5] * 200, [1] * 200, "with both 0 and 1"),
        ([1.5] * 200, [0, 1] * 100, r"in \[0, 1\]"),
        ([math.nan] * 200, [0, 1] * 100, r"in \[0, 1\]"),
        ([0.5] * 200, [0, 2] * 100, "a label, 0 or 1"),
        ([0.5] * 200, [0, 1], "got 2"),
    ],
)
def test_values_that_cannot_be_are_refused(probabilities, labels, message):
    with pytest.raises(LifecycleError, match=message):
        ErrorEstimator(probabilities, labels)
