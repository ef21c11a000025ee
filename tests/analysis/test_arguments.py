"""What is passed to analyses is taken, or refused in words."""

from __future__ import annotations

import datetime
import inspect

import numpy as np
import pytest

import luthier
from luthier import LuthierError, analysis
from luthier.analysis.arguments import check_names, read_histories

from .conftest import SPACE, conditional

FUNCTIONS = [
    function
    for name in analysis.__all__
    if not inspect.isclass(function := getattr(analysis, name))
]
THINGS = [None, 3, 1.5, "text", b"x", [], [1], {"a": 1}, object(), len, np.arange(2), range(3)]
WRONG = {
    "objective": [
        "nosuch",
        1.5,
        True,
        b"x",
        [],
        np.arange(2),
        {"a": 1},
        object(),
        datetime.datetime(2020, 1, 1),
    ],
    "params": ["lr", np.arange(2), 3, ["nosuch"], [3], [[]], {"lr": 1}, len],
    "x": [[], {}, 3, "nosuch"],
    "y": [[], {}, 3, "nosuch"],
    "by": [[], {}, 3, "nosuch", np.arange(2)],
    "around": [[], 3, "nosuch", np.arange(2)],
    "method": [[], 3, "nosuch", np.arange(2)],
    "level": [None, 0, 1, -1, 90, float("nan"), "text", []],
    "levels": [None, 0.5, [], ["a"], [0], [float("nan")], "text"],
    "share": [None, 0, 0.6, float("nan"), "text"],
    "among": [0, 1, float("nan"), "text"],
    "n_more": [None, 0, -1, 1.5, 10**9, True, "text"],
    "n_fans": [None, -1, 1.5, "text"],
    "baseline": [-1, 1.5, [], "text", 10**9],
    "rows": [None, 3, "text", [None], {"a": 1}, len],
    "rows_of": [3, "text", [], object()],
    "n_widened": [3, "lr", ["lr"], {"nosuch": 1}],
    "dismissed": [3, "early-end", ["early-end"], np.arange(2)],
    "is_scheduled": [None, 1, "yes", np.arange(2)],
    "quick": [None, 1, "yes", np.arange(2)],
    "interactions": [None, 1, "yes", np.arange(2)],
    "knee": [1, "yes", np.arange(2)],
    "row": [None, 3, {"number": 0}, np.arange(2)],
    "reference": [3, "text", ["a", "b"], [1, float("nan")], [1, 2, 3], {"a": 1}],
}


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_only_a_history_is_taken(function):
    needed = {"explain": [None], "choose": [len], "forecast": [0, 0.9, None]}
    for thing in THINGS:
        with pytest.raises((TypeError, LuthierError), match=r"histor|runs?\b"):
            function(thing, *needed.get(function.__name__, []))


def test_of_a_study_it_is_said_where_the_history_is():
    study = luthier.create_study(space=SPACE)
    for function in (analysis.importance, analysis.slices):
        with pytest.raises(TypeError, match=r"take study\.history"):
            function(study)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_a_wrong_argument_is_refused_by_its_name(function):
    h = conditional(30)
    names = list(inspect.signature(function).parameters)
    first = {"compare": {"a": h}}.get(function.__name__, [h] if names[0] == "histories" else h)
    needed = {
        "explain": {"row": None},
        "choose": {"rows_of": len},
        "forecast": {"number": 0, "level": 0.9, "resource": None},
    }.get(function.__name__, {})
    for name in set(names[1:]) & WRONG.keys():
        for value in WRONG[name]:
            with pytest.raises((TypeError, ValueError, LuthierError)) as caught:
                function(first, **(needed | {name: value}))
            assert _is_ours(caught), (name, value, str(caught.value))


def _is_ours(caught) -> bool:
    """Whether a line of ours raised it, and no operation that failed."""
    last = caught.traceback[-1]
    return "luthier" in str(last.path) and str(last.statement).lstrip().startswith("raise")


def test_lists_of_histories_and_names():
    h = conditional(3)
    assert read_histories((h, h)) == [h, h]
    check_names(("lr",))
    check_names({"lr"})
    with pytest.raises(luthier.errors.UnknownParameterError, match="list of names, got 'lr'"):
        check_names("lr")
