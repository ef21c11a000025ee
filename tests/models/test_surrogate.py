"""The surrogate: predictions in units of the loss, and the probability of feasibility."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

import luthier
from luthier import Float, Space, State, TrialRow
from luthier.errors import SamplerError
from luthier.history.history import History
from luthier.models.surrogate import Surrogate, probability_of_feasibility, rank_correlation

LINE = Space({"x": Float(0, 1)})
SQUARE = Space({"x": Float(0, 1), "y": Float(0, 1)})


def observe(
    space: Space,
    n: int,
    loss: Callable[[dict], float],
    constraints: Callable[[dict], dict] = lambda p: {},
) -> History:
    """A history of n random points that are complete."""
    rng = np.random.default_rng(0)
    history = History(space, ["minimize"])
    for i, p in enumerate(space.decode(space.sample(rng, n))):
        row = TrialRow(
            number=i,
            state=State.COMPLETE,
            params=p,
            values=(loss(p),),
            constraints=constraints(p),
        )
        history.put([row])
    return history


def test_a_surrogate_of_infinite_losses_alone_is_refused() -> None:
    with pytest.raises(SamplerError, match="two different complete trials, got 0"):
        Surrogate(LINE, observe(LINE, 5, lambda p: math.inf))
    study = luthier.create_study(space=LINE, seed=0)
    study.optimize(lambda t: math.inf, n_trials=4)
    assert len(study.recommend(2)) == 2


def test_a_surrogate_of_several_objectives_is_refused() -> None:
    with pytest.raises(SamplerError, match="one objective, got 2"):
        Surrogate(LINE, History(LINE, ["minimize"] * 2))


def test_rank_correlation_compares_pairs_that_differ() -> None:
    X = np.linspace(0, 1, 40)[:, None]
    assert rank_correlation(LINE, X, np.where(X[:, 0] < 0.9, 0.0, 1.0)) > 0.5
    assert rank_correlation(LINE, X, X[:, 0]) > 0.95


def test_predictions_are_in_units_of_the_loss() -> None:
    rng = np.random.default_rng(0)
    history = observe(
        LINE, 60, lambda p: 1000 + 50 * (p["x"] - 0.4) ** 2 + 0.5 * rng.standard_normal()
    )
    surrogate = Surrogate(LINE, history)
    mean, sd = surrogate.predict(np.array([[0.4], [0.5]]))
    np.testing.assert_allclose(mean, [1000, 1000.5], atol=0.6)
    assert (sd < 0.6).all()
    assert surrogate.noise == pytest.approx(0.5, rel=0.4)
    draws = surrogate.draws(np.array([[0.4], [0.41], [0.9]]), 4000, np.random.default_rng(0))
    np.testing.assert_allclose(draws[:, 0].mean(), mean[0], atol=0.1)
    assert np.corrcoef(draws[:, 0], draws[:, 1])[0, 1] > 0.9


def test_probability_of_feasibility() -> None:
    def constraints(p: dict) -> dict[str, float]:
        return {"x": 3e9 * (p["x"] - 0.5), "y": p["y"] - 0.5, "always": -1.0}

    history = observe(SQUARE, 40, lambda p: 0.0, constraints)
    points = np.array([[0.2, 0.2], [0.2, 0.8], [0.8, 0.8], [0.5, 0.2]])
    got = probability_of_feasibility(SQUARE, history, points)
    assert got[0] > 0.95
    assert got[1] < 0.05
    assert got[2] < 0.01
    assert 0.2 < got[3] < 0.8


def test_without_constraints_all_is_feasible() -> None:
    history = observe(SQUARE, 5, lambda p: p["x"])
    got = probability_of_feasibility(SQUARE, history, np.full((2, 2), 0.5))
    np.testing.assert_array_equal(got, 1.0)


def test_one_trial_is_no_model_of_a_constraint() -> None:
    history = observe(SQUARE, 1, lambda p: p["x"], lambda p: {"c": 1.0})
    with pytest.raises(
        SamplerError, match="constraint 'c' needs two different trials that reported it, got 1"
    ):
        probability_of_feasibility(SQUARE, history, np.full((2, 2), 0.5))
