"""Grubbs' test, compared with its table and with its definition by simulation."""

import numpy as np
import pytest

from luthier.numerics.outliers import grubbs


@pytest.mark.parametrize(  # Grubbs 1969, table 1: two-sided critical values at 5 %
    ("n", "critical"), [(3, 1.1543), (4, 1.481), (5, 1.715), (10, 2.290)]
)
def test_the_critical_values_are_those_of_the_table(n, critical):
    def p_of(g):
        """A sample of which one number is g deviations from the mean."""
        others = np.resize([-1.0, 1.0], n - 1) * np.sqrt(np.arange(1, n))
        others -= others.mean()
        low, high = 0.0, 1e3
        for _ in range(200):
            far = (low + high) / 2
            x = np.append(others, far * np.abs(others).max())
            low, high = (far, high) if abs(x[-1] - x.mean()) < g * x.std(ddof=1) else (low, far)
        return grubbs(x)

    at, p = p_of(critical)
    assert at == n - 1
    assert p == pytest.approx(0.05, abs=0.002)


def test_normal_numbers_are_flagged_no_more_often_than_said():
    rng = np.random.default_rng(0)
    for n in (3, 5, 10):
        p = np.array([grubbs(rng.normal(3, 2, n))[1] for _ in range(2000)])
        assert 0.03 < (p < 0.05).mean() < 0.065


def test_equal_numbers_have_no_outlier_and_one_that_differs_is_one():
    assert grubbs([2.0, 2.0, 2.0]) == (0, 1.0)
    at, p = grubbs([2.0, 2.0, 2.0, 7.0])
    assert at == 3
    assert p < 1e-6
