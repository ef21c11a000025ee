"""Tests of the paths at which Ax's users find names."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from luthier.compat.ax.core.experiment import Experiment
from luthier.compat.ax.core.objective import Objective
from luthier.compat.ax.core.optimization_config import OptimizationConfig
from luthier.compat.ax.core.parameter import ParameterType, RangeParameter
from luthier.compat.ax.core.search_space import SearchSpace
from luthier.compat.ax.plot.by_luthier import draw
from luthier.compat.ax.plot.contour import interact_contour
from luthier.compat.ax.storage.sqa_store.db import init_engine
from luthier.compat.ax.utils.measurement.synthetic_functions import hartmann6
from luthier.compat.ax.utils.notebook.plotting import render
from luthier.errors import CompatError

NAMES = {
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
