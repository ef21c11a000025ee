"""Histories that are written down by hand, or made at random."""

from __future__ import annotations

import numpy as np
import pytest

from luthier import Float, Space, State
from luthier.testing import history, random_history, trial
from luthier.testing.histories import rebuild


def test_a_history_is_written_down_trial_by_trial():
    h = history(
        trial({"x": 0.25}, 3.0, reports=[5, 4]),
        trial({"x": 0.5}, state=State.FAILED),
        trial({"x": 0.75}, reports={9: 1.0}, constraints={"memory": -1.0}),
        seed=7,
        budget=20,
    )
    assert h.state.tolist() == [State.COMPLETE, State.FAILED, State.RUNNING]
    assert h.X[:, 0].tolist() == [0.25, 0.5, 0.75]
    assert h.losses[0, 0] == 3.0
    assert h.last_step.tolist()[::2] == [2.0, 9.0]
    assert [a.tolist() for a in h.reports_of(0)] == [[1, 2], [5, 4]]
    assert h.constraint_names == ("memory",)
    assert (h.seed, h.budget, h.crash, h.directions) == (7, 20, False, ("minimize",))


def test_several_objectives_and_a_space_of_ones_own():
    space = Space({"a": Float(1, 2)})
    h = history(
        trial({"a": 1.5}, [1, 2]),
        space=space,
        directions=["minimize", "maximize"],
        objectives=["loss", "accuracy"],
        crash=True,
    )
    assert h.losses.tolist() == [[1, -2]]
    assert h.objectives == ("loss", "accuracy")
    assert h.constraint_names == ("crash",)


@pytest.mark.parametrize("m", [1, 3])
def test_a_random_history_has_trials_of_every_kind(m):
    h = random_history(Space({"x": Float(0, 1)}), 40, m)
    assert {State(s) for s in h.state.tolist()} == {
        State.RUNNING,
        State.COMPLETE,
        State.PRUNED,
        State.FAILED,
    }
    assert h.losses.shape == (40, m)
    assert h.n_reports == (h.state == State.PRUNED).sum()
    again = random_history(Space({"x": Float(0, 1)}), 40, m)
    assert np.array_equal(h.X, again.X)
    assert np.array_equal(h.losses, again.losses, equal_nan=True)


def test_a_history_that_is_built_again_is_the_same():
    h = random_history(Space({"x": Float(0, 1)}), 40, 2, seed=3)
    again = rebuild(h)
    for name in ("state", "X", "values", "last_step", "fits", "report_losses", "report_number"):
        assert np.array_equal(getattr(h, name), getattr(again, name), equal_nan=True), name
    assert repr(again) == repr(h)
