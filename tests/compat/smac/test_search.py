"""Tests of searches by SMAC's words."""

from __future__ import annotations

import pytest

from luthier.compat import remarks
from luthier.compat.smac import (
    AlgorithmConfigurationFacade,
    BlackBoxFacade,
    Callback,
    HyperbandFacade,
    HyperparameterOptimizationFacade,
    MultiFidelityFacade,
    RandomFacade,
    RunHistory,
    Scenario,
)
from luthier.compat.smac.facade.smac_hpo_facade import SMAC4HPO
from luthier.compat.smac.runhistory import StatusType, TrialInfo, TrialValue
from luthier.errors import CompatError

cs = pytest.importorskip("ConfigSpace")
pytestmark = pytest.mark.external("ConfigSpace")
FACADES = [
    AlgorithmConfigurationFacade,
    BlackBoxFacade,
    HyperbandFacade,
    HyperparameterOptimizationFacade,
    MultiFidelityFacade,
    RandomFacade,
]


def make_scenario(folder, n_trials=20, **settings) -> Scenario:
    space = cs.ConfigurationSpace(seed=0)
    space.add(cs.Float("x", (-5, 10), default=-3), cs.Integer("n", (1, 8), default=2))
    settings.setdefault("deterministic", True)
    return Scenario(space, output_directory=folder, n_trials=n_trials, **settings)


def cost(config, seed=0) -> float:
    return (config["x"] - 1) ** 2 + abs(config["n"] - 4)


@pytest.mark.parametrize("facade", FACADES)
def test_each_facade_runs_its_trials_and_repeats_them(facade, tmp_path) -> None:
    found = []
    for folder in ("a", "b"):
        scenario = make_scenario(tmp_path / folder, 16, min_budget=1, max_budget=9)
        smac = facade(scenario, cost, overwrite=True)
        best = smac.optimize()
        assert smac.runhistory.finished == 16
        assert smac.validate(best) == cost(best) == smac.runhistory.get_cost(best)
        found.append([dict(c) for c in smac.runhistory.get_configs()])
    assert found[0] == found[1]


def test_a_forest_finds_what_random_search_does_not(tmp_path) -> None:
    scenario = make_scenario(tmp_path, 40)
    smac = HyperparameterOptimizationFacade(scenario, cost, overwrite=True)
    best = smac.optimize()
    assert cost(best) == min(v.cost for v in smac.runhistory.values())
    assert cost(best) < 1.0


