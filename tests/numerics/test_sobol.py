import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from luthier.numerics.sobol import sobol


@pytest.mark.parametrize("d", [1, 2, 7, 64])
def test_plain_points_are_those_of_scipy_in_the_same_order(d):
    np.testing.assert_array_equal(
        sobol(0, 2048, d, None), stats.qmc.Sobol(d, scramble=False).random(2048)
    )


@pytest.mark.slow
def test_plain_points_far_along_are_those_of_scipy():
    oracle = stats.qmc.Sobol(20, scramble=False).fast_forward(300_000_001)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scipy warns of blocks that are no power of two
        np.testing.assert_array_equal(sobol(300_000_001, 5, 20, None), oracle.random(5))


@given(
    st.integers(0, 2**32 - 40),
    st.integers(0, 40),
    st.integers(0, 40),
    st.sampled_from([None, 0, 9]),
)
def test_any_stretch_is_a_part_of_the_whole(start, skip, n, seed):
    n = min(n, 40 - skip)
    np.testing.assert_array_equal(
        sobol(start + skip, n, 3, seed), sobol(start, 40, 3, seed)[skip : skip + n]
    )


@pytest.mark.parametrize("seed", [None, 0, 1, 2**100])
@pytest.mark.parametrize("d", [5, 64, 65, 200])
def test_points_lie_in_the_unit_cube_and_repeat(seed, d):
    points = sobol(100, 33, d, seed)
    assert points.shape == (33, d)
    assert points.dtype == np.float64
    assert ((points >= 0) & (points < 1)).all()
    np.testing.assert_array_equal(points, sobol(100, 33, d, seed))
    np.testing.assert_array_equal(points[:, :3], sobol(100, 33, 3, seed))


def test_seeds_and_dimensions_are_scrambled_differently():
    a, b = sobol(0, 64, 3, 0), sobol(0, 64, 3, 1)
    assert not np.isclose(a, b).all(axis=0).any()
    assert len(np.unique(np.column_stack([a, b])[0])) == 6


@pytest.mark.parametrize("seed", [None, 0, 1, 12345])
@pytest.mark.parametrize(("start", "k"), [(0, 0), (0, 5), (0, 10), (1024, 10), (96, 5), (2**31, 8)])
def test_each_block_has_one_point_in_each_interval_of_each_axis(start, k, seed):
    cells = np.floor(sobol(start, 2**k, 130, seed) * 2**k).astype(int)
    np.testing.assert_array_equal(
        np.sort(cells, axis=0), np.arange(2**k)[:, None] * np.ones(130, dtype=int)
    )


@pytest.mark.parametrize("seed", [None, 3, 4])
@pytest.mark.parametrize("start", [0, 256, 7 * 256])
def test_first_two_dimensions_are_a_net(start, seed):
    points = sobol(start, 256, 2, seed)
    for k in range(9):  # boxes of 2^-k by 2^-(8 - k)
        cells = np.floor(points * [2**k, 2 ** (8 - k)]).astype(int)
        assert len(np.unique(cells, axis=0)) == 256


def test_every_scrambled_point_is_uniform_over_the_seeds():
    points = np.array([sobol(0, 8, 3, seed) for seed in range(2000)])
    for i, j in itertools.product(range(8), range(3)):
        assert stats.kstest(points[:, i, j], "uniform").pvalue > 1e-4


@pytest.mark.parametrize("d", [4, 70])
def test_scrambled_means_are_unbiased_and_much_better_than_random(d):
    def mean_error(points):
        return (
            np.prod(1 + 0.5 * (points[:, -4:] - 0.5), axis=1).mean() - 1
        )  # the last four dimensions

    errors = np.array([mean_error(sobol(0, 256, d, seed)) for seed in range(200)])
    rng = np.random.default_rng(0)
    random = np.array([mean_error(rng.random((256, 4))) for _ in range(200)])
    assert np.sqrt((errors**2).mean()) < 0.2 * np.sqrt((random**2).mean())
    assert abs(errors.mean()) < 4 * errors.std() / np.sqrt(len(errors))


@pytest.mark.parametrize("seed", [None, 5])
def test_padded_dimensions_are_not_copies_of_the_first(seed):
    points = sobol(0, 1024, 192, seed)
    correlation = np.corrcoef(points.T)
    assert np.abs(correlation - np.eye(192)).max() < 0.2
    for j in (0, 1, 63):
        assert abs(correlation[j, j + 64]) < 0.12
        assert abs(correlation[j + 64, j + 128]) < 0.12


def test_no_points_and_the_last_point():
    assert sobol(7, 0, 3, 1).shape == (0, 3)
    assert sobol(7, 0, 70, None).shape == (0, 70)
    assert sobol(2**32 - 1, 1, 3, 1).shape == (1, 3)


@pytest.mark.parametrize(
    ("start", "n", "d", "seed"), [(-1, 1, 1, 0), (0, -1, 1, 0), (0, 1, 0, 0), (2**32, 1, 1, 0)]
)
def test_counts_out_of_range_are_rejected(start, n, d, seed):
    with pytest.raises(ValueError, match="expected start >= 0"):
        sobol(start, n, d, seed)


def test_negative_seeds_are_rejected():
    with pytest.raises(ValueError):
        sobol(0, 1, 1, -1)
