"""How trials fill the ranges of parameters."""

import pytest
from tests.analysis.conftest import odd_histories

from luthier import Float, Int, Space, State
from luthier.analysis.filled_ranges import fill_ranges
from luthier.testing import history, trial


def test_cells_are_even_on_the_scale_and_the_best_fifth_is_counted_apart():
    space = Space({"lr": Float(1e-4, 1.0, log=True), "n": Int(1, 3), "kind": ["a", "b"]})
    rows = [
        trial({"lr": 10.0 ** -(i % 5), "n": 1 + i % 3, "kind": "ab"[i % 2]}, float(i))
        for i in range(10)
    ]
    found = fill_ranges(history(*rows, space=space))
    lr, n, kind = found
    assert lr.n[[0, 5, 10, 15, 19]].tolist() == [2, 2, 2, 2, 2]
    assert lr.n.sum() == 10
    assert n.n.tolist() == [4, 3, 3]
    assert kind.n.tolist() == [5, 5]
    assert kind.n_good.tolist() == [1, 1]
    assert lr.n_good[[15, 19]].tolist() == [1, 1]


def test_what_is_not_active_or_waits_has_no_place():
    space = Space({"kind": ["a", "b"], "x": Float(0, 1, when={"kind": "b"})})
    rows = [trial({"kind": "a"}, 1.0), trial({"kind": "b", "x": 0.5}, state=State.WAITING)]
    kind, x = fill_ranges(history(*rows, space=space))
    assert kind.n.tolist() == [1, 0]
    assert x.n.sum() == 0
    assert x.n_inactive == 1


@pytest.mark.parametrize("name", odd_histories())
def test_odd_studies_have_a_place_for_each_trial_that_began(name):
    table = odd_histories()[name]
    for found in fill_ranges(table):
        assert found.n.sum() + found.n_inactive <= table.n
        assert (found.n_good <= found.n).all()