def test_racing_repeats_the_good_and_drops_the_bad(tmp_path) -> None:
    scenario = make_scenario(tmp_path, 60, deterministic=False)

    def noisy(config, seed):
        return cost(config) + seed % 7 / 10

    facade = HyperparameterOptimizationFacade
    intensifier = facade.get_intensifier(scenario, max_config_calls=4)
    smac = facade(scenario, noisy, intensifier=intensifier, overwrite=True)
    best = smac.optimize()
    runs = {c: len(smac.runhistory.get_trials(c)) for c in smac.runhistory.get_configs()}
    assert runs[best] == 4 == max(runs.values())
    assert sorted(runs.values())[len(runs) // 2] == 1


def test_budgets_are_halved_and_instances_are_budgets(tmp_path) -> None:
    budgets = []

    def train(config, seed, budget):
        budgets.append(budget)
        return cost(config) + 1 / budget

    scenario = make_scenario(tmp_path / "a", 13, min_budget=1, max_budget=9)
    MultiFidelityFacade(scenario, train, overwrite=True).optimize()
    assert budgets == [1] * 9 + [3] * 3 + [9]

    names = [f"i{i}" for i in range(9)]
    scenario = make_scenario(tmp_path / "b", 30, instances=names, min_budget=1, max_budget=9)
    smac = MultiFidelityFacade(
        scenario, lambda config, seed, instance: cost(config) + int(instance[1]), overwrite=True
    )
    best = smac.optimize()
    seen = {t.instance for t in smac.runhistory.get_trials(best)}
    assert len(seen) >= 3
    assert seen <= set(names)


def test_ask_and_tell_and_results_from_elsewhere(tmp_path) -> None:
    scenario = make_scenario(tmp_path, 14)
    design = HyperparameterOptimizationFacade.get_initial_design(scenario, n_configs=3)
    smac = HyperparameterOptimizationFacade(scenario, cost, initial_design=design, overwrite=True)
    config = cs.Configuration(scenario.configspace, {"x": 1.0, "n": 4})
    smac.tell(TrialInfo(config, seed=0), TrialValue(cost=0.0))
    for _ in range(5):
        info = smac.ask()
        smac.tell(info, TrialValue(cost=cost(info.config), time=0.5))
    assert smac.optimize() == config
    assert smac.runhistory.submitted == smac.runhistory.finished == 14
    with pytest.raises(ValueError, match="needs a seed"):
        smac.tell(TrialInfo(config), TrialValue(cost=0.0))


def test_several_objectives_callbacks_and_crashes(tmp_path) -> None:
    class Stop(Callback):
        def on_tell_end(self, smbo, info, value):
            return smbo.runhistory.finished < 12

    def two(config, seed):
        if config["n"] == 1:
            raise MemoryError("too small")
        return {"first": config["x"] ** 2, "second": (config["x"] - 2) ** 2}, {"n": config["n"]}

    scenario = make_scenario(tmp_path, 99, objectives=["first", "second"], crash_cost=1e6)
    smac = HyperparameterOptimizationFacade(scenario, two, callbacks=[Stop()], overwrite=True)
    front = smac.optimize()
    assert smac.runhistory.finished == 12
    costs = [tuple(smac.runhistory.average_cost(c)) for c in front]
    assert not any(a[0] < b[0] and a[1] < b[1] for a in costs for b in costs)
    crashed = [v for v in smac.runhistory.values() if v.status == StatusType.CRASHED]
    assert all(v.cost == [1e6, 1e6] and "too small" in v.additional_info["error"] for v in crashed)


def test_a_search_goes_on_from_its_folder(tmp_path) -> None:
    first = RandomFacade(make_scenario(tmp_path, 8, name="kept"), cost, overwrite=True)
    first.optimize()
    again = RandomFacade(make_scenario(tmp_path, 8, name="kept"), cost)
    assert again.runhistory == first.runhistory
    assert again.intensifier.get_incumbent() == first.intensifier.get_incumbent()
    RandomFacade(make_scenario(tmp_path, 9, name="kept"), cost)
    assert (tmp_path / "kept-old" / "0" / "runhistory.json").exists()


def test_a_history_keeps_budgets_and_refuses_other_things(tmp_path) -> None:
    space = make_scenario(tmp_path).configspace
    config = space.get_default_configuration()
    history = RunHistory()
    for budget, value in ((1, 5.0), (3, 4.0), (3, 9.0)):
        history.add(config, value, budget=budget, seed=0)
    assert (history.get_cost(config), history.get_min_cost(config), len(history)) == (4.0, 4.0, 2)
    history.save(tmp_path / "history.json")
    other = RunHistory()
    other.load(tmp_path / "history.json", space)
    assert other == history
    with pytest.raises(TypeError, match="not of type Configuration"):
        history.add({"x": 1}, 1.0)
    with pytest.raises(ValueError, match="2 objectives, but 1"):
        history.add(config, [1.0, 2.0], seed=1)


def test_what_has_no_equivalent_names_the_way(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(remarks, "_said", set())
    with pytest.raises(CompatError, match="HyperparameterOptimizationFacade"):
        SMAC4HPO(scenario=None)
    with pytest.raises(CompatError, match="time_s"):
        RandomFacade(make_scenario(tmp_path, trial_walltime_limit=3), cost)
    with pytest.warns(UserWarning, match="n_workers .* has no effect"):
        RandomFacade(make_scenario(tmp_path, n_workers=2), cost, overwrite=True)
    with pytest.warns(UserWarning, match="model of SMAC's facades has no effect"):
        RandomFacade(make_scenario(tmp_path), cost, model=object(), overwrite=True)
