"""Tests of the paths at which Ax's users find names."""

from __future__ import annotations

import importlib
import subprocess
import sys

import plotly.graph_objects
import pytest

from luthier.compat.ax import Models, OrderConstraint, SumConstraint
from luthier.compat.ax.core.batch_trial import BatchTrial
from luthier.compat.ax.core.experiment import Experiment
from luthier.compat.ax.core.objective import Objective
from luthier.compat.ax.core.optimization_config import OptimizationConfig
from luthier.compat.ax.core.outcome_constraint import ComparisonOp, OutcomeConstraint
from luthier.compat.ax.core.parameter import ParameterType, RangeParameter
from luthier.compat.ax.core.search_space import SearchSpace
from luthier.compat.ax.exceptions.core import OptimizationComplete
from luthier.compat.ax.global_stopping.strategies.base import BaseGlobalStoppingStrategy
from luthier.compat.ax.global_stopping.strategies.improvement import (
    ImprovementGlobalStoppingStrategy,
)
from luthier.compat.ax.metrics.l2norm import L2NormMetric
from luthier.compat.ax.metrics.noisy_function import NoisyFunctionMetric
from luthier.compat.ax.modelbridge import get_sobol
from luthier.compat.ax.plot.by_luthier import draw
from luthier.compat.ax.plot.contour import interact_contour
from luthier.compat.ax.plot.pareto_utils import compute_posterior_pareto_frontier
from luthier.compat.ax.service.ax_client import AxClient
from luthier.compat.ax.service.utils.instantiation import ObjectiveProperties
from luthier.compat.ax.service.utils.report_utils import exp_to_df
from luthier.compat.ax.storage.json_store.load import load_experiment
from luthier.compat.ax.storage.json_store.save import save_experiment
from luthier.compat.ax.storage.sqa_store.db import init_engine
from luthier.compat.ax.utils.measurement.synthetic_functions import hartmann6
from luthier.compat.ax.utils.notebook.plotting import render
from luthier.errors import CompatError

NAMES = {
    "api.utils.generation_strategy_dispatch": "choose_generation_strategy",
    "api.utils.instantiation.from_string": "parse_objective",
    "orchestration.orchestrator": "Orchestrator",
    "orchestration.orchestrator_options": "OrchestratorOptions",
    "service.managed_loop": "OptimizationLoop optimize",
    "service.scheduler": "Scheduler SchedulerOptions",
    "metrics.l2norm": "L2NormMetric",
    "metrics.noisy_function": "GenericNoisyFunctionMetric",
    "adapter.registry": "Generators Models",
    "core.base_trial": "BaseTrial TrialStatus",
    "core.map_data": "MapData",
    "core.map_metric": "MapMetric",
    "core.observation": "ObservationFeatures",
    "generation_strategy.dispatch_utils": "choose_generation_strategy",
    "generation_strategy.generation_node": "GenerationNode GenerationStep",
    "generation_strategy.transition_criterion": "MinTrials MaxTrials",
    "modelbridge.dispatch_utils": "choose_generation_strategy",
    "modelbridge.generation_node": "GenerationNode",
    "modelbridge.cross_validation": "cross_validate",
    "modelbridge.transforms.unit_x": "UnitX",
    "modelbridge.transforms.task_encode": "TaskEncode",
    "modelbridge.transforms.log": "Log",
    "modelbridge.transforms.standardize_y": "StandardizeY",
    "models.torch.botorch_modular.surrogate": "Surrogate SurrogateSpec",
    "runners.synthetic": "SyntheticRunner",
    "service.utils.best_point": "observed_pareto predicted_pareto",
    "utils.common.typeutils": "checked_cast not_none",
    "utils.notebook.plotting": "init_notebook_plotting render",
    "utils.testing.mock": "mock_botorch_optimize",
}


@pytest.mark.parametrize("module", NAMES)
def test_names_are_at_their_paths(module) -> None:
    found = importlib.import_module(f"luthier.compat.ax.{module}")
    assert [n for n in NAMES[module].split() if not hasattr(found, n)] == []


