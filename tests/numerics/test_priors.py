"""Beliefs: densities that agree with scipy's truncated normal, mixed with a uniform share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import truncnorm

from luthier.numerics import priors


@given(st.floats(0, 1), st.floats(0.01, 100))
def test_points_and_cells_agree_with_scipy(mu: float, sigma: float) -> None:
    exact = truncnorm(-mu / sigma, (1 - mu) / sigma, mu, sigma)
    edges = np.linspace(0, 1, 12)
    low, high = edges[:-1], edges[1:]
    np.testing.assert_allclose(
        np.exp(priors.log_density(edges, mu, sigma)), 0.95 * exact.pdf(edges) + 0.05, rtol=1e-6
    )
    share = (exact.cdf(high) - exact.cdf(low)) / (high - low)
    np.testing.assert_allclose(
        np.exp(priors.log_cell_density(low, high, mu, sigma)), 0.95 * share + 0.05, rtol=1e-6
    )


def test_draws_agree_with_scipy() -> None:
    x = priors.draws(np.random.default_rng(0), 50_000, 0.1, 0.2)
    exact = truncnorm(-0.5, 4.5, 0.1, 0.2)
    for cut in (0.05, 0.2, 0.5, 0.9):
        assert np.mean(x <= cut) == pytest.approx(0.95 * exact.cdf(cut) + 0.05 * cut, abs=0.01)


def test_shares_are_probabilities_whatever_the_unit_of_the_weights() -> None:
    assert priors.shares([3, 1, 0]) == pytest.approx(
        [0.95 * 0.75 + 0.05 / 3, 0.95 * 0.25 + 0.05 / 3, 0.05 / 3]
    )
    assert priors.shares([1e308, 1e308]) == pytest.approx([0.5, 0.5])
    assert priors.shares([5e-324, 0]) == pytest.approx([0.975, 0.025])
