"""The filter of the page, as text."""

import math

import numpy as np
import pytest

from luthier.server.page_filter import Range, find_kept, read_filter, sample_best, take_kept
from luthier.server.request import RequestError

COLUMNS = {"a": np.array([1.0, 2.0, np.nan, 4.0]), "b": np.array([0, 1, 1, 1], dtype=np.int8)}


def kept(text):
    return np.flatnonzero(find_kept(read_filter(text), 4, COLUMNS.__getitem__)).tolist()


def test_an_end_that_is_left_out_is_open():
    assert read_filter("") == []
    assert read_filter("value.0::0.5,tag.a%3Ab:1e-3:") == [
        Range("value.0", -math.inf, 0.5),
        Range("tag.a%3Ab", 0.001, math.inf),
    ]


def test_all_ranges_must_hold_and_nothing_is_in_none():
    assert kept("") == [0, 1, 2, 3]
    assert kept("a:2:") == [1, 3]
    assert kept("a::") == [0, 1, 3]
    assert kept("a:2:,b::0") == []
    assert kept("a:1:2,b:0:1") == [0, 1]


def test_what_is_kept_stays_in_its_order():
    use = find_kept(read_filter("b:1:"), 4, COLUMNS.__getitem__)
    assert take_kept(np.array([3, 0, 2, 1]), use).tolist() == [3, 2, 1]


@pytest.mark.parametrize("text", ["a", "a:1", "a:1:2:3", "a:x:", ",".join(["a:1:"] * 51)])
def test_what_is_no_filter_is_refused(text):
    with pytest.raises(RequestError, match="expected"):
        read_filter(text)


def test_a_sample_has_the_best_and_evenly_some_of_the_others():
    losses = np.array([9.0, np.nan, 1.0, 5.0, 4.0, 2.0, 8.0, 7.0])
    assert sample_best(losses, 8).tolist() == list(range(8))
    found = sample_best(losses, 4)
    assert found.tolist() == sorted(found)
    assert {2, 5} < set(found.tolist())  # the best two
    assert 1 in found  # and the worst
    assert len(found) == 4
