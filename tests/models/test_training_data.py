"""Training data: what finished trials count as, and how losses and constraints are transformed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from luthier import Float, Int, Space, State, TrialRow, testing
from luthier.history.history import History
from luthier.models.training_data import (
    InputEncoder,
    collect_constraints,
    collect_losses,
    collect_objectives,
    constraint_threshold,
    transform_loss,
    transform_multi_objective_loss,
)

SQUARE = Space({"x": Float(0, 1), "y": Float(0, 1)})
TREE = Space({"c": ["a", "b"], "z": Float(0, 1, when={"c": "a"}), "k": Int(3, 3)})


def observe(rows: list[tuple], m: int = 1) -> History:
    """From (state, values, constraints)."""
    history = History(SQUARE, ["minimize"] * m)
    for i, (state, values, constraints) in enumerate(rows):
        params = {"x": i / len(rows), "y": 0.5}
        row = TrialRow(number=i, state=state, params=params, values=values, constraints=constraints)
        history.put([row])
    return history


def test_a_kernel_sees_what_varies_and_an_inactive_category_as_one_more() -> None:
    encoder = InputEncoder(TREE)
    assert encoder.d == 2
    Z = encoder.encode(TREE.encode([{"c": "a", "z": 0.25, "k": 3}, {"c": "b", "k": 3}]))
    assert Z.N.tolist() == [[0.25], [0.5]]
    assert Z.C.tolist() == [[0], [1]]


def test_of_one_objective_pruned_trials_follow_and_failed_ones_lie_beyond() -> None:
    C, P, F = State.COMPLETE, State.PRUNED, State.FAILED
    history = observe(
        [
            (C, (1.0,), {}),
            (C, (3.0,), {}),
            (C, (math.inf,), {}),
            (P, None, {}),
            (P, None, {}),
            (F, None, {}),
        ]
    )
    history.put_report(3, 2.0, 0.0)
    history.put_report(4, 5.0, 9.0)
    number, loss = collect_losses(history)
    assert number.tolist() == [0, 1, 2, 3, 4, 5]
    assert loss.tolist() == [1.0, 3.0, 3.0, 3.5, 3.25, 4.0]


def test_failed_trials_without_a_constraint_are_bad_in_all_objectives() -> None:
    rows = [(State.COMPLETE, (i / 10, 1 - i / 10), {}) for i in range(10)]
    number, losses, improvable = collect_objectives(observe([*rows, (State.FAILED, None, {})], 2))
    assert number[-1] == 10
    assert (losses[-1] > losses[:-1].max(axis=0)).all()
    assert improvable.tolist() == [True] * 10 + [False]


def test_pruned_trials_count_with_their_last_report_unless_it_is_better_than_most() -> None:
    rows = [(State.COMPLETE, (i / 10, -i / 10), {}) for i in range(9)]
    history = observe([*rows, (State.PRUNED, None, {}), (State.PRUNED, None, {})], 2)
    for step, reported in enumerate([(0.99, 0.0), (0.7, -5.0)]):
        history.put_report(9, step + 1.0, reported)
    _, losses, improvable = collect_objectives(history)
    median = np.median(losses[:9], axis=0)
    np.testing.assert_allclose(losses[9], [0.7, median[1]])
    assert (losses[10] > losses[:9].max(axis=0)).all()
    assert not improvable[9:].any()


def test_a_constraint_that_is_always_the_same_and_satisfied_is_left_out() -> None:
    rows = [
        (State.COMPLETE, (0.0,), {"a": -1.0, "b": 1.0, "c": -math.inf}),
        (State.FAILED, None, {"a": -1.0, "b": 1.0, "c": 2.0}),
        (State.COMPLETE, (0.0,), {"b": 1.0}),
    ]
    observed = collect_constraints(observe(rows))
    assert set(observed) == {"b", "c"}
    assert observed["b"].number.tolist() == [0, 1, 2]
    assert observed["c"].value.tolist() == [-1.0, 2.0]


def test_zero_stays_where_it_is_whatever_the_units() -> None:
    value = np.array([-2.0, -1.0, 0.5, 3.0, 1e9])
    assert constraint_threshold(value) == pytest.approx(constraint_threshold(value * 1e6))
    assert constraint_threshold(np.full(3, 2.0)) == -1.0
    assert constraint_threshold(np.full(3, -2.0)) == 1.0


@pytest.mark.parametrize("transform", [transform_loss, transform_multi_objective_loss])
def test_outliers_do_not_squeeze_the_others(transform) -> None:
    y = np.append(np.linspace(0, 1, 50), [1e12, 1e6])
    got = transform(y)
    assert (np.diff(got[np.argsort(y)]) > 0).all()
    assert got[49] - got[0] > 2
    np.testing.assert_allclose(got.mean(), 0.0, atol=1e-12)


@pytest.mark.parametrize("failed_first", [True, False])
def test_failures_of_params_that_have_completed_say_nothing(failed_first: bool) -> None:
    points = [{"x": i / 10, "y": i % 3 / 2} for i in range(8)]
    failed = [testing.trial(p, None, State.FAILED, constraints={"a": 1.0}) for p in points[:4]]
    complete = [
        testing.trial(p, float(i), constraints={"a": -1.0}) for i, p in enumerate(points[1:])
    ]
    rows = [*failed, *complete] if failed_first else [*complete, *failed]
    history = testing.history(*rows)
    lost = rows.index(failed[0])  # the only params that never completed

    for number in (collect_losses(history).number, collect_constraints(history)["a"].number):
        assert number[history.state[number] == State.FAILED].tolist() == [lost]
        assert len(number) == 8


def test_disturbed_trials_say_nothing() -> None:
    rows = [testing.trial({"x": i / 10, "y": 0.5}, float(i)) for i in range(5)]
    away = testing.trial(
        {"x": 0.7, "y": 0.5}, None, State.FAILED, error="TrialDisturbedError: away"
    )
    fault = testing.trial({"x": 0.8, "y": 0.5}, None, State.FAILED, error="ValueError: singular")
    history = testing.history(*rows, away, fault)
    assert history.unblamed.tolist() == [False] * 5 + [True, False]
    assert collect_losses(history).number.tolist() == [0, 1, 2, 3, 4, 6]
