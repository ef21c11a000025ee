"""Tests for drift: exact without it, and with an effect size beside."""

import numpy as np
import pytest
from scipy.stats import fisher_exact

from luthier.numerics.drift import compare_bins, compare_whole, count_in_bins, find_edges


def test_two_bins_are_fishers_exact_test():
    reference, window = np.array([30, 70]), np.array([9, 11])
    less, greater = (
        fisher_exact([[9, 11], [30, 70]], alternative).pvalue for alternative in ("less", "greater")
    )
    assert compare_bins(reference, window).p == pytest.approx(min(1, 4 * min(less, greater)))


@pytest.mark.parametrize("n", [50, 1000])
@pytest.mark.parametrize("n_bins", [2, 10, 30])
def test_without_drift_p_values_are_small_as_seldom_as_they_say(n, n_bins):
    rng = np.random.default_rng(1)
    share = rng.dirichlet(np.ones(n_bins))
    p = np.array(
        [
            compare_bins(rng.multinomial(3000, share), rng.multinomial(n, share)).p
            for _ in range(500)
        ]
    )
    assert (p <= 0.1).mean() <= 0.14
    assert (p <= 0.01).mean() <= 0.025


def test_a_drift_is_found_in_the_bin_where_it_is():
    test = compare_bins(np.full(10, 500), np.array([100] * 4 + [250] + [100] * 5))
    assert test.p < 1e-9
    assert test.bin == 4
    assert test.stability > 0.05


def test_many_rows_make_any_difference_sure_and_the_index_says_it_is_small():
    test = compare_bins(np.array([500_000, 500_000]), np.array([505_000, 495_000]))
    assert test.p < 1e-6
    assert test.stability < 0.001


def test_an_empty_sample_tells_nothing():
    assert compare_bins([0, 0], [3, 4]).p == 1
    assert compare_bins([3, 4], [0, 0]).p == 1


@pytest.mark.parametrize("bad", [([1, 2], [1]), ([1, -1], [1, 1]), ([[1]], [[1]])])
def test_counts_that_cannot_be_are_refused(bad):
    with pytest.raises(ValueError, match="counts of the same bins"):
        compare_bins(*bad)


def test_edges_make_bins_of_about_one_size_and_few_numbers_have_one_each():
    rng = np.random.default_rng(2)
    counts = count_in_bins(x := rng.normal(size=5000), find_edges(x))
    assert len(counts) == 11
    assert counts[:-1].min() > 450
    few = np.array([1.0, 2.0, 2.0, 5.0, np.nan])
    assert count_in_bins(few, find_edges(few)).tolist() == [1, 2, 1, 1]
    assert len(find_edges(np.array([np.nan]))) == 0


def test_missing_and_far_numbers_have_their_bins():
    edges = np.array([0.0, 1.0])
    values = np.array([-np.inf, -1, 0, 0.5, 1, 9, np.inf, np.nan])
    assert count_in_bins(values, edges).tolist() == [2, 2, 3, 1]


def test_columns_that_go_together_otherwise_are_found_together_only():
    rng = np.random.default_rng(3)
    reference = rng.normal(size=(1000, 4))
    window = rng.normal(size=(500, 4))
    assert compare_whole(reference, window, rng).p > 0.001
    window[:, 2] = window[:, 1]
    test = compare_whole(reference, window, rng)
    assert test.p < 1e-6
    assert set(np.argsort(-test.columns)[:2]) == {1, 2}


def test_columns_are_looked_at_where_something_was_found_only():
    rng = np.random.default_rng(3)
    same = rng.normal(size=(300, 2))
    assert not compare_whole(same, same, np.random.default_rng(0), level=1e-6).columns.any()
    test = compare_whole(same, same + np.array([0, 3]), np.random.default_rng(0), level=1e-6)
    assert int(np.argmax(test.columns)) == 1


def test_without_drift_the_classifier_is_seldom_sure():
    rng = np.random.default_rng(4)
    p = [
        compare_whole(rng.normal(size=(100, 3)), rng.normal(size=(100, 3)), rng).p
        for _ in range(100)
    ]
    assert np.mean(np.array(p) <= 0.05) <= 0.12


def test_too_few_rows_tell_nothing():
    rng = np.random.default_rng(5)
    assert compare_whole(np.ones((2, 3)), np.zeros((5, 3)), rng).p == 1
