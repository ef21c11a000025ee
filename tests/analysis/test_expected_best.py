"""The best value to be expected after k trials."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from luthier.analysis import tuning_curve
from luthier.errors import TooFewResultsError
from luthier.testing import history, trial


def of(values, direction="minimize", **options):
    rows = [trial({"x": 0.5}, v) for v in values]
    return tuning_curve(history(*rows, directions=[direction]), **options)


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=7), st.booleans())
def test_it_is_the_mean_over_all_draws(values, maximize):
    found = of([float(v) for v in values], "maximize" if maximize else "minimize")
    best = max if maximize else min
    assert found.k.tolist() == list(range(1, len(values) + 1))
    for k, expected in zip(found.k.tolist(), found.value.tolist(), strict=True):
        draws = [best(draw) for draw in itertools.combinations(values, k)]
        assert expected == pytest.approx(np.mean(draws))


def test_the_band_holds_the_best_of_k_with_its_probability():
    values = np.random.default_rng(0).permutation(40).astype(float).tolist()
    found = of(values, level=0.8)
    rng = np.random.default_rng(1)
    at = found.k.tolist().index(10)
    best = np.array([rng.choice(values, 10, replace=False).min() for _ in range(4_000)])
    inside = ((best >= found.low[at]) & (best <= found.high[at])).mean()
    assert 0.78 <= inside <= 0.95  # of whole numbers at least


def test_half_of_the_trials_is_trusted():
    assert of([1.0, 2.0, 3.0, 4.0]).trusted == 2
    assert of([1.0]).trusted == 1


def test_infinite_values_make_it_infinite_where_they_may_be_the_best():
    found = of([math.inf, 1.0, 2.0])
    assert found.value.tolist() == [math.inf, pytest.approx(4 / 3), 1.0]


def test_many_trials_are_exact_too():
    found = of(np.linspace(0, 1, 20_001).tolist())
    assert len(found.k) <= 100
    at = np.searchsorted(found.k, 100)
    n, k = 20_001, found.k[at]
    assert found.value[at] == pytest.approx((n + 1) / (k + 1) / (n - 1) - 1 / (n - 1), rel=1e-6)
    assert found.value[-1] == 0


def test_what_it_refuses():
    with pytest.raises(ValueError, match="level must be a number between 0 and 1"):
        of([1.0], level=1.0)
    with pytest.raises(TooFewResultsError, match="feasible"):
        tuning_curve(history(trial({"x": 0.5}, 1.0, constraints={"c": 1.0})))
