"""A series goes on."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from luthier.automl import AutoForecaster
from luthier.errors import EstimatorError

T = np.arange(160)
SERIES = 10 * np.sin(2 * np.pi * T / 12) + 0.3 * T
QUICK = {"time_s": None, "n_trials": 2, "learners": ["linear"], "random_state": 0}


def test_a_season_on_a_trend_is_foreseen():
    noise = np.random.default_rng(0).normal(size=160)
    model = AutoForecaster(horizon=6, **QUICK).fit((SERIES + 0.3 * noise)[:150])
    assert model.season_ == 12
    np.testing.assert_allclose(model.predict(), SERIES[150:156], atol=1.5)
    assert model.predict(2).tolist() == model.predict()[:2].tolist()
    assert model.promise_.value < 0.5 * model.naive_
    assert "Repeating the last season has a mean absolute error of" in model.explain()
    back = pickle.loads(pickle.dumps(model))
    assert back.predict().tolist() == model.predict().tolist()


def test_it_is_tested_on_what_came_later():
    model = AutoForecaster(horizon=4, **QUICK).fit(SERIES)
    material = model._found.material
    from luthier.automl.lags import make_lag_table

    table = make_lag_table(SERIES, 4, 12)
    known = table.origins + table.steps
    rows = material.rows
    for train, test in material.plan:
        assert known[rows[train]].max() < table.origins[rows[test]].min()
    held_out = np.setdiff1d(np.arange(len(known)), rows)
    assert known[rows].max() <= table.origins[held_out].max()


@pytest.mark.parametrize(
    ("series", "words"),
    [
        (np.ones(100), "the series is constant"),
        ([1.0, np.nan] * 50, "is nan at 1; fill it"),
        (np.ones((50, 2)), "fit each series by itself"),
        (["a", "b"], "a series of numbers"),
        (np.arange(10.0), "at least .* values, got 10"),
    ],
    ids=["constant", "missing", "several", "text", "short"],
)
def test_what_is_no_series_is_refused(series, words):
    with pytest.raises(EstimatorError, match=words):
        AutoForecaster(**QUICK).fit(series)


def test_no_more_steps_than_the_horizon_are_foreseen():
    model = AutoForecaster(horizon=2, **QUICK).fit(SERIES)
    with pytest.raises(EstimatorError, match="made for 2 steps, got n_steps=3"):
        model.predict(3)
