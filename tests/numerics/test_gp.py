"""The Gaussian process, against scikit-learn's, finite differences and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.stats import multivariate_normal
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from luthier.numerics.gp import (
    Inputs,
    Posterior,
    Prior,
    Uneven,
    cholesky,
    fit,
    matern,
    matern_slope,
    neg_log_posterior,
    squared_differences,
)

FLAT = Prior((0.0, 1e6, 1e6), (0.0, 1e6), (1.0, 0.0))


def data(n: int = 25, p: int = 3, q: int = 2, seed: int = 0) -> tuple[Inputs, np.ndarray]:
    rng = np.random.default_rng(seed)
    Z = Inputs(rng.random((n, p)), rng.integers(0, 3, (n, q)).astype(float))
    y = np.sin(3 * Z.N[:, 0]) + (0.3 * Z.C[:, 0] if q else 0) + 0.1 * rng.standard_normal(n)
    return Z, (y - y.mean()) / y.std()


def theta_of(lengthscales: list[float], signal: float, noise: float) -> np.ndarray:
    return np.log([*(1 / np.square(lengthscales)), signal, noise])


def the_slopes_of_predictions_are_right(model: Posterior, at: Inputs) -> None:
    _, _, mean_by, variance_by = model.gradients(at)
    for j in range(3):
        high, low = at.N.copy(), at.N.copy()
        high[:, j] += 1e-5
        low[:, j] -= 1e-5
        up, down = model.predict(Inputs(high, at.C)), model.predict(Inputs(low, at.C))
        np.testing.assert_allclose(mean_by[:, j], (up[0] - down[0]) / 2e-5, atol=1e-6)
        np.testing.assert_allclose(variance_by[:, j], (up[1] - down[1]) / 2e-5, atol=1e-6)


def test_likelihood_and_predictions_equal_those_of_scikit_learn() -> None:
    Z, y = data(q=0)
    scales = [0.3, 0.7, 2.0]
    signal = 1.7
    noise = 0.02
    kernel = ConstantKernel(signal, "fixed") * Matern(scales, "fixed", nu=2.5) + WhiteKernel(
        noise, "fixed"
    )
    other = GaussianProcessRegressor(kernel, optimizer=None).fit(Z.N, y)
    theta = theta_of(scales, signal, noise)
    value, _ = neg_log_posterior(theta, squared_differences(Z), y, FLAT)
    assert value + 0.5 * len(y) * math.log(2 * math.pi) == pytest.approx(
        -other.log_marginal_likelihood_value_
    )
    at = data(8, q=0, seed=1)[0]
    mean, sd = other.predict(at.N, return_std=True)
    model = Posterior.of(theta, Z, y)
    got, variance = model.predict(at)
    np.testing.assert_allclose(got, mean, rtol=1e-7)
    np.testing.assert_allclose(variance + noise, sd**2, rtol=1e-7)
    joint_mean, covariance = model.predict_joint(at)
    np.testing.assert_allclose(joint_mean, mean, rtol=1e-7)
    np.testing.assert_allclose(
        covariance + noise * np.eye(8), other.predict(at.N, return_cov=True)[1], atol=1e-9
    )
    average = joint_mean.mean(), covariance.mean()
    np.testing.assert_allclose(model.predict_average(at), average, rtol=1e-7, atol=1e-9)


def test_a_category_counts_as_one_apart() -> None:
    """Two categories of weight rho are as far from each other as two numbers at distance 1."""
    Z, y = data(p=2, q=1)
    binary = Inputs(Z.N, np.minimum(Z.C, 1.0))
    number = Inputs(np.column_stack([Z.N, binary.C]), np.empty((len(y), 0)))
    theta = theta_of([0.4, 0.8, 1.1], 1.0, 0.01)
    as_category = neg_log_posterior(theta, squared_differences(binary), y, FLAT)
    as_number = neg_log_posterior(theta, squared_differences(number), y, FLAT)
    assert as_category[0] == pytest.approx(as_number[0])
    np.testing.assert_allclose(as_category[1], as_number[1])
    np.testing.assert_allclose(
        Posterior.of(theta, binary, y).predict(binary)[0],
        Posterior.of(theta, number, y).predict(number)[0],
    )


@pytest.mark.parametrize("seed", range(3))
def test_gradients_are_those_of_finite_differences(seed: int) -> None:
    Z, y = data(seed=seed)
    D, rng = squared_differences(Z), np.random.default_rng(seed)
    prior = Prior((-1.0, 1.0, 2.0), (0.1, 0.7), (1.2, 3.0))
    theta = 0.5 * rng.standard_normal(7)
    by = approx_fprime(theta, lambda t: neg_log_posterior(t, D, y, prior)[0], 1e-7)
    np.testing.assert_allclose(neg_log_posterior(theta, D, y, prior)[1], by, atol=2e-5)

    model, at = Posterior.of(theta, Z, y), data(5, seed=seed + 10)[0]
    mean, variance, _, _ = model.gradients(at)
    np.testing.assert_allclose(mean, model.predict(at)[0])
    np.testing.assert_allclose(variance, model.predict(at)[1])
    the_slopes_of_predictions_are_right(model, at)


def test_the_prior_of_lengthscales_is_a_normal_with_a_common_part() -> None:
    prior, rng = Prior((-1.0, 2.0, 0.5)), np.random.default_rng(0)
    normal = multivariate_normal(np.full(4, -1.0), 0.25 * np.eye(4) + 4.0)
    a, b = (np.concatenate([rng.standard_normal(4), [0.0, -3.0]]) for _ in range(2))
    want = normal.logpdf(a[:4]) - normal.logpdf(b[:4])
    assert prior.penalty(b, 4)[0] - prior.penalty(a, 4)[0] == pytest.approx(want)


def test_gradients_through_the_warp_of_inputs() -> None:
    Z, y = data()
    rng = np.random.default_rng(3)
    theta, prior = 0.4 * rng.standard_normal(7 + 6), Prior((-1.0, 1.0, 2.0), (0.1, 0.7), (1.2, 3.0))
    D = squared_differences(Inputs(Z.N[:, :0], Z.C))
    by = approx_fprime(theta, lambda t: neg_log_posterior(t, D, y, prior, Z.N)[0], 1e-7)
    np.testing.assert_allclose(neg_log_posterior(theta, D, y, prior, Z.N)[1], by, atol=2e-5)
    model, at = Posterior.of(theta, Z, y), data(5, seed=10)[0]
    the_slopes_of_predictions_are_right(model, at)


def uneven_noise(n: int, seed: int = 5) -> Uneven:
    rng = np.random.default_rng(seed)
    return Uneven(rng.integers(0, 3, n), 0.1 + rng.random(n), 3)


def test_observations_may_be_noisier_than_others() -> None:
    """As scikit-learn's process with a variance for each observation; the last group's is none."""
    Z, y = data(q=0)
    uneven, factors = uneven_noise(len(y)), np.log([0.5, 2.0])
    theta = np.concatenate([theta_of([0.5, 1.0, 2.0], 1.5, 0.01), factors])
    alpha = (
        0.01
        + np.where(uneven.group == 2, 0.0, np.array([0.5, 2.0, 0.0])[uneven.group])
        * uneven.variance
    )
    theirs = GaussianProcessRegressor(
        1.5 * Matern([0.5, 1.0, 2.0], nu=2.5), alpha=alpha, optimizer=None
    ).fit(Z.N, y)
    at = np.random.default_rng(1).random((7, 3))
    model = Posterior.of(theta, Z, y, uneven=uneven)
    mean, variance = model.predict(Inputs(at, np.empty((7, 0))))
    their_mean, their_sd = theirs.predict(at, return_std=True)
    np.testing.assert_allclose(mean, their_mean, rtol=1e-8)
    np.testing.assert_allclose(np.sqrt(variance), their_sd, rtol=1e-6)
    flat_prior = FLAT._replace(shape=(0.0, 1e6))
    value, _ = neg_log_posterior(theta, squared_differences(Z), y, flat_prior, uneven=uneven)
    flat, _ = neg_log_posterior(theta * 0, squared_differences(Z), y, flat_prior, uneven=uneven)
    other = GaussianProcessRegressor(
        Matern([1.0, 1.0, 1.0], nu=2.5),
        alpha=1.0 + np.where(uneven.group == 2, 0.0, uneven.variance),
        optimizer=None,
    ).fit(Z.N, y)
    ours = value - flat
    assert ours == pytest.approx(
        other.log_marginal_likelihood_value_ - theirs.log_marginal_likelihood_value_, abs=1e-3
    )


@pytest.mark.parametrize("seed", range(3))
def test_gradients_by_the_factors_of_uneven_noise(seed: int) -> None:
    Z, y = data(seed=seed)
    uneven, prior = uneven_noise(len(y), seed), Prior((0.0, 1.0, 1.0), shape=(0.0, 1.0))
    theta = 0.3 * np.random.default_rng(seed).standard_normal(5 + 2 + 2)
    D = squared_differences(Z)
    by = approx_fprime(theta, lambda t: neg_log_posterior(t, D, y, prior, uneven=uneven)[0], 1e-7)
    np.testing.assert_allclose(
        neg_log_posterior(theta, D, y, prior, uneven=uneven)[1], by, rtol=1e-3, atol=1e-4
    )


def test_a_fit_finds_which_observations_mean_nothing() -> None:
    rng = np.random.default_rng(0)
    Z = Inputs(rng.random((60, 1)), np.empty((60, 0)))
    y = np.sin(6 * Z.N[:, 0])
    bad = np.arange(60) % 2 == 0
    y[bad] += 2 * rng.standard_normal(int(bad.sum()))
    uneven = Uneven(np.where(bad, 0, 1), np.full(60, 0.5), 2)
    bounds = np.array([(-9.0, 7.0), (-4.0, 4.0), (math.log(1e-6), 1.0), (-4.0, 6.0)])
    start = np.array([2.0, 0.0, math.log(1e-3), 0.0])
    theta = fit(Z, y, Prior((2.0, 0.8, 1.3), shape=(0.0, 1.0)), [start], bounds, uneven=uneven)
    assert 2 < 0.5 * math.exp(theta[3]) < 8  # the variance is 4
    mean, _ = Posterior.of(theta, Z, y, uneven=uneven).predict(Z)
    assert np.abs(mean - np.sin(6 * Z.N[:, 0])).max() < 0.2


def test_a_warp_finds_the_scale_that_was_forgotten() -> None:
    """A parameter that should have been on a log scale.

    Predictions are better with a learned warp than without.
    """
    rng = np.random.default_rng(0)
    Z, new = (Inputs(rng.random((n, 1)) ** 2, np.empty((n, 0))) for n in (30, 200))
    f = lambda N: np.sin(2 * np.log10(N[:, 0] + 1e-3))  # noqa: E731
    y, prior = f(Z.N), Prior((0.0, 1.0, 1.5))
    bounds = np.array([(-9, 7), (-4, 4), (-13.8, 1), (-2, 2), (-2, 2)])
    error = {}
    for warp, k in ((False, 3), (True, 5)):
        theta = fit(Z, y, prior, [np.zeros(k)], bounds[:k], warp)
        error[warp] = np.abs(Posterior.of(theta, Z, y).predict(new)[0] - f(new.N)).mean()
    assert error[True] < 0.5 * error[False]


def test_rows_that_are_known_are_kept_and_the_rest_appended() -> None:
    Z, y = data(20)
    theta, at = theta_of([0.5] * 5, 1.0, 0.01), data(6, seed=6)[0]
    model = Posterior.of(theta, Z.rows(0, 12), y[:12])
    for stop, start in ((15, 12), (20, 12), (14, 12), (20, 14)):  # forwards, back, forwards again
        model.append(at.rows(0, 1))  # a running trial, gone the next time
        rows = Z.rows(0, stop)
        model.extend(12, rows)
        model.condition(y[:stop])
        whole = Posterior.of(theta, rows, y[:stop])
        np.testing.assert_allclose(
            model.predict(at), whole.predict(at), rtol=1e-6, err_msg=f"{start} to {stop}"
        )


def test_the_kernel_and_its_slope() -> None:
    r2 = np.array([0.0, 0.01, 0.5, 3.0, 40.0])
    k, slope = matern_slope(r2.copy())
    np.testing.assert_allclose(matern(r2.copy()), k)
    np.testing.assert_allclose(k, Matern(1.0, nu=2.5)(np.zeros((1, 1)), np.sqrt(r2)[:, None])[0])
    np.testing.assert_allclose(
        slope[1:], (matern(r2[1:] + 1e-6) - matern(r2[1:] - 1e-6)) / 2e-6, rtol=1e-5
    )


def test_appending_equals_conditioning_on_the_mean() -> None:
    Z, y = data()
    theta = theta_of([0.5] * 5, 1.0, 0.01)
    more = data(4, seed=5)[0]
    at = data(6, seed=6)[0]
    grown = Posterior.of(theta, Z, y, room=1)  # less room than is needed
    believed = grown.predict(more)[0]
    before = grown.predict(at)[0]
    for i in range(4):
        grown.append(more.rows(i, i + 1))
    both = Inputs(np.concatenate([Z.N, more.N]), np.concatenate([Z.C, more.C]))
    whole = Posterior.of(theta, both, np.concatenate([y, believed]))
    np.testing.assert_allclose(grown.predict(at)[1], whole.predict(at)[1], rtol=1e-8)
    np.testing.assert_allclose(grown.predict(at)[0], before)
    np.testing.assert_allclose(grown.predict(at)[0], whole.predict(at)[0], atol=1e-9)


def test_left_out_predictions_are_those_without_the_point() -> None:
    Z, y = data(12)
    theta = theta_of([0.5] * 5, 1.0, 0.01)
    mean, variance = Posterior.of(theta, Z, y).left_out(y)
    for i in range(12):
        rest = np.arange(12) != i
        others = Posterior.of(theta, Inputs(Z.N[rest], Z.C[rest]), y[rest])
        [expected], [of_process] = others.predict(Z.rows(i, i + 1))
        assert mean[i] == pytest.approx(expected)
        assert variance[i] == pytest.approx(of_process + 0.01)


def test_the_fit_finds_which_dimensions_matter_and_how_much_noise_there_is() -> None:
    rng = np.random.default_rng(0)
    Z = Inputs(rng.random((80, 3)), np.empty((80, 0)))
    y = np.sin(6 * Z.N[:, 0]) + 0.2 * rng.standard_normal(80)
    scale = y.std()
    prior = Prior((0.0, 1.0, 3.0))
    bounds = np.array([(-9, 7)] * 4 + [(-13.8, 1)])
    theta = fit(Z, (y - y.mean()) / scale, prior, [np.zeros(5)], bounds)
    assert theta[0] > theta[1:3].max() + 2
    assert math.sqrt(math.exp(theta[-1])) * scale == pytest.approx(0.2, rel=0.25)


def test_a_cholesky_that_fails_gets_as_little_help_as_it_needs() -> None:
    twice = np.ones((3, 3))
    np.testing.assert_allclose(cholesky(twice) @ cholesky(twice).T, twice, atol=1e-6)
    Z = Inputs(np.repeat([[0.3], [0.7]], 10, axis=0), np.empty((20, 0)))
    mean, variance = Posterior.of(
        theta_of([0.5], 1.0, 1e-300), Z, np.repeat([0.0, 1.0], 10)
    ).predict(Z)
    assert np.isfinite(mean).all()
    assert np.isfinite(variance).all()
    with pytest.raises(np.linalg.LinAlgError, match="not positive definite"):
        cholesky(np.array([[1.0, 2.0], [2.0, 1.0]]))
