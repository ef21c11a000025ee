"""Acquisition functions, against integrals and finite differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from luthier.numerics.acquisition import log_expected_improvement, log_expected_improvement_by, log_h


@pytest.mark.parametrize(("mean", "sd", "best"), [(0.3, 0.5, 0.0), (-1.0, 0.1, 0.2), (2.0, 1.0, -1.0)])
def test_expected_improvement_is_the_integral(mean: float, sd: float, best: float) -> None:
    ei, _ = quad(lambda f: (best - f) * norm.pdf(f, mean, sd), mean - 12 * sd, best)
    got = log_expected_improvement(np.array([mean]), np.array([sd]), best)[0]
    assert got == pytest.approx(np.log(ei), rel=1e-7)


def test_log_h_holds_far_into_the_tail() -> None:
    """phi(z) + z Phi(z) ~ phi(z) / z^2 (1 - 3/z^2 + 15/z^4 - 105/z^6) for z -> -inf."""
    z = -np.array([30.0, 100.0, 999.0, 1001.0, 1e5, 1e8])
    series = np.log1p(-3 / z**2 + 15 / z**4 - 105 / z**6)
    np.testing.assert_allclose(log_h(z), norm.logpdf(z) - 2 * np.log(-z) + series, rtol=1e-8)
    line = np.linspace(-40, 5, 4000)
    assert (np.diff(log_h(line)) > 0).all()
    np.testing.assert_allclose(log_h(np.array([1e3])), np.log(1e3))


def test_derivatives_are_those_of_finite_differences() -> None:
    mean, sd = np.array([0.5, 3.0, -0.2, 30.0]), np.array([0.2, 1.0, 0.01, 0.5])
    f, by_mean, by_sd = log_expected_improvement_by(mean, sd, 0.1)
    np.testing.assert_allclose(f, log_expected_improvement(mean, sd, 0.1))
    h = 1e-6
    up, down = (log_expected_improvement(mean + s, sd, 0.1) for s in (h, -h))
    np.testing.assert_allclose(by_mean, (up - down) / (2 * h), rtol=1e-4)
    up, down = (log_expected_improvement(mean, sd + s, 0.1) for s in (h, -h))
    np.testing.assert_allclose(by_sd, (up - down) / (2 * h), rtol=1e-4, atol=1e-8)


def test_hopeless_points_are_still_told_apart() -> None:
    mean = np.array([50.0, 51.0, 1e4, 1e6])
    got = log_expected_improvement(mean, np.full(4, 0.1), 0.0)
    assert np.isfinite(got).all()
    assert (np.diff(got) < 0).all()
