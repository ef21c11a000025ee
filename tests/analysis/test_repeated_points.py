"""Trials that ran the same params as another."""

from __future__ import annotations

import math

import numpy as np
import pytest

from luthier import Space, State
from luthier.analysis import duplicates
from luthier.errors import TooFewResultsError
from luthier.testing import history, trial


def test_points_that_were_tried_again():
    x = [0.1, 0.2, 0.1, 0.3, 0.1, 0.2]
    found = duplicates(history(*[trial({"x": a}, float(i)) for i, a in enumerate(x)]))
    assert [group.tolist() for group in found.groups] == [[0, 2, 4], [1, 5]]
    assert (found.n_groups, found.n_repeats, found.n) == (2, 3, 6)
    assert found.share == 0.5
    squares = sum((v - 2) ** 2 for v in (0, 2, 4)) + sum((v - 3) ** 2 for v in (1, 5))
    assert found.noise == pytest.approx(math.sqrt(squares / 3))
    assert (found.n_noise, found.n_points) == (3, math.inf)


def test_failed_trials_are_repeats_without_noise_and_confirmations_are_none():
    h = history(
        trial({"x": 0.1}, 1.0),
        trial({"x": 0.1}, state=State.FAILED),
        trial({"x": 0.1}, 5.0, tags={"confirms": 0}),
        trial({"x": 0.1}),
    )
    found = duplicates(h)
    assert [group.tolist() for group in found.groups] == [[0, 1]]
    assert np.array_equal(found.values[0], [1.0, math.nan], equal_nan=True)
    assert math.isnan(found.noise)


def test_noise_is_the_standard_deviation_that_was_added():
    rng = np.random.default_rng(0)
    rows = [trial({"x": (i % 50) / 50}, i % 50 + rng.normal(0, 0.3)) for i in range(400)]
    found = duplicates(history(*rows))
    assert found.n_noise == 350
    assert found.noise == pytest.approx(0.3, rel=0.12)


def test_a_finite_space_says_how_many_points_it_has():
    h = history(trial({"a": 1}, 1.0), space=Space({"a": [1, 2, 3]}))
    assert duplicates(h).n_points == 3
    with pytest.raises(TooFewResultsError, match="parameter"):
        duplicates(history(trial(value=1.0), space=Space()))
