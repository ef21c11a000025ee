"""The additive model: what it learns, and from how many trials it seeks its hyperparameters."""

from __future__ import annotations

import numpy as np
import pytest

from luthier import Float, Space
from luthier.models.additive_model import AdditiveModel
from luthier.numerics import additive_gp


def sample(n: int, d: int) -> tuple[Space, np.ndarray, np.ndarray]:
    """Random points, and 3 x0 + x1 there."""
    space = Space({f"x{j}": Float(0, 1) for j in range(d)})
    X = np.random.default_rng(0).random((n, d))
    return space, X, 3 * X[:, 0] + X[:, 1]


def test_it_predicts_points_it_has_not_seen() -> None:
    space, X, loss = sample(60, 3)
    model = AdditiveModel(space, X[:40], loss[:40])
    np.testing.assert_allclose(model.predict(X[40:]), loss[40:], atol=0.05)
    assert (model.predict_variance(X[40:]) < 0.05).all()


@pytest.mark.parametrize(("n", "d", "searched"), [(60, 3, [60]), (320, 2, [150, 320])])
def test_of_many_trials_a_thorough_search_sees_few(monkeypatch, n, d, searched) -> None:
    assert count_searched(monkeypatch, n, d) == searched


@pytest.mark.slow
def test_of_many_columns_a_search_sees_fewer_trials_and_the_model_all(monkeypatch) -> None:
    [searched] = count_searched(monkeypatch, 320, 40)
    assert searched < 200


def count_searched(monkeypatch, n: int, d: int) -> list[int]:
    """Return from how many trials hyperparameters were sought, of a model that has learned all."""
    searched: list[int] = []
    fit = additive_gp.fit

    def counted(V, n_numbers, y, *args, **options):
        searched.append(len(V))
        return fit(V, n_numbers, y, *args, **options)

    monkeypatch.setattr(additive_gp, "fit", counted)
    space, X, loss = sample(n, d)
    assert len(AdditiveModel(space, X, loss).left_out()[0]) == n
    return searched
