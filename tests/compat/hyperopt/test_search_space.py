"""Tests of Hyperopt's expressions, and of the spaces that they become."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest

from luthier import Categorical, Float, Int, Normal
from luthier.compat.hyperopt import fmin, hp, rand, space_eval
from luthier.compat.hyperopt.exceptions import BadSearchSpace, DuplicateLabel
from luthier.compat.hyperopt.pyll import as_apply, clone, dfs, rec_eval, scope, toposort
from luthier.compat.hyperopt.pyll.stochastic import sample
from luthier.compat.hyperopt.pyll_utils import EQ, expr_to_config
from luthier.compat.hyperopt.search_space import SearchSpace


@pytest.mark.parametrize(
    ("expr", "dist"),
    [
        (hp.uniform("x", 0, 2), Float(0, 2)),
        (hp.loguniform("x", -3, 0), Float(math.exp(-3), 1, scale="log")),
        (hp.quniform("x", 1, 10, 2), Float(0, 10, step=2)),
        (hp.qloguniform("x", 1, 3, 1), Float(3, 20, step=1, scale="log")),
        (hp.normal("x", 1, 2), Normal(1, 2)),
        (hp.qnormal("x", 1, 2, 0.5), Normal(1, 2, 0.5)),
        (hp.lognormal("x", 0, 1), Normal(0, 1, scale="log")),
        (hp.qlognormal("x", 0, 1, 2), Normal(0, 1, 2, scale="log")),
        (hp.uniformint("x", 0, 9), Float(0, 9, step=1)),
        (hp.randint("x", 7), Int(0, 6)),
        (hp.randint("x", 3, 7), Int(3, 6)),
        (hp.choice("x", ["a", "b"]), Categorical((0, 1))),
        (hp.pchoice("x", [(0.2, "a"), (0.8, "b")]), Categorical((0, 1), prior=(0.2, 0.8))),
    ],
    ids=str,
)
def test_each_parameter_becomes_the_distribution_of_its_values(expr, dist) -> None:
    search = SearchSpace(as_apply(expr))
    assert search.space.params == {"x": dist}
    rng = np.random.default_rng(0)
    drawn = search.to_values(search.space.sample(rng, 20)) + [search.draw(rng) for _ in range(20)]
    for values in drawn:
        assert search.to_params(values)["x"] == pytest.approx(values["x"])


def test_a_log_range_that_rounds_to_zero_is_rounded_after_the_search() -> None:
    search = SearchSpace(as_apply(hp.qloguniform("x", -3, 3, 5)))
    rng = np.random.default_rng(0)
    assert {search.draw(rng)["x"] for _ in range(99)} <= {0.0, 5.0, 10.0, 15.0, 20.0}
    drawn = {v["x"] for v in search.to_values(search.space.sample(rng, 99))}
    assert drawn == {0.0, 5.0, 10.0, 15.0, 20.0}


NESTED = hp.choice(
    "model",
    [
        {"kind": "tree", "depth": scope.int(hp.quniform("depth", 1, 9, 1))},
        ("svm", 1 + hp.lognormal("C", 0, 1), hp.choice("kernel", ["rbf", {"degree": 2}])),
    ],
)


def test_branches_are_conditions_and_points_have_the_shape_of_the_space() -> None:
    search = SearchSpace(NESTED)
    assert search.space.params["depth"].when == {"model": (0,)}
    assert search.space.params["kernel"].when == {"model": (1,)}

    assert space_eval(NESTED, {"model": 0, "depth": 3.0}) == {"kind": "tree", "depth": 3}
    assert space_eval(NESTED, {"model": 1, "C": 2.0, "kernel": 1}) == ("svm", 3.0, {"degree": 2})
    with pytest.raises(ValueError, match="the index of a branch"):
        space_eval(NESTED, {"model": 5})


def test_a_parameter_of_two_branches_is_active_in_both_and_in_no_other() -> None:
    x = hp.uniform("x", 0, 1)
    y = hp.uniform("y", 0, 1)
    space = hp.choice("a", [x + 1, hp.choice("b", [0, x, y]), hp.choice("c", [y, 7])])
    search = SearchSpace(as_apply(space))
    rng = np.random.default_rng(0)
    drawn = search.to_values(search.space.sample(rng, 99)) + [search.draw(rng) for _ in range(99)]
    for values in drawn:
        a, b, c = (values.get(label) for label in "abc")
        assert ("x" in values) == (a == 0 or (a == 1 and b == 1))
        assert ("y" in values) == ((a == 1 and b == 2) or (a == 2 and c == 0))
        space_eval(space, values)

    found: dict = {}
    expr_to_config(space, (True,), found)
    assert found["x"]["conditions"] == {(True, EQ("a", 0)), (True, EQ("a", 1), EQ("b", 1))}


def test_a_choice_that_is_fixed_leaves_its_branch() -> None:
    space = hp.choice("a", [-1, hp.uniform("b", 0, 1), hp.uniform("c", 5, 6)])
    drawn = next(node for node in dfs(space) if node.name == "randint")
    best = fmin(lambda b: b, clone(space, {drawn: as_apply(1)}), rand.suggest, max_evals=20)
    assert (best.keys(), best["a"]) == ({"a", "b"}, 1)


def test_a_parameter_of_all_branches_has_no_condition() -> None:
    x = hp.uniform("x", 0, 1)
    assert SearchSpace(hp.choice("a", [x, -x])).space.params["x"].when is None


def test_expressions_calculate_with_python_and_own_functions() -> None:
    @scope.define
    def twice_of_test(value):
        return 2 * value

    x = hp.uniform("x", 0, 1)
    expr = {"a": scope.twice_of_test(x) ** 2 / 3 - 1, "b": [-x, x > 0.5], 3: scope.max(x, 0.75)}
    got = rec_eval(expr, memo={n: 0.6 for n in dfs(as_apply(expr)) if n.name == "hyperopt_param"})
    scope.undefine(twice_of_test)

    assert got == {"a": pytest.approx(1.2**2 / 3 - 1), "b": (-0.6, True), 3: 0.75}
    with pytest.raises(AttributeError, match="define it with @scope"):
        scope.twice_of_test(x)
    with pytest.raises(ValueError, match="already"):
        scope.define(pow)


def test_draws_of_expressions_follow_their_generator() -> None:
    drawn = [sample(NESTED, np.random.default_rng(seed)) for seed in (3, 3, 4, 5, 6)]
    assert drawn[0] == drawn[1]
    assert any(d != drawn[0] for d in drawn[2:])
    shares = hp.pchoice("x", [(0.9, "often"), (0.1, "seldom")])
    rng = np.random.default_rng(0)
    assert 850 < sum(sample(shares, rng) == "often" for _ in range(1000)) < 950


def test_only_the_branch_that_is_taken_is_evaluated() -> None:
    expr = scope.switch(1, scope.int("no number"), "right")
    assert expr.eval() == "right"
    assert toposort(expr)[-1] is expr
    copied = clone(expr)
    assert copied is not expr
    assert copied.eval() == "right"
    a, b = as_apply((1, 2))
    assert (a.eval(), b.eval()) == (1, 2)
    with pytest.raises(TypeError, match="known once it is evaluated"):
        list(as_apply([1, 2]))


def test_what_is_no_space_is_refused() -> None:
    with pytest.raises(DuplicateLabel, match="x"):
        fmin(sum, [hp.uniform("x", 0, 1), hp.uniform("x", 0, 1)], rand.suggest, max_evals=1)
    with pytest.raises(ValueError, match="10 is not smaller than 10"):
        hp.uniform("x", 10, 10)
    with pytest.raises(TypeError, match="require string label"):
        hp.uniform(3, 0, 1)
    nested = hp.uniform("x", 0, hp.uniform("y", 1, 2))
    with pytest.raises(BadSearchSpace, match="'x' needs numbers"):
        fmin(partial(pow, 2), nested, rand.suggest, max_evals=1)
