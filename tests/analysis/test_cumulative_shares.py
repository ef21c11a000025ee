"""The empirical distribution of values."""

from __future__ import annotations

import math

import numpy as np
import pytest

from luthier.analysis import edf
from luthier.testing import history, trial


def of(values, **fields):
    return edf(history(*[trial({"x": 0.5}, v, **fields) for v in values]))


def test_it_rises_at_each_value_by_its_share():
    line = of([3.0, 1.0, 2.0, 1.0])
    assert line.value.tolist() == [1, 2, 3]
    assert line.share.tolist() == [0.5, 0.75, 1.0]


def test_infinite_values_are_counted_and_not_drawn():
    line = of([math.inf, 1.0, -math.inf, 2.0])
    assert line.value.tolist() == [1, 2]
    assert line.share.tolist() == [0.5, 0.75]


def test_infeasible_trials_do_not_count():
    line = edf(
        history(trial(value=1.0, constraints={"c": 1.0}), trial(value=2.0, constraints={"c": 0.0}))
    )
    assert (line.n, line.n_infeasible) == (1, 1)
    assert line.share.tolist() == [1.0]


def test_of_many_values_it_keeps_quantiles():
    line = of(np.random.default_rng(0).random(5_000).tolist())
    assert len(line.value) == 1_000
    assert line.share[-1] == 1
    assert np.abs(line.share - line.value).max() < 0.03
    assert line.value[500] == pytest.approx(0.5, abs=0.03)
