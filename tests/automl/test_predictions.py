"""Predictions out of fold: joined, packed, and scored as the metrics of scikit-learn score them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from luthier.automl.predictions import OutOfFold, score_predictions
from luthier.evaluation.metrics import read_metric

RNG = np.random.default_rng(0)
Y = RNG.integers(0, 2, 200)
P = np.clip(0.5 * Y + RNG.random(200) * 0.6, 0.01, 0.99)
PREDICTIONS = np.column_stack([1 - P, P])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("log_loss", metrics.log_loss(Y, PREDICTIONS)),
        ("accuracy", metrics.accuracy_score(Y, P > 0.5)),
        ("auc", metrics.roc_auc_score(Y, P)),
        ("f1", metrics.f1_score(Y, P > 0.5)),
        ("roc_auc", metrics.roc_auc_score(Y, P)),
        ("neg_log_loss", -metrics.log_loss(Y, PREDICTIONS)),
    ],
)
def test_scores_are_those_of_scikit_learn(name, expected):
    assert score_predictions(read_metric(name), Y, PREDICTIONS, 2) == pytest.approx(
        expected, abs=1e-9
    )


def test_numbers_are_scored_too():
    assert score_predictions(read_metric("rmse"), Y, P, 0) == pytest.approx(
        np.sqrt(np.mean((Y - P) ** 2))
    )
    assert score_predictions(read_metric("neg_mean_absolute_error"), Y, P, 0) == pytest.approx(
        -np.abs(Y - P).mean()
    )


def test_repeats_count_as_their_mean_and_unknown_rows_are_known_to_be():
    predictions = OutOfFold(4, 0)
    predictions.add(np.array([0, 1]), np.array([1.0, 2.0]))
    predictions.add(np.array([0]), np.array([3.0]))
    assert predictions.mean().tolist() == [2, 2, 0, 0]
    assert predictions.known.tolist() == [True, True, False, False]


@pytest.mark.parametrize("n_classes", [0, 3])
def test_what_is_packed_comes_back_with_three_digits(n_classes):
    predictions = OutOfFold(300, n_classes)
    rows = np.arange(0, 300, 2)
    given = RNG.random((150, 3)) if n_classes else 1e6 * RNG.normal(size=150)
    predictions.add(rows, given)
    packed = predictions.pack()
    assert len(packed) < 2_500
    back = OutOfFold.unpack(packed, 300, n_classes)
    assert (back.known == predictions.known).all()
    np.testing.assert_allclose(back.mean(), predictions.mean(), atol=1e-3 * np.abs(given).max())


def test_predictions_that_are_too_many_are_not_packed():
    predictions = OutOfFold(400_000, 0)
    predictions.add(np.arange(400_000), RNG.normal(size=400_000))
    assert predictions.pack() is None
