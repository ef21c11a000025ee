import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from luthier.numerics.normal import log_ndtr_diff, ndtr, sample_truncnorm, truncnorm_mass


def test_ndtr_is_relatively_accurate_over_the_whole_range():
    x = np.linspace(-37, 37, 100_001)
    np.testing.assert_allclose(ndtr(x), special.ndtr(x), rtol=2e-9)


def test_ndtr_at_special_points():
    np.testing.assert_array_equal(
        ndtr([-np.inf, -1e300, -0.0, 0, 1e300, np.inf, np.nan]), [0, 0, 0.5, 0.5, 1, 1, np.nan]
    )


def test_ndtr_takes_scalars_empty_arrays_and_any_shape_and_leaves_its_input_alone():
    assert ndtr(1.0) == pytest.approx(special.ndtr(1.0))
    assert ndtr(np.empty((0, 3))).shape == (0, 3)
    x = np.arange(-6.0, 6.0).reshape(3, 4).T
    before = x.copy()
    np.testing.assert_allclose(ndtr(x), special.ndtr(x))
    np.testing.assert_array_equal(x, before)


def test_ndtr_never_decreases():
    assert (np.diff(ndtr(np.linspace(-38, 9, 100_001))) >= 0).all()


def log_mass(a, b):
    if a + b > 0:
        a, b = -b, -a
    if b > 0:
        return np.log1p(-special.ndtr(a) - special.ndtr(-b))
    upper, lower = special.log_ndtr(b), special.log_ndtr(a)
    return upper + np.log1p(-np.exp(lower - upper))


@pytest.mark.parametrize("b", [-1e4, -300.0, -38.0, -10.0, -1.0, -1e-3, 0.0, 1e-3, 1.0, 6.0])
@pytest.mark.parametrize("width", [0.01, 0.3, 1.0, 5.0, 100.0, np.inf])
def test_log_mass_agrees_with_scipy_in_both_tails(b, width):
    a = b - width
    expected = log_mass(a, b)
    assert log_ndtr_diff(a, b) == pytest.approx(expected, rel=1e-9, abs=1e-7)
    assert log_ndtr_diff(-b, -a) == log_ndtr_diff(a, b)


@given(st.floats(-1e6, 1e6), st.floats(1e-9, 1e-4))
def test_log_mass_of_a_narrow_interval_is_density_times_width(middle, width):
    a, b = middle - width / 2, middle + width / 2
    centre = np.float64(a + b) / 2
    if width * abs(centre) < 1e-3 and b > a:
        assert log_ndtr_diff(a, b) == pytest.approx(
            stats.norm.logpdf(centre) + np.log(b - a), rel=1e-9, abs=3e-7
        )


@given(st.floats(-50, 50), st.floats(1e-14, 100))
def test_log_mass_is_continuous_where_the_midpoint_rule_takes_over(a, width):
    b, wider = a + width, a + 1.001 * width
    if b > a and wider > b and width > 1e-12 * abs(a):
        assert log_ndtr_diff(a, b) <= log_ndtr_diff(a, wider) + 1e-6


def test_log_mass_at_the_extremes():
    np.testing.assert_array_equal(
        log_ndtr_diff([-np.inf, -np.inf, 0, 2, -1e20, 1], [np.inf, 0, np.inf, 2, 1e20, 0]),
        [0, np.log(0.5), np.log(0.5), -np.inf, 0, np.nan],
    )


def test_log_mass_broadcasts():
    mass = log_ndtr_diff(np.linspace(-3, 0, 4)[:, None], np.linspace(1, 2, 3))
    assert mass.shape == (4, 3)
    np.testing.assert_allclose(np.exp(mass[1, 2]), special.ndtr(2) - special.ndtr(-2), rtol=1e-8)


