"""Tests of what a client does beside its trials: spaces that change, figures, two threads."""

from __future__ import annotations

import pickle

import pytest

from luthier.compat import remarks
from luthier.compat.ax.api.configs import ChoiceParameterConfig, RangeParameterConfig
from luthier.compat.ax.core.observation import ObservationData, ObservationFeatures
from luthier.compat.ax.core.runner import Runner, RunnerConfig
from luthier.compat.ax.core.search_space import SearchSpace
from luthier.compat.ax.early_stopping import curves
from luthier.compat.ax.early_stopping.strategies import PercentileEarlyStoppingStrategy
from luthier.compat.ax.exceptions.core import (
    DataRequiredError,
    UnsupportedError,
    UnsupportedPlotError,
    UserInputError,
)
from luthier.compat.ax.generation_strategy.external_generation_node import (
    ExternalGenerationNode,
)
from luthier.compat.ax.generation_strategy.generation_strategy import (
    GenerationStep,
    GenerationStrategy,
)
from luthier.compat.ax.metrics.branin import BraninMetric
from luthier.compat.ax.modelbridge.registry import Models
from luthier.compat.ax.plot.contour import plot_contour
from luthier.compat.ax.plot.feature_importances import plot_feature_importance_by_feature
from luthier.compat.ax.plot.slice import plot_slice
from luthier.compat.ax.service.ax_client import AxClient, ObjectiveProperties
from luthier.compat.ax.service.interactive_loop import interactive_optimize_with_client
from luthier.compat.ax.service.utils.instantiation import InstantiationBase
from luthier.errors import CompatError

LINE = [{"name": "x", "type": "range", "bounds": [0.0, 1.0]}]


def make_client(parameters=LINE, **settings) -> AxClient:
    client = AxClient(random_seed=0, verbose_logging=False)
    client.create_experiment(parameters=parameters, name="test", **settings)
    return client


def complete(client, n, value=lambda params: params["x"]) -> None:
    for _ in range(n):
        params, index = client.get_next_trial()
        client.complete_trial(index, raw_data=value(params))


def test_a_space_grows_and_shrinks_while_its_trials_count() -> None:
    client = make_client(status_quo={"x": 0.5})
    complete(client, 3)
    client.add_parameters(
        [
            RangeParameterConfig(name="y", bounds=(0.0, 4.0), parameter_type="float"),
            ChoiceParameterConfig(name="kind", values=["a", "b"], parameter_type="str"),
        ],
        backfill_values={"y": 1.0, "kind": "a"},
        parameter_constraints=["x + y <= 3"],
    )
    assert client.status_quo == {"x": 0.5, "y": 1.0, "kind": "a"}
    complete(client, 4, lambda params: params["x"] + params["y"])
    assert client.generation_strategy.current_node_name == "BoTorch"
    assert all(p["x"] + p["y"] <= 3 + 1e-6 for p in map(client.get_trial_parameters, range(3, 7)))
    found = client.get_model_predictions()
    assert sorted(found) == list(range(7))

    client.disable_parameters({"y": 2.0})
    assert client.experiment.search_space["y"].is_disabled
    client.update_parameters(
        [RangeParameterConfig(name="x", bounds=(0.5, 2.0), parameter_type="float")]
    )
    params, index = client.get_next_trial()
    assert params["y"] == 2.0
    assert 0.5 <= params["x"] <= 1.0 + 1e-6  # of the constraint
    client.complete_trial(index, raw_data=1.0)
    again = AxClient.from_json_snapshot(client.to_json_snapshot())
    assert again.get_next_trial() == client.get_next_trial()


def test_a_space_that_a_runner_refuses_stays_as_it_was() -> None:
    told = []

    class Picky(Runner):
        def on_search_space_update(self, search_space: SearchSpace, arguments=None) -> None:
            told.append((search_space["x"].upper, arguments))
            if search_space["x"].upper > 5:
                raise ValueError("too wide")

    client = make_client()
    assert client.runner_config_type is None
    client.experiment.runner = Picky()
    arguments = client.runner_config_type.SearchSpaceUpdateArguments()
    assert client.runner_config_type is RunnerConfig
    wide, wider = (
        RangeParameterConfig(name="x", bounds=(0.0, upper), parameter_type="float")
        for upper in (3.0, 9.0)
    )
    client.update_parameters([wide], arguments)
    with pytest.raises(ValueError, match="too wide"):
        client.update_parameters([wider], arguments)
    assert told == [(3.0, arguments), (9.0, arguments)]
    assert client.experiment.search_space["x"].upper == 3.0


