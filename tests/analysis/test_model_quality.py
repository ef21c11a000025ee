"""The quality of a model: closed forms, and models that do and do not predict."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from luthier import Float, Space, State, TrialRow
from luthier.analysis.model_quality import (
    ModelQuality,
    count_needed,
    forest_quality,
    measure_quality,
    surrogate_quality,
)
from luthier.history.history import History
from luthier.models.surrogate import Surrogate
from luthier.numerics import forest

LINE = np.zeros(2, dtype=np.int64)


@given(
    st.lists(
        st.tuples(st.integers(-5, 5).map(float), st.integers(-5, 5).map(float)),
        min_size=3,
        max_size=40,
    )
)
def test_rank_correlation_is_spearmans(pairs) -> None:
    x, y = np.array(pairs).T
    got = measure_quality(x, y).rank_correlation
    if len(set(x)) > 1 and len(set(y)) > 1:
        assert got == pytest.approx(stats.spearmanr(x, y).statistic)
    else:
        assert got == 0.0


def test_r2_is_the_share_of_the_variance_that_is_predicted() -> None:
    x = np.array([1.0, 2.0, 3.0, 4.0])
    assert measure_quality(x, x).r2 == 1.0
    assert measure_quality(x, np.full(4, 2.5)).r2 == 0.0
    assert measure_quality(x, -x).r2 < 0
    assert measure_quality(1e200 * x, 1e200 * x).r2 == 1.0


def test_coverage_is_the_share_inside_of_the_intervals() -> None:
    x = np.array([0.0, 0.0, 0.0, 10.0])
    assert measure_quality(x, np.zeros(4), np.ones(4)).coverage == 0.75
    assert math.isnan(measure_quality(x, np.zeros(4)).coverage)


@pytest.mark.parametrize(
    ("quality", "suffices"),
    [
        (ModelQuality(0.9, 0.8, 50), True),
        (ModelQuality(0.9, 0.09, 50), False),
        (ModelQuality(0.19, 0.8, 50), False),
        (ModelQuality(0.9, 0.8, 19), False),
        (ModelQuality(0.9, 0.8, 29, count_needed(10)), False),
        (ModelQuality(0.9, 0.8, 30, count_needed(10)), True),
    ],
)
def test_below_a_threshold_a_model_does_not_suffice_and_says_why(quality, suffices) -> None:
    assert quality.suffices is suffices
    assert ("not enough to say" in quality.explain()) is not suffices


def sample(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((n, 2))


def quality_of_forest(X: np.ndarray, y: np.ndarray) -> ModelQuality:
    fitted = forest.fit(X, y, LINE, np.random.default_rng(0), n_trees=64, min_leaf=3)
    return forest_quality(fitted, X, y)


def test_a_forest_that_predicts_suffices_and_one_of_noise_does_not() -> None:
    X = sample(200)
    assert quality_of_forest(X, X @ [3.0, 1.0]).r2 > 0.8
    noise = quality_of_forest(X, np.random.default_rng(9).standard_normal(200))
    assert not noise.suffices
    assert noise.n == 200
    assert not quality_of_forest(X[:5], X[:5, 0]).suffices
    assert not quality_of_forest(X, np.zeros(200)).suffices


def surrogate(losses: np.ndarray, X: np.ndarray) -> Surrogate:
    history = History(Space({"x": Float(0, 1), "y": Float(0, 1)}), ["minimize"])
    history.put(
        TrialRow(
            number=i, state=State.COMPLETE, params={"x": x, "y": y}, values=(float(losses[i]),)
        )
        for i, (x, y) in enumerate(X.tolist())
    )
    return Surrogate(history.space, history)


def test_a_surrogate_that_predicts_suffices_and_one_of_noise_does_not() -> None:
    X = sample(60)
    good = surrogate_quality(surrogate(np.sin(6 * X[:, 0]), X), 2)
    assert good.r2 > 0.95
    assert good.rank_correlation > 0.95
    assert good.coverage > 0.8
    bad = [
        surrogate_quality(surrogate(np.random.default_rng(s).standard_normal(60), X), 2)
        for s in range(5)
    ]
    assert sum(quality.suffices for quality in bad) <= 1
