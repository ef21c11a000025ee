"""Additive Gaussian processes: kernels written out, gradients by differences, what is found."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from luthier.numerics import additive_gp
from luthier.numerics.gp import matern


def columns(n: int, seed: int = 0) -> np.ndarray:
    """Three numbers and a category of three."""
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.random((n, 3)), rng.integers(0, 3, n)])


def written_out(theta: np.ndarray, A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """The kernel, one pair of points and one term at a time."""
    rho, s = np.exp(theta[:4]), np.exp(theta[4:7])
    K = np.empty((len(A), len(B)))
    for i, a in enumerate(A):
        for m, b in enumerate(B):
            r2 = rho * np.append((a[:3] - b[:3]) ** 2, a[3] != b[3])
            k = matern(r2.copy())
            pairs = sum(k[j] * k[q] for j, q in itertools.combinations(range(4), 2))
            K[i, m] = s @ [k.sum(), pairs, matern(np.array([r2.mean()]))[0]]
    return K


THETA = np.array([1.0, 0.5, -1.0, 0.2, -0.5, -1.0, -2.0, math.log(0.01)])


def test_the_mean_and_left_out_predictions_are_those_of_the_kernel_as_written_out() -> None:
    V, at = columns(15), columns(6, seed=1)
    y = np.random.default_rng(2).standard_normal(15)
    process, mean, variance = additive_gp.condition(THETA, V, 3, y)
    K = written_out(THETA, V, V) + 0.01 * np.eye(15)
    expected = written_out(THETA, at, V) @ np.linalg.solve(K, y)
    np.testing.assert_allclose(additive_gp.predict(process, at), expected)

    covered = written_out(THETA, at, V)
    known = np.einsum("im,mi->i", covered, np.linalg.solve(K, covered.T))
    expected = written_out(THETA, at, at).diagonal() - known
    np.testing.assert_allclose(additive_gp.predict_variance(process, at), expected)

    rest = np.arange(15) != 4
    k = written_out(THETA, V[[4]], V[rest])
    solved = np.linalg.solve(K[np.ix_(rest, rest)], np.column_stack([y[rest], k[0]]))
    assert mean[4] == pytest.approx(float(k[0] @ solved[:, 0]))
    assert variance[4] == pytest.approx(K[4, 4] - float(k[0] @ solved[:, 1]))


def test_points_that_differ_in_some_columns_are_predicted_as_any_others() -> None:
    V, y = columns(30), np.random.default_rng(2).standard_normal(30)
    process, _, _ = additive_gp.condition(THETA, V, 3, y)
    A, B = columns(300, seed=3), columns(300, seed=4)
    swapped = [np.where(np.isin(np.arange(4), c), B, A) for c in ([0], [3], [1, 3], range(4), [])]
    got = additive_gp.predict_neighbours(process, A, swapped)
    for values, points in zip(got, [A, *swapped], strict=True):
        np.testing.assert_allclose(values, additive_gp.predict(process, points), atol=1e-9)


def test_the_gradient_is_that_of_the_density() -> None:
    V, y = columns(20), np.random.default_rng(2).standard_normal(20)
    i, k = np.tril_indices(20, -1)
    D = additive_gp.squared_differences(V, V, 3)[:, i, k]
    _, gradient = additive_gp.neg_log_posterior(THETA, D, y, i * 20 + k)
    for j, step in enumerate(1e-5 * np.eye(8)):
        up, down = (
            additive_gp.neg_log_posterior(THETA + sign * step, D, y, i * 20 + k)[0]
            for sign in (1, -1)
        )
        assert gradient[j] == pytest.approx((up - down) / 2e-5, abs=1e-4)


def test_a_sum_of_functions_is_learned_from_few_points() -> None:
    V = columns(60)
    y = np.sin(6 * V[:, 0]) + V[:, 1] + (V[:, 3] == 1)
    scale = y.std()
    theta = additive_gp.fit(V, 3, (y - y.mean()) / scale)
    process, _, _ = additive_gp.condition(theta, V, 3, (y - y.mean()) / scale)
    at = columns(200, seed=5)
    truth = np.sin(6 * at[:, 0]) + at[:, 1] + (at[:, 3] == 1)
    error = additive_gp.predict(process, at) * scale + y.mean() - truth
    assert error.std() < 0.05 * truth.std()
