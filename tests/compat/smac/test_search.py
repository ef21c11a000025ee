"""Tests of searches by SMAC's words."""

from __future__ import annotations

import json

import numpy as np
import pytest

import luthier
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
from luthier.compat.smac.acquisition.function import EI
from luthier.compat.smac.callback import MetadataCallback
from luthier.compat.smac.facade.smac_hpo_facade import SMAC4HPO
from luthier.compat.smac.initial_design import AbstractInitialDesign, LatinHypercubeInitialDesign
from luthier.compat.smac.intensifier.hyperband_utils import (
    get_n_trials_for_hyperband_multifidelity,
)
from luthier.compat.smac.main.exceptions import ConfigurationSpaceExhaustedException
from luthier.compat.smac.multi_objective import (
    AbstractMultiObjectiveAlgorithm,
    MeanAggregationStrategy,
)
from luthier.compat.smac.runhistory import StatusType, TrialInfo, TrialValue
from luthier.compat.smac.utils.configspace import (
    convert_configurations_to_array,
    create_uniform_configspace_copy,
    get_config_hash,
    print_config_changes,
)
from luthier.compat.smac.utils.logging import get_logger
from luthier.compat.smac.utils.numpyencoder import NumpyEncoder
from luthier.compat.smac.utils.pareto_front import (
    calculate_pareto_front,
    sort_by_crowding_distance,
)
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


def test_a_program_runs_trials(tmp_path) -> None:
    program = tmp_path / "program.sh"
    program.write_text(
        "#!/bin/sh\n"
        'for pair in "$@"; do case "$pair" in --n=*) n="${pair#--n=}";; esac; done\n'
        '[ "$n" = 1 ] && { echo "too small" >&2; exit 1; }\n'
        'echo "cost=$n; additional_info=seen"\n'
    )
    program.chmod(0o700)
    smac = RandomFacade(make_scenario(tmp_path, 12), str(program), overwrite=True)
    best = smac.optimize()
    assert best["n"] == min(c["n"] for c in smac.runhistory.get_configs() if c["n"] > 1)
    for key, value in smac.runhistory.items():
        n = smac.runhistory.get_config(key.config_id)["n"]
        assert (value.status == StatusType.CRASHED) == (n == 1)
        kept = value.additional_info
        assert "too small" in kept["error"] if n == 1 else kept["additional_info"] == "seen"


def test_a_space_that_is_tried_out_is_said_and_a_search_begins_anew(tmp_path) -> None:
    space = cs.ConfigurationSpace({"n": [1, 2, 3]}, seed=0)
    scenario = Scenario(space, output_directory=tmp_path, n_trials=9, deterministic=True)
    smac = HyperparameterOptimizationFacade(scenario, lambda config: config["n"], overwrite=True)
    for _ in range(2):
        with pytest.raises(ConfigurationSpaceExhaustedException, match="All configurations"):
            smac.optimize()
        assert smac.runhistory.finished == 3
        assert smac.intensifier.get_incumbent()["n"] == 1
        costs = [item.costs for item in smac.intensifier.trajectory]
        assert costs == sorted(costs, reverse=True)
        assert smac.intensifier.incumbents_changed == len(costs)
        smac.optimizer.reset()
        assert smac.runhistory.empty()


def test_what_makes_one_cost_is_told_of_iterations(tmp_path) -> None:
    class Worst(AbstractMultiObjectiveAlgorithm):
        n_told = 0

        def update_on_iteration_start(self) -> None:
            self.n_told += 1

        def __call__(self, values):
            return max(values)

    scenario = make_scenario(tmp_path, 17, objectives=["a", "b"])
    algorithm = Worst()
    facade = HyperparameterOptimizationFacade
    smac = facade(
        scenario,
        lambda config: {"a": config["x"] ** 2, "b": (config["x"] - 2) ** 2},
        multi_objective_algorithm=algorithm,
        intensifier=facade.get_intensifier(scenario, max_config_calls=1),
        initial_design=facade.get_initial_design(scenario, n_configs=1),
        overwrite=True,
    )
    smac.optimize()
    assert algorithm.n_told == 2  # 16 configurations by the sampler, in steps of 8
    by_cost = smac.intensifier.get_incumbents(sort_by="cost")
    costs = [smac.runhistory.get_cost(c) for c in by_cost]
    assert costs == sorted(costs)
    assert set(by_cost) == set(smac.intensifier.get_incumbents())
    with pytest.raises(ValueError, match="sort_by"):
        smac.intensifier.get_incumbents(sort_by="name")


