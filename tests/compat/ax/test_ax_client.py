"""Tests of Ax's first interface."""

from __future__ import annotations

import json
import math

import pytest

from luthier.compat import remarks
from luthier.compat.ax.exceptions.core import (
    DataRequiredError,
    SearchSpaceExhausted,
    UnsupportedError,
    UserInputError,
)
from luthier.compat.ax.exceptions.generation_strategy import (
    GenerationStrategyCompleted,
    MaxParallelismReachedException,
)
from luthier.compat.ax.metrics.branin import branin
from luthier.compat.ax.modelbridge.generation_strategy import GenerationStep, GenerationStrategy
from luthier.compat.ax.modelbridge.registry import Models
from luthier.compat.ax.service.ax_client import AxClient, ObjectiveProperties
from luthier.compat.ax.service.managed_loop import optimize
from luthier.compat.ax.service.utils.instantiation import FixedFeatures
from luthier.errors import CompatError

PLANE = [
    {"name": "x", "type": "range", "bounds": [-5.0, 10.0]},
    {"name": "y", "type": "range", "bounds": [0.0, 15.0]},
]


def make_client(parameters=PLANE, seed=0, **settings) -> AxClient:
    client = AxClient(random_seed=seed, verbose_logging=False)
    client.create_experiment(parameters=parameters, name="test", **settings)
    return client


def test_both_spellings_find_the_minimum_and_repeat_it() -> None:
    found = []
    for spelling in (
        {"objective_name": "branin", "minimize": True},
        {"objectives": {"branin": ObjectiveProperties(minimize=True)}},
    ):
        client = make_client(**spelling)
        for _ in range(18):
            params, index = client.get_next_trial()
            client.complete_trial(index, raw_data=(branin(params["x"], params["y"]), 0.0))
        params, (means, covariances) = client.get_best_parameters()
        found.append(params)
        assert means["branin"] == pytest.approx(branin(params["x"], params["y"]))
        assert means["branin"] < 2.0
        assert covariances == {"branin": {"branin": 0.0}}
        assert client.get_best_trial()[1] == params
        predicted = client.get_model_predictions(parameterizations={3: params})[3]["branin"]
        assert abs(predicted[0] - means["branin"]) < 5.0
        assert predicted[1] >= 0
    assert found[0] == found[1]


def test_parameters_of_all_kinds_keep_types_conditions_and_constraints() -> None:
    client = make_client(
        [
            {"name": "kind", "type": "choice", "values": ["svm", "tree"],
             "dependents": {"svm": ["C"], "tree": ["depth"]}},
            {"name": "C", "type": "range", "bounds": [1e-3, 1e3], "log_scale": True},
            {"name": "depth", "type": "range", "bounds": [1, 9], "value_type": "int"},
            {"name": "a", "type": "range", "bounds": [0.0, 1.0], "digits": 3},
            {"name": "b", "type": "range", "bounds": [0.0, 1.0]},
            {"name": "size", "type": "choice", "values": [8, 16, 32], "is_ordered": True},
            {"name": "seed", "type": "fixed", "value": 7},
        ],
        parameter_constraints=["a + 2.0*b <= 1.5", "a >= b"],
        choose_generation_strategy_kwargs={"num_initialization_trials": 8},
    )  # fmt: skip
    kinds = set()
    for _ in range(12):
        params, index = client.get_next_trial()
        kinds.add(params["kind"])
        assert params["a"] + 2 * params["b"] <= 1.5 + 2e-3
        assert params["a"] + 1e-3 >= params["b"]
        assert params["a"] == round(params["a"], 3)
        assert params["size"] in (8, 16, 32)
        assert params["seed"] == 7
        assert ("C" in params, "depth" in params) == (
            params["kind"] == "svm",
            params["kind"] == "tree",
        )
        assert type(params.get("depth", 1)) is int
        client.complete_trial(index, raw_data=params["a"])
    assert kinds == {"svm", "tree"}


def test_the_front_keeps_thresholds_and_constraints() -> None:
    client = make_client(
        [{"name": "x", "type": "range", "bounds": [0.0, 4.0]}],
        objectives={
            "down": ObjectiveProperties(minimize=True, threshold=9.0),
            "up": ObjectiveProperties(minimize=False),
        },
        outcome_constraints=["third <= 1"],
    )
    results = [(1, 1, 0), (2, 2, 0), (3, 1, 0), (0, 9, 2), (10, 10, 0)]
    for i, (down, up, third) in enumerate(results):
        _, index = client.attach_trial({"x": float(i) / 2})
        raw = {"down": down, "up": (up, 0.1), "third": third}
        client.complete_trial(index, raw_data=raw)
    front = client.get_pareto_optimal_parameters()
    assert sorted(front) == [0, 1]
    _, (means, covariances) = front[1]
    assert means == {"down": 2, "up": 2, "third": 0}
    assert covariances["up"]["up"] == pytest.approx(0.01)
    with pytest.raises(NotImplementedError, match="get_pareto_optimal_parameters"):
        client.get_best_parameters()


def test_a_strategy_says_when_to_wait_and_when_it_is_over() -> None:
    steps = [
        GenerationStep(model=Models.SOBOL, num_trials=3, min_trials_observed=2, max_parallelism=5),
        GenerationStep(model=Models.GPEI, num_trials=2, max_parallelism=1),
    ]
    client = AxClient(generation_strategy=GenerationStrategy(steps=steps), random_seed=1)
    client.create_experiment(PLANE)
    trials, is_over = client.get_next_trials(max_trials=10)
    assert (list(trials), is_over) == ([0, 1, 2], False)
    with pytest.raises(DataRequiredError, match="needs 2 completed trials"):
        client.get_next_trial()
    for index in (0, 1):
        client.complete_trial(index, raw_data=float(index))
    client.get_next_trial()
    with pytest.raises(MaxParallelismReachedException, match="of 1 has been reached"):
        client.get_next_trial()
    client.complete_trial(3, raw_data=0.5)
    client.get_next_trial()
    client.complete_trial(4, raw_data=0.5)
    with pytest.raises(GenerationStrategyCompleted, match="generated all the trials"):
        client.get_next_trial()
    assert client.get_max_parallelism() == [(3, 5), (2, 1)]


