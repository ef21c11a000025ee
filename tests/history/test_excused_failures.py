"""Failures that say nothing of their params."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import luthier
from luthier import Float, Space, testing
from luthier.history.excused_failures import find_excused, find_outages
from luthier.trial.record import State

SQUARE = Space({"x": Float(0, 1), "y": Float(0, 1)})
C, F, P = State.COMPLETE, State.FAILED, State.PRUNED


def draw(n: int, seed: int = 0) -> np.ndarray:
    return SQUARE.sample(np.random.default_rng(seed), n)


def failures(n: int, start: int, end: int) -> np.ndarray:
    return (np.arange(n) >= start) & (np.arange(n) < end)


@pytest.mark.parametrize("seed", range(5))
def test_failures_in_a_row_wherever_they_lie_are_an_outage(seed: int) -> None:
    failed = failures(40, 15, 25)
    assert find_outages(SQUARE, draw(40, seed), failed).tolist() == failed.tolist()


def test_an_outage_has_ended_and_is_no_short_run() -> None:
    X = draw(40)
    assert not find_outages(SQUARE, X, failures(40, 30, 40)).any()  # who knows what it is
    assert not find_outages(SQUARE, X, failures(40, 15, 19)).any()
    assert find_outages(SQUARE, X, failures(40, 15, 20)).sum() == 5


def test_where_many_trials_fail_a_run_is_no_surprise() -> None:
    failed = np.arange(60) % 2 == 0
    failed[20:26] = True
    assert not find_outages(SQUARE, draw(60), failed).any()


@pytest.mark.parametrize("seed", range(5))
def test_failures_of_a_region_are_no_outage(seed: int) -> None:
    X = draw(40, seed)
    X[:, 0] *= 0.6
    X[15:25, 0] = 0.8 + 0.2 * X[15:25, 0]
    X[15:25, 1] *= 0.2
    assert not find_outages(SQUARE, X, failures(40, 15, 25)).any()


def test_choices_and_conditions_have_distances_too() -> None:
    space = Space({"m": list("abcd"), "x": Float(0, 1, when={"m": "a"}), "z": Float(0, 1)})
    X = space.sample(np.random.default_rng(1), 60)
    assert find_outages(space, X, failures(60, 20, 30)).sum() == 10
    d_last = X[np.argsort(X[:, 0] == 3, kind="stable")]
    failed = d_last[:, 0] == 3
    failed[-1] = False  # a success ends the run
    assert failed.sum() > 8
    assert not find_outages(space, d_last, failed).any()


@given(st.lists(st.lists(st.sampled_from([C, F]), min_size=30, max_size=30), max_size=4))
def test_what_was_found_before_changes_no_answer(states: list[list[State]]) -> None:
    X, kept = draw(40), {}
    for middle in states:
        failed = np.array([C] * 5 + middle + [C] * 5) == F
        number = np.arange(0, 80, 2)
        found = find_outages(SQUARE, X, failed, number, kept)
        assert found.tolist() == find_outages(SQUARE, X, failed).tolist()


def test_a_run_that_was_an_outage_is_not_measured_again() -> None:
    X, failed, kept = draw(40), failures(40, 15, 25), {}
    number = np.arange(40)
    assert find_outages(SQUARE, X, failed, number, kept).sum() == 10
    far = np.where(failed[:, None], X, 50.0)  # only what was kept can say so now
    assert find_outages(SQUARE, far, failed, number, kept).sum() == 10
    [witnesses] = kept.values()
    assert not failed[witnesses].any()
    rest = ~np.isin(number, witnesses)  # a history in which they are not over
    assert not find_outages(SQUARE, far[rest], failed[rest], number[rest], kept).any()


@given(st.lists(st.sampled_from([C, F, P]), max_size=40))
def test_what_is_excused_has_failed(states: list[State]) -> None:
    state = np.array([s.value for s in states], dtype=np.int8)
    found = find_excused(SQUARE, draw(len(states)), state)
    assert (state[found.superseded] == F).all()
    assert (state[found.in_outage] == F).all()


def test_a_history_knows_the_numbers_of_an_outage() -> None:
    points = SQUARE.decode(draw(30))
    rows = [
        testing.trial(p, None if 10 <= i < 18 else 1.0, F if 10 <= i < 18 else C)
        for i, p in enumerate(points)
    ]
    running = testing.trial(points[0], None, State.RUNNING)
    history = testing.history(running, *rows, space=SQUARE)
    assert history.in_outage.tolist() == list(range(11, 19))
    assert np.flatnonzero(history.unblamed).tolist() == list(range(11, 19))


def test_a_search_goes_on_after_an_outage_as_if_it_had_not_been() -> None:
    def objective(trial: luthier.Trial) -> float:
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
        if 15 <= trial.number < 25:
            raise OSError("the data server is away")
        return (x - 0.3) ** 2 + (y - 0.6) ** 2

    study = luthier.create_study(seed=3)
    study.optimize(objective, n_trials=40, catch=(OSError,), progress=False)
    assert study.history.in_outage.tolist() == list(range(15, 25))
    assert study.best_value < 1e-4
