"""Columns as bytes: what is packed is read again, in as few bytes as show it truly."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from luthier import Categorical, Float, Int, Space
from luthier.server.page_columns import (
    TYPES,
    mark_column,
    order_rows,
    pack_columns,
    read_column,
    split_names,
)
from luthier.server.request import RequestError
from luthier.storages.controls import Controls, Remark
from luthier.testing.histories import history, trial


def unpack(data):
    """The columns of an answer, as the page reads them."""
    magic, version, n, k = struct.unpack_from("<4sIII", data)
    assert (magic, version) == (b"LUTC", 1)
    kinds = data[16 : 16 + k]
    at = 16 + k + -k % 8
    columns = []
    for kind in kinds:
        columns.append(np.frombuffer(data, TYPES[kind], n, at))
        n_bytes = columns[-1].nbytes
        at += n_bytes + -n_bytes % 8
    assert at == len(data)
    return columns


@given(st.integers(0, 20).flatmap(lambda n: st.lists(arrays(np.float64, n), max_size=4)))
def test_what_is_packed_is_read_again(columns):
    for given_, read in zip(columns, unpack(pack_columns(columns)), strict=True):
        with np.errstate(over="ignore"):
            near = given_.astype(np.float32) if read.dtype == np.float32 else given_
        np.testing.assert_array_equal(read, near)


@given(st.floats(-1e300, 1e300), st.floats(1e-12, 1), st.integers(2, 50))
def test_numbers_that_differ_still_differ_for_the_eye(middle, share, n):
    column = middle * (1 + share * np.linspace(0, 1, n))
    spread = np.ptp(column)
    [read] = unpack(pack_columns([column]))
    assert np.abs(read - column).max() <= 1e-3 * spread


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (np.array([0.1, 0.2, np.nan]), "<f4"),
        (np.array([1e9, 1e9 + 1]), "<f8"),
        (np.array([1e300, 0.0]), "<f8"),
        (np.array([2.0**24 + 1, 0.0]), "<f8"),
        (np.array([np.nan, np.inf]), "<f4"),
        (np.arange(3), "<i4"),
        (np.array([2**40]), "<f8"),
        (np.array([True, False]), "|i1"),
        (np.array([3, 5], dtype=np.int8), "|i1"),
    ],
)
def test_each_column_has_the_smallest_type_that_shows_it(column, kind):
    [read] = unpack(pack_columns([column]))
    assert read.dtype.str == kind
    np.testing.assert_array_equal(read, column if kind != "<f4" else column.astype("f4"))


def test_columns_by_name():
    space = Space({"lr": Float(1e-4, 1, scale="log"), "k": Int(1, 5), "c": Categorical(["a", "b"])})
    trials = history(
        trial({"lr": 0.01, "k": 3, "c": "b"}, 1.0, started_s=110.0, finished_s=112.5, cost=4.0),
        trial({"lr": 0.1, "k": 5, "c": "a"}, 2.0, constraints={"memory": 1.0}),
        space=space,
    )
    shown = {
        name: read_column(trials, name, 100.0).tolist()
        for name in ("number", "state", "feasible", "value.0", "param.1", "param.2")
    }
    assert shown == {
        "number": [0, 1],
        "state": [3, 3],
        "feasible": [True, False],
        "value.0": [1.0, 2.0],
        "param.1": [3.0, 5.0],
        "param.2": [1, 0],
    }
    assert read_column(trials, "param.0", 0) == pytest.approx([0.01, 0.1])
    for name, first in (("started", 10.0), ("finished", 12.5), ("duration", 2.5), ("cost", 4.0)):
        assert read_column(trials, name, 100.0)[0] == first


@pytest.mark.parametrize("name", ["", "lr", "value.1", "param.9", "param.-1", "param.0x", "value."])
def test_a_column_that_is_not_there_is_refused_with_those_that_are(name):
    trials = history(trial({"x": 0.5}, 1.0), space=Space({"x": Float(0, 1)}))
    with pytest.raises(RequestError, match=r"expected number, state, .* value\., .* index"):
        read_column(trials, name, 0.0)


def test_names_are_split_and_limited():
    assert split_names("a,b,,a") == ["a", "b"]
    for names in ("", ",", ",".join(map(str, range(1001)))):
        with pytest.raises(RequestError, match="expected 1 to 1000 names"):
            split_names(names)


def test_rows_are_ordered_with_the_missing_last_and_filtered():
    column = np.array([2.0, np.nan, 1.0, 2.0])
    assert order_rows(column, False).tolist() == [2, 0, 3, 1]
    assert order_rows(column, True).tolist() == [0, 3, 2, 1]
    assert order_rows(column, False).tolist() == [2, 0, 3, 1]


def test_what_somebody_marked_is_a_column():
    rows = [trial({"x": 0.5}, float(i)) for i in range(3)]
    trials = history(*rows, space=Space({"x": Float(0, 1)}))
    said = {"0": Remark(star=True), "2": Remark(hidden=True), "9": Remark(star=True)}
    star, hidden = (
        mark_column(trials, Controls(remarks=said), name) for name in ("star", "hidden")
    )
    assert star.tolist() == [True, False, False]
    assert hidden.tolist() == [False, False, True]
