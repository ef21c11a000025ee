"""Rows of an earlier task in another space: by name, by value, and what is left out."""

import numpy as np
import pytest
from tests.transfer.cases import NAMES, SPACE, make

from luthier import Categorical, Float, Int, Space
from luthier.transfer import task_of_rows
from luthier.transfer.matching import find_objective, match


def rows(*params, n=8):
    """A task whose rows repeat these params, with losses that differ."""
    return task_of_rows([(p, float(i)) for i in range(n) for p in params])


def test_the_same_space_matches_row_by_row():
    task = make()
    found = match(task, SPACE, NAMES)
    np.testing.assert_array_equal(found.X, task.X)
    assert (found.compatibility, found.refused, found.remarks) == (1.0, "", ())
    assert found.inside.all()


def test_numbers_are_mapped_by_value_when_ranges_and_scales_change():
    task = rows({"lr": 1e-3, "x": 0.2}, {"lr": 1e-1, "x": 0.8})
    space = Space({"x": Float(0, 0.5), "lr": Float(1e-4, 1.0, scale="log")})
    found = match(task, space, NAMES)
    assert found.X[:2, 0] == pytest.approx([0.4, 1.6])
    assert found.X[:2, 1] == pytest.approx([0.25, 0.75])
    assert found.inside[:2].tolist() == [True, False]


def test_a_number_becomes_a_choice_and_a_choice_a_number_where_the_value_is_there():
    space = Space({"k": Categorical((1, 2, 4)), "m": Int(1, 9)})
    task = rows({"k": 2, "m": 4}, {"k": 4, "m": 9}, {"k": 3, "m": 4})
    found = match(task, space, NAMES)
    assert len(found.X) == 16
    assert set(found.X[:, 0]) == {1.0, 2.0}
    assert "8 rows with other values of 'k'" in found.remarks


def test_rows_of_a_choice_that_is_gone_are_left_out():
    task = rows({"kind": "a"}, {"kind": "b"}, {"kind": "c"})
    space = Space({"kind": Categorical(("c", "a", "new"))})
    found = match(task, space, NAMES)
    assert sorted(set(found.X[:, 0])) == [0.0, 1.0]
    assert len(found.rows) == 16


def test_a_parameter_that_is_new_is_unknown_and_lowers_compatibility():
    space = Space({**SPACE.params, "depth": Int(1, 9)})
    found = match(make(), space, NAMES)
    assert found.known.tolist() == [True, True, True, False]
    assert np.isnan(found.X[:, 3]).all()
    assert found.compatibility == pytest.approx(0.75)
    assert "it does not know 'depth'" in found.remarks


def test_a_parameter_that_is_gone_stands_at_its_best_rows():
    space = Space({"x": Float(0, 1)})
    task = make(n=200)
    found = match(task, space, NAMES)
    assert found.compatibility == 1.0
    assert found.others.N.shape == (200, 1)
    assert found.at.N[0, 0] == pytest.approx(0.6, abs=0.15)
    assert found.at.C[0, 0] == 0.0  # the better kind
    assert "it varied 'lr', 'kind' as well" in found.remarks


def test_a_parameter_that_is_fixed_now_stands_at_its_value():
    space = Space({**SPACE.params, "lr": Float(1e-4, 1e-4), "kind": Categorical(("b",))})
    found = match(make(n=60), space, NAMES)
    assert found.at.N[0, 0] == pytest.approx(0.2)
    assert found.at.C[0, 0] == 1.0


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (make(n=7), "7 rows that fit, and 8 are needed"),
        (make(n=0), "0 rows that fit"),
        (make(losses=np.full((25, 1), 2.0)), "all of its losses are the same"),
        (rows({"other": 1.0}, {"other": 2.0}), "none of the parameters"),
        (make(objectives=("latency_ms",)), "of another kind"),
        (
            make(objectives=("a", "b"), directions=("minimize",) * 2, losses=np.zeros((25, 2))),
            "no objective 'value'",
        ),
    ],
    ids=["few", "empty", "constant", "other-names", "cost", "objectives"],
)
def test_a_task_that_is_of_no_use_says_why(task, message):
    assert message in match(task, SPACE, NAMES).refused


def test_objectives_are_matched_by_name_and_a_single_one_by_kind():
    several = make(
        objectives=("acc", "ms"), directions=("maximize", "minimize"), losses=np.zeros((25, 2))
    )
    assert find_objective(several, ("ms", "acc"), 0) == (1, "")
    assert find_objective(several, ("ms", "acc"), 1) == (0, "")
    assert find_objective(make(objectives=("accuracy",)), ("log_loss",), 0) == (0, "")
    assert find_objective(make(objectives=("accuracy",)), ("train_time",), 0)[0] is None


def test_a_log_scale_does_not_reach_what_lies_below_it():
    task = rows({"x": 0.0}, {"x": 1.0}, {"x": -2.0})
    found = match(task, Space({"x": Float(1e-3, 10.0, scale="log")}), NAMES)
    assert len(found.rows) == 8