def test_counts_of_a_history_hold_when_trials_are_replaced(tmp_path) -> None:
    config = make_scenario(tmp_path).configspace.get_default_configuration()
    history = RunHistory(overwrite_existing_trials=True)
    for status in (StatusType.SUCCESS, StatusType.RUNNING, StatusType.RUNNING, StatusType.CRASHED):
        history.add(config, 1.0, status=status, seed=0)
        is_running = int(status == StatusType.RUNNING)
        assert (history.submitted, history.running) == (1, is_running)
        assert history.finished == 1 - is_running


def test_a_front_is_cut_where_it_is_crowded(tmp_path) -> None:
    configs = make_scenario(tmp_path).configspace.sample_configuration(5)
    history = RunHistory()
    for config, pair in zip(configs, [(0, 9), (4, 5), (5, 4), (9, 0), (9, 9)], strict=True):
        history.add(config, list(pair), seed=0)
    keys = [history.get_instance_seed_budget_keys(c) for c in configs]
    front = calculate_pareto_front(history, configs, keys)
    assert front == configs[:4]
    ranked = sort_by_crowding_distance(history, front, keys[:4])
    assert set(ranked[:2]) == {configs[0], configs[3]}


def test_a_total_budget_is_a_number_of_trials(capsys) -> None:
    assert get_n_trials_for_hyperband_multifidelity(1000, 1, 81, print_summary=False) == 188
    assert get_n_trials_for_hyperband_multifidelity(1902, 1, 81) == 206
    assert "number of brackets: 5" in capsys.readouterr().out


def test_forms_of_configurations_and_numbers(tmp_path, caplog) -> None:
    space = cs.ConfigurationSpace(seed=0)
    normal = cs.NormalFloatHyperparameter("x", mu=1, sigma=1, lower=0, upper=4)
    kind = cs.CategoricalHyperparameter("kind", ["a", "b"], weights=[0.2, 0.8])
    space.add(normal, kind)
    space.add(cs.EqualsCondition(normal, kind, "b"))
    plain = create_uniform_configspace_copy(space)
    assert type(plain["x"]) is cs.UniformFloatHyperparameter
    assert (plain["x"].lower, plain["x"].upper, plain["kind"].weights) == (0, 4, None)
    assert [str(c) for c in plain.conditions] == [str(c) for c in space.conditions]
    found = convert_configurations_to_array(space.sample_configuration(3))
    assert found.shape == (3, 2)
    first, second = (cs.Configuration(plain, {"kind": "b", "x": x}) for x in (1.0, 2.0))
    assert get_config_hash(first) != get_config_hash(second)
    with caplog.at_level("INFO"):
        print_config_changes(first, second, get_logger("smac"))
    assert "x: 1.0 -> 2.0" in caplog.text
    written = json.dumps({"n": np.int32(1), "z": np.complex64(1j)}, cls=NumpyEncoder)
    assert json.loads(written) == {"n": 1, "z": {"real": 0.0, "imag": 1.0}}

    callback = MetadataCallback(project="mine")
    RandomFacade(make_scenario(tmp_path, 2), cost, callbacks=[callback], overwrite=True).optimize()
    (path,) = tmp_path.rglob("metadata.json")
    assert json.loads(path.read_text())["project"] == "mine"


def test_settings_without_effect_are_said_once(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(remarks, "_said", set())
    scenario = make_scenario(tmp_path, instances=["a"], instance_features={"a": [1.0]})
    with pytest.warns(UserWarning, match="instance_features .* has no effect"):
        RandomFacade(scenario, cost, overwrite=True)
    with pytest.warns(UserWarning, match="acquisition_function .* has no effect"):
        RandomFacade(make_scenario(tmp_path), cost, acquisition_function=EI(xi=1.0), overwrite=True)
    with pytest.warns(UserWarning, match="objective_weights .* has no effect"):
        MeanAggregationStrategy(scenario, objective_weights=[1.0, 2.0])
    with pytest.warns(UserWarning, match="Latin hypercube .* has no effect"):
        LatinHypercubeInitialDesign(make_scenario(tmp_path)).select_configurations()
    with pytest.raises(NotImplementedError):
        AbstractInitialDesign(make_scenario(tmp_path)).select_configurations()


@pytest.mark.parametrize(
    "space", [{"x": (0.0, 1.0)}, luthier.Space({"x": luthier.Float(0, 1)}), None]
)
def test_a_space_of_other_words_is_refused(space) -> None:
    with pytest.raises(TypeError, match=r"such as ConfigurationSpace\("):
        Scenario(space, n_trials=3)
