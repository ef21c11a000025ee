"""Columns that grow, and their read-only views."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.history.columns import Columns, grow


def test_a_column_is_filled_up_by_its_type():
    assert np.isnan(grow(np.zeros((1, 2)), 3)[1:]).all()
    assert grow(np.zeros(1, dtype=np.int64), 3).tolist() == [0, 0, 0]
    assert grow(np.zeros(1, dtype=bool), 3).tolist() == [False, True, True]


def test_columns_grow_together_and_keep_their_values():
    columns = Columns({"a": np.arange(4.0), "b": np.arange(8).reshape(4, 2)})
    columns.make_room(3)
    assert columns.size == 4
    columns.make_room(5)
    assert columns.size == 8
    columns.make_room(100)
    assert columns.size == 100
    assert columns["a"][:4].tolist() == [0, 1, 2, 3]
    assert columns["b"][:4].tolist() == [[0, 1], [2, 3], [4, 5], [6, 7]]


def test_a_view_shows_what_is_written_and_cannot_be_written_to():
    columns = Columns({"a": np.zeros(4)})
    view = columns.view("a", 2)
    columns["a"][1] = 5
    assert view.tolist() == [0, 5]
    with pytest.raises(ValueError, match="read-only"):
        view[0] = 1


def test_a_view_is_made_again_when_something_has_grown():
    columns = Columns({"a": np.zeros(4)})
    view = columns.view("a", 2)
    assert columns.view("a", 2) is view
    assert len(columns.view("a", 3)) == 3

    columns.make_room(5)
    columns["a"][0] = 7
    assert columns.view("a", 3)[0] == 7


def test_a_copy_has_columns_of_its_own():
    columns = Columns({"a": np.zeros(4)})
    copy = columns.copy()
    copy["a"][0] = 1
    assert columns.view("a", 1)[0] == 0
    assert copy.view("a", 1)[0] == 1
