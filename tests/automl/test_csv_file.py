"""CSV files of any encoding and size."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from luthier.automl.csv_file import read_csv, take_order
from luthier.errors import EstimatorError


def write(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "train.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_the_target_is_taken_out_and_rows_without_it_are_left_out(tmp_path):
    X, y, remarks, options = read_csv(write(tmp_path, "a;b;y\n1;x;0\n2;z;\n3;x;1\n"), "y")
    assert list(X.columns) == ["a", "b"]
    assert y.tolist() == [0, 1]
    assert options == {"sep": ";"}
    assert remarks == ["1 rows are left out: their target 'y' is missing"]


def test_text_that_is_not_utf_8_is_read_and_said(tmp_path):
    X, _, remarks, options = read_csv(write(tmp_path, "straße,y\nKöln,1\nBonn,2\n", "cp1252"), "y")
    assert X["straße"].tolist() == ["Köln", "Bonn"]
    assert options == {"encoding": "cp1252"}
    assert remarks == ["train.csv is not in UTF-8; it was read as Windows-1252 (cp1252)"]


def test_a_large_file_is_streamed_to_a_sample(tmp_path):
    rows = "\n".join(f"{i},{i % 2}" for i in range(20_000))
    path = write(tmp_path, f"a,y\n{rows}\n")
    X, y, (remark,), _ = read_csv(path, "y", most_bytes=path.stat().st_size // 10)
    assert 1_700 < len(X) < 2_300
    assert len(y) == len(X)
    assert (np.diff(X["a"]) > 0).all()
    assert f"a random sample of {len(X):,} rows is used, about 1 in 10" in remark


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("price,size\n1,2\n", "no column 'prize'; did you mean 'price'"),
        ("prize,a,a\n1,2,3\n", "two columns are called 'a'"),
        ("", "the file is empty"),
        ("prize,a\n1,2\n1,2,3,4\n", "is no table"),
    ],
    ids=["wrong target", "duplicate names", "empty", "ragged"],
)
def test_files_that_cannot_be_used_are_refused(tmp_path, text, words):
    with pytest.raises(EstimatorError, match=words):
        read_csv(write(tmp_path, text), "prize")


def test_groups_are_taken_out_and_times_are_read():
    table = pd.DataFrame(
        {"who": ["a", "b"], "day": ["2026-01-31", "2026-02-01 12:00"], "x": [1, 2]}
    )
    left, groups, times = take_order(table, "who", "day")
    assert list(left.columns) == ["day", "x"]
    assert groups.tolist() == ["a", "b"]
    assert times[1] - times[0] == np.timedelta64(36, "h")
    assert take_order(table, None, "x")[2].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("hwo", None), "no column 'hwo'; did you mean 'who'?"),
        ((None, "who"), "column 'who' holds 'a'; expected times as numbers, or as dates like"),
    ],
    ids=["name", "time"],
)
def test_groups_and_times_that_are_none_are_refused(names, words):
    with pytest.raises(EstimatorError, match=re.escape(words)):
        take_order(pd.DataFrame({"who": ["a", "b"]}), *names)