def test_changes_of_a_space_are_checked() -> None:
    client = make_client()
    y = RangeParameterConfig(name="y", bounds=(0.0, 4.0), parameter_type="float")
    with pytest.raises(UserInputError, match=r"Missing values for parameters: \['y'\]"):
        client.add_parameters([y], backfill_values={})
    with pytest.raises(ValueError, match="not present"):
        client.add_parameters([y], {"y": 1.0}, parameter_constraints=["x + z <= 3"])
    with pytest.raises(UserInputError, match="y not found"):
        client.update_parameters([y])
    with pytest.raises(UserInputError, match="not a valid value"):
        client.disable_parameters({"x": 7.0})
    with pytest.raises(UserInputError, match=r"Cannot disable \['y'\]"):
        client.disable_parameters({"y": 7.0})
    assert list(client.experiment.search_space.parameters) == ["x"]


def test_the_hypervolume_is_measured_up_to_the_thresholds() -> None:
    client = make_client(
        objectives={
            "down": ObjectiveProperties(minimize=True, threshold=4.0),
            "up": ObjectiveProperties(minimize=False, threshold=0.0),
        }
    )
    assert client.get_hypervolume() == 0.0
    for down, up in ((3.0, 2.0), (1.0, 1.0), (9.0, 9.0)):
        _, index = client.get_next_trial()
        client.complete_trial(index, raw_data={"down": down, "up": up})
    assert client.get_hypervolume() == pytest.approx(2.0 + 2.0)  # two rectangles that overlap
    assert client.get_hypervolume(trial_indices=[0]) == pytest.approx(2.0)
    assert client.get_trace() == pytest.approx([2.0, 4.0, 4.0])
    assert sorted(client.get_pareto_optimal_parameters(trial_indices=[1, 2])) == [1]
    single = make_client()
    complete(single, 3)
    with pytest.raises(NotImplementedError, match="several objectives"):
        single.get_hypervolume()
    assert single.get_trace() == sorted(single.get_trace())
    assert single.get_best_trial(trial_indices=[1])[0] == 1


def test_the_share_of_steps_that_early_stopping_saved() -> None:
    client = make_client(support_intermediate_data=True)
    assert client.estimate_early_stopping_savings() == 0.0
    for n_steps, is_stopped in ((10, False), (10, False), (4, True)):
        _, index = client.get_next_trial()
        steps = [(step, {"objective": 1.0}) for step in range(1, n_steps + 1)]
        if is_stopped:
            client.update_running_trial_with_intermediate_data(index, raw_data=steps)
            client.stop_trial_early(index)
        else:
            client.complete_trial(index, raw_data=steps)
    assert client.estimate_early_stopping_savings() == pytest.approx(6 / 30)


def test_metrics_have_the_class_and_the_settings_of_their_definition() -> None:
    client = make_client(
        objectives={"loss": ObjectiveProperties(minimize=True)},
        tracking_metric_names=["seconds"],
        metric_definitions={"seconds": {"properties": {"unit": "s"}}},
    )
    branin = {"metric_class": BraninMetric, "param_names": ["x", "x"], "lower_is_better": True}
    client.add_tracking_metrics(["branin"], metric_definitions={"branin": branin})
    assert client.metric_definitions["seconds"]["properties"] == {"unit": "s"}
    assert isinstance(client.experiment.metrics["branin"], BraninMetric)
    again = AxClient.from_json_snapshot(client.to_json_snapshot())
    assert again.metric_definitions["seconds"]["properties"] == {"unit": "s"}


