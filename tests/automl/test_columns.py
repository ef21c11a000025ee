"""What columns hold is found by their values."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest

from luthier.automl.columns import describe_columns, find_columns, find_infinite
from luthier.errors import EstimatorError

N = 60


def kinds(frame):
    return {c.name: c.kind for c in find_columns(frame, list(frame.columns))}


def test_each_kind_is_told_by_its_values():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "size": rng.normal(size=N),
            "flag": rng.random(N) < 0.5,
            "typed": [str(i % 7) for i in range(N)],
            "colour": pd.Categorical(["red", "green", None] * (N // 3)),
            "town": [f"town {i % 40}" for i in range(N)],
            "day": pd.date_range("2024-01-01", periods=N),
            "written": [f"2024-01-{i % 28 + 1:02d} 10:00" for i in range(N)],
            "born": [datetime.date(2000, 1, i % 28 + 1) for i in range(N)],
            "words": [f"this is sentence number {i} of many" for i in range(N)],
            "row": [f"id{i}" for i in range(N)],
            "same": "x",
            "none": np.nan,
        }
    )
    assert kinds(frame) == {
        "size": "number",
        "flag": "number",
        "typed": "number",
        "colour": "category",
        "town": "many",
        "day": "date",
        "written": "date",
        "born": "date",
        "words": "text",
        "row": "dropped",
        "same": "dropped",
        "none": "dropped",
    }
    (remark,) = describe_columns(find_columns(frame, list(frame.columns)))
    assert remark == (
        "3 columns are left out: 'row' (every row has a value of its own, as a name or a number of "
        "a row has), 'same' (all values are the same), 'none' (all values are missing)"
    )


def test_values_of_several_types_are_a_category():
    frame = pd.DataFrame({"mixed": [1, "two", None, 2.5] * 10, "x": range(40)})
    assert kinds(frame) == {"mixed": "category", "x": "number"}


def test_missing_values_are_counted_whatever_they_are():
    frame = pd.DataFrame({"a": ["x", None, "", "y", np.nan, pd.NA, "z", "x"]})
    (column,) = find_columns(frame, ["a"])
    assert column.missing == 0.5
    assert column.n_levels == 3


def test_a_column_of_lists_is_refused_by_its_name():
    frame = pd.DataFrame({"a": [1.0, 2.0], "parts": [[1, 2], [3]]})
    with pytest.raises(EstimatorError, match=r"column 'parts' holds a list, \[1, 2\]; expected"):
        find_columns(frame, ["a", "parts"])


def test_a_table_without_any_difference_is_refused():
    with pytest.raises(EstimatorError, match="no column of X tells rows apart"):
        find_columns(np.ones((5, 2)), ["x0", "x1"])


def test_many_categories_are_said():
    frame = pd.DataFrame({"code": [f"c{i % 2000}" for i in range(10_000)]})
    (remark,) = describe_columns(find_columns(frame, ["code"]))
    assert "'code' has 2,000 categories or more" in remark


def test_infinite_values_are_said():
    frame = pd.DataFrame({"a": [np.inf, 1.0, 2.0, -np.inf], "b": [1.0, np.nan, 2.0, 3.0]})
    columns = find_columns(frame, ["a", "b"])
    assert find_infinite(frame, columns) == ["infinite values count as missing: 2 in 'a'"]
    assert find_infinite(frame[["b"]], find_columns(frame[["b"]], ["b"])) == []
