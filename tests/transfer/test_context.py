"""Numbers that describe a table: five for everybody."""

import datetime
import math

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from luthier.errors import TaskError
from luthier.history.task import CONTEXT
from luthier.transfer import describe
from luthier.transfer.context import check_context
from luthier.transfer.meta_features import META_FEATURES


def test_five_numbers_of_a_frame():
    X = pd.DataFrame({"a": [1.0, np.nan, 3.0, 4.0], "b": ["u", "v", None, "u"]})
    found = describe(X, ["no", "yes", "no", "yes"])
    assert tuple(found) == CONTEXT
    assert found["log_rows"] == math.log(4)
    assert found["log_columns"] == math.log(2)
    assert (found["classes"], found["share_categorical"]) == (2, 0.5)
    assert found["share_missing"] == 0.25


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        ([0, 1, 2, 0, 1, 2], 3),
        ([True, False] * 3, 2),
        (list("abcabc"), 3),
        ([0.5, 1.5, 2.5, 0.5, 1.5, 2.5], 0),
        ([1, 2, 3, 4, 5, 6], 0),
        ([[0], [1]] * 3, 2),
    ],
)
def test_targets_are_classes_or_numbers(y, classes):
    assert describe(np.arange(6.0), y)["classes"] == classes


def test_lists_and_mixed_columns_are_read():
    rows = [[1, "a", True], [2, "b", False], [None, "a", True]]
    found = describe(rows, [0.1, 0.2, 0.3])
    assert found["share_categorical"] == pytest.approx(2 / 3)
    assert found["share_missing"] == pytest.approx(1 / 9)


def test_infinite_and_huge_numbers_are_bounded():
    X = np.array([[np.inf, 1e300], [1.0, -1e300], [2.0, 5.0], [3.0, 0.0]])
    found = describe(X, [0, 1, 0, 1], meta_features=True)
    assert found["share_missing"] == 1 / 8
    assert all(map(math.isfinite, found.values()))


@pytest.mark.parametrize(
    ("X", "y", "said"),
    [
        ([[1], [2]], [1, 1], "all targets are"),
        ([[1], [2]], ["a", "a"], "all targets are 'a': there is nothing to learn"),
        ([[1], [2]], [1.0, np.nan], "finite"),
        ([[1], [2]], ["a", None], "missing"),
        ([[1], [2]], [1, 2, 3], "a target for each"),
        ([], [], "a table has rows"),
        (3, 4, "a table has rows"),
        ([[], []], [0, 1], "columns"),
        (np.zeros((2, 2, 2)), [0, 1], "shape"),
        ([[1], [2]], [[1, 2], [3, 4]], "one target for each row"),
        (scipy.sparse.eye(2), [0, 1], "sparse"),
        ([[1], [2]], ["a", "NaN"], "no target may be missing, got 'NaN'"),
        ([[1], [2]], ["a", math.nan], "no target may be missing, got nan"),
        ([[1], [2]], [None, None], "none may be missing"),
        ([[1j], [2]], [0, 1], "complex"),
        ([[1], [2]], [1j, 2], "complex"),
        (pd.DataFrame({"a": [1j, "x"]}), [0, 1], "complex"),
        ([[1], [2, 3]], [0, 1], "one length"),
        (np.array(3), [0], "a table has rows"),
        (pd.DataFrame({"a": [np.arange(2), 3]}), [0, 1], "a cell of a table has one value"),
    ],
    ids=range(20),
)
def test_bad_tables_are_refused(X, y, said):
    with pytest.raises(TaskError, match=said):
        describe(X, y)


def test_dates_and_durations_are_numbers_in_any_form():
    days = ["2020-01-01", "2020-01-02", "2020-01-04"]
    objects = [datetime.date.fromisoformat(day) for day in days]
    X = pd.DataFrame(
        {
            "day": objects,
            "aware": pd.to_datetime(days).tz_localize("Europe/Berlin"),
            "time": pd.to_datetime([days[0], None, days[2]]),
            "long": pd.to_timedelta([1, 2, 3], unit="h"),
            "object": [datetime.timedelta(hours=h) for h in (1, 2, 3)],
        }
    )
    found = describe(X, pd.to_datetime(days))
    assert (found["share_categorical"], found["classes"]) == (0, 0)
    assert found["share_missing"] == 1 / 15


def test_numbers_stay_numbers_beside_texts_and_missing_ones_are_missing():
    rows = [["a", 1.0], ["b", math.nan], ["nan", 3.0]]  # an array of these holds texts alone
    found = describe(rows, ["no", "yes", "no"])
    assert (found["share_categorical"], found["share_missing"]) == (0.5, 2 / 6)
    frame = pd.DataFrame({"a": pd.array([1, None, 3], dtype="Int64")})
    assert describe(frame, [0, 1, 0])["share_missing"] == 1 / 3
    assert describe(pd.Series([1, 2, 3]), pd.Series(["u", "v", "u"]))["classes"] == 2


def test_every_meta_feature_is_a_name_of_a_context():
    X = np.random.default_rng(0).random((30, 3))
    found = describe(X, np.arange(30) % 3, meta_features=True)
    assert set(found) == {*CONTEXT, *META_FEATURES}
    assert check_context(found) == found


@pytest.mark.parametrize("context", [{"log_row": 3.0}, {"rows": 3}, {3: 3.0}, {"": 1}, [1], 3])
def test_names_that_no_context_has_are_refused(context):
    with pytest.raises(TaskError, match=r"a context (has no number|is a dict)"):
        check_context(context)


@pytest.mark.parametrize("value", [math.nan, math.inf, "9", None, True])
def test_a_context_has_finite_numbers(value):
    with pytest.raises(TaskError, match="a finite number for each name"):
        check_context({"log_rows": value})
