"""Checks of what users pass: what is returned, and the words of the errors."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from luthier.errors import CostError, ResultConstraintError, TrialError
from luthier.validation import (
    are_named,
    check_cost,
    check_real,
    check_result_constraint,
    check_whole,
    default_names,
    int_if_whole,
    is_name,
    to_json_types,
)


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3)])
def test_whole_numbers_become_int(value):
    assert check_whole("n", value) == 3
    assert type(check_whole("n", value)) is int


@pytest.mark.parametrize("value", [0, -1, 2.0, True, np.True_, "3", None, math.nan])
def test_anything_else_is_no_whole_number(value):
    with pytest.raises(ValueError) as raised:
        check_whole("n", value)
    assert str(raised.value) == f"n must be a whole number >= 1, got {value!r}"


@pytest.mark.parametrize("value", [3, 3.0, np.float32(3), np.int64(3)])
def test_real_numbers_become_float(value):
    assert check_real("x", value) == 3.0
    assert type(check_real("x", value)) is float


@pytest.mark.parametrize("value", [math.nan, math.inf, True, "3", None, 1j, 10**400])
def test_anything_else_is_no_real_number(value):
    with pytest.raises(ValueError) as raised:
        check_real("x", value)
    assert str(raised.value) == f"x must be a finite number, got {value!r:.100}"


@pytest.mark.parametrize(
    ("bounds", "good", "bad", "wanted"),
    [
        ({"least": 0}, 0, -1, "finite number >= 0"),
        ({"least": 0, "above": True}, 0.1, 0, "finite number > 0"),
        ({"least": 0, "most": 1}, 1, 1.5, "finite number >= 0 and <= 1"),
        ({"most": 1}, -5, 2, "finite number <= 1"),
    ],
)
def test_bounds_are_named(bounds, good, bad, wanted):
    assert check_real("x", good, **bounds) == good
    with pytest.raises(ValueError) as raised:
        check_real("x", bad, **bounds)
    assert str(raised.value) == f"x must be a {wanted}, got {bad!r}"


def test_costs_are_finite_and_not_negative():
    assert [check_cost(v, "trial 1") for v in (0, 2, np.float64(1), np.array(3))] == [0, 2, 1, 3]
    for v in (-1, math.inf, math.nan, True, "1", None, 10**400):
        with pytest.raises(CostError, match=r"a cost is a finite number >= 0, got .* in trial 1"):
            check_cost(v, "trial 1")


def test_constraints_may_be_anything_but_no_number():
    assert check_result_constraint("a", np.array(2), "trial 1") == 2.0
    assert check_result_constraint("a", 10**400, "trial 1") == math.inf
    assert check_result_constraint("a", -(10**400), "trial 1") == -math.inf
    assert math.isnan(check_result_constraint("a", math.nan, "trial 1"))
    for name, v in (("a", True), ("a", "1"), ("", 1), ("crash", 1), (3, 1), ("\udc80", 1)):
        with pytest.raises(ResultConstraintError, match="trial 1"):
            check_result_constraint(name, v, "trial 1")


def test_names():
    assert default_names(1) == ("value",)
    assert default_names(2) == ("value_0", "value_1")
    assert not are_named(["value_0", "value_1"])
    assert are_named(["accuracy"])
    assert [is_name(n) for n in ("a", "ü b", " ", "", "\udc80", 1)] == [True, True, *[False] * 4]


def test_what_can_be_stored_is_in_the_types_of_json():
    given = {
        1: (np.int64(1), {2}),
        "array": np.eye(2),
        "path": Path("a"),
        "endless": math.inf,
        "none": None,
    }
    stored = {
        "1": [1, [2]],
        "array": [[1, 0], [0, 1]],
        "path": "a",
        "endless": "inf",
        "none": None,
    }
    assert to_json_types(given) == stored
    with pytest.raises(TrialError, match="only text, numbers, lists and dicts of them"):
        to_json_types(object())


def test_whole_steps_are_ints():
    assert [type(int_if_whole(x)) for x in (1.0, 2, 1.5)] == [int, int, float]
