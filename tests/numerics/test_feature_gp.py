"""The process with features: its gradients, and its predictions against the dense formulas."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.spatial.distance import cdist

from luthier.models.hyperparameters import lengthscale_prior
from luthier.numerics import feature_gp
from luthier.numerics.gp import Inputs, matern, squared_differences
from luthier.numerics.warping import standardise

RNG = np.random.default_rng(0)
N, P, Q, T = 15, 2, 1, 3
Z = Inputs(RNG.random((N, P)), RNG.integers(0, 3, (N, Q)).astype(float))
F = RNG.standard_normal((N, T))
Y = standardise(Z.N[:, 0] + 0.5 * F[:, 1] - 0.3 * F[:, 2] + 0.1 * RNG.standard_normal(N))
THETA = np.array([1.0, 0.5, -0.5, -0.2, -3.0, -0.7])
NEW = Inputs(RNG.random((6, P)), RNG.integers(0, 3, (6, Q)).astype(float))
NEW_F = RNG.standard_normal((6, T))


def dense(theta, A, FA, B, FB):
    rho = np.exp(theta[:3])
    r2 = cdist(A.N * np.sqrt(rho[:2]), B.N * np.sqrt(rho[:2]), "sqeuclidean")
    r2 += rho[2] * (A.C != B.C.T)
    common = feature_gp.COMMON * np.outer(FA.mean(axis=1), FB.mean(axis=1)) + feature_gp.CONSTANT
    return np.exp(theta[3]) * matern(r2.copy()) + np.exp(theta[5]) / T * (FA @ FB.T) + common


def test_the_gradient_of_the_posterior_is_that_of_finite_differences():
    prior = lengthscale_prior(3)
    common = feature_gp.COMMON * np.outer(F.mean(axis=1), F.mean(axis=1)) + feature_gp.CONSTANT
    args = (squared_differences(Z), F @ F.T / T, common, Y, prior)
    _, gradient = feature_gp.neg_log_posterior(THETA, *args)
    numeric = approx_fprime(THETA, lambda t: feature_gp.neg_log_posterior(t, *args)[0], 1e-6)
    np.testing.assert_allclose(gradient, numeric, atol=1e-4)


def test_predictions_are_those_of_the_dense_formulas():
    model = feature_gp.FeaturePosterior.of(THETA, Z, F, Y)
    K = dense(THETA, Z, F, Z, F) + np.exp(THETA[4]) * np.eye(N)
    k = dense(THETA, NEW, NEW_F, Z, F)
    mean, variance = model.predict(NEW, NEW_F)
    np.testing.assert_allclose(mean, k @ np.linalg.solve(K, Y))
    prior = dense(THETA, NEW, NEW_F, NEW, NEW_F).diagonal()
    np.testing.assert_allclose(variance, prior - (k * np.linalg.solve(K, k.T).T).sum(axis=1))


def test_derivatives_go_through_the_features():
    model = feature_gp.FeaturePosterior.of(THETA, Z, F, Y)
    A = RNG.standard_normal((P, T))

    def at(x):
        point = Inputs(x[None], NEW.C[:1])
        return model.predict(point, np.sin(x[None] @ A))

    x = NEW.N[0]
    F_by = np.cos(x @ A)[:, None] * A.T
    found = model.gradients(Inputs(x[None], NEW.C[:1]), np.sin(x[None] @ A))
    assert (found.mean[0], found.variance[0]) == pytest.approx((at(x)[0][0], at(x)[1][0]))
    for i, by, by_F in (
        (0, found.mean_by, found.mean_by_features),
        (1, found.variance_by, found.variance_by_features),
    ):
        numeric = approx_fprime(x, lambda u, i=i: at(u)[i][0], 1e-6)
        np.testing.assert_allclose(by[0] + by_F[0] @ F_by, numeric, atol=1e-4)


def test_an_appended_point_changes_variances_only():
    model = feature_gp.FeaturePosterior.of(THETA, Z, F, Y)
    mean, variance = model.predict(NEW, NEW_F)
    model.append(NEW.rows(0, 1), NEW_F[:1])
    new_mean, new_variance = model.predict(NEW, NEW_F)
    np.testing.assert_allclose(new_mean, mean)
    assert new_variance[0] < 1e-6
    assert (new_variance <= variance + 1e-12).all()
    assert model.n == N + 1


def test_a_left_out_observation_is_predicted_by_all_others():
    model = feature_gp.FeaturePosterior.of(THETA, Z, F, Y)
    mean, variance = model.left_out(Y)
    keep = np.arange(N) != 4
    rest = feature_gp.FeaturePosterior.of(THETA, Inputs(Z.N[keep], Z.C[keep]), F[keep], Y[keep])
    expected, spread = rest.predict(Z.rows(4, 5), F[4:5])
    assert mean[4] == pytest.approx(expected[0])
    assert variance[4] == pytest.approx(spread[0] + np.exp(THETA[4]))


def test_features_that_explain_the_losses_get_weight_whatever_their_sign():
    bounds = np.array([[-9.0, 7.0]] * 3 + [[-4.0, 4.0], [-13.8, 1.0]])
    prior = lengthscale_prior(3)
    start = np.array([0.9, 0.9, 0.9, 0.0, -3.0])
    told = -F[:, 0]
    theta = feature_gp.fit(Z, F, standardise(told), prior, start, bounds)
    noise = feature_gp.fit(Z, F, standardise(RNG.standard_normal(N)), prior, start, bounds)
    assert theta[-1] > noise[-1]
    model = feature_gp.FeaturePosterior.of(theta, Z, F, standardise(told))
    shares = model.share_of()
    assert shares[0] < 0
    assert abs(shares[0]) > 3 * np.abs(shares[1:]).max()