def test_an_experiment_is_made_of_plain_words() -> None:
    make = InstantiationBase.make_experiment
    experiment = make(
        LINE,
        objectives={"loss": "minimize", "speed": "maximize"},
        objective_thresholds=["loss <= 3"],
        outcome_constraints=["size <= 5"],
    )
    config = experiment.optimization_config
    assert [m.lower_is_better for m in config.objective.metrics] == [True, False]
    assert [t.bound for t in config.objective_thresholds] == [3.0]
    assert list(experiment.metrics) == ["loss", "speed", "size"]
    with pytest.raises(ValueError, match="'minimize' or 'maximize'"):
        make(LINE, objectives={"loss": "down"})
    with pytest.raises(ValueError, match="Must set status_quo"):
        make(LINE, objectives={"loss": "minimize"}, outcome_constraints=["size <= 5%"])
    with pytest.raises(ValueError, match="must not specify objective thresholds"):
        make(LINE, objectives={"loss": "minimize"}, objective_thresholds=["loss <= 3"])


def test_a_relative_constraint_looks_for_the_baseline_once_a_proposal(monkeypatch) -> None:
    client = make_client(status_quo={"x": 0.5}, outcome_constraints=["cost <= 10%"])
    _, index = client.attach_trial({"x": 0.5})
    client.complete_trial(index, raw_data={"objective": 0.0, "cost": 1.0})
    complete(client, 8, lambda params: {"objective": params["x"], "cost": 2 * params["x"]})
    n_looks = []
    backfill = SearchSpace.backfill
    monkeypatch.setattr(
        SearchSpace, "backfill", lambda *given: n_looks.append(1) or backfill(*given)
    )
    client.get_next_trial()
    assert len(n_looks) == 9 + 1  # each trial once, and the baseline, which is the first trial
    best, _ = client.get_best_parameters()
    assert 2 * best["x"] <= 1.1


def test_figures_take_what_the_strategy_expects() -> None:
    client = make_client([*LINE, {"name": "y", "type": "range", "bounds": [0.0, 1.0]}])
    with pytest.raises(ValueError, match="there are no trials"):
        client.get_contour_plot()
    assert client.generation_strategy.adapter is None
    complete(client, 21, lambda params: params["x"] ** 2 + params["y"])
    model = client.generation_strategy.model
    figures = [
        plot_contour(model, param_x="x", param_y="y", metric_name="objective"),
        plot_slice(model, param_name="x", metric_name="objective"),
        plot_feature_importance_by_feature(model=model),
        client.get_contour_plot(),
        client.get_feature_importances(),
    ]
    assert all(hasattr(f, "to_html") or hasattr(f, "savefig") for f in figures)
    means, covariances = model.predict([ObservationFeatures({"x": 1.0, "y": 1.0})])
    assert means["objective"][0] == pytest.approx(2.0, abs=0.2)
    assert covariances["objective"]["objective"][0] >= 0.0


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        ({"param_x": "x"}, ValueError, "vice-versa"),
        ({"param_x": "x", "param_y": "z"}, ValueError, 'Parameter "z"'),
        ({"metric_name": "other"}, ValueError, 'Metric "other"'),
        ({}, UnsupportedPlotError, "Could not obtain contour plot"),
    ],
)
def test_contours_say_what_they_miss(asked, error, message) -> None:
    client = make_client([*LINE, {"name": "y", "type": "range", "bounds": [0.0, 1.0]}])
    complete(client, 1)
    with pytest.raises(error, match=message):
        client.get_contour_plot(**asked)
    with pytest.raises(CompatError, match=r"generation_strategy\.adapter"):
        plot_contour(object(), "x", "y", "objective")


def test_models_say_which_results_they_miss() -> None:
    client = make_client(outcome_constraints=["cost <= 3"])
    with pytest.raises(DataRequiredError, match="At least one trial must be completed"):
        client.fit_model()
    _, index = client.get_next_trial()
    trial = client.get_trial(index)
    trial.update_trial_data({"objective": (1.0, 0.0)})
    trial.mark_completed()
    with pytest.raises(DataRequiredError, match="data for all required metrics"):
        client.fit_model()
    with pytest.raises(UserInputError, match="Unable to find metric 'other'"):
        trial.update_trial_data({"other": 1.0})
    with pytest.raises(ValueError, match=r"Shape of means should be \(1,\)"):
        ObservationData(["loss"], [1.0, 2.0], [[1.0]])


