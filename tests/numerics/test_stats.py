import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from luthier.numerics.stats import (
    mcnemar,
    mean_interval,
    paired_bootstrap_interval,
    paired_t,
    t_tail,
    wilcoxon_signed_rank,
)

ALTERNATIVES = ["two-sided", "less", "greater"]


@pytest.mark.parametrize("alternative", ALTERNATIVES)
@pytest.mark.parametrize("n", [1, 2, 5, 10, 24, 25])
def test_signed_rank_is_exact_for_small_samples(n, alternative):
    rng = np.random.default_rng(n)
    for shift in (-1.0, 0.0, 0.4, 3.0):
        x, y = rng.normal(shift, 1, n), rng.normal(size=n)
        expected = stats.wilcoxon(x, y, alternative=alternative, method="exact").pvalue
        assert wilcoxon_signed_rank(x, y, alternative) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("alternative", ALTERNATIVES)
@pytest.mark.parametrize("n", [26, 60, 500])
@pytest.mark.parametrize("decimals", [0, 1, 12])  # with ties and zeros, with ties, without
def test_signed_rank_is_the_corrected_normal_approximation_for_large_samples(
    n, decimals, alternative
):
    rng = np.random.default_rng(n)
    for shift in (-0.3, 0.0, 0.2, 2.0):
        d = np.round(rng.normal(shift, 1, n), decimals)
        expected = stats.wilcoxon(
            d, zero_method="pratt", correction=False, alternative=alternative, method="asymptotic"
        ).pvalue
        assert wilcoxon_signed_rank(d, alternative=alternative) == pytest.approx(expected, rel=1e-9)


def signed_rank_by_enumeration(d):
    """P(W <= w) and P(W >= w) over all the ways to sign the ranks that are not of zeros."""
    ranks = stats.rankdata(np.abs(d)) * (d != 0)
    sums = np.array(list(itertools.product([0, 1], repeat=len(d)))) @ ranks
    return (sums <= ranks[d > 0].sum()).mean(), (sums >= ranks[d > 0].sum()).mean()


@given(st.lists(st.integers(-3, 4), min_size=1, max_size=10))
def test_signed_rank_is_exact_for_small_samples_with_ties_and_zeros(d):
    d = np.array(d)
    less, greater = signed_rank_by_enumeration(d)
    assert wilcoxon_signed_rank(d, alternative="less") == pytest.approx(less, rel=1e-12)
    assert wilcoxon_signed_rank(d, alternative="greater") == pytest.approx(greater, rel=1e-12)
    assert wilcoxon_signed_rank(d) == pytest.approx(min(1, 2 * min(less, greater)), rel=1e-12)


def test_signed_rank_takes_the_normal_approximation_for_fourteen_tied_pairs():
    d = np.array([1, 1, 2, 3, -1, 4, 5, 6, 7, 8, 9, 10, 11, 0])
    expected = stats.wilcoxon(d, zero_method="pratt", correction=False, method="asymptotic").pvalue
    assert wilcoxon_signed_rank(d) == pytest.approx(expected, rel=1e-9)


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=40))
def test_signed_rank_is_symmetric(d):
    d = np.array(d)
    assert wilcoxon_signed_rank(d, alternative="less") == pytest.approx(
        wilcoxon_signed_rank(-d, alternative="greater"), rel=1e-12
    )
    assert 0 <= wilcoxon_signed_rank(d) <= 1


@pytest.mark.parametrize("n", [1, 13, 14, 100])
@pytest.mark.parametrize("alternative", ALTERNATIVES)
def test_signed_rank_of_equal_samples_is_one(n, alternative):
    assert wilcoxon_signed_rank(np.ones(n), np.ones(n), alternative) == 1


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([], None),
        ([1, 2], [1]),
        ([[1, 2]], None),
        ([1, np.nan], None),
        ([1, 2], [1, np.inf]),
        (3.0, None),
    ],
)
def test_signed_rank_rejects_bad_samples(x, y):
    with pytest.raises(ValueError, match="samples"):
        wilcoxon_signed_rank(x, y)


def test_signed_rank_rejects_an_unknown_alternative():
    with pytest.raises(ValueError, match="alternative must be"):
        wilcoxon_signed_rank([1, 2], alternative="larger")


@pytest.mark.parametrize(
    ("b", "c"), [(0, 1), (0, 7), (3, 9), (9, 3), (10, 10), (10, 11), (150, 210), (5000, 5200)]
)
def test_mcnemar_is_the_binomial_test_with_half_of_what_was_seen(b, c):
    exact = stats.binomtest(b, b + c).pvalue
    here = stats.binom.pmf(b, b + c, 0.5)
    assert mcnemar(b, c) == pytest.approx(1.0 if b == c else exact - here, rel=1e-9)


def test_mcnemar_calls_equals_different_in_about_as_many_cases_as_it_says():
    # 1,000 cases, of which the two disagree in 20 to 200: the exact test came to 2.0 to 4.2 %.
    for n in (20, 40, 80, 200):
        few = np.arange(n + 1)
        p = np.array([mcnemar(int(b), int(n - b)) for b in few])
        assert 0.03 <= stats.binom.pmf(few, n, 0.5)[p < 0.05].sum() <= 0.065


