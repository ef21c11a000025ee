"""Trials whose results can be compared: those at one step, where some were trained in part."""

import numpy as np

from luthier import Float, Space, State, testing
from luthier.transfer.comparable import collect_comparable

SPACE = Space({"x": Float(0, 1)})


def table(*rows):
    trials = []
    for i, (state, reports) in enumerate(rows):
        value = list(reports.values())[-1] if state == State.COMPLETE else None
        trials.append(testing.trial({"x": i / 10}, value, state, reports))
    return testing.history(*trials, space=SPACE)


def test_losses_are_those_at_the_highest_step_that_four_have_reached():
    low = [(State.PAUSED, {1: 9.0 - i}) for i in range(3)]
    high = [(State.PAUSED, {1: 4.0, 3: 3.0 + i}) for i in range(3)]
    number, losses = collect_comparable(table(*low, *high))
    assert number.tolist() == [0, 1, 2, 3, 4, 5]
    assert losses[:, 0].tolist() == [9.0, 8.0, 7.0, 4.0, 4.0, 4.0]
    whole = (State.COMPLETE, {1: 4.0, 3: 2.0, 9: 1.0})
    number, losses = collect_comparable(table(*low, whole, *high))
    assert number.tolist() == [3, 4, 5, 6]
    assert losses[:, 0].tolist() == [2.0, 3.0, 4.0, 5.0]


def test_before_four_have_reached_a_step_there_are_none():
    assert not len(collect_comparable(table(*[(State.PAUSED, {1: 1.0})] * 3))[0])


def test_a_loss_that_is_not_finite_is_the_worst():
    rows = [(State.PAUSED, {1: y}) for y in (1.0, np.nan, 3.0, 2.0)]
    assert collect_comparable(table(*rows))[1][:, 0].tolist() == [1.0, 6.0, 3.0, 2.0]


def test_trials_that_all_ended_count_with_their_values():
    rows = [(State.COMPLETE, {1: 5.0, 3: float(i)}) for i in range(3)]
    assert collect_comparable(table(*rows))[1][:, 0].tolist() == [0.0, 1.0, 2.0]
