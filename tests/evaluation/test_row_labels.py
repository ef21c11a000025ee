import numpy as np
import pandas as pd
import pytest

from luthier.errors import SplitError
from luthier.evaluation import find_equal_rows
from luthier.evaluation.row_labels import number_labels


def test_labels_are_numbered_by_their_order():
    assert number_labels("y", ["b", "a", "b"], 3).tolist() == [1, 0, 1]
    assert number_labels("y", np.array([2.5, 1.0]), 2).tolist() == [1, 0]
    assert number_labels("y", pd.Series([True, False]), 2).tolist() == [1, 0]


def test_labels_of_several_types_are_numbered_by_their_first_rows():
    mixed = np.array(["a", 1, "a", 2], dtype=object)
    assert number_labels("y", mixed, 4).tolist() == [0, 1, 0, 2]


@pytest.mark.parametrize(
    "labels", [[1.0, np.nan], ["a", None], np.array(["a", pd.NA], dtype=object)]
)
def test_missing_labels_are_named(labels):
    with pytest.raises(
        SplitError, match="groups must be known for all rows, and is missing in row 1"
    ):
        number_labels("groups", labels, 2)


def test_labels_of_another_length_are_refused():
    with pytest.raises(SplitError, match=r"y must hold one label for each of the 3 rows.*\(2,\)"):
        number_labels("y", [1, 2], 3)


def test_labels_that_cannot_be_compared_are_refused():
    labels = np.empty(2, dtype=object)
    labels[:] = [[1], [2]]
    labels[1] = {"a": 1}
    with pytest.raises(SplitError, match="y must hold numbers or text"):
        number_labels("y", labels, 2)


def test_equal_rows_are_one_group():
    X = np.array([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]])
    groups = find_equal_rows(X)
    assert groups[0] == groups[2] != groups[1]
    table = pd.DataFrame({"a": ["x", "y", "x"], "b": [1, 1, 1]})
    groups = find_equal_rows(table)
    assert groups[0] == groups[2] != groups[1]


def test_missing_numbers_and_both_zeros_are_equal():
    other_nan = -np.nan * np.float64(0)  # the sign bit is set
    X = np.array([[np.nan, 0.0], [other_nan, -0.0], [np.nan, 1.0], [1.0, 0.0]])
    assert find_equal_rows(X)[0] == find_equal_rows(X)[1]
    assert len(set(find_equal_rows(X).tolist())) == 3
    assert find_equal_rows(np.empty((3, 0))).tolist() == [0, 0, 0]

    X = np.random.default_rng(0).integers(0, 3, size=(200, 3))
    for data in (X, X.astype(float), X.astype(str), X.astype(bool)):
        found = find_equal_rows(data)
        expected = np.unique(data, axis=0, return_inverse=True)[1].ravel()
        assert (np.equal.outer(found, found) == np.equal.outer(expected, expected)).all()
