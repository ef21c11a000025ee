"""References: tables of any kind in bins, and what does not fit them."""

import numpy as np
import pandas as pd
import pytest

from luthier.errors import LifecycleError
from luthier.lifecycle.reference import Reference, encode


def table():
    return pd.DataFrame(
        {
            "age": [20.0, 30.0, np.nan, 40.0] * 25,
            "city": ["Oslo", "Rome", "Rome", None] * 25,
            "new": [True, False, False, False] * 25,
        }
    )


def test_numbers_texts_and_missing_values_have_bins():
    age, city, new = Reference.of(table()).columns
    assert (age.is_number, city.is_number, new.is_number) == (True, False, False)
    assert age.counts == (25, 25, 25, 25)
    assert city.categories == ("Rome", "Oslo")
    assert city.counts == (50, 25, 0, 25)
    assert new.categories == ("False", "True")


def test_a_category_that_nobody_knew_has_a_bin():
    _, city, _ = Reference.of(table()).columns
    counts, _ = encode(city, ["Rome", "Bonn", None, "Oslo", "Bonn"])
    assert counts.tolist() == [1, 1, 2, 1]
    assert city.describe(2) == "new city"
    assert city.describe(3) == "missing values of city"


def test_numbers_may_be_categories():
    reference = Reference.of(np.array([[1], [2], [2]]), categories=["x0"])
    assert reference.columns[0].categories == ("2", "1")


def test_a_row_may_be_a_dict_in_any_order():
    reference = Reference.of(table())
    assert reference.order({"new": True, "city": "Rome", "age": 1}) == [1, "Rome", True]
    assert reference.order([1, "Rome", True]) == [1, "Rome", True]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"age": 1, "city": "x"}, r"missing are \['new'\]"),
        ({"age": 1, "citi": "x", "new": True}, "is 'citi' 'city'?"),
        ({"age": 1, "city": "x", "new": True, "z": 0}, r"unknown are \['z'\]"),
        ([1, 2], "expected 3 columns"),
    ],
)
def test_columns_that_vanish_or_appear_are_named(row, message):
    with pytest.raises(LifecycleError, match=message):
        Reference.of(table()).order(row)


def test_the_risk_is_an_upper_end():
    rng = np.random.default_rng(1)
    below = 0
    for _ in range(200):
        losses = (rng.random(500) < 0.1).astype(float)
        below += Reference.of(np.zeros((1, 1)), losses=losses).risk < 0.1
    assert below / 200 <= 0.05


@pytest.mark.parametrize("losses", [[], [2.0], [-0.1], [float("nan")]])
def test_losses_outside_are_refused(losses):
    with pytest.raises(LifecycleError, match=r"numbers in \[0, 1\]"):
        Reference.of(np.zeros((3, 1)), losses=losses)


@pytest.mark.parametrize("X", [np.empty((0, 2)), np.empty((3, 0)), pd.DataFrame()])
def test_an_empty_table_is_no_reference(X):
    with pytest.raises(LifecycleError, match="at least one row and one column"):
        Reference.of(X)


def test_an_unknown_category_column_is_refused():
    with pytest.raises(LifecycleError, match="no columns"):
        Reference.of(table(), categories=["ages"])
