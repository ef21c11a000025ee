"""The start with memory: in turns with an even sample, and without it once it misled."""

import numpy as np
import pytest
from tests.transfer.cases import SPACE, bowl, make

from luthier import History, State, TrialRow
from luthier.models.training_data import InputEncoder
from luthier.transfer.recall import recall
from luthier.transfer.safe_start import (
    find_drop,
    find_rows,
    follow_start,
    is_wrong,
    measure_agreement,
)


def start(values, n=1, budget=None, portfolio=(), running=0, tasks=None):
    """The start after trials with these losses; those at `portfolio` are of the portfolio."""
    history = History(SPACE, ["minimize"])
    history.update_info(memory=tuple(tasks or [make(30, i) for i in range(3)]), budget=budget)
    recalled = recall(SPACE, history)
    X = SPACE.sample(np.random.default_rng(8), len(values) + running)
    for k, i in enumerate(portfolio):
        X[i] = recalled.portfolio[k]
    rows = []
    for i, params in enumerate(SPACE.decode(X)):
        state = State.COMPLETE if i < len(values) else State.RUNNING
        value = None
        if i < len(values):
            value = (float(bowl(X[[i]])[0]) if values[i] is None else values[i],)
        rows.append(TrialRow(number=i, state=state, params=params, values=value))
    history.put(rows)
    return follow_start(SPACE, history, recalled, n), recalled


def test_the_portfolio_and_the_even_sample_take_turns():
    first, recalled = start([])
    assert first.leads
    np.testing.assert_array_equal(first.next[0], recalled.portfolio[0])
    assert not start([None], portfolio=[0])[0].leads
    third, recalled = start([None, None], portfolio=[0])
    assert third.leads
    np.testing.assert_array_equal(third.next[0], recalled.portfolio[1])
    assert start([None] * 3, portfolio=[0, 2])[0].leads


def test_trials_that_somebody_enqueued_count_as_the_even_sample():
    assert start([None, None, None], portfolio=[1])[0].leads


def test_where_memory_was_right_the_model_takes_over_after_five():
    state, _ = start([None] * 4, portfolio=[0, 2, 3])
    assert state.agreement > 0
    assert (state.length, len(state.next)) == (5, 1)


def test_where_memory_ranked_the_first_results_the_wrong_way_round_it_is_dropped():
    state, _ = start([1.0, 0.0, 0.9, 0.8], portfolio=[0, 2, 3])
    assert state.agreement <= 0
    assert (state.length, len(state.next), state.leads) == (7, 0, False)


@pytest.mark.parametrize("seed", range(6))
def test_when_memory_was_dropped_is_what_the_start_did(seed):
    values = np.random.default_rng(seed).standard_normal(7).tolist()
    states = []
    for n in range(4, 8):
        state, recalled = start(values[:n], portfolio=[0])
        states.append((is_wrong(state.agreement), state.length))
        X = SPACE.sample(np.random.default_rng(8), n)
        X[0] = recalled.portfolio[0]
        losses = np.array(values[:n])[:, None]
        dropped = find_drop(SPACE, X, losses, recalled, None)
        over = next((k for k, (_, length) in enumerate(states) if k + 4 >= length), len(states) - 1)
        wrong = [w for w, _ in states[: over + 1]]
        since = len(wrong) - wrong[::-1].index(False) if False in wrong else 0
        assert dropped == (since + 4 if wrong[-1] else None)


def test_workers_take_the_portfolio_and_one_of_the_even_sample():
    state, _ = start([], n=1, running=2, portfolio=[0])
    assert state.leads
    state, _ = start([], n=1, running=9, portfolio=range(8))
    assert len(state.next) == 2
    assert state.leads


def test_where_a_third_of_all_trials_run_at_once_all_are_of_the_portfolio():
    state, _ = start([None] * 4, n=1, running=15, budget=32, portfolio=range(9))
    assert state.length == 32
    assert state.leads


def test_agreement_goes_from_minus_one_to_one():
    _, recalled = start([])
    X = SPACE.sample(np.random.default_rng(3), 10)
    F = recalled.models[0]
    assert F is not None
    assert measure_agreement(SPACE, X, bowl(X)[:, None], recalled) > 0.8
    assert measure_agreement(SPACE, X, -bowl(X)[:, None], recalled) < -0.8
    assert measure_agreement(SPACE, X, np.zeros((10, 1)), recalled) == 0


def test_rows_are_found_up_to_rounding():
    X = np.array([[0.5, np.nan], [0.2, 0.3]])
    points = np.array([[0.5 + 1e-9, np.nan], [0.5, 0.1], [0.2, 0.3]])
    assert find_rows(X, points).tolist() == [True, False, True]


def test_memory_is_not_judged_by_its_own_points_alone():
    assert start([], portfolio=[])[0].agreement is None
    assert start([1.0, 2.0, 0.5], portfolio=[0])[0].agreement is None
    assert start([1.0, 2.0, 0.5, 3.0], portfolio=range(4))[0].agreement is None
    assert start([1.0, 2.0, 0.5, 3.0], portfolio=range(3))[0].agreement is not None


def test_agreement_is_the_sum_over_all_pairs():
    _, recalled = start([])
    rng = np.random.default_rng(4)
    X = SPACE.sample(rng, 12)
    y = rng.integers(0, 4, 12).astype(float)
    f = recalled.mean_prediction(InputEncoder(SPACE), X, 0)
    i, k = np.tril_indices(12, -1)
    expected = ((f[i] - f[k]) * np.sign(y[i] - y[k])).sum() / np.abs(f[i] - f[k]).sum()
    assert measure_agreement(SPACE, X, y[:, None], recalled) == pytest.approx(expected)
