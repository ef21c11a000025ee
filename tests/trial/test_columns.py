"""Columns: values, checkpoints and masks of several trials, taken apart and put together."""

import numpy as np
import pytest

from luthier.errors import ObjectiveValueError, TrialError
from luthier.trial.columns import put_row, take_row, to_column, to_mask, to_rows


def test_values_are_taken_apart_by_rows_or_by_names():
    error = ObjectiveValueError
    assert to_rows(np.eye(2), 2, ("a", "b"), "returned", error) == [[1.0, 0.0], [0.0, 1.0]]
    named = {"b": [3, 4], "a": np.array([1, 2])}
    assert to_rows(named, 2, ("a", "b"), "returned", error) == [(1, 3), (2, 4)]
    with pytest.raises(error, match=r"returned 2 values; .* 3 trials, of shape \(3, 2\)"):
        to_rows(np.eye(2), 3, ("a", "b"), "returned", error)


def test_one_thing_is_given_to_each_row():
    assert to_column("a", 2, "host", TrialError) == ["a", "a"]
    assert to_column(np.array([1, 2]), 2, "host", TrialError) == [1, 2]
    with pytest.raises(TrialError, match="host has 1 values"):
        to_column([1], 2, "host", TrialError)


def test_a_mask_is_booleans():
    assert to_mask([True, np.False_], 2).tolist() == [True, False]
    with pytest.raises(TrialError, match="2 booleans"):
        to_mask("ab", 2)


def test_a_row_of_columns_is_put_where_it_was_taken_from():
    columns = {"net": {"w": np.arange(6.0).reshape(3, 2)}, "names": ["a", "b", "c"], "rate": 0.5}
    row = take_row(columns, 1, 3)
    assert row["names"] == "b"
    assert row["rate"] == 0.5
    assert row["net"]["w"].tolist() == [2.0, 3.0]

    empty = {"net": {"w": np.zeros((3, 2))}, "names": [None] * 3, "rate": 0.5}
    filled = put_row(empty, 2, row)
    assert filled["net"]["w"].tolist() == [[0.0, 0.0], [0.0, 0.0], [2.0, 3.0]]
    assert filled["names"] == [None, None, "b"]
    assert put_row((1, 2), 0, 5) == (5, 2)
