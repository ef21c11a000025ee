"""The front of several objectives."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.analysis import pareto
from luthier.errors import NoCompletedTrialsError, StudyError
from luthier.testing import history, random_history, trial

from .conftest import SPACE

BOTH = ["minimize", "maximize"]


def test_the_front_and_what_is_behind_it():
    h = history(
        trial({"x": 0.1}, (1.0, 1.0)),
        trial({"x": 0.2}, (2.0, 3.0)),
        trial({"x": 0.3}, (2.0, 2.0)),
        trial({"x": 0.4}, (0.0, 9.0), constraints={"memory": 1.0}),
        trial({"x": 0.5}, (1.0, 1.0)),
        directions=BOTH,
    )
    found = pareto(h)
    assert found.on_front.tolist() == [True, True, False, False, True]
    assert found.feasible.tolist() == [True, True, True, False, True]
    assert (found.n, found.n_front, found.density) == (5, 3, None)
    assert found.values[1].tolist() == [2, 3]


def test_of_many_trials_the_front_stays_whole():
    h = random_history(SPACE, 12_000, n_objectives=2)
    found = pareto(h)
    assert found.number[found.on_front].tolist() == h.front.tolist()
    assert len(found.number) == len(h.front) + 500
    assert found.density.counts.sum() == found.n


def test_one_objective_has_no_front():
    with pytest.raises(StudyError, match="at least two objectives"):
        pareto(history(trial({"x": 0.5}, 1.0)))
    with pytest.raises(NoCompletedTrialsError):
        pareto(history(directions=BOTH))


def test_infinite_values_are_beaten_like_others():
    rows = [trial({"x": 0.1}, (np.inf, 1.0)), trial({"x": 0.1}, (2.0, 1.0))]
    assert pareto(history(*rows, directions=["minimize"] * 2)).on_front.tolist() == [False, True]