def test_importing_loads_nothing_heavy() -> None:
    code = (
        "import sys, luthier.compat.ax, luthier.compat.ax.modelbridge.registry\n"
        "print([m for m in ('ax', 'pandas', 'plotly', 'scipy', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_names_of_the_inside_say_what_to_do_on_use() -> None:
    with pytest.raises(CompatError, match=r"init_engine has no equivalent.*save_to_json_file"):
        init_engine("sqlite://")
    with pytest.raises(CompatError, match="max_trials=n"):
        BatchTrial()
    with pytest.raises(CompatError, match="Derive a class"):
        ImprovementGlobalStoppingStrategy(min_trials=3)
    with pytest.raises(CompatError, match="'pareto'"):
        compute_posterior_pareto_frontier()
    with pytest.raises(CompatError, match="'contour'"):
        interact_contour(model=None, metric_name="loss")


def test_an_experiment_of_parts_is_drawn(monkeypatch) -> None:
    parameters = [
        RangeParameter(name=n, parameter_type=ParameterType.FLOAT, lower=0, upper=1) for n in "ab"
    ]
    config = OptimizationConfig(Objective(expression="-loss"))
    experiment = Experiment(SearchSpace(parameters), "parts", optimization_config=config)
    for i in range(6):
        run = importlib.import_module("luthier.compat.ax.core").GeneratorRun
        arm = importlib.import_module("luthier.compat.ax.core").Arm({"a": i / 6, "b": 0.5})
        trial = experiment.new_trial(run([arm])).run()
        experiment.attach_results(trial.index, {"loss": (i, 0.0)}, float("nan"))
        trial.mark_completed()
    assert experiment.fetch_data().df["mean"].tolist() == [0, 1, 2, 3, 4, 5]
    shown = []
    figure = draw(experiment, "history")
    monkeypatch.setattr(type(figure), "show", lambda self: shown.append(self))
    render(figure)
    assert shown == [figure]
    assert hartmann6([0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573]) == pytest.approx(
        hartmann6.fmin, abs=1e-4
    )


def test_a_search_ends_when_a_strategy_says_so_and_its_experiment_is_kept(tmp_path) -> None:
    class Enough(BaseGlobalStoppingStrategy):
        def _should_stop_optimization(self, experiment):
            return True, "that is enough"

    client = AxClient(
        random_seed=0, verbose_logging=False, global_stopping_strategy=Enough(min_trials=2)
    )
    client.create_experiment([{"name": "x", "type": "range", "bounds": [0.0, 1.0]}])
    for _ in range(2):
        params, index = client.get_next_trial()
        client.complete_trial(index, raw_data=params["x"])
    with pytest.raises(OptimizationComplete, match="that is enough"):
        client.get_next_trial()
    _, index = client.get_next_trial(force=True)
    client.get_next_trial()  # none is stopped while one runs

    path = str(tmp_path / "experiment.json")
    save_experiment(client.experiment, path)
    again = load_experiment(path)
    assert again == client.experiment
    assert exp_to_df(again)["trial_index"].tolist() == [0, 1, 2, 3]


class _Bowl(NoisyFunctionMetric):
    def f(self, x) -> float:
        return float(((x - 0.3) ** 2).sum())


def test_metrics_compute_themselves_and_methods_are_called() -> None:
    kind = ParameterType.FLOAT
    a, b = (RangeParameter(name=n, parameter_type=kind, lower=0.0, upper=1.0) for n in "ab")
    limits = [OrderConstraint(a, b), SumConstraint([a, b], is_upper_bound=False, bound=0.2)]
    config = OptimizationConfig(
        Objective(metric=_Bowl("bowl", ["a", "b"]), minimize=True),
        [OutcomeConstraint(L2NormMetric("length", ["a", "b"]), ComparisonOp.LEQ, 1.2)],
    )
    experiment = Experiment(SearchSpace([a, b], limits), "bowl", optimization_config=config)
    first = Models.SOBOL(experiment.search_space, seed=1)
    for i in range(12):
        learned = Models.BOTORCH_MODULAR(experiment=experiment, data=experiment.fetch_data())
        trial = experiment.new_trial((first if i < 5 else learned).gen(1))
        trial.run().mark_completed()
    points = [(t.params["a"], t.params["b"]) for t in experiment.trials.values()]
    assert all(x <= y + 1e-6 and x + y >= 0.2 - 1e-6 for x, y in points)
    assert points[:5] == [tuple(p.parameters.values()) for p in _draw_sobol(experiment, 5)]
    table = experiment.fetch_data().df
    assert table["metric_name"].value_counts().to_dict() == {"bowl": 12, "length": 12}
    assert table[table["metric_name"] == "bowl"]["mean"].min() < 0.01
    with pytest.raises(ValueError, match="BOTORCH_MODULAR needs an experiment"):
        Models.BOTORCH_MODULAR(experiment.search_space)
    with pytest.raises(ValueError, match="an experiment with an objective"):
        Models.GPEI(experiment=Experiment(experiment.search_space))
    with pytest.raises(NotImplementedError, match="no method f"):
        NoisyFunctionMetric("m").compute({})


def _draw_sobol(experiment: Experiment, n: int) -> list:
    points = Models.SOBOL(experiment.search_space, seed=1)
    return [points.gen(1).arms[0] for _ in range(n)]


def test_a_trace_and_a_table_need_few_trials() -> None:
    client = AxClient(random_seed=0, verbose_logging=False)
    client.create_experiment(
        parameters=[{"name": "x", "type": "range", "bounds": [0.0, 1.0]}],
        objectives={"loss": ObjectiveProperties(minimize=True)},
    )
    assert client.generation_strategy.trials_as_df is None
    for _ in range(3):
        params, index = client.get_next_trial()
        client.complete_trial(index, params["x"])
    assert len(client.generation_strategy.trials_as_df) == 3
    assert isinstance(client.get_optimization_trace(), plotly.graph_objects.Figure)


def test_sobol_points_go_on_and_repeat_with_the_seed() -> None:
    kind = ParameterType.FLOAT
    space = SearchSpace([RangeParameter(name="a", parameter_type=kind, lower=0, upper=1)])
    runs = []
    for _ in range(2):
        sobol = get_sobol(space, seed=1)
        runs.append([a.parameters["a"] for n in (3, 5) for a in sobol.gen(n).arms])
    assert runs[0] == runs[1]
    assert sorted(int(8 * a) for a in runs[0]) == list(range(8))  # one in each eighth
