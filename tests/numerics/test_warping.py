"""Transforms of losses: what they keep and what they change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from luthier.numerics.warping import half_rank, log_warp, rank_outliers, standardise

losses = st.lists(st.floats(-1e6, 1e6).map(lambda v: round(v, 3)), min_size=1, max_size=40).map(
    np.array
)


@given(losses)
def test_order_and_ties_are_kept(y: np.ndarray) -> None:
    for warp in (half_rank, log_warp, standardise):
        w = warp(y)
        assert np.isfinite(w).all()
        order = np.argsort(y, kind="stable")
        assert (np.diff(w[order]) >= -1e-9 * np.abs(w).max()).all()
        assert all(len(set(w[y == v])) == 1 for v in set(y))


@given(losses)
def test_the_good_half_is_left_as_it_is(y: np.ndarray) -> None:
    good = y <= np.sort(y)[(len(y) - 1) // 2]
    np.testing.assert_array_equal(half_rank(y)[good], y[good])


def test_half_rank_by_hand() -> None:
    """Five losses: the two above the median 3 get mirrored quantiles.

    They are those of 3/10 and 1/10, times the good spread.
    """
    y = np.array([1.0, 2.0, 3.0, 1e6, 1e9])
    spread = np.sqrt((4 + 1 + 0) / 3)
    want = [1, 2, 3, 3 - spread * norm.ppf(0.5 * 1.5 / 2.5), 3 - spread * norm.ppf(0.5 * 0.5 / 2.5)]
    np.testing.assert_allclose(half_rank(y), want)


def test_how_bad_the_bad_are_does_not_matter() -> None:
    y = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    np.testing.assert_allclose(half_rank(y), half_rank(np.where(y > 0.35, 1e12 * y, y)))


def test_log_warp_ends_and_resolution() -> None:
    w = log_warp(np.linspace(0, 1, 11))
    assert (w[0], w[-1]) == (-0.5, pytest.approx(0.5))
    assert (np.diff(np.diff(w)) < 0).all()  # the nearer to the best, the wider apart


def test_equal_losses_are_zeros() -> None:
    for y in (np.full(4, 7.0), np.full(4, 1e-300), np.array([1e300, 1e300])):
        np.testing.assert_array_equal(standardise(y), 0.0)
        np.testing.assert_array_equal(log_warp(y), 0.0)


def test_only_outliers_are_ranked() -> None:
    z = rank_outliers(np.append(np.linspace(0, 1, 20), [1e300, 1e9]))
    assert z[:20].tolist() == np.linspace(0, 1, 20).tolist()
    assert 1 < z[21] < z[20] < 10
    assert rank_outliers(np.linspace(0, 1, 20)).tolist() == np.linspace(0, 1, 20).tolist()
