"""What a share of several runs has attained."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.analysis import attainment
from luthier.errors import StudyError, TooFewResultsError
from luthier.testing import history, trial


def run(*points, directions=("minimize", "minimize")):
    return history(*[trial({"x": 0.5}, p) for p in points], directions=directions)


def test_levels_are_order_statistics_of_the_fronts():
    """Three runs of one point each: at x = 2 the second values are 3, 2, 1."""
    runs = [run((0.0, 3.0)), run((1.0, 2.0)), run((2.0, 1.0), (5.0, 5.0))]
    found = attainment(runs, [1 / 3, 2 / 3, 1.0])
    assert found.x.tolist() == [0, 1, 2]
    nan = np.nan
    np.testing.assert_array_equal(found.y, [[3, 2, 1], [nan, 3, 2], [nan, nan, 3]])
    assert found.n_runs == 3


def test_values_keep_their_sign():
    both = ("maximize", "minimize")
    found = attainment([run((1.0, 5.0), (2.0, 7.0), directions=both)] * 2, [1.0])
    assert found.x.tolist() == [2, 1]  # the best first
    assert found.y.tolist() == [[7, 5]]


def test_one_level_covers_about_its_share_of_new_runs():
    """Of points with independent uniform values: the median attained by a run of 30."""
    rng = np.random.default_rng(0)

    def new():
        return run(*[tuple(p) for p in rng.random((30, 2)).tolist()])

    found = attainment([new() for _ in range(60)], [0.5])
    x, y = found.x, found.y[0]
    at = np.searchsorted(x, 0.2)
    better = [
        (losses[losses[:, 0] <= x[at], 1].min(initial=2) <= y[at])
        for losses in (new().losses for _ in range(300))
    ]
    assert 0.35 <= np.mean(better) <= 0.65


def test_what_cannot_be_put_together_is_refused():
    with pytest.raises(StudyError, match="at least one run"):
        attainment([])
    with pytest.raises(StudyError, match="same two objectives"):
        attainment([history(trial({"x": 0.5}, 1.0))])
    with pytest.raises(ValueError, match="shares of the runs"):
        attainment([run((0.0, 1.0))], [1.5])
    with pytest.raises(TooFewResultsError, match="finite values"):
        attainment([run((np.inf, 1.0))])
