"""Tables of any kind become arrays or data frames, or are refused with words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from luthier.automl.tables import match_columns, read_table, read_targets
from luthier.errors import EstimatorError


def test_lists_of_rows_become_arrays():
    table, names = read_table([[1, 2], [3, 4]])
    assert table.dtype == np.float64
    assert names == ["x0", "x1"]
    table, _ = read_table([[1, "a"], [None, "b"]])
    assert table.tolist() == [[1, "a"], [None, "b"]]


@pytest.mark.parametrize(
    ("X", "words"),
    [
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "two columns are called 'a'"),
        ([[1, 2], [3]], "expected rows of one length"),
        (scipy.sparse.csr_matrix([[1.0]]), "sparse"),
        (np.ones(3), "Reshape your data"),
        (pd.Series([1.0]), "got one column"),
    ],
    ids=["duplicate names", "ragged", "sparse", "one dimension", "series"],
)
def test_what_is_no_table_is_refused(X, words):
    with pytest.raises(EstimatorError, match=words):
        read_table(X)


def test_columns_are_matched_by_name():
    frame = pd.DataFrame({"b": [1], "a": [2]})
    assert list(match_columns(frame, ["b", "a"], ["a", "b"]).columns) == ["a", "b"]
    with pytest.raises(EstimatorError, match=r"no column 'price', .*is it 'prices' there"):
        match_columns(pd.DataFrame({"prices": [1]}), ["prices"], ["price"])


@pytest.mark.parametrize(
    ("y", "task", "words"),
    [
        (["a"] * 4, "classify", "one class only, 'a', in all 4 rows"),
        ([1.0, np.nan, 2.0, 3.0], "regress", "is nan in row 1, and in 1 of 4"),
        ([1.0, np.inf, 2.0, 3.0], "regress", "row 1"),
        (["a", None, "b", "a"], "classify", "row 1"),
        (["a", "b", "c", "d"], "regress", "use AutoClassifier"),
        ([1, 2], "regress", r"each of the 4 rows, got shape \(2,\)"),
    ],
    ids=["one class", "missing", "infinite", "nothing", "text", "short"],
)
def test_targets_that_cannot_be_learned_are_refused(y, task, words):
    with pytest.raises(EstimatorError, match=words):
        read_targets(y, 4, task)
