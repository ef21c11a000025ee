"""Values against one parameter at a time."""

from __future__ import annotations

from luthier import Categorical, Float, Space
from luthier.analysis import slices
from luthier.testing import history, trial

SPACE = Space(
    {"kind": ["tree", "net"], "lr": Float(1e-4, 1, log=True, when={"kind": "net"})},
)


def test_each_parameter_has_the_trials_in_which_it_is_active():
    h = history(
        trial({"kind": "tree"}, 3.0),
        trial({"kind": "net", "lr": 0.01}, 1.0),
        trial({"kind": "net", "lr": 0.1}, 2.0, constraints={"memory": 5.0}),
        space=SPACE,
    )
    kind, lr = slices(h)
    assert kind.points.x.tolist() == [0, 1, 1]
    assert kind.n_inactive == 0
    assert lr.points.number.tolist() == [1, 2]
    assert [round(x, 9) for x in lr.points.x.tolist()] == [0.01, 0.1]
    assert lr.points.value.tolist() == [1, 2]
    assert lr.points.feasible.tolist() == [True, False]
    assert (lr.n_inactive, lr.axis.scale) == (1, "log")


def test_some_parameters_in_the_order_that_is_asked_for():
    space = Space({"a": Float(0, 1), "b": Categorical((1, 2)), "c": Float(0, 1)})
    h = history(trial({"a": 0.1, "b": 2, "c": 0.3}, 1.0), space=space)
    assert [s.axis.name for s in slices(h, ["c", "a"])] == ["c", "a"]
