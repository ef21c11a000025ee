"""How much a search could still gain."""

from __future__ import annotations

import numpy as np
import pytest

from luthier import Float, Space
from luthier.analysis import convergence
from luthier.errors import TooFewResultsError
from luthier.testing import history, trial

LINE = Space({"x": Float(0, 1), "y": Float(0, 1)})


def searched(points, noise=0.0):
    rng = np.random.default_rng(0)
    rows = [
        trial({"x": x, "y": y}, (x - 0.7) ** 2 + (y - 0.2) ** 2 + noise * rng.normal())
        for x, y in points
    ]
    return history(*rows, space=LINE)


def test_a_search_that_has_found_the_best_has_converged():
    rng = np.random.default_rng(0)
    anywhere = rng.random((30, 2))
    near = np.array([0.7, 0.2]) + rng.normal(0, 0.05, (90, 2))
    done = convergence(searched(np.concatenate([anywhere, near]).tolist(), noise=0.03))
    assert done.converged
    assert done.expected_gain < done.noise
    assert done.best == pytest.approx(0, abs=0.02)


def test_a_search_that_has_not_looked_there_has_not():
    rng = np.random.default_rng(0)
    left = convergence(searched((rng.random((30, 2)) * [0.45, 1]).tolist(), noise=0.001))
    assert not left.converged
    assert left.regret_bound >= 0.05  # the truth: it is (0.7 - 0.45)² away
    assert left.chance > 0.8
    assert left.expected_gain > 0.01
    assert left.chance_random == 20 / 50


def test_more_trials_have_more_chance():
    rng = np.random.default_rng(1)
    h = searched(rng.random((25, 2)).tolist(), noise=0.02)
    assert convergence(h, n_more=1).expected_gain <= convergence(h, n_more=40).expected_gain + 1e-3


def test_it_refuses_noise():
    rng = np.random.default_rng(0)
    rows = [trial({"x": x}, rng.normal()) for x in rng.random(40).tolist()]
    with pytest.raises(TooFewResultsError, match="not enough to say"):
        convergence(history(*rows))
