"""Why a trial was tried, and why it was stopped."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import luthier
from luthier import Float, Space, State
from luthier.analysis import explain
from luthier.analysis.explanation import improvement_parts
from luthier.numerics.acquisition import log_expected_improvement
from luthier.testing import history, trial
from luthier.trial.record import Turn

from .conftest import additive, odd_histories


def rows_of(*rows, **fields):
    from msgspec.structs import replace

    numbered = [replace(row, number=i, token=1) for i, row in enumerate(rows)]
    return history(*numbered, **fields), numbered


@given(st.floats(-5, 5), st.floats(0.01, 5), st.floats(-5, 5))
def test_the_parts_add_up_to_expected_improvement(mean, sd, best):
    by_mean, by_doubt = improvement_parts(np.array([mean]), np.array([sd]), best)
    whole = np.exp(log_expected_improvement(np.array([mean]), np.array([sd]), best))
    assert by_mean + by_doubt == pytest.approx(whole, abs=1e-9)


def test_what_the_earlier_trials_led_to_expect():
    h = additive(60)
    rows = [trial(h.params(i), v) for i, v in enumerate(h.values[:, 0].tolist())]
    good = trial({"a": 0.3, "b": 0.01}, 0.01)
    bad = trial({"a": 1.0, "b": 1.0}, 0.5)
    made, numbered = rows_of(*rows, good, bad, space=h.space)
    found = explain(made, numbered[60])
    assert found.n_known == 60
    assert found.expectation.mean == pytest.approx(0.01, abs=0.1)
    assert found.expectation.share_below > 0.95
    assert abs(found.expectation.surprise) < 3
    surprised = explain(made, numbered[61])
    assert surprised.expectation.surprise > 3  # 1.98 was to be expected, and 0.5 came
    assert surprised.expectation.share_below < 0.5
    assert "better than expected" in str(surprised)


def test_later_trials_are_not_known():
    h = additive(60)
    rows = [trial(h.params(i), v) for i, v in enumerate(h.values[:, 0].tolist())]
    made, numbered = rows_of(*rows, space=h.space)
    found = explain(made, numbered[3])
    assert found.n_known == 3
    assert found.expectation is None
    assert "and 0 earlier trials were complete then" in str(explain(made, numbered[0]))
    assert "and 1 earlier trial was complete then" in str(explain(made, numbered[1]))
    assert "20 are needed" in found.why_no_expectation


def test_why_it_was_stopped():
    rows = [trial({"x": i / 10}, float(i), reports=[10.0 + i, float(i)]) for i in range(4)]
    stopped = trial({"x": 0.9}, state=State.PRUNED, reports=[12.5])
    h, numbered = rows_of(*rows, stopped)
    found = explain(h, numbered[4], "ASHA(min_resource=1)")
    assert found.standing == (1.0, 12.5, 4, 5, 10.0, 12.0)
    assert "stopped by ASHA(min_resource=1)" in found.end
    assert "place 4 of 5" in found.end
    up, numbered = rows_of(*rows, stopped, directions=["maximize"])
    assert explain(up, numbered[4]).standing.place == 2


def test_where_its_params_come_from():
    h, numbered = rows_of(
        trial({"x": 0.1}, 1.0),
        trial({"x": 0.1}, 2.0, tags={"confirms": 0}),
        trial({"x": 0.2}, 3.0, turns=(Turn(0.0, {"x": 0.1}), Turn(2.0, {"x": 0.2}, 0))),
    )
    assert "to confirm them" in explain(h, numbered[1]).origin
    assert explain(h, numbered[1]).nearest == 0
    assert explain(h, numbered[1]).distance == 0
    assert "checkpoint of trial 0" in explain(h, numbered[2]).origin
    added = trial({"x": 0.1}, 1.0)
    from msgspec.structs import replace

    assert "added as it is" in explain(history(added), replace(added, number=0)).origin


def test_priors_failures_and_trials_that_are_not_over():
    space = Space({"x": Float(0, 1, prior=(0.2, 0.05))})
    h, numbered = rows_of(
        trial({"x": 0.2}, state=State.FAILED, error="Traceback\nValueError: too large"),
        trial({"x": 0.9}, state=State.RUNNING),
        trial({"x": 0.9}, state=State.WAITING),
        trial({"x": 0.1}, state=State.PAUSED, reports=[1.0]),
        space=space,
    )
    told = [explain(h, row) for row in numbered]
    assert told[0].log_prior > 1 > 0 > told[1].log_prior
    assert told[0].end == "it failed: ValueError: too large"
    assert [e.end.split()[1] for e in told[1:]] == ["is", "waits", "was"]
    assert told[1].nearest == 0
    assert math.isclose(told[1].distance, 0.7)


@pytest.mark.parametrize("name", odd_histories())
def test_whatever_a_study_holds_is_explained(name):
    h = odd_histories()[name]
    for number in range(min(h.n, 3)):
        row = luthier.TrialRow(number=number, state=State(int(h.state[number])), token=1)
        assert str(explain(h, row))


@pytest.mark.parametrize("state", [State.PRUNED, State.PAUSED, State.FAILED])
def test_a_trial_that_came_to_no_end_is_no_surprise(state):
    h = additive(60)
    rows = [trial(h.params(i), v) for i, v in enumerate(h.values[:, 0].tolist())]
    stopped = trial({"a": 0.5, "b": 0.5}, state=state, reports=[99.0])
    made, numbered = rows_of(*rows, stopped, space=h.space)
    found = explain(made, numbered[60])
    assert math.isnan(found.expectation.surprise)
    assert "than expected" not in str(found)


def test_an_empty_history_says_so():
    assert repr(history()) == "History(0 trials)"


def test_trials_that_failed_are_no_results():
    rows = [trial({"x": i / 4}, state=State.FAILED) for i in range(3)]
    made, numbered = rows_of(*rows, trial({"x": 0.9}, 1.0), space=Space({"x": Float(0, 1)}))
    found = explain(made, numbered[3])
    assert found.n_known == 0
    assert "no result was known" in str(found)