def test_two_threads_propose_and_store_while_somebody_answers() -> None:
    steps = [GenerationStep(Models.SOBOL, max_parallelism=2)]
    client = AxClient(GenerationStrategy(steps), random_seed=0, verbose_logging=False)
    client.create_experiment(LINE)
    asked = []

    def answer(proposal):
        params, index = proposal
        asked.append(index)
        return index, params["x"]

    assert interactive_optimize_with_client(client, 6, 3, answer)
    assert asked == list(range(6))
    assert all(t.status.is_completed for t in client.experiment.trials.values())
    assert not interactive_optimize_with_client(client, 6, 3, lambda proposal: None)


def test_names_that_ax_took_away_and_pickles_are_refused(tmp_path, monkeypatch) -> None:
    client = make_client()
    for old in (client.load, client.save, client.get_recommended_max_parallelism):
        with pytest.raises(NotImplementedError, match="Use "):
            old()
    path = tmp_path / "client.pkl"
    path.write_bytes(pickle.dumps({"experiment": 1}))
    with pytest.raises(CompatError, match=r"is a pickle.*to_csv.*attach_trial"):
        AxClient.load_from_json_file(str(path))
    with pytest.raises(UnsupportedError, match="Ambiguous"):
        make_client(objectives={"a": ObjectiveProperties(minimize=True)}, objective_name="a")
    with pytest.raises(CompatError, match="client for each type"):
        make_client(default_trial_type="a", default_runner=Runner())
    monkeypatch.setattr(remarks, "_said", set())
    with pytest.warns(UserWarning, match="canonical_names"):
        client.add_tracking_metrics(["a"], canonical_names={})


def test_reports_are_read_once_while_trials_run(monkeypatch) -> None:
    n_reads = []
    read = curves.read_history
    monkeypatch.setattr(curves, "read_history", lambda *given: n_reads.append(1) or read(*given))
    strategy = PercentileEarlyStoppingStrategy(min_curves=2, min_progression=2)
    client = AxClient(random_seed=0, verbose_logging=False, early_stopping_strategy=strategy)
    client.create_experiment(LINE, support_intermediate_data=True)
    stopped = []
    for level in (3.0, 2.0, 1.0, 4.0):  # the objective is maximised
        _, index = client.get_next_trial()
        for step in range(1, 9):
            client.update_running_trial_with_intermediate_data(
                index, raw_data=[(step, {"objective": level + step / 10})]
            )
            found = client.should_stop_trials_early({index})
            again = PercentileEarlyStoppingStrategy(min_curves=2, min_progression=2)
            assert found == again.should_stop_trials_early({index}, client.experiment)
            if found:
                client.stop_trial_early(index)
                stopped.append((level, step))
                break
        else:
            client.complete_trial(index, raw_data=[(9, {"objective": level + 0.9})])
    assert [level for level, _ in stopped] == [1.0]
    n_judged = 8 * 3 + stopped[0][1]
    assert len(n_reads) - n_judged == 4  # a new curve each, and no more
    assert strategy == PercentileEarlyStoppingStrategy(min_curves=2, min_progression=2)


def test_a_method_of_the_users_own_is_a_step() -> None:
    class Halves(ExternalGenerationNode):
        def __init__(self) -> None:
            super().__init__("Halves")
            self.seen = []

        def update_generator_state(self, experiment, data) -> None:
            self.seen.append(len(data.df))

        def get_next_candidate(self, pending_parameters):
            return {"x": 0.5 ** len(self.seen) if len(self.seen) < 4 else 7.0}

    node = Halves()
    steps = [GenerationStep(Models.SOBOL, num_trials=2), node]
    client = AxClient(GenerationStrategy(nodes=steps), random_seed=0, verbose_logging=False)
    client.create_experiment(LINE)
    complete(client, 5)
    assert [client.get_trial_parameters(i)["x"] for i in (2, 3, 4)] == [0.5, 0.25, 0.125]
    assert node.seen == [2, 3, 4]
    assert client.get_trials_data_frame()["generation_node"].tolist()[2:] == ["Halves"] * 3
    with pytest.raises(ValueError, match=r"7\.0 is not a valid value"):
        client.get_next_trial()
    with pytest.raises(CompatError, match=r"\['Halves'\] are of your own"):
        client.to_json_snapshot()
