"""Tests of Ax's second interface."""

from __future__ import annotations

import pytest

from luthier.compat import remarks
from luthier.compat.ax import (
    ChoiceParameterConfig,
    Client,
    DerivedParameterConfig,
    RangeParameterConfig,
    StorageConfig,
)
from luthier.compat.ax.analysis.analysis import Analysis
from luthier.compat.ax.analysis.plotly import ParallelCoordinatesPlot
from luthier.compat.ax.analysis.plotly.arm_effects import ArmEffectsPlot
from luthier.compat.ax.analysis.plotly.plotly_analysis import create_plotly_analysis_card
from luthier.compat.ax.api.protocols import IMetric, IRunner
from luthier.compat.ax.core.trial_status import TrialStatus
from luthier.compat.ax.early_stopping.strategies import ThresholdEarlyStoppingStrategy
from luthier.compat.ax.exceptions.core import UnsupportedError, UserInputError
from luthier.compat.ax.linear import Linear, read_sums
from luthier.errors import CompatError

PARAMETERS = [
    RangeParameterConfig(name="x", bounds=(-1, 1), parameter_type="float"),
    RangeParameterConfig(name="n", bounds=(1, 100), parameter_type="int", scaling="log"),
    ChoiceParameterConfig(name="kind", values=["a", "b"], parameter_type="str"),
    DerivedParameterConfig(name="rest", expression_str="1.0 - x", parameter_type="float"),
]


def make_client(objective="-loss", parameters=PARAMETERS, **settings) -> Client:
    client = Client(random_seed=0)
    client.configure_experiment(parameters=parameters, name="test")
    client.configure_optimization(objective=objective, **settings)
    return client


def run(client: Client, n: int, evaluate) -> None:
    for _ in range(n):
        for index, params in client.get_next_trials(max_trials=1).items():
            client.complete_trial(trial_index=index, raw_data=evaluate(params))


def test_a_search_begins_in_the_middle_and_finds_the_minimum(tmp_path) -> None:
    client = make_client()
    run(client, 12, lambda p: {"loss": (p["x"] - 0.4) ** 2 + (p["kind"] == "a")})
    params, prediction, index, name = client.get_best_parameterization()
    assert params["kind"] == "b"
    assert params["x"] == pytest.approx(0.4, abs=0.2)
    assert params["rest"] == 1.0 - params["x"]
    assert prediction["loss"][0] == pytest.approx((params["x"] - 0.4) ** 2)
    assert name == f"{index}_0"
    table = client.summarize()
    assert list(table["generation_node"][:2]) == ["CenterOfSearchSpace", "Sobol"]
    assert set(table["generation_node"][5:]) == {"MBM"}
    [predicted] = client.predict([params])
    assert abs(predicted["loss"][0]) < 0.3

    path = str(tmp_path / "client.json")
    client.save_to_json_file(path)
    other = Client.load_from_json_file(path)
    assert other.get_next_trials(1) == client.get_next_trials(1)


def test_constraints_relative_to_a_baseline_and_weighted_sums() -> None:
    client = make_client("2 * a - b / 2", outcome_constraints=["cost <= 1.1 * baseline"])
    values = {"x": 0.0, "n": 3, "kind": "a"}
    index = client.attach_baseline(values)
    client.complete_trial(index, {"a": 1.0, "b": 2.0, "cost": 10.0})
    for a, cost in ((9.0, 11.5), (3.0, 10.9), (2.0, 5.0)):
        index = client.attach_trial({**values, "x": a / 10})
        client.complete_trial(index, {"a": a, "b": 2.0, "cost": cost})
    assert client.get_best_parameterization()[2] == 2
    assert client.get_next_trials(1)


def test_the_front_of_two_objectives() -> None:
    client = make_client("-loss, speed")
    for i, (loss, speed) in enumerate([(1, 1), (2, 2), (3, 1)]):
        index = client.attach_trial({"x": i / 10, "n": 3, "kind": "a"}, arm_name=f"arm{i}")
        client.complete_trial(index, {"loss": loss, "speed": speed})
    front = client.get_pareto_frontier()
    assert [(index, name) for _, _, index, name in front] == [(0, "arm0"), (1, "arm1")]
    with pytest.raises(UnsupportedError, match="get_pareto_frontier"):
        client.get_best_parameterization()


def test_trials_are_stopped_early_by_curves_and_by_a_bound() -> None:
    client = make_client("score")

    def train(score: float, n_steps: int = 20) -> bool:
        [index] = client.get_next_trials(1)
        for step in range(1, n_steps + 1):
            client.attach_data(index, {"score": score * step}, progression=step)
            if client.should_stop_trial_early(index):
                client.mark_trial_early_stopped(index)
                return True
        client.complete_trial(index)
        return False

    assert not any(train(1.0 + i) for i in range(5))
    assert train(0.5)
    assert not train(9.0)
    assert client.summarize(trial_statuses=["early_stopped"])["score"].tolist() == [5.0]
    strategy = ThresholdEarlyStoppingStrategy(metric_threshold=100.0, min_progression=1)
    client.set_early_stopping_strategy(strategy)
    assert train(9.0)


