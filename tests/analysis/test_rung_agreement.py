"""How far early values foretell final ones."""

from __future__ import annotations

import math

import numpy as np
import pytest

from luthier import State
from luthier.analysis import rank_correlation
from luthier.errors import NoCompletedTrialsError, TooFewResultsError
from luthier.testing import history, trial


def test_order_that_turns_round_and_order_that_stays():
    """At step 1 the trials stand in the opposite order, at step 2 as they end."""
    rows = [trial({"x": 0.5}, float(i), reports={1: -i, 2: 10 * i, 3: i}) for i in range(8)]
    found = rank_correlation(history(*rows))
    assert found.step.tolist() == [1, 2, 3]
    np.testing.assert_allclose(found.rank_correlation, [-1, 1, 1])
    assert found.regret.tolist() == [7, 0, 0]
    assert found.label == ("none", "very strong", "very strong")
    assert found.n.tolist() == [8, 8, 8]
    assert (found.low <= found.rank_correlation).all()


def test_direction_does_not_matter_to_the_regret():
    rows = [trial({"x": 0.5}, float(i), reports={1: -i}) for i in range(8)]
    assert rank_correlation(history(*rows, directions=["maximize"])).regret.tolist() == [7]


def test_stopped_trials_are_counted_and_left_out():
    rows = [trial({"x": 0.5}, float(i), reports={1: i, 9: i}) for i in range(4)]
    rows += [trial({"x": 0.5}, state=State.PRUNED, reports={1: 99})] * 3
    found = rank_correlation(history(*rows))
    assert found.n_stopped == 3
    assert found.n.tolist() == [4, 4]
    assert found.label == ("too few trials", "too few trials")


def test_few_trials_have_no_correlation_and_infinite_values_have_ranks():
    rows = [trial({"x": 0.5}, v, reports={1: r}) for v, r in [(1.0, math.inf), (math.inf, 2.0)]]
    found = rank_correlation(history(*rows))
    assert np.isnan(found.rank_correlation).all()
    assert found.regret.tolist() == [math.inf]


def test_of_many_steps_twenty_are_rungs():
    rows = [trial({"x": 0.5}, float(i), reports=[float(i)] * 400) for i in range(4)]
    found = rank_correlation(history(*rows))
    assert len(found.step) <= 20
    assert found.step[[0, -1]].tolist() == [1, 400]


def test_what_is_missing_is_said():
    with pytest.raises(TooFewResultsError, match="intermediate value"):
        rank_correlation(history(trial({"x": 0.5}, 1.0)))
    with pytest.raises(NoCompletedTrialsError):
        rank_correlation(history(trial({"x": 0.5}, reports=[1])))
