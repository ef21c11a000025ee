"""A table as numbers."""

import numpy as np

from luthier.transfer.data_columns import read_columns


def test_categories_become_indices_and_missing_values_nan():
    found = read_columns([["b", 1], ["a", None], [None, 3]], ["no", "yes", "no"])
    assert found.is_category.tolist() == [True, False]
    np.testing.assert_array_equal(found.X, [[1, 1], [0, np.nan], [np.nan, 3]])
    assert found.y.tolist() == [0, 1, 0]
    assert (found.classes, found.n_all) == (2, 3)


def test_of_a_large_table_rows_are_spread_evenly():
    X = np.arange(50_000.0)[:, None]
    found = read_columns(X, np.arange(50_000) % 2)
    assert (len(found.X), found.n_all) == (5_000, 50_000)
    assert found.X[0, 0] == 0
    assert found.X[-1, 0] == 49_999
    assert set(np.diff(found.X[:, 0])) <= {9, 10, 11}
    assert (found.y == found.X[:, 0] % 2).all()
