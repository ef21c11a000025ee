"""Spaces in Ray Tune's words: every domain, nesting, grids and functions."""

import math

import numpy as np
import pytest

from luthier.compat.hyperopt import hp
from luthier.compat.optuna.distributions import FloatDistribution, IntDistribution
from luthier.compat.ray import tune
from luthier.compat.ray.tune.param_space import ParamSpace
from luthier.compat.ray.tune.search.sample import make_rng
from luthier.compat.ray.tune.search.searchers import read_space
from luthier.errors import CompatError

DOMAINS = [
    (tune.uniform(-1, 2), lambda v: -1 <= v <= 2),
    (tune.quniform(0.1, 0.9, 0.25), lambda v: v in (0.25, 0.5, 0.75)),
    (tune.loguniform(1e-4, 1e-1), lambda v: 1e-4 <= v <= 1e-1),
    (tune.qloguniform(1, 1000, 5), lambda v: v == 1 or v % 5 == 0),
    (tune.randn(10, 0.1), lambda v: 9 < v < 11),
    (tune.qrandn(0, 3, 0.5), lambda v: v % 0.5 == 0),
    (tune.randint(2, 5), lambda v: v in (2, 3, 4)),
    (tune.qrandint(0, 10, 5), lambda v: v in (0, 5, 10)),
    (tune.lograndint(1, 9), lambda v: v in range(1, 9)),
    (tune.qlograndint(2, 20, 4), lambda v: v == 2 or v % 4 == 0),
    (tune.choice(["a", 3, None, 0.5]), lambda v: v in ("a", 3, None, 0.5)),
    (tune.choice([[1, 2], math.sin, (3,)]), lambda v: v in ([1, 2], math.sin, (3,))),
    (tune.choice([1, 1, 2]), lambda v: v in (1, 2)),
    (tune.sample_from(lambda: 7), lambda v: v == 7),
]


@pytest.mark.parametrize(
    ("domain", "holds"), DOMAINS, ids=[repr(d).partition(" at ")[0][:40] for d, _ in DOMAINS]
)
def test_values_are_those_of_the_domain(domain, holds):
    space = ParamSpace({"outer": [{"x": domain}]})
    rng = np.random.default_rng(0)
    for _ in range(30):
        assert holds(space.build(space.draw(rng))["outer"][0]["x"])
    assert all(map(holds, domain.sample(size=5, random_state=1)))


def test_functions_read_what_others_computed_in_any_order():
    space = ParamSpace(
        {
            "late": tune.sample_from(lambda spec: spec.config.early + 1),
            "early": tune.sample_from(lambda config: config["x"] * 10),
            "x": tune.choice([4]),
        }
    )
    assert space.build(space.draw(np.random.default_rng(0))) == {"late": 41, "early": 40, "x": 4}


def test_a_function_that_fails_says_what_it_raised():
    space = ParamSpace({"x": tune.sample_from(lambda spec: spec.config.missing)})
    with pytest.raises(AttributeError, match="missing"):
        space.build({})


def test_grids_are_combined_the_first_fastest_and_may_hold_domains():
    space = ParamSpace(
        {
            "a": tune.grid_search([1, 2]),
            "in": {"b": tune.grid_search(["x", {"c": tune.choice([5])}])},
        }
    )
    params = space.draw(np.random.default_rng(0))
    built = [space.build(params, i) for i in range(space.n_combinations)]
    assert [(c["a"], c["in"]["b"]) for c in built] == [
        (1, "x"),
        (2, "x"),
        (1, {"c": 5}),
        (2, {"c": 5}),
    ]


def test_choices_that_hold_domains_draw_those_of_the_chosen_one_alone():
    space = ParamSpace(
        {"model": tune.choice([{"kind": "tree", "depth": tune.randint(1, 4)}, {"kind": "line"}])}
    )
    rng = np.random.default_rng(0)
    drawn = [space.draw(rng) for _ in range(20)]
    kinds = {space.build(p)["model"]["kind"]: len(p) for p in drawn}
    assert kinds == {"tree": 2, "line": 1}


def test_the_way_back_from_a_configuration():
    space = ParamSpace({"a": {"b": tune.uniform(0, 1)}, "f": tune.choice([math.sin, math.cos])})
    assert space.to_params({"a": {"b": 0.25}, "f": math.cos}) == {"a/b": 0.25, "f": 1}
    assert space.to_params({"a": {}}) == {}


def test_the_global_seed_of_numpy_repeats_draws():
    drawn = []
    for _ in range(2):
        np.random.seed(3)  # noqa: NPY002  (what users of Ray write)
        drawn.append(tune.uniform(0, 1).sample(random_state=make_rng()))
    assert drawn[0] == drawn[1]


def test_spaces_of_wrapped_libraries_are_read():
    ax = [
        {"name": "n/k", "type": "range", "bounds": [1, 3]},
        {"name": "c", "type": "choice", "values": ["p", "q"]},
        {"name": "z", "type": "fixed", "value": 9},
    ]
    got = read_space(ax)
    assert (got["n"]["k"].lower, got["n"]["k"].upper) == (1, 4)
    assert (got["c"].categories, got["z"]) == (["p", "q"], 9)
    bounds = read_space({"x": (0, 20), "y": ["a", "b"]})
    assert (bounds["x"].upper, bounds["y"].categories) == (20.0, ["a", "b"])
    for unknown in (3, {"x": object()}, {"x": hp.uniform("x", 0, 1)}):
        with pytest.raises(CompatError, match="not known here"):
            read_space(unknown)
    optuna_space = {"x": FloatDistribution(1, 8, log=True), "k": IntDistribution(1, 3)}
    of_optuna = read_space(optuna_space)
    assert (of_optuna["x"].log, of_optuna["k"].upper) == (True, 4)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: tune.uniform(2, 1),
        lambda: tune.loguniform(0, 1),
        lambda: tune.quniform(0, 1, 0),
        lambda: tune.choice([]),
        lambda: tune.sample_from(3),
        lambda: tune.qrandint(0, 4, -1),
    ],
)
def test_wrong_domains_are_refused_where_they_are_written(wrong):
    with pytest.raises(ValueError, match=r".{20}"):
        wrong()