def test_mcnemar_at_the_extremes():
    assert mcnemar(0, 0) == 1
    assert mcnemar(0, 100_000) == 0
    assert mcnemar(10**6, 10**6) == pytest.approx(1)
    with pytest.raises(ValueError, match="at least 0"):
        mcnemar(-1, 3)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
@pytest.mark.parametrize("draw", ["normal", "exponential"])
def test_bootstrap_interval_is_scipys_bca(draw, level):
    rng = np.random.default_rng(0)
    x, y = getattr(rng, draw)(size=(2, 25)) * [[3.0], [1.0]]
    expected = stats.bootstrap(
        (x - y,), np.mean, confidence_level=level, n_resamples=100_000, method="BCa", rng=rng
    ).confidence_interval
    interval = paired_bootstrap_interval(x, y, rng, level, n_resamples=100_000)
    np.testing.assert_allclose(interval, expected, atol=0.02 * (expected.high - expected.low))


def test_bootstrap_interval_covers_the_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(300):
        low, high = paired_bootstrap_interval(
            rng.exponential(size=50), rng.normal(size=50), rng, 0.9, 1000
        )
        covered += low <= 1 <= high
    assert 0.84 < covered / 300 < 0.95


def test_bootstrap_interval_is_the_same_in_any_unit_and_repeats_with_the_seed():
    x, y = np.random.default_rng(2).normal(size=(2, 12))
    interval = np.array(paired_bootstrap_interval(x, y, np.random.default_rng(3)))
    for unit in (1.0, 1e-150, 1e150):
        scaled = np.array(paired_bootstrap_interval(x * unit, y * unit, np.random.default_rng(3)))
        np.testing.assert_allclose(scaled / unit, interval, rtol=1e-9)


def test_bootstrap_resamples_large_samples_in_parts():
    x = np.random.default_rng(4).normal(size=3000)
    low, high = paired_bootstrap_interval(
        x, np.zeros(3000), np.random.default_rng(5), n_resamples=1000
    )
    np.testing.assert_allclose((low, high), mean_interval(x), atol=0.1 * (high - low))


def test_bootstrap_interval_of_equal_differences_is_the_difference():
    assert paired_bootstrap_interval(
        np.arange(4.0), np.arange(4.0) - 2, np.random.default_rng(0)
    ) == (2, 2)


@pytest.mark.parametrize(
    ("x", "y", "level", "n_resamples", "message"),
    [
        ([1], [2], 0.9, 100, "samples"),
        ([1, 2], [1, 2, 3], 0.9, 100, "samples"),
        ([1, np.nan], [1, 2], 0.9, 100, "finite"),
        ([1, 2], [3, 3], 1.0, 100, "level"),
        ([1, 2], [3, 3], 0.9, 0, "n_resamples"),
    ],
)
def test_bootstrap_interval_rejects_bad_arguments(x, y, level, n_resamples, message):
    with pytest.raises(ValueError, match=message):
        paired_bootstrap_interval(x, y, np.random.default_rng(0), level, n_resamples)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999, 0.999999])
@pytest.mark.parametrize("n", [2, 3, 4, 5, 10, 31, 1000, 1001, 1002, 50_000])
def test_mean_interval_is_students(n, level):
    x = np.random.default_rng(n).normal(5, 2, n)
    expected = stats.t.interval(level, n - 1, x.mean(), stats.sem(x))
    np.testing.assert_allclose(mean_interval(x, level), expected, rtol=1e-8)


def test_mean_interval_of_a_constant_is_the_constant():
    assert mean_interval([2.0, 2.0, 2.0]) == (2, 2)


@pytest.mark.parametrize(
    ("x", "level"), [([1.0], 0.9), ([1.0, np.inf], 0.9), ([1.0, 2.0], 0.0), ([1.0, 2.0], np.nan)]
)
def test_mean_interval_rejects_bad_arguments(x, level):
    with pytest.raises(ValueError):
        mean_interval(x, level)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 10, 31, 1000, 1002])
@pytest.mark.parametrize("shift", [0.0, 0.1, 1.0])
def test_paired_t_is_students(n, shift):
    rng = np.random.default_rng(n)
    x, y = rng.normal(shift, 1, n), rng.normal(size=n)
    expected = stats.ttest_rel(x, y).pvalue
    np.testing.assert_allclose(
        (paired_t(x, y), paired_t(y, x), paired_t(x - y)), expected, rtol=1e-8, atol=1e-13
    )


def test_paired_t_of_equal_differences():
    assert paired_t([1.0, 2.0], [1.0, 2.0]) == 1
    assert paired_t([1.0, 2.0, 3.0], [0.0, 1.0, 2.0]) == 0
    with pytest.raises(ValueError, match="at least 2"):
        paired_t([1.0], [2.0])


@pytest.mark.parametrize("dof", [1, 2, 3, 8, 100])
@pytest.mark.parametrize("t", [0.0, -0.3, 1.0, 2.5, 7.0, np.inf])
def test_the_tails_of_student_are_those_of_scipy(t, dof):
    assert t_tail(t, dof) == pytest.approx(2 * stats.t.sf(abs(t), dof), abs=1e-14)
