"""Tests on counts agree with scipy's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from luthier.numerics.count_tests import (
    binomial_tail,
    holm,
    hypergeometric_tail,
    poisson_tail,
)


@given(st.integers(0, 30), st.integers(1, 30), st.floats(0, 1))
def test_binomial_tail(k, n, p):
    assert binomial_tail(k, n, p) == pytest.approx(stats.binom.sf(k - 1, n, p), abs=1e-12)


@given(st.data())
def test_hypergeometric_tail_is_fishers_exact_test(data):
    n_all = data.draw(st.integers(1, 40))
    n_good, n = data.draw(st.integers(0, n_all)), data.draw(st.integers(0, n_all))
    k = data.draw(st.integers(0, n))
    expected = stats.hypergeom.sf(k - 1, n_all, n_good, n)
    assert hypergeometric_tail(k, n, n_good, n_all) == pytest.approx(expected, abs=1e-12)


@given(st.integers(0, 20), st.floats(0.01, 10))
def test_poisson_tail(k, mean):
    assert poisson_tail(k, mean) == pytest.approx(stats.poisson.sf(k - 1, mean), abs=1e-12)


def test_holm_of_the_paper():
    """Holm 1979: each p-value by the number of those that are not smaller."""
    assert holm([0.01, 0.04, 0.03]).tolist() == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.01], n_tests=5).tolist() == pytest.approx([0.05])
    assert holm([]).tolist() == []


def test_holm_keeps_the_level_for_all_tests_at_once():
    rng = np.random.default_rng(0)
    false = sum(holm(rng.random(20)).min() < 0.05 for _ in range(2000))
    assert false / 2000 == pytest.approx(0.05, abs=0.015)
