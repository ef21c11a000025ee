"""Finished trials: which ones an analysis counts, and what is said of the others."""

from __future__ import annotations

import math

import numpy as np
import pytest

import luthier
from luthier import Float, State, TrialRow
from luthier.analysis.finished_trials import collect_finished, thin_out


def row(state=State.COMPLETE, value=1.0, x=0.5, **more) -> TrialRow:
    values = None if value is None else (value,)
    return TrialRow(number=-1, state=state, params={"x": x}, values=values, **more)


def study(*rows, direction="minimize") -> luthier.Study:
    made = luthier.create_study(space={"x": Float(0, 1)}, direction=direction, seed=0)
    made.add_trials(rows)
    return made


def test_complete_trials_count_with_their_losses_and_columns() -> None:
    history = study(row(value=2.0, x=0.25), row(value=math.inf), direction="maximize").history
    finished = collect_finished(history)
    assert finished.number.tolist() == [0, 1]
    assert finished.X.tolist() == [[0.25], [0.5]]
    assert finished.losses.tolist() == [[-2.0], [-math.inf]]
    assert (finished.n, finished.left_out, finished.describe_left_out()) == (2, {}, "")


@pytest.mark.parametrize(
    ("reason", "other"),
    [
        ("pruned", row(State.PRUNED)),
        ("paused", row(State.PAUSED, None)),
        ("failed", row(State.FAILED, None)),
        ("infeasible", row(constraints={"memory": 1.0})),
        ("outside the space", row(x=7.0)),
    ],
)
def test_others_are_left_out_and_counted_by_reason(reason, other) -> None:
    finished = collect_finished(study(row(), other, other).history)
    assert finished.number.tolist() == [0]
    assert finished.left_out == {reason: 2}
    assert finished.describe_left_out() == f"2 {reason}"


def test_each_trial_is_left_out_once() -> None:
    both = row(State.PRUNED, x=7.0)
    assert collect_finished(study(row(), both).history).left_out == {"pruned": 1}


def test_trials_without_a_turn_are_neither_counted_nor_left_out() -> None:
    finished = collect_finished(study(row(State.WAITING, None)).history)
    assert (finished.n, finished.left_out) == (0, {})


def test_a_study_without_trials_has_none() -> None:
    finished = collect_finished(study().history)
    assert (finished.n, finished.X.shape, finished.losses.shape) == (0, (0, 1), (0, 1))


def test_several_objectives_have_a_column_each() -> None:
    made = luthier.create_study(
        space={"x": Float(0, 1)}, objectives={"a": "minimize", "b": "maximize"}
    )
    made.add_trials([TrialRow(number=-1, state=State.COMPLETE, params={"x": 0}, values=(1, 2))])
    assert np.array_equal(collect_finished(made.history).losses, [[1.0, -2.0]])


def test_a_history_is_thinned_out_evenly():
    whole = study(*(row(x=i / 100, value=float(i)) for i in range(100))).history
    assert thin_out(whole, 100) is whole
    assert collect_finished(thin_out(whole, 5)).number.tolist() == [0, 25, 50, 74, 99]
