"""Figures, importances, commands and ends of studies in Optuna's words."""

import itertools
import json
import math
import sys

import numpy as np
import pytest

import luthier.compat.optuna as optuna
from luthier.compat.optuna import cli, distributions, importance, terminator
from luthier.numerics.hypervolume import hypervolume

pytestmark = pytest.mark.filterwarnings(
    "ignore::luthier.compat.optuna.exceptions.ExperimentalWarning",
    "ignore:.*optuna.terminator.*:FutureWarning",
)


@pytest.fixture(autouse=True)
def quiet():
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield
    optuna.logging.set_verbosity(optuna.logging.INFO)


def steep(trial):
    x = trial.suggest_float("x", 0, 1)
    y = trial.suggest_float("y", 1e-3, 1, log=True)
    kind = trial.suggest_categorical("kind", ["a", "b"])
    trial.report(x, 0)
    trial.report(x + y, 1)
    return 10 * x + y + 0.1 * (kind == "a")


@pytest.fixture(scope="module")
def study():
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    made = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0), study_name="s")
    made.optimize(steep, n_trials=30)
    return made


@pytest.fixture(scope="module")
def front():
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    made = optuna.create_study(
        directions=["minimize", "maximize"], sampler=optuna.samplers.RandomSampler(seed=0)
    )
    made.optimize(lambda t: (t.suggest_float("x", 0, 1), t.suggest_float("y", 0, 1)), n_trials=20)
    return made


OF_ONE = [
    "contour",
    "edf",
    "intermediate_values",
    "optimization_history",
    "parallel_coordinate",
    "param_importances",
    "rank",
    "slice",
    "timeline",
]


@pytest.mark.parametrize("name", OF_ONE)
def test_figures_are_of_plotly_or_axes_of_matplotlib(study, name):
    go = pytest.importorskip("plotly.graph_objects")
    plt = pytest.importorskip("matplotlib.pyplot")
    figure = getattr(optuna.visualization, f"plot_{name}")(study)
    assert isinstance(figure, go.Figure)
    assert len(figure.data) > 0
    empty = optuna.create_study()
    assert isinstance(getattr(optuna.visualization, f"plot_{name}")(empty), go.Figure)
    drawn = getattr(optuna.visualization.matplotlib, f"plot_{name}")(study)
    axes = drawn.flat[0] if hasattr(drawn, "flat") else drawn
    assert isinstance(axes, plt.Axes)
    plt.close("all")


def test_fronts_and_their_volumes_are_drawn(front):
    pytest.importorskip("plotly")
    figure = optuna.visualization.plot_pareto_front(front, target_names=["a", "b"])
    assert figure.layout.xaxis.title.text == "a"
    assert {s.name for s in figure.data} == {"Trial", "Best Trial"}
    volumes = optuna.visualization.plot_hypervolume_history(front, [1.0, 0.0]).data[0].y
    assert all(a <= b for a, b in itertools.pairwise(volumes))
    with pytest.raises(ValueError, match="target"):
        optuna.visualization.plot_slice(front)


def test_each_volume_is_that_of_the_trials_up_to_it():
    pytest.importorskip("plotly")
    study = optuna.create_study(directions=["minimize", "maximize", "minimize"])
    rng = np.random.default_rng(0)
    for values in [*rng.uniform(0, 1.2, (30, 3)), [0.5, 0.5, 0.5], [0.5, 0.5, 0.5]]:
        study.add_trial(optuna.create_trial(values=[float(v) for v in values]))
    reference = [1.0, 0.0, 1.1]
    shown = optuna.visualization.plot_hypervolume_history(study, reference).data[0].y
    losses = np.array([t.values for t in study.trials]) * [1, -1, 1]
    for n, volume in enumerate(shown, 1):
        seen = losses[:n]
        inside = seen[(seen <= reference).all(axis=1)]
        expected = hypervolume(inside, np.array(reference)) if len(inside) else 0
        assert volume == pytest.approx(expected)


def test_functions_of_the_user_are_called_once_a_trial(front):
    pytest.importorskip("plotly")
    calls = []

    def shown(trial):
        calls.append(trial.number)
        return trial.values

    def limits(trial):
        calls.append(trial.number + 1000)
        return [-1.0]

    optuna.visualization.plot_pareto_front(front, targets=shown, constraints_func=limits)
    assert len(calls) == len(set(calls)) == 2 * len(front.trials)


