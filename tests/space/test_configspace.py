"""Tests of ConfigSpace's spaces, read and written."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from luthier import Categorical, Float, Int, Normal, Space
from luthier.errors import MissingDependencyError, SpaceError

cs = pytest.importorskip("ConfigSpace")
pytestmark = pytest.mark.external("ConfigSpace")


def read(*hyperparameters, rules=()):
    space = cs.ConfigurationSpace(seed=0)
    space.add(*hyperparameters)
    for make in rules:
        space.add(make(space))
    return space, Space.from_configspace(space)


def test_hyperparameters_of_each_kind() -> None:
    _, space = read(
        cs.Float("rate", (1e-4, 1), log=True, default=0.1),
        cs.Integer("depth", (1, 9), default=3),
        cs.Categorical("kind", ["a", "b"], weights=[3, 1], default="b"),
        cs.OrdinalHyperparameter("size", ["s", "m", "l"], default_value="m"),
        cs.Constant("seed", 7),
        cs.NormalFloatHyperparameter("mean", mu=2.0, sigma=1.0, lower=0.0, upper=4.0),
    )
    assert space.params == {
        "rate": Float(1e-4, 1, scale="log", default=0.1),
        "depth": Int(1, 9, default=3),
        "kind": Categorical(("a", "b"), default="b", prior=[3, 1]),
        "size": Categorical(("s", "m", "l"), ordered=True, default="m"),
        "seed": Categorical((7,)),
        "mean": Float(0, 4, prior=(2.0, 0.25), default=2.0),
    }


def test_draws_are_legal_in_both_spaces() -> None:
    given, space = read(
        cs.Categorical("kind", ["svm", "tree", "knn"]),
        cs.Float("C", (1e-3, 1e3), log=True),
        cs.Integer("depth", (1, 9)),
        cs.Float("leaf:share", (0.0, 1.0)),
        cs.Integer("k", (1, 9)),
        rules=[
            lambda s: cs.EqualsCondition(s["C"], s["kind"], "svm"),
            lambda s: cs.NotEqualsCondition(s["k"], s["kind"], "svm"),
            lambda s: cs.AndConjunction(
                cs.InCondition(s["leaf:share"], s["kind"], ["tree", "svm"]),
                cs.GreaterThanCondition(s["leaf:share"], s["depth"], 4),
            ),
            lambda s: cs.ForbiddenAndConjunction(
                cs.ForbiddenEqualsClause(s["kind"], "tree"),
                cs.ForbiddenInClause(s["depth"], [1, 2, 3]),
            ),
            lambda s: cs.ForbiddenLessThanRelation(s["depth"], s["k"]),
        ],
    )
    for params in space.decode(space.sample(np.random.default_rng(0), 200)):
        cs.Configuration(given, values=params)  # raises where it is not legal
    for config in given.sample_configuration(200):
        assert space.check(dict(config))


def test_names_that_are_no_words_are_forbidden_by_functions() -> None:
    _, space = read(
        cs.Integer("a:b", (1, 4)),
        cs.Integer("c", (1, 4)),
        rules=[
            lambda s: cs.ForbiddenAndConjunction(
                cs.ForbiddenEqualsClause(s["a:b"], 2), cs.ForbiddenInClause(s["c"], [1, 3])
            )
        ],
    )
    allowed = {(p["a:b"], p["c"]) for p in space.decode(space.grid())}
    assert allowed == {(a, c) for a in range(1, 5) for c in range(1, 5)} - {(2, 1), (2, 3)}


def test_or_of_one_parent_joins_and_of_several_is_said() -> None:
    hyperparameters = [
        cs.Categorical("p", ["a", "b", "c"]),
        cs.Integer("q", (1, 3)),
        cs.Float("x", (0, 1)),
    ]
    _, space = read(
        *hyperparameters,
        rules=[
            lambda s: cs.OrConjunction(
                cs.EqualsCondition(s["x"], s["p"], "a"), cs.EqualsCondition(s["x"], s["p"], "c")
            )
        ],
    )
    assert space.params["x"].when == {"p": ("a", "c")}
    with pytest.warns(UserWarning, match="always active in this space"):
        _, space = read(
            *hyperparameters,
            rules=[
                lambda s: cs.OrConjunction(
                    cs.EqualsCondition(s["x"], s["p"], "a"), cs.EqualsCondition(s["x"], s["q"], 2)
                )
            ],
        )
    assert space.params["x"].when is None


def test_what_cannot_be_read_is_said() -> None:
    with pytest.raises(SpaceError, match=r"BetaFloatHyperparameter 'x' cannot be read"):
        read(cs.BetaFloatHyperparameter("x", alpha=2, beta=3, lower=0, upper=1))
    with pytest.raises(SpaceError, match="'f', which is continuous"):
        read(
            cs.Float("f", (0, 1)),
            cs.Float("x", (0, 1)),
            rules=[lambda s: cs.LessThanCondition(s["x"], s["f"], 0.5)],
        )
    with pytest.raises(SpaceError, match=r"expected a ConfigSpace\.ConfigurationSpace, got dict"):
        Space.from_configspace({"x": (0, 1)})


def test_a_space_is_written_and_read_again() -> None:
    space = Space(
        {
            "kind": Categorical(("a", "b", "c")),
            "rate": Float(1e-3, 1, scale="log", default=0.1, when={"kind": ["a", "b"]}),
            "n": Int(1, 9, default=2, when={"kind": "c"}),
            "even": Int(2, 8, step=2, default=4),
            "one": Categorical((5,)),
        }
    )
    written = space.to_configspace(seed=1)
    again = Space.from_configspace(written)
    assert again.params["rate"] == space.params["rate"]
    assert again.params["n"] == space.params["n"]
    assert again.params["even"] == Categorical((2, 4, 6, 8), ordered=True, default=4)
    assert len(written) == 5
    for params, why in (
        (Space({"x": Normal(0, 1)}), "no bounds"),
        (Space({"x": Float(0, 0.99, scale="reverse_log")}), "reverse_log"),
        (Space({"x": Int(0, 3), "y": Int(0, 3)}, "x < y"), "no expressions"),
    ):
        with pytest.raises(SpaceError, match=why):
            params.to_configspace()


def test_a_missing_package_is_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "ConfigSpace", None)
    monkeypatch.delitem(sys.modules, "luthier.space.configspace", raising=False)
    with pytest.raises(MissingDependencyError, match=r"luthier\[configspace\]"):
        Space({"x": Float(0, 1)}).to_configspace()
