"""Models of earlier tasks: standardised over the space, and dropped if useless."""

import numpy as np
import pytest
from tests.transfer.cases import NAMES, SPACE, bowl, make, make_noise

from luthier import Float, Int, Space
from luthier.models.training_data import InputEncoder
from luthier.numerics.gp import Inputs
from luthier.transfer.matching import match
from luthier.transfer.source_models import kendall, learn_tasks

ENCODER = InputEncoder(SPACE)


def learn(*tasks, space=SPACE):
    return learn_tasks(space, [match(task, space, NAMES) for task in tasks])


def test_predictions_rank_points_as_the_tasks_did_and_are_standardised_over_the_space():
    models = learn(make(60, 0), make(60, 1, shift=0.3))
    np.testing.assert_allclose(models.F.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(models.F.std(axis=0), 1)
    X = SPACE.sample(np.random.default_rng(5), 300)
    F = models.predict(ENCODER.encode(X))
    assert kendall(bowl(X), F[:, 0]) > 0.8
    assert kendall(bowl(X, 0.3), F[:, 1]) > 0.8


def test_where_a_search_has_looked_does_not_shift_what_it_says():
    """A task that has looked near the best only gives the same picture."""
    X = SPACE.sample(np.random.default_rng(0), 400)
    rows = np.concatenate([np.argsort(bowl(X))[:30], np.arange(30)])
    biased = make(60, X=X[rows], losses=bowl(X[rows])[:, None])
    models = learn(make(60, 0), biased)
    assert np.corrcoef(models.F.T)[0, 1] > 0.7


def test_the_derivatives_are_those_of_finite_differences():
    models = learn(make(40, 0), make(40, 1, shift=0.2))
    Z = ENCODER.encode(SPACE.sample(np.random.default_rng(2), 4))
    F, pull = models.trace(Z)
    np.testing.assert_allclose(F, models.predict(Z))
    for j in range(2):
        N = Z.N.copy()
        N[:, j] += 1e-6
        numeric = (models.predict(Inputs(N, Z.C)) - F) / 1e-6
        for t in range(2):
            by = np.zeros((4, 2))
            by[:, t] = 1.0
            np.testing.assert_allclose(pull(by)[:, j], numeric[:, t], atol=1e-4)


def test_tasks_whose_rows_say_nothing_of_each_other_are_dropped():
    assert learn(make_noise(25, 3)) is None
    models = learn(make(25, 0), make_noise(25, 3))
    assert [m.task.name for m in models.matched] == ["task 0"]


def test_without_tasks_there_is_no_model():
    assert learn() is None
    assert learn(make(n=5)) is None


def test_eight_rows_are_enough():
    assert learn(make(8, 4)) is not None


def test_what_a_task_does_not_know_does_not_matter_to_it():
    space = Space({**SPACE.params, "depth": Int(1, 9), "extra": Float(0, 1)})
    models = learn(make(40, 0), space=space)
    X = space.sample(np.random.default_rng(1), 50)
    Y = X.copy()
    Y[:, 3:] = space.sample(np.random.default_rng(2), 50)[:, 3:]
    encoder = InputEncoder(space)
    a, b = models.predict(encoder.encode(X)), models.predict(encoder.encode(Y))
    assert np.corrcoef(a[:, 0], b[:, 0])[0, 1] > 0.97


@pytest.mark.parametrize("scale", [1e-300, 1e300], ids=["tiny", "huge"])
def test_losses_of_any_size_are_learned(scale):
    X = SPACE.sample(np.random.default_rng(0), 30)
    models = learn(make(30, X=X, losses=scale * bowl(X)[:, None]))
    F = models.predict(ENCODER.encode(X))
    assert np.isfinite(models.F).all()
    assert kendall(bowl(X), F[:, 0]) > 0.7


def test_kendalls_tau_counts_no_pair_of_equal_first_values():
    rng = np.random.default_rng(3)
    for _ in range(50):
        x, y = rng.integers(0, 6, (2, 12)).astype(float)
        i, k = np.tril_indices(12, -1)
        sign = np.sign(x[i] - x[k])
        expected = (sign * np.sign(y[i] - y[k])).sum() / max(np.abs(sign).sum(), 1.0)
        assert kendall(x, y) == pytest.approx(expected, abs=1e-12)
    assert kendall(np.ones(5), np.arange(5.0)) == 0
    assert kendall(np.arange(5.0), np.ones(5)) == 0
