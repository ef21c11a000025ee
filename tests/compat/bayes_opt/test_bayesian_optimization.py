"""Tests of BayesianOptimization's words."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import NonlinearConstraint

from luthier.compat import remarks
from luthier.compat.bayes_opt import (
    BayesianOptimization,
    SequentialDomainReductionTransformer,
    UtilityFunction,
    acquisition,
)
from luthier.compat.bayes_opt.exception import NotUniqueError
from luthier.compat.bayes_opt.util import ensure_rng
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
    assert best["allowed"]
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

    for refused in (Own, search.predict, lambda: search.subscribe(1, 2)):
        with pytest.raises(CompatError, match="has no equivalent here"):
            refused()
    with pytest.raises(ValueError, match="kappa must be"):
        acquisition.UpperConfidenceBound(kappa=-1)
    with pytest.raises(NotImplementedError, match="'ucb', 'ei' or 'poi'"):
        UtilityFunction(kind="other")
    with pytest.raises(TypeError, match="RandomState"):
        ensure_rng("a")
