"""The process of a utility given comparisons, against sampling, closed forms and its own mode."""

import numpy as np
import pytest
from scipy.special import log_ndtr as exact_log_ndtr
from scipy.special import ndtr

from luthier.numerics.gp import Inputs
from luthier.numerics.preference_gp import (
    Comparisons,
    condition_on,
    find_mode,
    fit_preferences,
    log_ndtr,
    preference_prior,
)

THETA = np.array([2.0, 0.5])  # one number


def points(*x):
    return Inputs(np.array(x)[:, None], np.empty((len(x), 0)))


def pairs(*found):
    better, worse = np.array(found).T
    return Comparisons.of(better, worse, np.zeros(len(found), dtype=bool))


def covariance(Z):
    """K by a posterior without comparisons."""
    return condition_on(THETA, Z, pairs((0, 1))).covariance(Z, Z)


def test_the_log_of_the_normal_distribution_is_exact_far_out():
    z = np.array([-200.0, -35.0, -30.0, -29.0, -5.0, 0.0, 3.0, 9.0])
    log_mass, ratio = log_ndtr(z)
    assert log_mass == pytest.approx(exact_log_ndtr(z), rel=2e-3, abs=1e-8)
    exact = np.exp(-0.5 * z * z - 0.5 * np.log(2 * np.pi) - exact_log_ndtr(z))
    assert ratio == pytest.approx(exact, rel=4e-2)


def test_the_gradient_of_the_posterior_is_zero_at_its_mode():
    Z = points(0.1, 0.4, 0.5, 0.9)
    found = Comparisons.of(np.array([0, 2, 1]), np.array([1, 3, 3]), np.array([False, False, True]))
    G = found.between(covariance(Z))
    mode = find_mode(G, found.weight)
    _, ratio = log_ndtr(G @ mode.a)
    assert mode.a == pytest.approx(found.weight * ratio, abs=1e-7)  # a = the likelihood's slope


def test_mean_and_variance_are_those_of_many_draws():
    """One comparison, where Laplace is close, against rejection sampling."""
    Z = points(0.2, 0.6)
    rng = np.random.default_rng(0)
    f = rng.multivariate_normal(np.zeros(2), covariance(Z), size=200_000)
    kept = f[rng.random(len(f)) < ndtr(f[:, 0] - f[:, 1])]
    mean, variance = condition_on(THETA, Z, pairs((0, 1))).predict(Z)
    assert mean == pytest.approx(kept.mean(axis=0), abs=0.1)
    assert variance == pytest.approx(kept.var(axis=0), rel=0.1)


def test_the_posterior_is_that_of_the_textbook():
    """f at the points has covariance (K⁻¹ + AᵀWA)⁻¹: by matrices that the code never forms."""
    Z = points(0.05, 0.3, 0.55, 0.8, 0.95)
    found = pairs((0, 1), (2, 1), (2, 3), (2, 4), (0, 4))
    K = covariance(Z)
    A = np.eye(5)[found.better] - np.eye(5)[found.worse]
    mode = find_mode(found.between(K), found.weight)
    expected = np.linalg.inv(np.linalg.inv(K) + A.T @ np.diag(mode.root**2) @ A)
    mean, joint = condition_on(THETA, Z, found).predict_joint(Z)
    assert joint == pytest.approx(expected, abs=1e-8)
    assert mean == pytest.approx(K @ A.T @ mode.a, abs=1e-10)


def test_slopes_are_those_of_the_values():
    found = pairs((0, 1), (2, 1), (2, 3))
    posterior = condition_on(THETA, points(0.1, 0.3, 0.6, 0.9), found)
    x, h = np.array([0.2, 0.45, 0.7]), 1e-6
    _, _, mean_by, variance_by = posterior.gradients(points(*x))
    (low, low_v), (high, high_v) = (posterior.predict(points(*(x + s))) for s in (-h, h))
    assert mean_by[:, 0] == pytest.approx((high - low) / (2 * h), rel=1e-4, abs=1e-6)
    assert variance_by[:, 0] == pytest.approx((high_v - low_v) / (2 * h), rel=1e-4, abs=1e-6)


def test_equal_points_have_equal_means_and_are_closer_than_without():
    Z = points(0.1, 0.9)
    equal = Comparisons.of(np.array([0]), np.array([1]), np.array([True]))
    posterior = condition_on(THETA, Z, equal)
    mean, joint = posterior.predict_joint(Z)
    assert mean == pytest.approx([0, 0], abs=1e-9)
    K = covariance(Z)
    assert joint[0, 0] + joint[1, 1] - 2 * joint[0, 1] < K[0, 0] + K[1, 1] - 2 * K[0, 1] - 0.1


def test_a_number_without_an_effect_gets_a_long_scale():
    rng = np.random.default_rng(1)
    X = rng.random((30, 2))
    f = -((X[:, 0] - 0.5) ** 2)
    order = rng.integers(30, size=(60, 2))
    order = order[order[:, 0] != order[:, 1]]
    swap = f[order[:, 0]] < f[order[:, 1]]
    order[swap] = order[swap][:, ::-1]
    theta = fit_preferences(
        Inputs(X, np.empty((30, 0))), pairs(*order), preference_prior((1.3, 0.8, 1.3))
    )
    assert theta[0] > theta[1] + 1