def test_a_runner_and_a_metric_run_trials_by_themselves() -> None:
    class Runner(IRunner):
        def run_trial(self, trial_index, parameterization):
            return {"x": parameterization["x"]}

        def poll_trial(self, trial_index, trial_metadata):
            return TrialStatus.FAILED if trial_index == 1 else TrialStatus.COMPLETED

    class Loss(IMetric):
        def fetch(self, trial_index, trial_metadata):
            return 0, (trial_metadata["x"] ** 2, 0.1)

    client = make_client()
    with pytest.raises(UnsupportedError, match="configure_runner"):
        client.run_trials(max_trials=1)
    client.configure_runner(Runner())
    client.configure_metrics([Loss("loss")])
    client.run_trials(max_trials=4, parallelism=2)
    table = client.summarize()
    assert list(table["trial_status"]) == ["COMPLETED", "FAILED", "COMPLETED", "COMPLETED"]
    assert table["loss"][3] == table["x"][3] ** 2


def test_analyses_are_cards(capsys) -> None:
    client = make_client()
    [card] = client.compute_analyses([ParallelCoordinatesPlot()], display=False)
    assert card.title == "ParallelCoordinatesPlot -- Not Available Yet"
    run(client, 3, lambda p: {"loss": p["x"] ** 2})
    client.compute_analyses()
    assert "0_0" in capsys.readouterr().out
    with pytest.raises(CompatError, match=r"luthier\.plots"):
        client.compute_analyses([object()])


@pytest.mark.parametrize(
    ("text", "sums"),
    [
        ("-1 * loss", [Linear({"loss": -1.0})]),
        ("a + 2*b - b", [Linear({"a": 1.0, "b": 1.0})]),
        ("-loss, m.n / 4", [Linear({"loss": -1.0}), Linear({"m.n": 0.25})]),
    ],
)
def test_objectives_are_read_from_text(text, sums) -> None:
    assert read_sums(text) == sums


@pytest.mark.parametrize("text", ["a * b", "a ** 2", "__import__('os')", "a +", "'a'", "a / 0"])
def test_other_texts_are_refused(text) -> None:
    with pytest.raises(ValueError, match="weighted sum"):
        read_sums(text)


def test_what_is_missing_or_wrong_is_said() -> None:
    client = Client()
    with pytest.raises(AssertionError, match="Experiment not set"):
        client.get_next_trials(1)
    client.configure_experiment(PARAMETERS)
    with pytest.raises(UnsupportedError, match="OptimizationConfig not set"):
        client.get_next_trials(1)
    with pytest.raises(UnsupportedError, match="already configured"):
        client.configure_experiment(PARAMETERS)
    uneven = RangeParameterConfig("x", (0, 1), "float", step_size=0.3)
    with pytest.raises(UserInputError, match="evenly divisible"):
        Client().configure_experiment([uneven])
    with pytest.raises(ValueError, match="not present"):
        Client().configure_experiment(PARAMETERS, parameter_constraints=["x <= y"])
    with pytest.raises(CompatError, match=r"create_study\(storage="):
        StorageConfig(url="sqlite:///ax.db")


def test_a_user_writes_analyses_of_tables_and_of_figures(monkeypatch) -> None:
    monkeypatch.setattr(remarks, "_said", set())

    class Count(Analysis):
        def compute(self, experiment=None, generation_strategy=None, adapter=None):
            import pandas as pd

            table = pd.DataFrame({"n": [len(experiment.trials)]})
            if generation_strategy is None:
                return self._create_analysis_card("Count", "How many trials", table)
            return create_plotly_analysis_card("Count", "Count", "Drawn", table, "figure")

    client = Client(random_seed=0)
    client.configure_experiment([RangeParameterConfig("x", (0.0, 1.0), "float")])
    client.configure_optimization("-loss")
    client.complete_trial(client.attach_trial({"x": 0.5}), {"loss": 1.0})
    [card] = client.compute_analyses([Count()], display=False)
    assert (card.title, card.df["n"].tolist()) == ("Count", [1])
    client.get_next_trials(1)
    effects = ArmEffectsPlot(metric_name="loss")
    cards = client.compute_analyses([Count(), effects], display=False)
    assert (cards[0].get_figure(), cards[0].df["n"].tolist()) == ("figure", [2])
    assert cards[1].name == "ArmEffectsPlot"
    with pytest.warns(UserWarning, match="use_cumulative_effect .* has no effect"):
        ArmEffectsPlot(metric_name="loss", use_cumulative_effect=True)
