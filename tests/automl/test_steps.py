"""Functions from raw columns to plain ones."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest

from luthier.automl.steps import to_date_parts, to_numbers, to_texts, to_words


def test_what_is_no_number_is_missing():
    block = [[1, "2.5", None], [True, "no", np.inf]]
    expected = [[1, 2.5, np.nan], [1, np.nan, np.nan]]
    np.testing.assert_array_equal(to_numbers(np.array(block, dtype=object)), expected)
    frame = pd.DataFrame({"a": pd.array([1, None], dtype="Int64")})
    np.testing.assert_array_equal(to_numbers(frame), [[1], [np.nan]])


def test_words_are_the_same_for_the_same_value():
    block = np.array([[1.0], [1], ["x"], [None], [np.nan], [pd.NA]], dtype=object)
    assert to_words(block)[:, 0].tolist() == ["1", "1", "x", *["(missing)"] * 3]


@pytest.mark.parametrize(
    "value",
    [
        "2024-02-29T12:00",
        datetime.datetime(2024, 2, 29, 12),
        np.datetime64("2024-02-29T12:00"),
        pd.Timestamp("2024-02-29 12:00"),
    ],
    ids=["text", "datetime", "datetime64", "Timestamp"],
)
def test_dates_become_their_parts(value):
    moment = datetime.datetime(2024, 2, 29, 12)
    days = (moment - datetime.datetime(1970, 1, 1)).total_seconds() / 86_400
    parts = to_date_parts(np.array([[value], ["never"]], dtype=object))
    assert parts[0].tolist() == [days, 2024, 2, 29, moment.weekday(), 12]
    assert np.isnan(parts[1]).all()


def test_texts_are_empty_where_they_are_missing():
    assert to_texts(pd.DataFrame({"t": ["a b", None, 3]})).tolist() == ["a b", "", ""]
