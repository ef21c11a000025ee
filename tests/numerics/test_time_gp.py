import math

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from luthier.numerics.threads import one_thread
from luthier.numerics.time_gp import (
    Process,
    best_bounds,
    confidence,
    differences,
    fit,
    kernel,
    neg_log_likelihood,
    standardise_and_clip,
)


@pytest.fixture(autouse=True)
def alone():
    with one_thread():
        yield


THETA = np.array([math.log(1.3), math.log(0.4), 0.2, math.log(0.05)])


def points(n, d=2, seed=0):
    rng = np.random.default_rng(seed)
    return np.repeat(np.arange(n), 3)[:n].astype(float), rng.random((n, d)), rng


def covariance(theta, t, Z):
    """Entry by entry, as it is written down."""
    v = math.exp(theta[0])
    length = math.exp(theta[1])
    epsilon = theta[2]
    points = list(zip(Z, t, strict=True))
    return np.array(
        [
            [
                v * math.exp(-sum((a - b) ** 2) / length) * (1 - epsilon) ** (abs(s - u) / 2)
                for b, u in points
            ]
            for a, s in points
        ]
    )


def test_the_kernel_is_as_written():
    t, Z, _ = points(7)
    np.testing.assert_allclose(
        kernel(THETA, *differences(t, Z, t, Z)), covariance(THETA, t, Z), rtol=1e-12
    )
    other = kernel(THETA, *differences(t[:2], Z[:2], t, Z))
    np.testing.assert_allclose(other, covariance(THETA, t, Z)[:2], rtol=1e-12)


def test_without_drift_time_does_not_matter():
    t, Z, _ = points(5)
    still = np.array([0.0, 0.0, 0.0, 0.0])
    D, T = differences(t, Z, t, Z)
    np.testing.assert_allclose(kernel(still, D, T), np.exp(-D))


def test_the_likelihood_is_that_of_a_normal():
    t, Z, rng = points(8)
    y = rng.normal(size=8)
    C = covariance(THETA, t, Z) + 0.05 * np.eye(8)
    wanted = 0.5 * y @ np.linalg.solve(C, y) + 0.5 * np.linalg.slogdet(C)[1]
    D, T = differences(t, Z, t, Z)
    assert neg_log_likelihood(THETA, D, T, y)[0] == pytest.approx(wanted)


def test_slopes_of_the_likelihood():
    t, Z, rng = points(9)
    D, T = differences(t, Z, t, Z)
    y = rng.normal(size=9)
    for theta in (THETA, np.array([0.0, -2.0, 0.45, -1.0]), np.array([1.0, 0.0, 0.01, -5.0])):
        slope = approx_fprime(theta, lambda th: neg_log_likelihood(th, D, T, y)[0], 1e-7)
        np.testing.assert_allclose(
            neg_log_likelihood(theta, D, T, y)[1], slope, rtol=1e-4, atol=1e-4
        )


def test_predictions_and_their_slopes():
    t, Z, rng = points(10)
    y = rng.normal(size=10)
    made = Process.of(THETA, t, Z, y)
    z = np.array([0.3, 0.6])
    C = covariance(THETA, np.append(t, 4.0), np.vstack([Z, z]))
    solved = np.linalg.solve(C[:10, :10] + 0.05 * np.eye(10), np.column_stack([y, C[:10, 10]]))
    mean, variance, mean_by, variance_by = made.predict(4.0, z)
    assert mean == pytest.approx(C[10, :10] @ solved[:, 0])
    assert variance == pytest.approx(1.3 - C[10, :10] @ solved[:, 1])
    np.testing.assert_allclose(
        mean_by, approx_fprime(z, lambda x: made.predict(4.0, x)[0], 1e-7), atol=1e-5
    )
    np.testing.assert_allclose(
        variance_by, approx_fprime(z, lambda x: made.predict(4.0, x)[1], 1e-7), atol=1e-5
    )


def test_one_observation_in_closed_form():
    made = Process.of(
        np.array([0.0, 0.0, 0.5, 0.0]), np.zeros(1), np.zeros((1, 1)), np.array([3.0])
    )
    mean, variance, *_ = made.predict(4.0, np.array([1.0]))
    k = math.exp(-1) * 0.5**2
    assert mean == pytest.approx(3 * k / 2)
    assert variance == pytest.approx(1 - k * k / 2)


def test_pending_points_lower_the_variance_and_leave_the_mean():
    t, Z, rng = points(6)
    theta = np.array([0.0, math.log(0.05), 0.1, math.log(0.01)])
    known = Process.of(theta, t, Z, rng.normal(size=6))
    z = np.array([0.9, 0.1])
    both = Process.of(theta, np.append(t, 2.0), np.vstack([Z, z]), np.zeros(7))
    assert both.predict(2.0, z)[1] < 0.05 * known.predict(2.0, z)[1]


def test_fit_finds_drift_and_stillness():
    rng = np.random.default_rng(1)
    t, Z = np.repeat(np.arange(15.0), 8), rng.random((120, 2))
    still = standardise_and_clip(np.sin(5 * Z[:, 1]) + 0.05 * rng.normal(size=120))
    drifting = standardise_and_clip(np.sin(5 * Z[:, 1] + 0.8 * t) + 0.05 * rng.normal(size=120))
    assert fit(t, Z, still)[2] < 0.02
    assert fit(t, Z, drifting)[2] > 0.1


def test_the_bound_is_highest_where_it_pays():
    rng = np.random.default_rng(0)
    Z = rng.random((60, 2))
    y = standardise_and_clip(-((Z[:, 1] - 0.7) ** 2))
    t = np.zeros(60)
    theta = fit(t, Z, y)
    known = Process.of(theta, t, Z, y)
    X = best_bounds(known, known, 0.0, np.array([0.5]), 1, 0.0, rng)
    assert X.shape == (10, 1)
    assert abs(X[0, 0] - 0.7) < 0.05
    values = [known.predict(0.0, np.array([0.5, x]))[0] for x in X[:, 0]]
    assert values == sorted(values, reverse=True)
    assert ((X >= 0) & (X <= 1)).all()


def test_a_pending_point_is_avoided_where_the_mean_says_nothing():
    theta = np.array([0.0, math.log(0.05), 0.0, math.log(1e-3)])
    known = Process.of(theta, np.zeros(1), np.array([[0.0]]), np.zeros(1))
    expected = Process.of(theta, np.zeros(2), np.array([[0.0], [1.0]]), np.zeros(2))
    X = best_bounds(known, expected, 0.0, np.empty(0), 1, 1.0, np.random.default_rng(0))
    assert abs(X[0, 0] - 0.5) < 0.01


def test_small_things():
    y = standardise_and_clip(np.array([0.0, 0.0, 0.0, 0.0, 0.0, 100.0]))
    assert y.max() == 2.0
    assert np.isfinite(standardise_and_clip(np.full(3, 5.0))).all()
    assert confidence(0) == confidence(2) == 0.0
    assert confidence(100) == pytest.approx(math.sqrt(0.2 * math.log(40)))
