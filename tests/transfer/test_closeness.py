"""Which tasks of a base come first for a new one that has no trial yet."""

import math

import msgspec
import pytest

from luthier.transfer.closeness import Asked, count_common_tags, measure_distance, order_tasks
from luthier.transfer.task_log import Head

HEAD = Head(
    id="", name="", family="", n=20, params=("x", "y"), objectives=("value",),
    directions=("minimize",), context={}, tags={}, data_hash="", fingerprint="", source="",
    tells=True, place=0,
)  # fmt: skip


def order(asked, *changes, params=("x", "y")):
    heads = [
        msgspec.structs.replace(HEAD, name=str(i), place=i, **change)
        for i, change in enumerate(changes)
    ]
    return [int(head.name) for head in order_tasks(heads, params, asked)]


def test_the_same_data_comes_first_then_the_context_then_tags():
    asked = Asked(context={"log_rows": 9.0}, tags={"team": "a"}, data_hash="d")
    assert order(
        asked,
        {"context": {"log_rows": 12.0}},
        {"context": {"log_rows": 9.5}},
        {"context": {"log_rows": 9.5}, "tags": {"team": "a"}},
        {},
        {"data_hash": "d"},
    ) == [4, 2, 1, 0, 3]


def test_without_context_the_longest_and_then_the_latest_come_first():
    assert order(Asked(), {}, {"n": 30}, {}) == [1, 2, 0]


def test_tasks_that_tell_nothing_come_last():
    assert order(Asked(), {"tells": False, "n": 90}, {}) == [1, 0]


def test_another_family_and_other_parameters_are_left_out():
    asked = Asked(family="svm")
    assert order(asked, {"family": "xgboost"}, {}, {"family": "svm"}) == [2, 1]
    assert order(asked, {"params": ("a", "b", "x")}, {}, params=("x", "y", "z")) == [1]


def test_where_no_parameter_is_known_only_the_family_counts():
    assert order(Asked(family="svm"), {"family": "svm"}, {}, params=()) == [0]
    assert order(Asked(), {}, params=()) == []


def test_distance_is_of_what_both_have():
    ten_times = {"log_rows": math.log(1000)}
    assert measure_distance({"log_rows": math.log(100)}, ten_times) == pytest.approx(1)
    assert measure_distance({}, ten_times) == math.inf
    assert measure_distance(ten_times, ten_times) == 0
    assert measure_distance({"classes": 0.0}, {"classes": 2.0}) > 3
    assert math.isfinite(measure_distance({"log_rows": 1e300}, {"log_rows": -1e300}))


def test_tags_count_with_their_values():
    assert count_common_tags({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}) == 1
