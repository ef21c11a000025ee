"""Parameters with very many choices, of which few are told apart."""

from __future__ import annotations

import numpy as np

from luthier import Categorical, Float, Space
from luthier.analysis import importance
from luthier.analysis.importances.rare_choices import group_rare_choices
from luthier.testing import history, trial

MANY = tuple(f"v{i}" for i in range(100_000))


def test_choices_that_fewer_than_three_trials_have_are_one():
    space = Space({"c": Categorical(MANY), "x": Float(0, 1)})
    X = np.column_stack([[7, 7, 7, 99_999, 5, 5, np.nan], np.zeros(7)])
    grouped, found, told = group_rare_choices(space, X)
    assert found[:, 0].tolist()[:6] == [0, 0, 0, 1, 1, 1]
    assert np.isnan(found[6, 0])
    assert grouped.params["c"].n_values == 2
    assert grouped.params["x"] == space.params["x"]
    assert told.startswith("1 of 100,000 choices of c are told apart")
    assert X[0, 0] == 7  # what came in is as it was


def test_few_choices_and_gates_stay_as_they_are():
    few = Space({"c": Categorical(MANY[:256])})
    gate = Space({"c": Categorical(MANY), "x": Float(0, 1, when={"c": ["v3"]})})
    for space in (few, gate):
        X = np.zeros((4, space.d))
        grouped, found, told = group_rare_choices(space, X)
        assert (grouped, told) == (space, "")
        assert (found == X).all()


def test_an_importance_of_many_choices_says_what_it_tells_apart():
    rng = np.random.default_rng(0)
    space = Space({"c": Categorical(MANY), "x": Float(0, 1)})
    rows = []
    for i in range(90):
        c = int(rng.integers(3)) if i % 2 else int(rng.integers(100_000))
        x = float(rng.random())
        rows.append(trial({"c": MANY[c], "x": x}, float(c < 3) * c + 0.1 * x))
    found = importance(history(*rows, space=space), "fanova", interactions=True)
    assert found.names[0] == "c"
    assert "3 of 100,000 choices of c are told apart" in found.note
    assert found.important[0]
