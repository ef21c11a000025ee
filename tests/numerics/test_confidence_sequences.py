"""Intervals that hold at every look."""

import numpy as np
import pytest

from luthier.numerics.confidence_sequences import (
    bound_mean,
    detectable_difference,
    difference_values,
)


def test_the_mean_is_inside_at_every_look():
    rng = np.random.default_rng(1)
    outside = 0
    for _ in range(200):
        found = bound_mean(rng.exponential(1.0, 3000), 0.05, 3000)
        outside += bool((np.abs(found.mean - 1) > found.half_width)[200:].any())
    assert outside / 200 <= 0.08


def test_the_interval_is_that_of_the_formula():
    x = np.array([1.0, 2.0, 4.0])
    rho2 = (-(0.1**2) - 2 * np.log(0.1) + np.log(1 - 2 * np.log(0.1) - 0.1**2)) / 20
    t = 3
    expected = x.std() * np.sqrt(
        2 * (t * rho2 + 1) / (t**2 * rho2) * np.log(np.sqrt(t * rho2 + 1) / 0.1)
    )
    found = bound_mean(x, 0.1, 100)
    assert found.half_width[-1] == pytest.approx(expected)
    assert found.half_width[0] == np.inf
    assert found.mean[-1] == pytest.approx(7 / 3)


def test_a_large_offset_does_not_cancel():
    rng = np.random.default_rng(2)
    x = rng.normal(0, 1, 500)
    near, far = bound_mean(x, 0.05, 500), bound_mean(x + 1e9, 0.05, 500)
    np.testing.assert_allclose(far.half_width[1:], near.half_width[1:], rtol=1e-5)


def test_differences_of_arms_are_found_and_covered():
    rng = np.random.default_rng(3)
    missed = 0
    for _ in range(100):
        is_b = rng.random(4000) < 0.2
        y = 10 + rng.normal(0, 1, 4000) + 0.3 * is_b
        found = bound_mean(difference_values(y, is_b, 0.2), 0.05, 4000)
        missed += bool((np.abs(found.mean - 0.3) > found.half_width)[200:].any())
        assert found.half_width[-1] < 0.3
    assert missed <= 8


def test_the_detectable_difference_shrinks_with_units_and_share():
    assert detectable_difference(1000, 0.01, 0.3) > detectable_difference(1000, 0.5, 0.3)
    ratio = detectable_difference(1000, 0.5, 0.3) / detectable_difference(4000, 0.5, 0.3)
    assert ratio == pytest.approx(2)


@pytest.mark.parametrize("share", [0, 1, 2])
def test_a_share_must_lie_between_0_and_1(share):
    with pytest.raises(ValueError, match="share must lie between"):
        difference_values([1.0], np.array([True]), share)


@pytest.mark.parametrize(("alpha", "n"), [(0, 10), (1, 10), (0.1, 0)])
def test_settings_outside_are_refused(alpha, n):
    with pytest.raises(ValueError, match="must"):
        bound_mean([1.0, 2.0], alpha, n)


def test_values_must_be_finite():
    with pytest.raises(ValueError, match="finite"):
        bound_mean([1.0, np.nan], 0.05, 10)
