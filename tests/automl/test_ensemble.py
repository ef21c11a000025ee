"""Greedy selection, and the test of whether an ensemble is worth it."""

from __future__ import annotations

import numpy as np

from luthier.automl.ensemble import choose_ensemble, select_greedily

RNG = np.random.default_rng(0)
Y = RNG.normal(size=500)
EVERY = np.arange(500)


def loss(rows, predictions):
    return float(np.mean((Y[rows] - predictions) ** 2))


def each(rows, predictions):
    return (Y[rows] - predictions) ** 2


def test_selection_finds_the_best_mean():
    predictions = np.array([Y + 1, Y - 1, Y + 5])
    np.testing.assert_allclose(select_greedily(predictions, EVERY, loss), [0.5, 0.5, 0])


def test_an_ensemble_of_independent_errors_is_used():
    predictions = Y + RNG.normal(size=(6, 500))
    found = choose_ensemble(predictions, loss, each)
    assert found.is_used
    assert found.gain > 0.5
    assert 0 < found.low <= found.gain <= found.high
    assert sum(found.weights) == 1 or abs(sum(found.weights) - 1) < 1e-12


def test_the_best_alone_is_used_where_others_add_nothing():
    error = RNG.normal(size=500)
    predictions = np.array([Y + error, Y + 1.02 * error, Y + 1.05 * error])
    found = choose_ensemble(predictions, loss, each)
    assert not found.is_used
    assert found.weights == (1, 0, 0)


def test_chance_is_rarely_taken_for_a_gain():
    """All candidates are one model, each with some rows of pure luck."""
    used = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        predictions = np.zeros((8, 300))
        predictions[:, :] = rng.normal(size=300)
        predictions[np.arange(8), rng.integers(0, 300, 8)] += 0.5
        used += choose_ensemble(predictions, loss, each, seed).is_used
    assert used <= 4  # of 20, where one end of the interval is at 10 %


def test_a_metric_without_rows_is_tested_by_parts():
    predictions = Y + RNG.normal(size=(6, 500))
    assert choose_ensemble(predictions, loss, None).is_used