def test_states_of_trials_and_data_that_changes() -> None:
    client = make_client(tracking_metric_names=["seconds"])
    fixed = FixedFeatures(parameters={"x": 1.5})
    params, first = client.get_next_trial(fixed_features=fixed)
    assert params["x"] == 1.5
    client.update_running_trial_with_intermediate_data(first, raw_data=[(1, {"objective": 3.0})])
    client.complete_trial(first, raw_data={"objective": (2.0, 0.5), "seconds": 9.0})
    with pytest.raises(UnsupportedError, match="already been completed"):
        client.complete_trial(first, raw_data=1.0)
    client.update_trial_data(first, raw_data={"objective": 4.0})
    _, second = client.get_next_trial()
    client.log_trial_failure(second, metadata={"why": "memory"})
    with pytest.raises(UnsupportedError, match="no longer expects"):
        client.complete_trial(second, raw_data=1.0)
    _, third = client.get_next_trial()
    client.abandon_trial(third, reason="too slow")
    table = client.get_trials_data_frame()
    assert list(table["trial_status"]) == ["COMPLETED", "FAILED", "ABANDONED"]
    assert table["objective"][0] == 4.0
    assert math.isnan(table["objective"][1])
    assert client.get_trial_parameters(first) == params


@pytest.mark.parametrize(
    ("raw", "message"),
    [("good", "does not conform"), ((1.0, 2.0, 3.0), "does not conform"), ({"other": 1}, "Unable")],
)
def test_results_of_another_form_are_refused(raw, message) -> None:
    client = make_client()
    _, index = client.get_next_trial()
    with pytest.raises(UserInputError, match=message):
        client.complete_trial(index, raw_data=raw)
    assert client.get_trial(index).status.is_running


def test_a_client_is_saved_and_goes_on(tmp_path) -> None:
    client = make_client(status_quo={"x": 0.0, "y": 0.0}, outcome_constraints=["cost <= 3"])
    for i in range(6):
        _, index = client.get_next_trial()
        client.complete_trial(index, raw_data={"objective": i, "cost": math.inf if i == 2 else i})
    path = tmp_path / "client.json"
    client.save_to_json_file(str(path))
    other = AxClient.load_from_json_file(str(path))
    assert other.experiment == client.experiment
    assert other.get_next_trial() == client.get_next_trial()

    path.write_text(json.dumps({"_type": "AxClient", "experiment": {}}))
    with pytest.raises(CompatError, match=r"was written by Ax.*to_csv.*attach_trial"):
        AxClient.load_from_json_file(str(path))


def test_optimize_ends_where_the_space_does() -> None:
    values = {"type": "choice", "values": [1, 2], "value_type": "int"}
    with pytest.warns(DeprecationWarning, match="optimize is deprecated"):
        best, (means, _), experiment, model = optimize(
            parameters=[{"name": "a", **values}, {"name": "b", **values}],
            evaluation_function=lambda p, weight: (p["a"] + 2 * p["b"], None),
            minimize=True,
            total_trials=9,
            random_seed=3,
        )
    assert (best, model) == ({"a": 1, "b": 1}, None)
    assert means == {"objective": 3.0}
    assert len(experiment.trials) == 4
    client = make_client([{"name": "a", "type": "choice", "values": [True, False]}])
    client.get_next_trials(2)
    with pytest.raises(SearchSpaceExhausted, match="All 2 points"):
        client.get_next_trial()


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        ({"type": "range", "bounds": [0, 1]}, "needs a name"),
        ({"name": "x", "type": "rnage", "bounds": [0, 1]}, "Unrecognized parameter type"),
        ({"name": "x", "type": "range", "bounds": [0]}, "list of two values"),
        ({"name": "x", "type": "range", "bounds": [1, 0]}, "strictly larger"),
        ({"name": "x", "type": "range", "bounds": [0, 1], "log_scale": True}, "Cannot take log"),
        ({"name": "x", "type": "choice", "values": []}, "non-empty list"),
        ({"name": "x", "type": "range", "bounds": [0, 1], "lower": 2}, "Unexpected keys"),
    ],
)
def test_descriptions_of_parameters_are_checked(parameter, message) -> None:
    with pytest.raises((ValueError, UserInputError), match=message):
        AxClient().create_experiment([parameter])


def test_what_has_no_equivalent_names_the_way(monkeypatch) -> None:
    monkeypatch.setattr(remarks, "_said", set())
    with pytest.raises(CompatError, match="save_to_json_file"):
        AxClient(db_settings=object())
    with pytest.raises(CompatError, match="DerivedParameterConfig"):
        make_client(parameter_constraints=["x + y == 3"]).get_next_trial()
    client = AxClient(GenerationStrategy([GenerationStep(Models.ST_MTGP)]))
    client.create_experiment(PLANE)
    with pytest.raises(CompatError, match="attach the trials of the other task"):
        client.get_next_trial()
    with pytest.warns(UserWarning, match="fit_options .* has no effect"):
        GenerationStrategy([GenerationStep(Models.GPEI, model_kwargs={"fit_options": {}})])
