"""Which points can be had is learned from trials and from proposals in vain."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from luthier import Float, Int, Space
from luthier.space.reach import Reach

NAN = np.nan


def test_the_nearest_decides_and_doubt_is_for_the_point() -> None:
    reach = Reach(np.array([[0.2], [0.4]]), np.array([[0.8], [0.9]]))
    assert reach(np.array([[0.0], [0.3], [0.6], [0.75], [1.0]])).tolist() == [
        True,
        True,
        True,  # as near to a trial as to a proposal in vain
        False,
        False,
    ]
    assert reach(np.empty((0, 1))).tolist() == []


def test_what_is_inactive_is_far_from_what_is_active() -> None:
    reach = Reach(np.array([[0.0, NAN], [1.0, 0.1]]), np.array([[1.0, 0.9]]))
    assert reach(np.array([[0.0, NAN], [1.0, 0.2], [1.0, 0.8]])).tolist() == [True, True, False]


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_every_trial_can_be_had_again(n_had, n_in_vain, seed) -> None:
    rng = np.random.default_rng(seed)
    had, in_vain = rng.random((n_had, 3)), rng.random((n_in_vain, 3))
    reach = Reach(had, in_vain)
    assert reach(had).all()
    assert not reach(in_vain).any()


def test_draws_and_feasibility_heed_it_and_lists_do_not() -> None:
    space = Space({"x": Float(0, 1), "n": Int(0, 9)})
    reach = Reach(space.encode([{"x": 0.1, "n": 5}]), space.encode([{"x": 0.9, "n": 5}]))
    within = space.within(reach)
    X = within.sample(np.random.default_rng(0), 200)
    assert within.feasible(X).all()
    assert X[:, 0].max() < 0.8
    assert space.reach is None
    assert space.sample(np.random.default_rng(0), 200)[:, 0].max() > 0.9

    steps = Space({"n": Int(0, 9)})
    within = steps.within(Reach(steps.encode([{"n": 0}]), steps.encode([{"n": 9}])))
    np.testing.assert_array_equal(within.grid(), steps.grid())
