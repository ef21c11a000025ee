"""Importances beside those that are known, and where nothing is said."""

from __future__ import annotations

import math

import numpy as np
import pytest
from benchmarks.common.known_importances import (
    KNOWN_FUNCTIONS,
    KnownFunction,
    make_gate,
    make_ishigami,
    make_linear,
)

import luthier
from luthier import Categorical, Float, Space, State, TrialRow
from luthier.analysis import Importance, importance
from luthier.analysis.importances.ranking import METHODS
from luthier.analysis.importances.swaps import (
    design_swaps,
    estimate_indices,
    estimate_pairs,
    estimate_totals,
)
from luthier.errors import StudyError, UnknownNameError, UnknownParameterError


def study(function: KnownFunction, n=120, seed=0, noise=0.0, **options) -> luthier.Study:
    """Random trials of a function."""
    made = luthier.create_study(space=function.space, seed=seed, **options)
    rng = np.random.default_rng(seed)
    params = made.space.decode(made.space.sample(rng, n))
    values = np.array([function.loss(p) for p in params]) + noise * rng.standard_normal(n)
    made.add_trials(
        TrialRow(number=-1, state=State.COMPLETE, params=p, values=(float(v),))
        for p, v in zip(params, values, strict=True)
    )
    return made


def by_name(result: Importance) -> dict[str, float]:
    return dict(zip(result.names, result.values.tolist(), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("make", KNOWN_FUNCTIONS)
def test_total_indices_come_near_those_that_are_known(make) -> None:
    function = make()
    result = study(function, n=250).importance()
    got = np.array([by_name(result)[name] for name in function.space.names])
    assert np.median(np.abs(got - function.total)) < 0.03
    assert np.abs(got - function.total).max() < 0.15
    assert (result.method, result.index) == ("gp", "total")
    without = [n for n, t in zip(function.space.names, function.total, strict=True) if t == 0]
    important = dict(zip(result.names, result.important.tolist(), strict=True))
    assert not any(important[name] for name in without)
    assert result.important[0]
    assert (np.diff(result.values) <= 0).all()
    assert (result.low <= result.values).all()
    assert (result.values <= result.high).all()


def test_first_order_indices_come_near_those_that_are_known() -> None:
    function = make_gate()
    result = study(function).importance("gp")
    got = dict(zip(result.names, result.first_order.tolist(), strict=True))
    np.testing.assert_allclose([got[n] for n in function.space.names], function.first, atol=0.08)


@pytest.mark.parametrize("method", ["fanova", "shapley", "local", "ped"])
def test_every_method_finds_what_matters_most(method) -> None:
    result = study(make_linear(), n=200).importance(method)
    assert result.names[0] == "x1"
    assert result.method == method
    assert by_name(result)["x5"] < 0.15 * result.values[0]
    if method in ("shapley", "local"):
        assert result.values.sum() == pytest.approx(1)
        assert np.isnan(result.low).all()


def test_local_importance_of_a_sum_is_its_share() -> None:
    function = make_linear()
    got = by_name(study(function).importance("local"))
    np.testing.assert_allclose([got[n] for n in function.space.names], function.total, atol=0.01)


def test_direction_does_not_matter_and_the_seed_decides_all() -> None:
    function = make_ishigami()
    mirrored = function._replace(loss=lambda p: -function.loss(p))
    one = study(function).importance()
    other = study(mirrored, direction="maximize").importance()
    assert one.names == other.names
    assert one.values.tolist() == other.values.tolist()
    assert one.low.tolist() == study(function).importance().low.tolist()


def test_among_the_good_a_bad_region_does_not_decide() -> None:
    space = luthier.Space({"crash": Float(0, 1), "fine": Float(0, 1)})
    bad = KnownFunction(
        "crash", space, lambda p: 100.0 if p["crash"] > 0.6 else p["fine"], np.ones(2), np.ones(2)
    )
    made = study(bad, n=100)
    assert made.importance().names[0] == "crash"
    clipped = by_name(made.importance(among=0.25))
    assert clipped["fine"] > 0.3
    assert made.importance(among=0.25).among == 0.25


def test_noise_is_not_ranked() -> None:
    silent = 0
    for seed in range(3):
        result = study(make_linear(), n=60, seed=seed, noise=1000.0).importance()
        silent += not result.names
        assert not result.important.any()
    assert silent >= 2


def test_few_trials_are_not_ranked_and_say_why() -> None:
    for method in ("auto", "gp", "fanova", "local", "shapley", "ped"):
        result = study(make_linear(), n=12).importance(method)
        assert result.names == ()
        assert "not enough to say: 12 finished trials, and 20 are needed" in result.note


@pytest.mark.parametrize("values", [[], [1.0] * 30, [math.inf] * 30, [1.0] * 29 + [math.inf]])
def test_studies_of_nothing_are_answered(values) -> None:
    made = luthier.create_study(space={"x": Float(0, 1), "y": Categorical(("a", "b"))}, seed=0)
    rng = np.random.default_rng(0)
    made.add_trials(
        TrialRow(
            number=-1,
            state=State.COMPLETE,
            params={"x": float(rng.random()), "y": "ab"[i % 2]},
            values=(v,),
        )
        for i, v in enumerate(values)
    )
    for method in ("auto", "fanova", "ped", "local", "shapley"):
        made.importance(method)


def test_a_space_without_parameters_has_nothing_to_rank() -> None:
    result = luthier.create_study().importance()
    assert result.names == ()
    assert "no parameters" in result.note


def test_what_was_left_out_is_said() -> None:
    made = study(make_linear(), n=60)
    params = made.trials[0].params
    made.add_trials([TrialRow(number=-1, state=State.PRUNED, params=params, values=(0.0,))] * 3)
    result = made.importance()
    assert result.left_out == {"pruned": 3}
    assert "left out: 3 pruned" in result.note
    assert result.n == 60


def test_interactions_are_found_where_asked_for() -> None:
    made = study(make_ishigami(), n=250)
    for method in ("gp", "fanova", "shapley"):
        result = made.importance(method, interactions=True)
        assert set(result.interactions[0].names) == {"x1", "x3"}
    assert made.importance("fanova").interactions == ()


def evaluate(function):
    return lambda A, others: np.array([function(X) for X in (A, *others)])


def test_pairs_are_paid_what_they_do_with_others_as_well() -> None:
    cube = Space(dict.fromkeys("abcd", Float(0, 1)))
    design = design_swaps(cube, 2**14, np.random.default_rng(0))
    of_product = evaluate(lambda X: X[:, 0] * X[:, 1] * X[:, 2] + X[:, 3])
    shares = estimate_pairs(design, of_product, [(0, 1), (1, 2), (0, 3)])
    # Of a product of three uniform factors: V = 1/27 - 1/64, V_ab + V_abc = 1/3 (1/12)².
    expected = (1 / 12) ** 2 / 3 / (1 / 27 - 1 / 64 + 1 / 12)
    assert shares[0, 1] == pytest.approx(expected, rel=0.05)
    assert shares[1, 2] == pytest.approx(expected, rel=0.05)
    assert shares[0, 3] == pytest.approx(0, abs=1e-12)
    assert estimate_pairs(design, evaluate(lambda X: X[:, 0] * 0), [(0, 1)]) == {(0, 1): 0.0}


def test_a_gate_and_its_child_are_a_pair_only_where_the_child_is_active() -> None:
    function = make_gate()
    design = design_swaps(function.space, 512, np.random.default_rng(0))
    by_gate = evaluate(lambda X: np.array([function.loss(p) for p in function.space.decode(X)]))
    assert estimate_pairs(design, by_gate, [(0, 1)])[0, 1] == pytest.approx(0, abs=1e-12)


def test_totals_of_few_parameters_agree_with_those_of_all() -> None:
    function = make_ishigami()
    by_wave = evaluate(lambda X: np.array([function.loss(p) for p in function.space.decode(X)]))
    few = design_swaps(function.space, 2048, np.random.default_rng(0), [2, 0])
    totals = estimate_totals(few, by_wave).mean(axis=0)
    np.testing.assert_allclose(totals, function.total[[2, 0]], rtol=0.05)
    of_all = estimate_indices(design_swaps(function.space, 2048, np.random.default_rng(1)), by_wave)
    np.testing.assert_allclose(of_all.total, function.total, atol=0.02)


def test_the_parameters_that_matter_among_many_are_read_at_more_points() -> None:
    space = Space({f"x{j}": Float(0, 1) for j in range(12)})
    X = space.sample(np.random.default_rng(0), 80)
    made = luthier.create_study(space=space, seed=0)
    made.add_trials(
        TrialRow(number=-1, state=State.COMPLETE, params=p, values=(3 * x[4] + x[9],))
        for p, x in zip(space.decode(X), X, strict=True)
    )
    found = by_name(made.importance())
    assert found["x4"] == pytest.approx(0.9, abs=0.01)
    assert found["x9"] == pytest.approx(0.1, abs=0.01)


@pytest.mark.slow
def test_of_many_parameters_only_the_most_important_are_paired() -> None:
    space = Space({f"x{j}": Float(0, 1) for j in range(30)})
    X = np.random.default_rng(0).random((120, 30))
    made = luthier.create_study(space=space, seed=0)
    made.add_trials(
        TrialRow(number=-1, state=State.COMPLETE, params=p, values=(10 * x[3] * x[7] + x[0],))
        for p, x in zip(space.decode(X), X, strict=True)
    )
    found = made.importance("fanova", interactions=True).interactions
    assert len(found) == 12 * 11 // 2
    assert set(found[0].names) == {"x3", "x7"}


def test_of_several_objectives_one_is_chosen_or_the_front_is_taken() -> None:
    made = luthier.create_study(
        space=dict.fromkeys("abc", Float(0, 1)),
        objectives={"one": "minimize", "two": "maximize"},
        seed=0,
    )
    rng = np.random.default_rng(0)
    made.add_trials(
        TrialRow(
            number=-1,
            state=State.COMPLETE,
            params=p,
            values=(p["a"] + 0.1 * p["c"], p["b"] - 0.1 * p["c"]),
        )
        for p in made.space.decode(made.space.sample(rng, 100))
    )
    assert made.importance(objective="one").names[0] == "a"
    assert made.importance(objective=1).names[0] == "b"
    front = made.importance()
    assert (front.method, front.objective) == ("ped", None)
    assert set(front.names[:2]) == {"a", "b"}
    with pytest.raises(StudyError, match="pass objective=, one of one, two"):
        made.importance("gp")
    with pytest.raises(UnknownNameError, match="'three'"):
        made.importance(objective="three")


def test_a_front_that_holds_nearly_all_trials_ranks_nothing_and_says_why() -> None:
    made = luthier.create_study(
        space=dict.fromkeys("ab", Float(0, 1)),
        objectives={"one": "minimize", "two": "minimize"},
        seed=0,
    )
    rng = np.random.default_rng(0)
    made.add_trials(
        TrialRow(number=-1, state=State.COMPLETE, params=p, values=(p["a"], -p["a"]))
        for p in made.space.decode(made.space.sample(rng, 60))
    )
    result = made.importance()
    assert result.names == ()
    assert "60 of 60 trials lie on the front" in result.note


def test_parameters_are_chosen_by_name() -> None:
    made = study(make_linear(), n=60)
    assert made.importance(params=["x3", "x1"]).names == ("x1", "x3")
    with pytest.raises(UnknownParameterError, match="x9"):
        made.importance(params=["x9"])


@pytest.mark.parametrize(
    "wrong", [{"method": "magic"}, {"among": 0}, {"among": 1.0}, {"level": 1}, {"level": "high"}]
)
def test_wrong_arguments_are_refused(wrong) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        study(make_linear(), n=2).importance(**wrong)


def test_a_result_prints_a_line_for_each_parameter() -> None:
    text = str(study(make_linear(), n=60).importance())
    assert text.startswith("importance (gp, total), of 60 trials\n  x1")
    assert "x5" in text.splitlines()[5]
    assert "may be without effect" in text.splitlines()[5]


@pytest.mark.slow
def test_many_trials_are_ranked_too() -> None:
    history = study(make_linear(), n=1500).history
    for method in ("gp", "ped"):
        assert importance(history, method).names[0] == "x1"


@pytest.mark.parametrize("method", ["gp", "fanova", "local"])
def test_importances_do_not_depend_on_the_unit_of_the_values(method) -> None:
    space = {"a": Float(0, 1), "b": Float(0, 1)}
    results = []
    for k in (0, 1020, -1020):
        made = luthier.create_study(space=space, sampler="random", seed=1)
        made.optimize(
            lambda t, k=k: 2.0**k * (3 * t.params["a"] + t.params["b"]), n_trials=30, progress=False
        )
        results.append(made.importance(method))
    for result in results[1:]:
        assert result.names == results[0].names
        np.testing.assert_array_equal(result.values, results[0].values)


@pytest.mark.parametrize("method", METHODS)
def test_a_space_in_which_nothing_varies_ranks_nothing(method) -> None:
    made = luthier.create_study(
        space={"a": Categorical(["only"]), "b": luthier.Int(3, 3)}, sampler="random", seed=0
    )
    made.add_trials(
        TrialRow(
            number=-1, state=State.COMPLETE, params={"a": "only", "b": 3}, values=(float(i % 7),)
        )
        for i in range(30)
    )
    result = made.importance(method)
    assert not result.important.any()
    assert not result.values.any()