@pytest.mark.parametrize(
    "make",
    [
        importance.PedAnovaImportanceEvaluator,
        lambda: importance.FanovaImportanceEvaluator(seed=0),
        lambda: importance.MeanDecreaseImpurityImportanceEvaluator(seed=0),
    ],
)
def test_what_matters_most_comes_first(study, make):
    pytest.importorskip("sklearn")
    found = importance.get_param_importances(study, evaluator=make())
    assert next(iter(found)) == "x"
    assert math.isclose(sum(found.values()), 1.0)
    few = importance.get_param_importances(study, evaluator=make(), params=["y"])
    assert few.keys() == {"y"}
    with pytest.raises(ValueError, match="z"):
        importance.get_param_importances(study, evaluator=make(), params=["z"])


def test_a_study_ends_when_little_is_left_to_gain():
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    stagnant = terminator.Terminator(
        terminator.BestValueStagnationEvaluator(max_stagnation_trials=5), min_n_trials=3
    )
    study.optimize(steep, n_trials=200, callbacks=[terminator.TerminatorCallback(stagnant)])
    assert 6 <= len(study.trials) < 200
    gain = terminator.RegretBoundEvaluator(seed=0).evaluate(study.trials, study.direction)
    assert 0 <= gain < 20


def run(monkeypatch, capsys, *words):
    monkeypatch.setattr(sys, "argv", ["optuna", *words])
    status = cli.main()
    return status, capsys.readouterr().out.strip()


def test_commands_make_ask_tell_and_show(tmp_path, monkeypatch, capsys):
    storage = ["--storage", f"sqlite:///{tmp_path}/cli.db"]
    name = ["--study-name", "s"]
    assert run(monkeypatch, capsys, "create-study", *storage, *name) == (0, "s")
    space = json.dumps(
        {"x": json.loads(distributions.distribution_to_json(distributions.IntDistribution(1, 9)))}
    )
    _, asked = run(monkeypatch, capsys, "ask", *storage, *name, "--search-space", space)
    assert json.loads(asked)["number"] == 0
    told = ["--trial-number", "0", "--values", "2.5"]
    assert run(monkeypatch, capsys, "tell", *storage, *name, *told)[0] == 0
    _, best = run(monkeypatch, capsys, "best-trial", *storage, *name, "-f", "json")
    assert json.loads(best)["value"] == 2.5
    _, table = run(monkeypatch, capsys, "trials", *storage, *name, "--flatten")
    assert "params_x" in table.splitlines()[1]
    _, studies = run(monkeypatch, capsys, "studies", *storage, "-f", "yaml")
    assert "n_trials: 1" in studies
    assert run(monkeypatch, capsys, "storage", "upgrade", *storage)[0] == 0
    assert run(monkeypatch, capsys, "delete-study", *storage, *name)[0] == 0
    assert run(monkeypatch, capsys, "study-names", *storage) == (0, "")
    monkeypatch.delenv("OPTUNA_STORAGE", raising=False)
    assert run(monkeypatch, capsys, "studies")[0] == 1


def test_distributions_are_written_and_read():
    made = [
        distributions.FloatDistribution(1e-3, 1, log=True),
        distributions.FloatDistribution(0, 1, step=0.25),
        distributions.IntDistribution(1, 9, step=2),
        distributions.CategoricalDistribution([None, True, 1.5, "a"]),
    ]
    for d in made:
        again = distributions.json_to_distribution(distributions.distribution_to_json(d))
        assert again == d
        assert repr(again) == repr(d)
    with pytest.warns(UserWarning, match="not divisible"):
        assert distributions.FloatDistribution(0, 1, step=0.3).high == 0.9
    with pytest.warns(FutureWarning):
        old = distributions.LogUniformDistribution(1, 2)
    assert isinstance(old, distributions.FloatDistribution)
    for bad in ((2, 1), (0, 1, True), (0, 1, False, 0)):
        with pytest.raises(ValueError):
            distributions.FloatDistribution(*bad)
