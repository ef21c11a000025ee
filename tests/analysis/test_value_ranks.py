"""Ranks of values over pairs of parameters."""

from __future__ import annotations

import math

import numpy as np

from luthier.analysis import rank
from luthier.testing import history, random_history, trial

from .conftest import SPACE


def test_ranks_go_from_the_best_to_the_worst_and_equals_share_theirs():
    values = [math.inf, 1.0, 2.0, 2.0, -5.0]
    found = rank(history(*[trial({"x": i / 10}, v) for i, v in enumerate(values)]))
    by_number = dict(zip(found.number.tolist(), found.rank.tolist(), strict=True))
    assert by_number == {4: 0.0, 1: 0.25, 2: 0.625, 3: 0.625, 0: 1.0}
    up = rank(history(*[trial({"x": 0.5}, v) for v in values], directions=["maximize"]))
    assert up.number[-1] == 0


def test_of_many_trials_5000_keep_the_ranks_that_they_have_among_all():
    found = rank(random_history(SPACE, 20_000))
    assert len(found.rank) == 5_000
    best = found.rank[::-1][:2_500] * (found.n - 1)
    np.testing.assert_allclose(best, np.arange(2_500), atol=1e-6)
