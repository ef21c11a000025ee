"""Classic meta-features, beside scipy, scikit-learn and closed forms."""

import math

import numpy as np
import pytest
import scipy.stats
from sklearn.metrics import mutual_info_score

from luthier.transfer import describe


def measure(X, y):
    return describe(X, y, meta_features=True)


def table(n=400, d=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.exponential(size=(n, d)), rng


def test_moments_are_those_of_scipy():
    X, rng = table()
    found = measure(X, rng.random(400))
    skewness, kurtosis = scipy.stats.skew(X), scipy.stats.kurtosis(X)
    assert found["skewness"] == pytest.approx(skewness.mean())
    assert found["skewness_sd"] == pytest.approx(skewness.std())
    assert found["kurtosis"] == pytest.approx(kurtosis.mean())
    assert found["kurtosis_sd"] == pytest.approx(kurtosis.std())
    R = np.abs(np.corrcoef(X.T))
    assert found["correlation"] == pytest.approx((R.sum() - 4) / 12)


def test_information_is_that_of_scikit_learn():
    _, rng = table()
    y = rng.integers(0, 3, 600)
    a = np.where(rng.random(600) < 0.7, y, rng.integers(0, 3, 600))
    b = rng.integers(0, 4, 600)
    X = np.stack([a, b], axis=1).astype(str).astype(object)
    X = np.char.add("v", X.astype(str)).astype(object)
    found = measure(X, y)
    entropy = scipy.stats.entropy(np.bincount(y))
    wanted = [mutual_info_score(a, y) / entropy, mutual_info_score(b, y) / entropy]
    assert found["entropy_target"] == pytest.approx(entropy / math.log(3))
    assert found["mutual_information"] == pytest.approx(np.mean(wanted))
    assert found["mutual_information_max"] == pytest.approx(wanted[0])
    assert found["smallest_class"] == np.bincount(y).min() / 600


def test_simple_models_tell_what_is_simple():
    X, rng = table(800)
    linear = measure(X, X @ [1.0, -2.0, 3.0, 0.5])
    assert linear["landmark_linear"] > 0.99
    assert "smallest_class" not in linear
    one_column = measure(X, X[:, 2] > np.median(X[:, 2]))
    assert one_column["landmark_stump"] > 0.97
    noise = measure(X, rng.integers(0, 2, 800))
    assert max(noise[f"landmark_{m}"] for m in ("nearest", "stump", "linear")) < 0.62
    clusters = np.repeat([[0.0, 0], [5, 5], [0, 5], [5, 0]], 100, axis=0)
    xor = measure(clusters + 0.1 * rng.random((400, 2)), np.repeat([0, 0, 1, 1], 100))
    assert xor["landmark_nearest"] == 1
    assert xor["landmark_linear"] < 0.7


@pytest.mark.parametrize(
    "X",
    [np.ones((6, 2)), np.full((6, 1), np.nan), np.full((6, 1), 1e300), [["a"]] * 6],
    ids=["constant", "missing", "huge", "one category"],
)
def test_columns_that_tell_nothing_give_finite_numbers(X):
    assert all(map(math.isfinite, measure(X, [0, 1, 0, 1, 0, 1]).values()))


def test_two_rows_are_enough_and_the_answer_is_the_same_each_time():
    X, rng = table(3000, 300)
    y = rng.random(3000)
    assert measure(X, y) == measure(X, y)
    assert all(map(math.isfinite, measure([[1.0], [2.0]], [0, 1]).values()))
