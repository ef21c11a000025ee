"""Settings of Ray Tune's, each of which works or says once that it has no effect."""

import os
import warnings
from types import SimpleNamespace

import pytest
from luthier.compat.ray.tune.search.bayesopt import BayesOptSearch
from luthier.compat.ray.tune.search.hyperopt import HyperOptSearch
from luthier.compat.ray.tune.search.optuna import OptunaSearch
from luthier.compat.ray.tune.utils import flatten_dict, unflatten_dict, validate_save_restore
from luthier.compat.ray.tune.utils.mock_trainable import MyTrainableClass

import luthier.compat.ray as ray
from luthier import samplers
from luthier.compat import remarks
from luthier.compat.hyperopt import hp
from luthier.compat.optuna.distributions import FloatDistribution
from luthier.compat.optuna.pruners import MedianPruner
from luthier.compat.ray import air, tune
from luthier.compat.ray.tune import schedulers
from luthier.compat.ray.tune.integration.lightgbm import (
    TuneReportCallback,
    TuneReportCheckpointCallback,
)
from luthier.compat.ray.tune.search import Repeater
from luthier.errors import CompatError
from luthier.schedulers import ASHA


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Trials run in this process, and write to a folder of the test; nothing was said before."""
    monkeypatch.setenv("RAY_AIR_LOCAL_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(remarks, "_said", set())
    ray.init(local_mode=True)
    yield tmp_path
    ray.shutdown()


def square(config):
    tune.report({"loss": config["x"] ** 2})


# -- what has no effect says so once ------------------------------------------------------------

WITHOUT_EFFECT = {
    "total_samples of ray's CLIReporter": lambda: tune.CLIReporter(total_samples=3),
    "overwrite of ray's Jupyter": lambda: tune.JupyterNotebookReporter(overwrite=True),
    "strategy of ray's PlacementGroupFactory": lambda: tune.PlacementGroupFactory([{}], "SPREAD"),
    "lifetime of ray's PlacementGroupFactory": lambda: tune.PlacementGroupFactory(
        [{}], lifetime="detached"
    ),
    "placement_strategy of ray's ScalingConfig": lambda: air.ScalingConfig(
        placement_strategy="SPREAD"
    ),
    "accelerator_type of ray's ScalingConfig": lambda: air.ScalingConfig(accelerator_type="A100"),
    "reuse_actors of TuneConfig": lambda: tune.TuneConfig(reuse_actors=False),
    "ray's ResourceChangingScheduler": lambda: schedulers.ResourceChangingScheduler(),
    "require_attrs of ray's populations": lambda: schedulers.PB2(
        hyperparam_bounds={"x": [0, 1]}, require_attrs=False
    ),
    "sync_config of ray's tune.run": lambda: tune.run(
        square, config={"x": 1}, sync_config=object(), verbose=0
    ),
    "log_to_file of ray's tune.run": lambda: tune.run(
        square, config={"x": 1}, log_to_file=True, verbose=0
    ),
}


@pytest.mark.parametrize("what", WITHOUT_EFFECT)
def test_what_has_no_effect_is_said_once(what):
    with pytest.warns(UserWarning, match=f"{what}.* has no effect"):
        WITHOUT_EFFECT[what]()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        WITHOUT_EFFECT[what]()


def test_defaults_of_others_say_nothing():
    tune.run(
        square,
        config={"x": 1},
        verbose=0,
        log_to_file=False,
        sync_config=None,
        reuse_actors=None,
        ray_auto_init=True,
        loggers=None,
    )


def test_a_scheduler_of_changing_resources_is_the_one_within_it():
    base = schedulers.ASHAScheduler()
    with pytest.warns(UserWarning, match="a trial keeps its resources"):
        assert schedulers.ResourceChangingScheduler(base, lambda *_: None) is base


# -- what has an effect -------------------------------------------------------------------------


def test_a_repeater_without_an_index_leaves_configurations_as_they_are():
    for set_index, names in ((True, {"x", "__trial_index__"}), (False, {"x"})):
        analysis = tune.run(
            square,
            config={"x": tune.uniform(0, 1)},
            search_alg=Repeater(OptunaSearch(metric="loss", mode="min"), 2, set_index=set_index),
            num_samples=2,
            verbose=0,
        )
        assert [set(t.config) for t in analysis.trials] == [names, names]
        assert len({t.config["x"] for t in analysis.trials}) == 1


def test_what_a_trial_needs_is_the_sum_of_bundles_and_of_workers():
    ray.init(num_cpus=5, num_gpus=2, local_mode=True)
    for needs in (
        tune.PlacementGroupFactory([{"CPU": 1}, {"CPU": 2, "GPU": 1}, {"CPU": 2, "GPU": 1}]),
        air.ScalingConfig(num_workers=2, use_gpu=True, resources_per_worker={"CPU": 2}),
    ):
        seen = []

        def look(config, seen=seen):
            seen.append(tune.get_context().get_trial_resources())
            tune.report({"loss": 1})

        tune.Tuner(tune.with_resources(look, needs), run_config=tune.RunConfig(verbose=0)).fit()
        assert [(s.head_cpus, s.required_resources) for s in seen] == [(5, {"CPU": 5, "GPU": 2})]


def test_a_reporter_prints_what_it_is_asked_for(capsys):
    def fails_at_three(config):
        tune.report({"loss": config["x"], "width": 1, "depth": 2, "hidden": 3})
        if config["x"] == 3:
            raise RuntimeError("broken")

    reporter = tune.CLIReporter(
        parameter_columns={"x": "the x"},
        metric="loss",
        mode="max",
        sort_by_metric=True,
        infer_limit=2,
        max_report_frequency=0,
        print_intermediate_tables=True,
    )
    space = {"x": tune.grid_search([1, 2, 3])}
    kept = {"verbose": 0, "raise_on_failed_trial": False}
    tune.run(fails_at_three, config=space, progress_reporter=reporter, **kept)
    tables = capsys.readouterr().out.split("trial  ")
    assert len(tables) > 3
    head, first, second, third, _, failed = tables[-1].splitlines()
    assert head.split() == ["status", "the", "x", "iter", "loss", "width"]
    assert first.split()[1:] == ["TERMINATED", "2", "1", "2", "1"]
    assert second.split()[1:3] == ["TERMINATED", "1"]
    assert third.split()[1] == "ERROR"
    assert failed.endswith("error.txt")


@pytest.mark.slow
def test_a_trial_works_where_it_is_told_to(tmp_path):
    ray.shutdown()

    def where(config):
        tune.report({"cwd": os.getcwd(), "folder": tune.get_context().get_trial_dir()})

    for inside in (True, False):
        config = tune.TuneConfig(chdir_to_trial_dir=inside)
        grid = tune.Tuner(where, tune_config=config, run_config=tune.RunConfig(verbose=0)).fit()
        assert (grid[0].metrics["cwd"] == grid[0].metrics["folder"]) is inside


def test_a_run_by_its_name_is_run_and_goes_on_as_it_is_told():
    def needs_a_file(config):
        if not os.path.exists(config["file"]):
            raise RuntimeError("no file")
        tune.report({"loss": 1})

    file = os.path.join(os.environ["RAY_AIR_LOCAL_CACHE_DIR"], "there")
    spec = {"run": needs_a_file, "config": {"file": file}}
    kept = {"verbose": 0, "raise_on_failed_trial": False}
    [trial] = tune.run_experiments({"mine": spec}, **kept)
    assert trial.status == "ERROR"
    again = {"name": "mine", "config": {"file": file}, **kept}
    with open(file, "w"):
        skipped = tune.run(needs_a_file, resume_config=tune.ResumeConfig(), **again)
        assert [t.status for t in skipped.trials] == ["ERROR"]
    errored = tune.ResumeConfig(errored=tune.ResumeConfig.ResumeType.RESTART)
    done = tune.run(needs_a_file, resume_config=errored, **again)
    assert [t.status for t in done.trials] == ["TERMINATED"]
    experiment = tune.Experiment("other", square, config={"x": 2}, num_samples=2)
    assert len(tune.run(experiment, verbose=0).trials) == 2
    assert len(tune.run_experiments([experiment, experiment], verbose=0)) == 4


def test_what_an_experiment_does_not_say_the_run_says():
    experiment = tune.Experiment("e", square, config={"x": 2})
    told = {"num_samples": 3, "max_failures": 0, "verbose": 0}
    assert len(tune.run(experiment, **told).trials) == 3
    fails = tune.Experiment("f", lambda config: 1 / 0, num_samples=2)
    trials = tune.run(fails, **told, raise_on_failed_trial=False).trials
    assert [t.status for t in trials] == ["ERROR"] * 2
    with pytest.raises(TypeError, match="smaples"):
        tune.run(experiment, smaples=3)


def test_a_function_may_ask_for_a_reporter():
    def old(config, reporter):
        for i in range(3):
            reporter(timesteps_total=i, loss=config["x"])

    analysis = tune.run(old, config={"x": 5}, verbose=0)
    assert analysis.trials[0].last_result["timesteps_total"] == 2


# -- searchers that are asked by hand -----------------------------------------------------------


def test_a_searcher_is_asked_and_told_without_a_run():
    space = {"x": tune.uniform(-5, 5), "kind": tune.choice(["a", "b"])}
    search = BayesOptSearch(space, metric="loss", mode="min", points_to_evaluate=[{"x": 4.0}])
    assert search.suggest("first")["x"] == 4.0
    search.on_trial_complete("first", {"loss": 9.0})
    search.suggest("lost")
    search.on_trial_complete("lost", error=True)
    best = 9.0
    for i in range(25):
        config = search.suggest(str(i))
        loss = (config["x"] - 1) ** 2 + (config["kind"] == "a")
        search.on_trial_complete(str(i), {"loss": loss})
        best = min(best, loss)
    assert best < 0.1


def test_a_metric_that_nothing_compares_may_be_missing_later():
    def two(config):
        tune.report({"loss": 1.0})
        tune.report({"other": 2.0})

    [trial] = tune.run(two, config={}, verbose=0).trials
    assert (trial.status, trial.last_result["other"]) == ("TERMINATED", 2.0)


def test_a_searcher_takes_metric_and_space_once():
    search = OptunaSearch()
    with pytest.raises(ValueError, match="set_search_properties"):
        search.suggest("0")
    assert search.set_search_properties("loss", "min", {"x": tune.uniform(0, 1)})
    assert set(search.suggest("0")) == {"x"}
    assert not search.set_search_properties("loss", "max", {})


def test_a_space_of_hyperopt_is_searched_as_it_is_there():
    space = {
        "kind": hp.choice("kind", [{"name": "a", "x": hp.uniform("x", -3, 3)}, {"name": "b"}]),
        "y": 1 + hp.quniform("y", 0, 4, 2),
        "steps": 2,
    }

    def loss(config):
        kind = config["kind"]
        tune.report({"loss": kind.get("x", 9.0) ** 2 + config["y"] + config["steps"]})

    search = HyperOptSearch(space, metric="loss", mode="min", points_to_evaluate=[{"kind": 1}])
    analysis = tune.run(loss, search_alg=search, num_samples=30, verbose=0)
    assert analysis.trials[0].config["kind"] == {"name": "b"}
    assert {t.config["y"] for t in analysis.trials} == {1, 3, 5}
    assert analysis.best_config["kind"]["name"] == "a"
    assert set(HyperOptSearch(space, metric="loss", mode="min").suggest("0")) == set(space)


# -- callbacks of training libraries ------------------------------------------------------------


class Model:
    def save_model(self, path):
        with open(path, "w") as file:
            file.write("model")


def boost(callback, n):
    def train(config):
        for i in range(n):
            results = [("valid_0", "auc", 0.5 + i / 10, True)]
            callback(
                SimpleNamespace(
                    evaluation_result_list=results, iteration=i, end_iteration=n, model=Model()
                )
            )

    grid = tune.Tuner(train, run_config=tune.RunConfig(verbose=0)).fit()
    return grid[0]


@pytest.mark.parametrize(
    ("settings", "n_checkpoints"),
    [({}, 2), ({"frequency": 0}, 1), ({"frequency": 6, "checkpoint_at_end": False}, 1)],
)
def test_boosters_keep_checkpoints_when_they_are_due(settings, n_checkpoints):
    result = boost(TuneReportCheckpointCallback({"auc": "valid_0-auc"}, **settings), 7)
    assert result.metrics["auc"] == pytest.approx(1.1)
    assert len(result.best_checkpoints) == n_checkpoints
    if n_checkpoints:
        assert os.listdir(result.checkpoint.path) == ["model.txt"]


def test_boosters_report_without_checkpoints_and_change_metrics():
    callback = TuneReportCallback(
        results_postprocessing_fn=lambda found: {"best": found["valid_0-auc"]}
    )
    result = boost(callback, 2)
    assert (result.metrics["best"], result.checkpoint) == (0.6, None)
    assert boost(TuneReportCallback({"auc": "valid_0-auc"}), 6).checkpoint is None
    with pytest.raises(CompatError, match="rmse"):
        raise boost(TuneReportCallback("rmse"), 1).error


@pytest.mark.slow
@pytest.mark.external("xgboost")
def test_xgboost_reports_and_keeps_its_model(tmp_path):
    import numpy as np
    import xgboost

    from luthier.compat.ray.train.xgboost import RayTrainReportCallback

    data = xgboost.DMatrix(np.arange(20.0).reshape(10, 2), np.arange(10) % 2)

    def train(config):
        xgboost.train(
            {"objective": "binary:logistic", "eval_metric": "logloss"},
            data,
            num_boost_round=3,
            evals=[(data, "eval")],
            verbose_eval=False,
            callbacks=[RayTrainReportCallback({"loss": "eval-logloss"}, frequency=2)],
        )

    result = tune.Tuner(train, run_config=tune.RunConfig(verbose=0)).fit()[0]
    assert os.listdir(result.checkpoint.path) == ["model.ubj"]
    model = RayTrainReportCallback.get_model(result.checkpoint)
    assert model.num_boosted_rounds() == 3
    assert len(result.metrics_dataframe) == 4  # the last round comes again, with the model


@pytest.mark.slow
@pytest.mark.external("lightning")
@pytest.mark.filterwarnings("ignore")
def test_lightning_reports_at_any_hook_with_checkpoints():
    from luthier.compat.ray.train.lightning import RayTrainReportCallback
    from luthier.compat.ray.tune.integration.pytorch_lightning import (
        TuneReportCheckpointCallback as Report,
    )

    with pytest.raises(ValueError, match="train_epoch_end"):
        Report(on="never")

    def save(path):
        with open(path, "w") as file:
            file.write("trainer")

    def train(config):
        trainer = SimpleNamespace(
            sanity_checking=False, callback_metrics={"loss": 0.5}, save_checkpoint=save
        )
        for callback in (
            RayTrainReportCallback(),
            Report({"mine": "loss"}, filename="line.ckpt", on=["train_epoch_end"]),
            Report({"mine": "loss"}, save_checkpoints=False, on="validation_end"),
        ):
            callback.on_train_epoch_end(trainer, None)
            callback.on_validation_end(trainer, None)

    result = tune.Tuner(train, run_config=tune.RunConfig(verbose=0)).fit()[0]
    files = [os.listdir(checkpoint.path) for checkpoint, _ in result.best_checkpoints]
    assert files == [["checkpoint.ckpt"], ["line.ckpt"]]
    assert list(result.metrics_dataframe["mine"][1:]) == [0.5, 0.5]


@pytest.mark.slow
@pytest.mark.external("keras")
@pytest.mark.filterwarnings("ignore")
def test_keras_reports_logs_with_and_without_models(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    import keras
    import numpy as np

    from luthier.compat.ray.air.integrations.keras import ReportCheckpointCallback
    from luthier.compat.ray.tune.integration.keras import TuneReportCallback as Report

    def train(config):
        model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
        model.compile(loss="mse")
        X = np.ones((4, 1), "float32")
        model.fit(X, X, epochs=2, verbose=0, callbacks=[config["callback"]()])

    for callback, n_checkpoints in ((ReportCheckpointCallback, 2), (Report, 0)):
        space = {"callback": callback}
        result = tune.Tuner(train, param_space=space, run_config=tune.RunConfig(verbose=0)).fit()[0]
        assert result.error is None
        assert len(result.best_checkpoints) == n_checkpoints
        assert result.metrics["training_iteration"] == 2


# -- small things of Ray's ----------------------------------------------------------------------


def test_nested_dicts_are_flattened_and_back():
    nested = {"a": {"b": 1, "c": {"d": 2}}, "e": 3}
    flat = flatten_dict(nested, delimiter="-")
    assert flat == {"a-b": 1, "a-c-d": 2, "e": 3}
    assert unflatten_dict(flat, delimiter="-") == nested


def test_a_trainable_is_checked_for_going_on():
    class Forgets(MyTrainableClass):
        def step(self):
            return {**super().step(), "training_iteration": 1}

    assert validate_save_restore(MyTrainableClass, {"width": 3})
    with pytest.raises(CompatError, match="at iteration 1, not 4"):
        validate_save_restore(Forgets)


# -- mixes, and what needs Ray itself -----------------------------------------------------------

MIXES = {
    "sampler of luthier": lambda: tune.run(square, config={}, search_alg=samplers.TPE()),
    "scheduler of luthier": lambda: tune.run(square, config={}, scheduler=ASHA()),
    "pruner of Optuna": lambda: tune.run(square, config={}, scheduler=MedianPruner()),
    "space of Optuna": lambda: tune.run(square, config={"x": FloatDistribution(0, 1)}),
}


@pytest.mark.parametrize("what", MIXES)
def test_parts_of_other_libraries_are_refused_by_name(what):
    with pytest.raises(CompatError, match=r"luthier\.compat\.ray"):
        MIXES[what]()


@pytest.mark.parametrize(
    "line",
    [
        "from luthier.compat.ray.train.torch import TorchTrainer",
        "from luthier.compat.ray.train.xgboost import XGBoostTrainer",
        "from luthier.compat.ray.train import DataConfig",
    ],
)
def test_trainers_of_several_workers_name_ray_itself(line):
    pytest.importorskip("xgboost")
    with pytest.raises(CompatError, match="Ray itself"):
        exec(line)


# -- trackers -----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.external("mlflow")
@pytest.mark.filterwarnings("ignore")
def test_mlflow_has_a_run_for_each_trial(tmp_path, monkeypatch):
    from luthier.compat.ray.air.integrations import mlflow as room

    written = []

    class Client:
        def __init__(self, *where):
            written.append(where)

        def get_experiment_by_name(self, name):
            return None

        def create_experiment(self, name):
            return name

        def create_run(self, experiment, tags, run_name):
            return SimpleNamespace(info=SimpleNamespace(run_id=f"{experiment} {tags['who']}"))

        def __getattr__(self, verb):
            return lambda run, *given, **_: written.append((verb, run, *given))

        def log_batch(self, run, metrics=(), params=()):
            written.extend((run, kept.key, kept.value) for kept in (*metrics, *params))

    monkeypatch.setattr(room, "MlflowClient", Client)
    callback = room.MLflowLoggerCallback("sqlite://", experiment_name="e", tags={"who": "me"})
    tune.run(square, config={"a": {"x": 1}, "x": 2}, callbacks=[callback], verbose=0)
    assert written[0] == ("sqlite://", None)
    assert ("e me", "a/x", "1") in written
    assert ("e me", "loss", 4.0) in written
    assert written[-1] == ("set_terminated", "e me", "FINISHED")


@pytest.mark.slow
@pytest.mark.external("wandb")
@pytest.mark.filterwarnings("ignore")
def test_wandb_has_a_run_for_each_trial(monkeypatch):
    from luthier.compat.ray.air.integrations import wandb as room

    runs = []

    class Run:
        def __init__(self, **settings):
            runs.append(self)
            self.settings, self.rows, self.ended = settings, [], None

        def log(self, row):
            self.rows.append(row)

        def finish(self, exit_code):
            self.ended = exit_code

    def train(config):
        room.setup_wandb(config, project="p").log({"own": 1})
        tune.report({"loss": config["x"], "hidden": 1})

    monkeypatch.setattr(room.wandb, "init", Run)
    with pytest.raises(ValueError, match="project"):
        room.WandbLoggerCallback().setup()
    callback = room.WandbLoggerCallback("p", excludes=["hidden"], job_type="t")
    [trial] = tune.run(train, config={"x": 2}, callbacks=[callback], verbose=0).trials
    run, own = runs
    assert (run.settings["name"], run.settings["job_type"]) == (str(trial), "t")
    assert (run.rows[0]["loss"], run.ended) == (2.0, 0)
    assert "hidden" not in run.rows[0]
    assert (own.settings["id"], own.rows) == (trial.trial_id, [{"own": 1}])
