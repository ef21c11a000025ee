"""Tests on ranks agree with scipy's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from luthier.numerics.rank_tests import average_ranks, rank_sum, spearman, spearman_interval, trend

SAMPLES = st.lists(st.integers(-5, 5).map(float), min_size=3, max_size=30)


@given(SAMPLES)
def test_ranks_of_equals_are_their_average(x):
    assert average_ranks(x) == pytest.approx(stats.rankdata(x))


@given(SAMPLES, SAMPLES)
def test_rank_sum_is_mann_and_whitneys(x, y):
    if len({*x, *y}) == 1:
        assert rank_sum(x, y) == 1
        return
    expected = stats.mannwhitneyu(x, y, alternative="less", method="asymptotic").pvalue
    assert rank_sum(x, y) == pytest.approx(expected)


def test_rank_sum_of_nothing_says_nothing():
    assert rank_sum([], [1.0, 2.0]) == 1


@given(st.integers(0, 10_000))
def test_spearman_is_scipys(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=40), rng.integers(0, 5, 40)
    rho, p = spearman(x, y)
    expected = stats.spearmanr(x, y, alternative="greater")
    assert rho == pytest.approx(expected.statistic)
    assert p == pytest.approx(expected.pvalue, abs=0.02)


def test_a_constant_goes_with_nothing():
    assert spearman([1, 1, 1], [1, 2, 3]) == (0, 1)


def test_the_interval_of_a_rank_correlation_covers_the_truth():
    """Of normal pairs with correlation r, Spearman's is 6 asin(r / 2) / pi."""
    rng = np.random.default_rng(0)
    truth = 6 / np.pi * np.arcsin(0.6 / 2)
    hits = 0
    for _ in range(400):
        x = rng.standard_normal(40)
        y = 0.6 * x + 0.8 * rng.standard_normal(40)
        low, high = spearman_interval(spearman(x, y)[0], 40)
        hits += low <= truth <= high
    assert 0.92 <= hits / 400 <= 0.98
    assert spearman_interval(0.9, 3) == (-1, 1)
    low, high = spearman_interval(1.0, 10)
    assert 0.9 < low < high == 1


@given(SAMPLES)
def test_trend_has_the_sign_of_kendalls_tau_and_grows_with_it(x):
    tau = stats.kendalltau(np.arange(len(x)), x).statistic
    assert np.sign(trend(x)) in (0, np.sign(np.nan_to_num(tau)))


def test_trend_of_noise_is_standard_normal():
    rng = np.random.default_rng(0)
    z = [trend(rng.normal(size=25)) for _ in range(1000)]
    assert np.mean(z) == pytest.approx(0, abs=0.1)
    assert np.std(z) == pytest.approx(1, abs=0.1)
