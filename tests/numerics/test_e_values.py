"""E-values: means of at most one under the hypothesis, and power under the alternatives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luthier.numerics.e_values import (
    compare_mean,
    compare_rates,
    compare_share,
    detect_harm,
    log_detector,
)

LOG_20 = np.log(20)


def simulate(rng, rate_a, rate_b, share, n, block):
    """Blocks of successes and outcomes of two arms: four columns (n / block,)."""
    is_b = rng.random(n) < share
    y = rng.random(n) < np.where(is_b, rate_b, rate_a)
    shape = -1, block
    y, is_b = y.reshape(shape), is_b.reshape(shape)
    return (y & ~is_b).sum(1), (~is_b).sum(1), (y & is_b).sum(1), is_b.sum(1)


@pytest.mark.parametrize("rate", [0.5, 0.1, 0.01])
@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
@pytest.mark.parametrize("alternative", ["different", "lower"])
def test_equal_rates_are_rejected_in_at_most_5_percent_however_often_one_looks(
    rate, share, alternative
):
    rng = np.random.default_rng(1)
    found = [
        compare_rates(*simulate(rng, rate, rate, share, 4000, 40), alternative).max() >= LOG_20
        for _ in range(200)
    ]
    assert np.mean(found) <= 0.08  # .05 and three standard errors of 200 runs are .096


@settings(max_examples=25, deadline=None)
@given(
    rate=st.floats(0.05, 0.95),
    n=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=2),
)
def test_the_mean_of_an_e_value_is_at_most_one_under_one_rate(rate, n):
    """The exact mean, over all outcomes of up to two blocks."""
    from itertools import product

    from scipy.stats import binom

    n_a, n_b = np.array(n).T
    total = 0.0
    for s in product(*(range(k + 1) for k in [*n_a, *n_b])):
        s_a, s_b = s[: len(n_a)], s[len(n_a) :]
        p = binom.pmf(s_a, n_a, rate).prod() * binom.pmf(s_b, n_b, rate).prod()
        total += p * np.exp(compare_rates(s_a, n_a, s_b, n_b)[-1])
    assert total <= 1 + 1e-9


def test_a_disaster_is_found_at_one_percent_of_the_traffic():
    rng = np.random.default_rng(2)
    units = []
    for _ in range(50):
        log_e = compare_rates(*simulate(rng, 0.9, 0.5, 0.01, 20_000, 50), "lower")
        units.append(50 * (1 + np.argmax(log_e >= LOG_20)))
        assert log_e.max() >= LOG_20
    assert np.median(units) <= 1600


def test_a_better_arm_is_never_called_worse():
    rng = np.random.default_rng(3)
    for _ in range(50):
        log_e = compare_rates(*simulate(rng, 0.8, 0.9, 0.2, 10_000, 100), "lower")
        assert log_e.max() < LOG_20


def test_one_side_is_the_other_with_the_arms_exchanged():
    rng = np.random.default_rng(4)
    s_a, n_a, s_b, n_b = simulate(rng, 0.3, 0.5, 0.5, 500, 10)
    np.testing.assert_allclose(
        compare_rates(s_a, n_a, s_b, n_b, "higher"), compare_rates(s_b, n_b, s_a, n_a, "lower")
    )


def test_empty_blocks_and_arms_are_no_evidence():
    assert compare_rates([], [], [], []).shape == (0,)
    np.testing.assert_array_equal(compare_rates([0, 3], [0, 5], [0, 0], [0, 0]), [0, 0])


@pytest.mark.parametrize("bad", [([2], [1], [0], [0]), ([-1], [1], [0], [0])])
def test_impossible_counts_are_refused(bad):
    with pytest.raises(ValueError, match="no more successes than outcomes"):
        compare_rates(*bad)


def test_a_right_share_is_seldom_rejected_and_a_wrong_one_found():
    rng = np.random.default_rng(5)
    n = np.full(100, 100)
    right = [compare_share(rng.binomial(n, 0.05), n, 0.05).max() >= LOG_20 for _ in range(200)]
    wrong = [compare_share(rng.binomial(n, 0.03), n, 0.05).max() >= LOG_20 for _ in range(50)]
    assert np.mean(right) <= 0.08
    assert all(wrong)


def test_the_share_test_is_a_ratio_of_likelihoods():
    from scipy.stats import betabinom, binom

    n_b, n = np.array([3, 9]), np.array([10, 10])
    expected = betabinom.logpmf(12, 20, 300, 700) - binom.logpmf(12, 20, 0.3)
    assert compare_share(n_b, n, 0.3)[-1] == pytest.approx(expected)


def test_a_mean_is_rejected_only_where_it_is_higher():
    rng = np.random.default_rng(6)
    null = [compare_mean(rng.beta(2, 8, 2000), 0.2).max() >= LOG_20 for _ in range(200)]
    higher = [compare_mean(rng.beta(3, 7, 2000), 0.2).max() >= LOG_20 for _ in range(50)]
    assert np.mean(null) <= 0.08
    assert all(higher)


def test_the_detector_is_its_definition():
    """M = (M + 1) (1 + lambda (x - p)), one observation after the other."""
    rng = np.random.default_rng(7)
    x, risk = rng.random(50), 0.4
    parts = np.zeros(4)
    for loss, log_parts in zip(x, detect_harm(x, risk), strict=True):
        bets = np.array([0.05, 0.125, 0.25, 0.5]) * 0.95 / risk
        parts = (parts + 1) * (1 + bets * (loss - risk))
        np.testing.assert_allclose(np.exp(log_parts), parts)


def test_the_detector_goes_on_where_it_stood():
    rng = np.random.default_rng(8)
    x = rng.random(300)
    whole = detect_harm(x, 0.4)
    first = detect_harm(x[:120], 0.4)
    np.testing.assert_allclose(detect_harm(x[120:], 0.4, first[-1]), whole[120:])
    assert detect_harm(x[:0], 0.4, first[-1]).shape == (0, 4)


def test_harm_after_a_long_good_time_is_found_soon():
    rng = np.random.default_rng(9)
    delays, false = [], 0
    for _ in range(100):
        x = np.concatenate([rng.random(3000) < 0.1, rng.random(3000) < 0.25]).astype(float)
        alarm = np.argmax(log_detector(detect_harm(x, 0.1)) >= np.log(1e5))
        if alarm < 3000:
            false += 1
        else:
            delays.append(alarm - 3000)
    assert false <= 8  # at most 3 % a run, by theory
    assert len(delays) + false == 100
    assert np.median(delays) <= 160


@pytest.mark.parametrize("risk", [0, 1, -0.1, float("nan")])
def test_a_risk_must_lie_between_0_and_1(risk):
    with pytest.raises(ValueError, match="risk must lie between 0 and 1"):
        detect_harm([0.5], risk)


@pytest.mark.parametrize("x", [[1.1], [-0.1], [float("nan")], [[0.5]]])
def test_losses_outside_are_refused(x):
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        detect_harm(x, 0.5)
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        compare_mean(x, 0.5)
