"""The best value in each tenth of a range."""

from __future__ import annotations

import numpy as np

from luthier import Float, Int, Space
from luthier.analysis import isolation
from luthier.testing import history, trial


def test_each_tenth_has_its_best():
    x = [0.0, 0.05, 0.15, 0.55, 0.57, 1.0]
    y = [5.0, 4.0, 3.0, 1.0, 2.0, 6.0]
    [found] = isolation(history(*[trial({"x": a}, b) for a, b in zip(x, y, strict=True)]))
    np.testing.assert_allclose(found.edges, np.linspace(0, 1, 11))
    nan = np.nan
    np.testing.assert_array_equal(found.value, [4, 3, nan, nan, nan, 1, nan, nan, nan, 6])
    assert found.number.tolist() == [1, 2, -1, -1, -1, 3, -1, -1, -1, 5]
    assert found.counts.tolist() == [2, 1, 0, 0, 0, 2, 0, 0, 0, 1]


def test_tenths_are_equal_on_the_scale_and_choices_stand_alone():
    space = Space({"lr": Float(1e-5, 1, log=True), "n": Int(1, 3), "kind": ["a", "b"]})
    h = history(
        trial({"lr": 1e-4, "n": 1, "kind": "b"}, 2.0),
        trial({"lr": 0.5, "n": 3, "kind": "b"}, 1.0),
        space=space,
        directions=["maximize"],
    )
    lr, n, kind = isolation(h)
    np.testing.assert_allclose(lr.edges[[0, 2, 10]], [1e-5, 1e-4, 1])
    assert n.counts.tolist() == [1, 0, 1]
    assert kind.number.tolist() == [-1, 0]
    assert kind.value[1] == 2.0


def test_infeasible_trials_show_nothing():
    [found] = isolation(history(trial({"x": 0.5}, 1.0, constraints={"c": 1.0})))
    assert np.isnan(found.value).all()
