"""Tests of BayesianOptimization's words."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import NonlinearConstraint

from luthier.compat import remarks
from luthier.compat.bayes_opt import (
    BayesianOptimization,
    Events,
    JSONLogger,
    SequentialDomainReductionTransformer,
    UtilityFunction,
    acquisition,
)
from luthier.compat.bayes_opt.exception import NotUniqueError
from luthier.compat.bayes_opt.util import ensure_rng, load_logs
from luthier.errors import CompatError

BOUNDS = {"x": (-3, 5), "y": (0.0, 4.0)}


def hill(x, y) -> float:
    return -((x - 2) ** 2) - (y - 1) ** 2


def make(f=hill, bounds=BOUNDS, **given) -> BayesianOptimization:
    return BayesianOptimization(f, bounds, random_state=1, **{"verbose": 0, **given})


def test_a_search_climbs_and_a_seed_repeats_it() -> None:
    search, again = make(), make()
    for one in (search, again):
        one.maximize(init_points=4, n_iter=14)
    assert search.res == again.res
    assert len(search.res) == len(search.space) == 18
    assert search.max["target"] == max(one["target"] for one in search.res) > -0.1
    assert search.max["params"]["x"] == pytest.approx(2, abs=0.3)


@pytest.mark.filterwarnings("ignore:UtilityFunction of bayes_opt")
def test_points_are_registered_probed_and_suggested() -> None:
    search = make()
    search.probe({"x": 1, "y": 2})
    assert len(search.space) == 0
    search.maximize(init_points=0, n_iter=0)
    assert [one["params"] for one in search.res] == [{"x": 1.0, "y": 2.0}]
    search.probe([2, 1], lazy=False)
    search.register(params=search.suggest(UtilityFunction(kind="ei")), target=0.25)
    assert search.max["target"] == 0.25
    assert [2, 1] in search.space
    assert search.space.params.shape == (3, 2)
    with pytest.raises(NotUniqueError, match="not unique"):
        search.register(params={"x": 2, "y": 1}, target=3)
    with pytest.raises(ValueError, match="do not match the expected set"):
        search.register(params={"x": 2}, target=3)
    with pytest.warns(UserWarning, match="outside the bounds"):
        search.register(params={"x": 99, "y": 1}, target=3)
    assert search.max["target"] == 0.25
    with pytest.raises(ValueError, match="No target function"):
        make(None).probe({"x": 1, "y": 1}, lazy=False)


def test_no_point_is_suggested_twice() -> None:
    search = make(lambda x, y: x + y)
    search.maximize(init_points=3, n_iter=12)
    assert search.max["params"] == {"x": 5.0, "y": 4.0}
    waiting = [search.suggest() for _ in range(4)]
    assert all(one not in waiting[:i] and one not in search.space for i, one in enumerate(waiting))


def test_whole_numbers_and_categories_are_parameters() -> None:
    bounds = {"n": (1, 9, int), "kind": ("a", "b", "c"), "x": (0, 1)}
    search = make(lambda n, kind, x: -abs(n - 4) - (kind != "b") - x, bounds)
    search.maximize(init_points=5, n_iter=15)
    best = search.max["params"]
    assert (best["n"], best["kind"], type(best["n"])) == (4, "b", int)
    for wrong in ((1, 0), (1,), (2, 2)):
        with pytest.raises(ValueError, match="for 'x'"):
            make(hill, {"x": wrong})


def test_constraints_decide_what_is_best() -> None:
    constraint = NonlinearConstraint(lambda x, y: x + y, -np.inf, 1.5)
    search = make(constraint=constraint)
    search.maximize(init_points=5, n_iter=12)
    best = search.max
    assert [one["allowed"] for one in search.res if one["target"] == best["target"]] == [True]
    assert sum(best["params"].values()) <= 1.5
    assert sum(best["params"].values()) > 0.8
    assert any(not one["allowed"] for one in search.res)


def test_bounds_change_by_hand_and_by_themselves() -> None:
    search = make(bounds_transformer=SequentialDomainReductionTransformer(minimum_window=0.5))
    search.maximize(init_points=4, n_iter=12)
    low, high = search.space.bounds[0]
    assert 0.5 <= high - low < 8
    assert low <= search.max["params"]["x"] <= high
    search.set_bounds({"x": (0, 1), "other": (0, 1)})
    assert search.space.bounds.tolist()[0] == [0, 1]
    assert 0 <= search.suggest()["x"] <= 1
    with pytest.raises(TypeError, match="DomainTransformer"):
        make(bounds_transformer=3)


def test_constraints_and_bounds_that_do_not_fit_are_refused() -> None:
    bounds = {"x": (0, 1), "k": (1, 9, int), "kind": ("a", "b", "c")}
    search = BayesianOptimization(None, bounds, verbose=0)
    with pytest.raises(ValueError, match="set_bounds changes the bounds of 'kind'"):
        search.set_bounds({"kind": ("a", "b")})
    with pytest.raises(ValueError, match="set_bounds changes the bounds of 'k'"):
        search.set_bounds({"k": (1, 5, float)})
    search.set_bounds({"k": (2, 5)})
    assert search.space.bounds[1].tolist() == [2, 5]
    with pytest.raises(ValueError, match="real parameters only"):
        BayesianOptimization(
            None, bounds, bounds_transformer=SequentialDomainReductionTransformer()
        )

    constraint = NonlinearConstraint(lambda a: a, 0.6, 0.3)
    with pytest.raises(ValueError, match="Lower bounds of the constraint"):
        BayesianOptimization(None, {"x": (0, 1)}, constraint=constraint)
    constraint = NonlinearConstraint(lambda a: a, 0, 1)
    search = BayesianOptimization(lambda x: x, {"x": (0, 1)}, constraint=constraint, verbose=0)
    with pytest.raises(TypeError, match=r"names of the parameters, \['x'\]"):
        search.maximize(init_points=1, n_iter=0)


def test_a_state_is_kept_and_other_files_are_refused(tmp_path) -> None:
    search = make()
    search.maximize(init_points=3, n_iter=2)
    search.save_state(tmp_path / "s.json")
    other = make()
    other.load_state(tmp_path / "s.json")
    assert other.res == search.res
    (tmp_path / "t.json").write_text("{}")
    with pytest.raises(CompatError, match=r"optimizer\.register"):
        other.load_state(tmp_path / "t.json")


def test_what_has_no_effect_or_no_equivalent_is_said(monkeypatch, capsys) -> None:
    monkeypatch.setattr(remarks, "_said", set())
    with pytest.warns(UserWarning, match="ExpectedImprovement of bayes_opt has no effect"):
        search = make(acquisition_function=acquisition.ExpectedImprovement(xi=0.1), verbose=2)
    with pytest.warns(UserWarning, match="kappa of bayes_opt's maximize"):
        search.maximize(init_points=1, n_iter=0, kappa=3)
    assert "target" in capsys.readouterr().out
    with pytest.warns(UserWarning, match="alpha of bayes_opt's set_gp_params"):
        search.set_gp_params(alpha=1e-3)

    class Own(acquisition.AcquisitionFunction):
        pass

    with pytest.raises(CompatError, match="has no equivalent here"):
        Own()
    with pytest.raises(ValueError, match="kappa must be"):
        acquisition.UpperConfidenceBound(kappa=-1)
    for decay in (-0.1, 0, 1.1, np.inf):
        with pytest.raises(ValueError, match="less than or equal to 1"):
            acquisition.ExpectedImprovement(exploration_decay=decay)
    for delay in (-1, 1.5, "soon"):
        with pytest.raises(ValueError, match="an integer"):
            acquisition.ProbabilityOfImprovement(exploration_decay_delay=delay)
    with pytest.raises(ValueError, match="for strategy"):
        acquisition.ConstantLiar(acquisition.UpperConfidenceBound(), strategy="none")
    with pytest.raises(NotImplementedError, match="'ucb', 'ei' or 'poi'"):
        UtilityFunction(kind="other")
    with pytest.raises(TypeError, match="RandomState"):
        ensure_rng("a")


def test_a_model_says_what_it_thinks_of_points() -> None:
    search = make()
    with pytest.raises(RuntimeError, match="zero observations"):
        search.predict({"x": 0, "y": 0})
    assert search.predict({"x": 0, "y": 0}, return_std=True, fit_gp=False) == (0.0, 1.0)
    search.maximize(init_points=20, n_iter=0)
    mean, sd = search.predict({"x": 2, "y": 1}, return_std=True)
    assert abs(mean - hill(2, 1)) < 1
    assert 0 <= sd < 3
    points = [{"x": v, "y": 1} for v in (0, 1, 4)]
    means, covariance = search.predict(points, return_cov=True)
    assert means == pytest.approx([hill(**p) for p in points], abs=1.5)
    assert np.allclose(np.sqrt(np.diag(covariance)), search.predict(points, return_std=True)[1])
    with pytest.raises(TypeError, match="got float"):
        search.predict(1.0)
    with pytest.raises(ValueError, match="cannot both"):
        search.predict(points, return_std=True, return_cov=True)


def test_a_constraint_says_where_it_is_likely_kept() -> None:
    constraint = NonlinearConstraint(lambda x, y: [x + y, x], [-np.inf, -1], [1.5, 5])
    search = make(constraint=constraint)
    search.maximize(init_points=25, n_iter=0)
    X = np.array([[0.0, 0.2], [4.5, 3.5], [-2.8, 0.2]])
    assert np.round(search.constraint.predict(X)).tolist() == [1, 0, 0]
    assert np.allclose(search.constraint.approx(X)[:, 1], X[:, 0], atol=0.5)
    assert search.constraint.allowed([[0, 0], [2, 0], [0, -2]]).tolist() == [True, False, False]


def test_loggers_are_told_of_steps_and_files_of_them_are_read(tmp_path) -> None:
    path = tmp_path / "log.json"
    search, seen = make(), []
    search.subscribe(Events.OPTIMIZATION_STEP, JSONLogger(path))
    search.subscribe(Events.OPTIMIZATION_END, "mine", lambda event, _: seen.append(event))
    search.maximize(init_points=3, n_iter=1)
    search.unsubscribe(Events.OPTIMIZATION_END, "mine")
    assert seen == [Events.OPTIMIZATION_END]
    other = load_logs(make(), [path])
    load_logs(other, str(path))
    assert other.res == search.res
    with pytest.raises(KeyError, match="the events are"):
        search.subscribe("now", JSONLogger(path))
    path.write_text("[]\n")
    with pytest.raises(ValueError, match="line 1 of"):
        load_logs(other, path)
