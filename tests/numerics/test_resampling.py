import math

import numpy as np
import pytest
from scipy import stats

from luthier.numerics.resampling import (
    corrected_t,
    correlated_t_posterior,
    one_sided_corrected_t,
    wilson_interval,
)

D = np.array([0.02, -0.01, 0.03, 0.015, 0.005])


def test_the_corrected_t_is_that_of_the_paper():
    ratio = 0.25
    error = math.sqrt((1 / 5 + ratio) * D.var(ddof=1))
    found = corrected_t(D, ratio)
    assert found.mean == pytest.approx(D.mean())
    assert found.error == pytest.approx(error)
    assert found.p == pytest.approx(2 * stats.t.sf(D.mean() / error, 4))
    half = stats.t.ppf(0.975, 4) * error
    assert (found.low, found.high) == pytest.approx((D.mean() - half, D.mean() + half))
    assert one_sided_corrected_t(D, ratio) == pytest.approx(stats.t.sf(D.mean() / error, 4))
    assert one_sided_corrected_t(-D, ratio) == pytest.approx(stats.t.cdf(D.mean() / error, 4))


def test_differences_without_spread():
    assert corrected_t([0.0, 0.0], 0.5).p == 1
    assert corrected_t([0.1, 0.1], 0.5)[2:] == (0.1, 0.1, 0.0)
    assert one_sided_corrected_t([0.1], 0.5) == 1


@pytest.mark.parametrize(("k", "r"), [(5, 1), (10, 1), (5, 5), (10, 10)])
def test_folds_of_equal_models_are_called_different_in_one_of_twenty_cases(k, r):
    """Differences of one repeat have the correlation 1 / k of the papers, repeats as well."""
    rng = np.random.default_rng(k * r)
    n, m = 2000, k * r
    shared = rng.normal(size=(n, 1)) * math.sqrt(1 / k)
    d = shared + rng.normal(size=(n, m)) * math.sqrt(1 - 1 / k)
    p = np.array([corrected_t(x, 1 / (k - 1)).p for x in d])
    naive = np.array([stats.ttest_1samp(x, 0).pvalue for x in d[:300]])
    assert 0.03 < (p < 0.05).mean() < 0.07
    assert (naive < 0.05).mean() > 0.1


def test_the_posterior_is_the_t_distribution_around_the_mean():
    ratio, region = 0.25, 0.01
    error = math.sqrt((1 / 5 + ratio) * D.var(ddof=1))
    t = stats.t(4, loc=D.mean(), scale=error)
    found = correlated_t_posterior(D, ratio, region)
    assert found.below == pytest.approx(t.cdf(-region))
    assert found.inside == pytest.approx(t.cdf(region) - t.cdf(-region))
    assert sum(found) == pytest.approx(1)
    assert correlated_t_posterior(D, ratio, 0).inside == 0
    assert correlated_t_posterior([0.0, 0.0], ratio, 0.01) == (0, 1, 0)
    assert correlated_t_posterior([0.1, 0.1], ratio, 0.01) == (0, 0, 1)
    assert correlated_t_posterior([0.0, 0.0], ratio, 0) == (0, 1, 0)
    assert correlated_t_posterior([0.5, 0.5], ratio, 0.5) == (0, 1, 0)
    assert correlated_t_posterior([-0.1, -0.1, -0.1], ratio, 0) == (1, 0, 0)


@pytest.mark.parametrize(("k", "n"), [(0, 10), (3, 10), (10, 10), (45, 50)])
def test_wilsons_interval_is_that_of_scipy(k, n):
    theirs = stats.binomtest(k, n).proportion_ci(method="wilson")
    assert wilson_interval(k, n) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@pytest.mark.parametrize(
    "call",
    [
        lambda: corrected_t([1.0], 0.5),
        lambda: corrected_t([1.0, math.nan], 0.5),
        lambda: corrected_t(D, 0),
        lambda: corrected_t(D, 0.5, level=1),
        lambda: correlated_t_posterior(D, 0.5, -1),
        lambda: wilson_interval(3, 2),
    ],
)
def test_bad_arguments(call):
    with pytest.raises(ValueError, match=r"expected|must"):
        call()
