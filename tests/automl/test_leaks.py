"""Signs that a score would be too good."""

from __future__ import annotations

import numpy as np
import pandas as pd

from luthier.automl.columns import find_columns
from luthier.automl.leaks import find_order, find_target_copies, group_copies

RNG = np.random.default_rng(0)


def columns(frame):
    return find_columns(frame, list(frame.columns))


def test_the_target_in_other_words_is_found():
    y = RNG.integers(0, 3, 60)
    frame = pd.DataFrame({"x": RNG.integers(0, 3, 60), "copy": np.array(["a", "b", "c"])[y]})
    (remark,) = find_target_copies(frame, y, columns(frame), is_class=True)
    assert remark.startswith("column 'copy' is the target in other words")


def test_a_target_in_other_units_is_found():
    y = RNG.normal(size=60)
    frame = pd.DataFrame({"near": y + 0.1 * RNG.normal(size=60), "fahrenheit": 32 + 1.8 * y})
    (remark,) = find_target_copies(frame, y, columns(frame), is_class=False)
    assert "'fahrenheit'" in remark


def test_a_few_copies_are_kept_together_and_many_are_not():
    X = RNG.normal(size=(100, 3))
    assert group_copies(X) == (None, [])
    X[5] = X[50]
    groups, (remark,) = group_copies(X)
    assert groups[5] == groups[50]
    assert len(np.unique(groups)) == 99
    assert remark.startswith("1 row of 100 is a copy of others")
    groups, (remark,) = group_copies(np.round(X[:, :1]))
    assert groups is None
    assert "such data repeats itself" in remark


def test_rows_in_order_of_a_date_are_pointed_out():
    frame = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=40), "x": RNG.normal(size=40)})
    (remark,) = find_order(frame, columns(frame))
    assert "pass time=X['day'] to fit" in remark
    shuffled = frame.sample(frac=1, random_state=0)
    assert find_order(shuffled, columns(shuffled)) == []
