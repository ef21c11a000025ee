"""Acquisition functions, against integrals and finite differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from luthier.numerics.acquisition import (
    log_expected_hypervolume,
    log_expected_hypervolume_by,
    log_expected_improvement,
    log_expected_improvement_by,
    log_expected_reach,
    log_expected_reach_by,
    log_h,
    log_probability_below,
    log_probability_below_by,
)
from luthier.numerics.hypervolume import boxes, hypervolume


@pytest.mark.parametrize(
    ("mean", "sd", "best"), [(0.3, 0.5, 0.0), (-1.0, 0.1, 0.2), (2.0, 1.0, -1.0)]
)
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


def slopes_agree(f, by, mean: np.ndarray, sd: np.ndarray, rtol: float = 1e-4) -> None:
    """Of f(mean, sd) (k,), with derivatives (k, m) by both."""
    value, by_mean, by_sd = by(mean, sd)
    np.testing.assert_allclose(value, f(mean, sd), rtol=1e-12)
    for j in range(mean.shape[1]):
        step = np.zeros(mean.shape[1])
        step[j] = 1e-6
        got = (f(mean + step, sd) - f(mean - step, sd)) / 2e-6
        np.testing.assert_allclose(by_mean[:, j], got, rtol=rtol, atol=1e-6)
        got = (f(mean, sd + step) - f(mean, sd - step)) / 2e-6
        np.testing.assert_allclose(by_sd[:, j], got, rtol=rtol, atol=1e-6)


def expected_improvement(mean: float, sd: float, bound: float) -> float:
    u = (bound - mean) / sd
    return float(sd * (u * norm.cdf(u) + norm.pdf(u)))


def test_expected_hypervolume_of_two_objectives_is_that_of_the_paper() -> None:
    """Emmerich 2016, by hand for the front (1, 3), (2, 1) and the reference (4, 4).

    Three strips.
    """
    low, high = boxes(np.array([[1.0, 3.0], [2.0, 1.0]]), np.array([4.0, 4.0]))
    mean, sd = (1.5, 2.0), (0.7, 0.4)
    x = [expected_improvement(mean[0], sd[0], b) for b in (1.0, 2.0, 4.0)]
    y = [expected_improvement(mean[1], sd[1], b) for b in (4.0, 3.0, 1.0)]
    strips = x[0] * y[0] + (x[1] - x[0]) * y[1] + (x[2] - x[1]) * y[2]
    got = log_expected_hypervolume(np.array([mean]), np.array([sd]), low, high)
    assert got[0] == pytest.approx(np.log(strips), rel=1e-10)


@pytest.mark.parametrize("m", [2, 3, pytest.param(4, marks=pytest.mark.slow)])
def test_expected_hypervolume_is_the_mean_of_what_draws_add(m: int) -> None:
    rng = np.random.default_rng(m)
    front = rng.random((8, m))
    reference = np.full(m, 1.1)
    n = 600
    low, high = boxes(front, reference)
    mean, sd = 0.9 * front[:2], 0.1 + 0.2 * rng.random((2, m))
    before = hypervolume(front, reference)
    for i, log_volume in enumerate(log_expected_hypervolume(mean, sd, low, high)):
        draws = mean[i] + sd[i] * rng.standard_normal((n, m))
        added = [hypervolume(np.vstack([front, y]), reference) - before for y in draws]
        assert np.exp(log_volume) == pytest.approx(
            np.mean(added), abs=5 * np.std(added) / np.sqrt(n)
        )


@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_slopes_of_the_expected_hypervolume(m: int) -> None:
    rng = np.random.default_rng(m)
    sides = boxes(rng.random((10, m)), np.full(m, 1.1))
    mean, sd = rng.random((6, m)), 0.05 + 0.3 * rng.random((6, m))
    mean[5] += 3.0  # far in the tail
    slopes_agree(
        lambda a, b: log_expected_hypervolume(a, b, *sides),
        lambda a, b: log_expected_hypervolume_by(a, b, *sides),
        mean,
        sd,
    )


@pytest.mark.parametrize("m", [1, 2, 5])
def test_expected_reach_is_the_mean_over_draws(m: int) -> None:
    rng = np.random.default_rng(m)
    reference, direction = np.full(m, 1.1), 0.1 + rng.random(m)
    mean, sd = rng.random((3, m)), 0.05 + 0.3 * rng.random((3, m))
    mean[2] -= 30  # certain
    got = np.exp(log_expected_reach(mean, sd, reference, direction, 0.3))
    for i in range(3):
        draws = mean[i] + sd[i] * rng.standard_normal((40_000, m))
        gain = np.maximum(((reference - draws) / direction).min(axis=1) - 0.3, 0.0)
        assert got[i] == pytest.approx(gain.mean(), abs=5 * gain.std() / 200)
    slopes_agree(
        lambda a, b: log_expected_reach(a, b, reference, direction, 0.3),
        lambda a, b: log_expected_reach_by(a, b, reference, direction, 0.3),
        mean[:2],
        sd[:2],
        rtol=2e-3,
    )


def test_expected_reach_of_one_objective_is_expected_improvement() -> None:
    mean, sd = np.array([0.2, 1.0, 8.0, -50.0]), np.array([0.3, 0.5, 0.2, 0.1])
    got = log_expected_reach(mean[:, None], sd[:, None], np.array([2.0]), np.array([1.0]), 1.5)
    np.testing.assert_allclose(got, log_expected_improvement(mean, sd, 0.5), rtol=1e-4)


@pytest.mark.parametrize("far", [1e2, 1e6, -1e4])
def test_several_objectives_far_in_the_tail(far: float) -> None:
    rng = np.random.default_rng(0)
    front = np.vstack([rng.random((10, 3)), [[0.0, 0.5, 0.5], [1e-17, 0.5, 0.5 - 1e-16]]])
    sides = boxes(front, np.full(3, 1.1))
    mean = np.repeat([[far], [far + 1]], 3, axis=1)
    sd = np.full((2, 3), 1e-3)
    for f, by_mean, by_sd in (
        log_expected_hypervolume_by(mean, sd, *sides),
        log_expected_reach_by(mean, sd, np.full(3, 1.1), np.ones(3), 0.4),
        log_probability_below_by(mean[:, 0], sd[:, 0], 0.0),
    ):
        assert np.isfinite(f).all()
        assert np.isfinite(by_mean).all()
        assert np.isfinite(by_sd).all()
        assert f[0] > f[1] or far < 0


def test_probability_below() -> None:
    mean, sd = np.array([0.5, -1.0, 4.0]), np.array([0.2, 1.0, 0.5])
    np.testing.assert_allclose(log_probability_below(mean, sd, 0.1), norm.logcdf(0.1, mean, sd))
    log_p, by_mean, by_sd = log_probability_below_by(mean, sd, 0.1)
    slopes_agree(
        lambda a, b: log_probability_below(a[:, 0], b[:, 0], 0.1),
        lambda a, b: (log_p, by_mean[:, None], by_sd[:, None]),
        mean[:, None],
        sd[:, None],
    )
