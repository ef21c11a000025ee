"""What was proposed and not used is a point that was tried, under any space."""

from __future__ import annotations

from luthier import Float, Int, Space
from luthier.history.unused_proposals import UnusedProposals
from luthier.trial.record import State, TrialRow


def row(number, params, proposal):
    return TrialRow(number=number, state=State.COMPLETE, params=params, proposal=proposal)


def test_a_proposal_that_was_not_used_is_seen() -> None:
    space = Space({"k": ["a", "b"], "x": Int(1, 9)})
    unused = UnusedProposals(space)
    unused.put(row(0, {"k": "a", "x": 1}, {}))
    unused.put(row(3, {"k": "a", "x": 2}, {"k": "a", "x": 4}))

    assert len(unused) == 1
    assert unused.proposal(3) == {"k": "a", "x": 4}
    assert unused.proposal(0) == {}
    points = space.encode([{"k": "a", "x": 4}, {"k": "a", "x": 2}, {"k": "b", "x": 4}])
    assert unused.seen(points).tolist() == [True, False, False]


def test_it_follows_the_space_and_the_trial() -> None:
    unused = UnusedProposals(Space({"x": Int(1, 9)}))
    unused.put(row(0, {"x": 2}, {"x": 8}))
    narrow = Space({"x": Int(1, 5)})
    unused.set_space(narrow)
    assert not unused.seen(narrow.grid()).any()  # the point is none of this space

    unused.put(row(0, {"x": 2}, {"x": 4}))  # of a later turn of the same trial
    assert unused.seen(narrow.grid()).tolist() == [False, False, False, True, False]
    assert len(unused) == 1


def test_a_parameter_that_was_unknown_then_is_absent() -> None:
    unused = UnusedProposals(Space({"x": Int(1, 2)}))
    unused.put(row(0, {"y": 0.5}, {"x": 1}))
    wider = Space({"x": Int(1, 2), "y": Float(0, 1)})
    unused.set_space(wider)
    assert unused.seen(wider.encode([{"x": 1, "y": 0.5}])).tolist() == [False]


def test_which_points_could_not_be_had() -> None:
    space = Space({"x": Int(1, 9), "y": Float(0, 1)})
    unused = UnusedProposals(space)
    unused.put(row(4, {"x": 2, "y": 0.5}, {"x": 8, "y": 0.5}))
    unused.put(row(2, {"x": 2}, {"x": 2, "y": 0.5}))  # it did not ask for y
    unused.put(row(1, {"x": 3, "y": 0.5}, {"x": 9, "y": 0.5}))
    numbers, in_vain = unused.moved()
    assert numbers.tolist() == [1, 4]
    assert [p["x"] for p in space.decode(in_vain)] == [9, 8]
    assert unused.n_moved == 2