def test_truncnorm_mass_is_relatively_accurate_in_both_tails():
    mu, sigma = 0.5, 0.1
    low = np.array([-3.0, 0.4, 0.5, 1.6, 3.5, -np.inf])
    high = np.array([-2.5, 0.7, 0.501, 1.7, 3.6, 1.0])
    expected = np.exp(
        [log_mass((a - mu) / sigma, (b - mu) / sigma) for a, b in zip(low, high, strict=True)]
    )
    np.testing.assert_allclose(truncnorm_mass(mu, sigma, low, high), expected, rtol=2e-7)


def test_masses_of_a_partition_add_up():
    edges = np.linspace(0, 1, 101)
    mu, sigma = np.array([0.0, 0.3, 1.0]), np.array([0.01, 0.2, 50.0])
    parts = truncnorm_mass(mu[:, None], sigma[:, None], edges[:-1], edges[1:])
    np.testing.assert_allclose(parts.sum(axis=1), truncnorm_mass(mu, sigma, 0.0, 1.0), rtol=1e-7)


@pytest.mark.parametrize("mu", [0.0, 0.02, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("sigma", [1e-3, 0.1, 0.39, 0.41, 1.0, 100.0])
def test_draws_follow_the_truncated_normal(mu, sigma):
    n = 20_000
    draws = sample_truncnorm(np.random.default_rng(0), np.full(n, mu), np.full(n, sigma))
    oracle = stats.truncnorm(-mu / sigma, (1 - mu) / sigma, mu, sigma)
    assert stats.kstest(draws, oracle.cdf).pvalue > 1e-3


@pytest.mark.parametrize("n", [1, 3, 24])
def test_draws_of_a_few_components_follow_the_truncated_normal_too(n):
    rng = np.random.default_rng(1)
    mu, sigma = np.linspace(0, 1, n), np.geomspace(0.05, 2, n)
    draws = np.array([sample_truncnorm(rng, mu, sigma) for _ in range(2000)])
    for j in {0, n // 2, n - 1}:
        oracle = stats.truncnorm(-mu[j] / sigma[j], (1 - mu[j]) / sigma[j], mu[j], sigma[j])
        assert stats.kstest(draws[:, j], oracle.cdf).pvalue > 1e-3


def test_draws_are_independent_of_one_another():
    draws = sample_truncnorm(
        np.random.default_rng(2), np.full((5000, 2), 0.1), np.full((5000, 2), 0.3)
    )
    assert abs(np.corrcoef(draws.T)[0, 1]) < 0.05


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(1e-300, np.inf)), max_size=20),
    st.integers(0, 2**32),
)
def test_draws_stay_in_the_unit_interval_and_repeat_with_the_seed(components, seed):
    mu, sigma = np.array(components).reshape(-1, 2).T
    draws = sample_truncnorm(np.random.default_rng(seed), mu, sigma)
    assert draws.shape == mu.shape
    assert ((draws >= 0) & (draws <= 1)).all()
    np.testing.assert_array_equal(draws, sample_truncnorm(np.random.default_rng(seed), mu, sigma))


def test_draws_take_scalars_and_matrices():
    rng = np.random.default_rng(3)
    assert sample_truncnorm(rng, 0.5, 0.1).shape == ()
    assert sample_truncnorm(rng, np.full((2, 3), 0.5), np.full((2, 3), 0.1)).shape == (2, 3)


@pytest.mark.parametrize(
    ("mu", "sigma"), [(-0.1, 1.0), (1.1, 1.0), (np.nan, 1.0), (0.5, 0.0), (0.5, np.nan)]
)
def test_sampling_rejects_parameters_out_of_range(mu, sigma):
    with pytest.raises(ValueError, match="sigma positive"):
        sample_truncnorm(np.random.default_rng(0), np.array([mu]), np.array([sigma]))


def test_sampling_rejects_different_shapes():
    with pytest.raises(ValueError, match="same shape"):
        sample_truncnorm(np.random.default_rng(0), np.zeros(2), np.ones(3))
