"""Whole runs in Ray Tune's words, both generations, most of them in this process."""

import json
import os
import random
import time
from pathlib import Path

import pytest
from luthier.compat.ray.tune.search.bayesopt import BayesOptSearch
from luthier.compat.ray.tune.search.hyperopt import HyperOptSearch
from luthier.compat.ray.tune.search.optuna import OptunaSearch

import luthier.compat.ray as ray
from luthier.compat.ray import air, train, tune
from luthier.compat.ray.tune import schedulers
from luthier.compat.ray.tune.search import ConcurrencyLimiter, Repeater, Searcher
from luthier.compat.ray.tune.stopper import (
    CombinedStopper,
    DictStopper,
    ExperimentPlateauStopper,
    MaximumIterationStopper,
    TrialPlateauStopper,
)
from luthier.errors import CompatError, ResourceError

pytestmark = pytest.mark.filterwarnings("ignore:.*has no effect:UserWarning")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Trials run in this process, and write to a folder of the test."""
    monkeypatch.setenv("RAY_AIR_LOCAL_CACHE_DIR", str(tmp_path))
    ray.init(local_mode=True, ignore_reinit_error=True, include_dashboard=False)
    yield tmp_path
    ray.shutdown()
    assert not ray.is_initialized()


def curve(config):
    for i in range(1, 11):
        tune.report({"loss": (config["x"] - 1) ** 2 + 1 / i})


class Climber(tune.Trainable):
    """Adds lr at each step; keeps its height in a file, or in a dict."""

    def setup(self, config, by_dict=False):
        self.height = 0.0
        self.by_dict = by_dict

    def step(self):
        self.height += self.config["lr"]
        return {"height": self.height}

    def save_checkpoint(self, checkpoint_dir):
        if self.by_dict:
            return {"height": self.height}
        with open(os.path.join(checkpoint_dir, "height"), "w") as file:
            file.write(str(self.height))

    def load_checkpoint(self, checkpoint):
        if self.by_dict:
            self.height = checkpoint["height"]
            return
        with open(os.path.join(checkpoint, "height")) as file:
            self.height = float(file.read())


# -- ways to report, and what is compared -------------------------------------------------------


def by_keywords(config):
    tune.report(loss=config["x"], other=1)


def by_train(config):
    train.report({"loss": config["x"]})


def by_session(config):
    air.session.report({"loss": config["x"]})


def by_return(config):
    return {"loss": config["x"]}


def by_yield(config):
    yield {"loss": config["x"] + 1}
    yield {"loss": config["x"]}


@pytest.mark.parametrize("function", [by_keywords, by_train, by_session, by_return, by_yield])
def test_all_ways_to_report(function):
    analysis = tune.run(
        function, config={"x": tune.grid_search([3, 1, 2])}, metric="loss", mode="min", verbose=0
    )
    assert analysis.best_config == {"x": 1}
    assert [t.last_result["loss"] for t in analysis.trials] == [3, 1, 2]


def test_a_single_metric_is_taken_by_its_name_and_said_once(caplog):
    def accuracy(config):
        tune.report(mean_accuracy=config["x"])

    analysis = tune.run(accuracy, config={"x": tune.grid_search([1, 3, 2])}, verbose=0)
    assert analysis.best_config == {"x": 3}
    assert [r.message for r in caplog.records if "no metric and mode" in r.message] == [
        "no metric and mode were given: 'mean_accuracy' is taken with mode='max'"
    ]


def test_what_a_name_does_not_decide_is_an_error_where_it_matters():
    def length(config):
        tune.report(length=config["x"])

    space = {"x": tune.uniform(0, 1)}
    grid = tune.Tuner(length, param_space=space).fit()
    assert len(grid) == 1
    with pytest.raises(CompatError, match="metric="):
        tune.run(length, config=space, verbose=0).best_config
    with pytest.raises(tune.TuneError, match=r"reported \['length'\]"):
        tune.run(length, config=space, search_alg=OptunaSearch(), verbose=0)
    with pytest.raises(CompatError, match="does not tell"):
        tune.run(length, config=space, metric="length", verbose=0)


# -- searchers ----------------------------------------------------------------------------------

SEARCHERS = [
    lambda: OptunaSearch(metric="loss", mode="min", seed=1),
    lambda: HyperOptSearch(random_state_seed=1, points_to_evaluate=[{"x": 0.9}]),
    lambda: ConcurrencyLimiter(BayesOptSearch(random_state=1), max_concurrent=2),
    lambda: "random",
    lambda: "hebo",
]


@pytest.mark.parametrize("make", SEARCHERS)
def test_searchers_find_a_minimum(make):
    tuner = tune.Tuner(
        curve,
        param_space={"x": tune.uniform(-5, 5), "unused": {"c": tune.choice([(1,), (2,)])}},
        tune_config=tune.TuneConfig(metric="loss", mode="min", num_samples=15, search_alg=make()),
        run_config=tune.RunConfig(stop={"training_iteration": 2}, verbose=0),
    )
    best = tuner.fit().get_best_result()
    assert best.metrics["training_iteration"] == 2
    assert best.metrics["loss"] < 2.5
    assert best.config["unused"]["c"] in [(1,), (2,)]


def test_a_searcher_of_the_users_own_suggests_and_is_told():
    class Halving(Searcher):
        def __init__(self):
            super().__init__(metric="loss", mode="min")
            self.told = []

        def suggest(self, trial_id):
            return {"x": 2.0 ** -len(self.told)}

        def on_trial_complete(self, trial_id, result=None, error=False):
            self.told.append(result["loss"])

    searcher = Halving()
    analysis = tune.run(by_train, search_alg=searcher, num_samples=3, config={"k": 1}, verbose=0)
    assert searcher.told == [1, 0.5, 0.25]
    assert analysis.best_config == {"k": 1, "x": 0.25}


def test_a_space_that_a_function_defines_and_several_metrics():
    def define(trial):
        trial.suggest_float("x", 0, 1)
        return {"fixed": 5}

    def two(config):
        tune.report({"a": config["x"], "b": -config["x"] - config["fixed"]})

    search = OptunaSearch(define, metric=["a", "b"], mode=["min", "max"])
    grid = tune.Tuner(two, tune_config=tune.TuneConfig(search_alg=search, num_samples=4)).fit()
    assert grid.num_terminated == 4
    assert grid.get_best_result("a", "min").config["fixed"] == 5


def test_repeats_run_the_same_configuration():
    search = Repeater(OptunaSearch(metric="loss", mode="min"), repeat=3)
    analysis = tune.run(
        by_train, config={"x": tune.uniform(0, 1)}, search_alg=search, num_samples=6, verbose=0
    )
    xs = [t.config["x"] for t in analysis.trials]
    assert xs[0] == xs[1] == xs[2] != xs[3] == xs[4] == xs[5]
    assert [t.config["__trial_index__"] for t in analysis.trials] == [0, 1, 2] * 2


# -- schedulers ---------------------------------------------------------------------------------


def test_asha_stops_the_worse_and_ends_at_max_t():
    analysis = tune.run(
        curve,
        config={"x": tune.grid_search([1, 4, 5, 6, 1.1])},
        scheduler=schedulers.ASHAScheduler(max_t=8, grace_period=2, reduction_factor=2),
        metric="loss",
        mode="min",
        verbose=0,
    )
    assert [t.last_result["training_iteration"] for t in analysis.trials] == [8, 2, 2, 2, 4]
    assert {t.status for t in analysis.trials} == {"TERMINATED"}


def test_the_median_rule_stops_a_trial():
    rule = schedulers.MedianStoppingRule("training_iteration", "loss", "min", 3, 2)
    analysis = tune.run(
        curve, config={"x": tune.grid_search([1, 1.1, 9])}, scheduler=rule, verbose=0
    )
    assert [t.last_result["training_iteration"] for t in analysis.trials] == [10, 10, 3]


def test_hyperband_pauses_classes_and_goes_on_from_their_checkpoints():
    analysis = tune.run(
        Climber,
        config={"lr": tune.grid_search([0.1, 0.2, 0.3, 0.4])},
        scheduler=schedulers.HyperBandScheduler("training_iteration", "height", "max", max_t=4),
        verbose=0,
    )
    last = {t.config["lr"]: t.last_result for t in analysis.trials}
    assert last[0.4]["training_iteration"] == 4
    assert last[0.4]["height"] == pytest.approx(1.6)
    assert {t.status for t in analysis.trials} == {"TERMINATED"}
    assert min(r["training_iteration"] for r in last.values()) == 2


@pytest.mark.parametrize("by_dict", [False, True])
def test_pbt_copies_the_best_with_lambdas_and_explicit_mutations(here, by_dict):
    random.seed(0)
    pbt = schedulers.PopulationBasedTraining(
        time_attr="training_iteration",
        perturbation_interval=2,
        hyperparam_mutations={
            "lr": lambda: random.uniform(1, 2),
            "k": [1, 2, 3],
            "in": {"m": tune.uniform(0, 1)},
            "added": tune.choice(["a", "b"]),
        },
        custom_explore_fn=lambda config: {**config, "seen": True},
    )
    grid = tune.Tuner(
        tune.with_parameters(Climber, by_dict=by_dict),
        param_space={"lr": tune.choice([0.1, 1.0]), "k": 2, "in": {"m": 0.5}},
        tune_config=tune.TuneConfig(metric="height", mode="max", scheduler=pbt, num_samples=4),
        run_config=tune.RunConfig(
            name="pbt",
            stop={"training_iteration": 8},
            checkpoint_config=tune.CheckpointConfig(num_to_keep=2, checkpoint_at_end=True),
            verbose=0,
        ),
    ).fit()
    assert not grid.errors
    copied = [r for r in grid if r.config.get("seen")]
    assert copied
    assert all(r.metrics["training_iteration"] == 8 for r in grid)
    assert all(len(r.best_checkpoints) <= 2 and r.checkpoint is not None for r in grid)
    assert {r.config["added"] for r in grid} <= {"a", "b"}
    lines = (here / "pbt" / "pbt_global.txt").read_text().splitlines()
    old, new = json.loads(lines[0])[4:]
    assert old["k"] - new["k"] in (-1, 0, 1)
    assert new["seen"]

    policy = next(iter((here / "pbt").glob("pbt_policy_*.txt")))
    replay = schedulers.PopulationBasedTrainingReplay(str(policy))
    analysis = tune.run(
        tune.with_parameters(Climber, by_dict=by_dict),
        scheduler=replay,
        stop={"training_iteration": 8},
        verbose=0,
    )
    assert analysis.trials[0].config["seen"]


def old_style(config, checkpoint_dir=None):
    start = 0
    if checkpoint_dir:
        with open(os.path.join(checkpoint_dir, "at")) as file:
            start = int(file.read())
    for i in range(start, 12):
        if i % 3 == 0:
            with tune.checkpoint_dir(step=i) as folder, open(f"{folder}/at", "w") as file:
                file.write(str(i))
        tune.report(mean_accuracy=i * config["lr"], done=i == 11)


@pytest.mark.parametrize(
    "scheduler",
    [
        schedulers.PB2(
            "training_iteration",
            perturbation_interval=4,
            hyperparam_bounds={"lr": [0.1, 2.0]},
            synch=True,
        ),
        schedulers.PopulationBasedTraining(
            "training_iteration",
            perturbation_interval=4,
            hyperparam_mutations={"lr": tune.uniform(0.01, 2.0)},
            synch=True,  # so that one is replaced, however the trials take turns
        ),
    ],
)
def test_functions_with_checkpoints_of_the_old_kind_are_members(scheduler):
    analysis = tune.run(
        old_style,
        config={"lr": 0.1},
        metric="mean_accuracy",
        mode="max",
        scheduler=scheduler,
        num_samples=4,
        keep_checkpoints_num=2,
        verbose=0,
    )
    assert {t.status for t in analysis.trials} == {"TERMINATED"}
    assert analysis.best_checkpoint is not None
    assert len({t.config["lr"] for t in analysis.trials}) > 1


def test_a_scheduler_of_the_users_own_stops_trials():
    class AtThree(schedulers.FIFOScheduler):
        def on_trial_result(self, tune_controller, trial, result):
            return self.STOP if result["training_iteration"] == 3 else self.CONTINUE

    analysis = tune.run(curve, config={"x": 0}, scheduler=AtThree(), verbose=0)
    assert analysis.trials[0].last_result["training_iteration"] == 3


# -- stopping -----------------------------------------------------------------------------------

STOPS = [
    ({"training_iteration": 4}, 4),
    (lambda trial_id, result: result["training_iteration"] >= 5, 5),
    (MaximumIterationStopper(3), 3),
    (CombinedStopper(MaximumIterationStopper(6), lambda _, r: r["loss"] < 0), 6),
    (TrialPlateauStopper("loss", std=10.0, num_results=2, grace_period=2), 2),
    (ExperimentPlateauStopper("loss", std=10.0, top=3), 3),
]


@pytest.mark.parametrize(("stop", "last"), STOPS)
def test_stop_rules_end_trials(stop, last):
    analysis = tune.run(curve, config={"x": 2}, stop=stop, verbose=0)
    assert analysis.trials[0].last_result["training_iteration"] == last


def test_a_budget_of_time_ends_trials_that_run():
    def endless(config):
        while True:
            time.sleep(0.01)
            tune.report({"loss": 1})

    analysis = tune.run(endless, num_samples=-1, time_budget_s=0.2, config={}, verbose=0)
    assert {t.status for t in analysis.trials} == {"TERMINATED"}


# -- results, files, callbacks ------------------------------------------------------------------


def test_results_and_files(here):
    pytest.importorskip("pandas")
    seen = []

    class Watcher(tune.Callback):
        def on_trial_result(self, iteration, trials, trial, result, **info):
            seen.append((str(trial), result["loss"]))

        def on_experiment_end(self, trials, **info):
            seen.append(len(trials))

    analysis = tune.run(
        curve,
        name="run",
        config={"x": tune.grid_search([1, 2]), "deep": {"k": 7}},
        metric="loss",
        mode="min",
        callbacks=[Watcher()],
        trial_name_creator=lambda trial: f"mine_{trial.config['x']}",
        progress_reporter=tune.CLIReporter(metric_columns=["loss"]),
        verbose=0,
    )
    assert seen[0] == ("mine_1", 1.0)
    assert seen[-1] == 2
    assert len(seen) == 21
    frame = analysis.results_df
    assert list(frame["config/x"]) == [1, 2]
    assert list(frame["config/deep/k"]) == [7, 7]
    assert list(analysis.dataframe("loss", "max")["loss"]) == [1.0, 2.0]
    assert [len(f) for f in analysis.trial_dataframes.values()] == [10, 10]
    best = analysis.get_best_trial("loss", "min", scope="all")
    assert analysis.get_best_trial("loss", "max", "avg").config["x"] == 2
    files = set(os.listdir(best.local_path))
    assert {"params.json", "result.json", "progress.csv"} <= files
    assert json.loads(Path(best.logdir, "params.json").read_text()) == {"x": 1, "deep": {"k": 7}}
    again = tune.ExperimentAnalysis(here / "run")
    assert again.best_config == analysis.best_config
    assert again.stats() == {"TERMINATED": 2}
    with pytest.raises(CompatError, match="scope"):
        analysis.get_best_trial("loss", "min", scope="first")


def test_tensorboard_gets_the_metrics(here):
    pytest.importorskip("tensorboard")
    trial = tune.run(curve, config={"x": 1}, verbose=0).trials[0]
    [events] = [f for f in os.listdir(trial.local_path) if f.startswith("events.out.tfevents")]
    with open(os.path.join(trial.local_path, events), "rb") as file:
        assert b"ray/tune/loss" in file.read()


def test_checkpoints_of_functions_are_copied_and_the_best_is_found(here, tmp_path):
    def saves(config):
        before = tune.get_checkpoint()
        assert before is None
        for i in (1, 5, 3):
            folder = tmp_path / "scratch"
            folder.mkdir(exist_ok=True)
            (folder / "n").write_text(str(i))
            tune.report({"score": i}, checkpoint=tune.Checkpoint.from_directory(folder))

    grid = tune.Tuner(
        saves, tune_config=tune.TuneConfig(metric="score", mode="max"), param_space={"x": 1}
    ).fit()
    best = grid.get_best_result().get_best_checkpoint("score", "max")
    with best.as_directory() as folder, open(os.path.join(folder, "n")) as file:
        assert file.read() == "5"
    assert tune.Checkpoint.from_dict({"a": 1}).to_dict() == {"a": 1}


# -- failures and going on ----------------------------------------------------------------------


def fails_at_two(config):
    checkpoint = tune.get_checkpoint()
    start = 0
    if checkpoint:
        start = json.loads(Path(checkpoint.path, "at.json").read_text())
    for i in range(start, 4):
        if i == 2 and not os.path.exists(config["mended"]):
            raise RuntimeError("broken")
        with tune.checkpoint_dir(step=i) as folder, open(f"{folder}/at.json", "w") as file:
            json.dump(i + 1, file)
        tune.report(loss=i)


def test_failures_are_in_the_results_and_are_run_on(here, tmp_path):
    mended = tmp_path / "mended"
    space = {"mended": str(mended)}
    grid = tune.Tuner(
        fails_at_two, param_space=space, run_config=train.RunConfig(name="broken", verbose=0)
    ).fit()
    assert grid.num_errors == 1
    assert "broken" in str(grid.errors[0])
    assert grid[0].metrics["loss"] == 1

    mended.touch()
    folder = here / "broken"
    assert tune.Tuner.can_restore(folder)
    assert not tune.Tuner.can_restore(here)
    tuner = tune.Tuner.restore(str(folder), fails_at_two, resume_errored=True)
    assert tuner.get_results().num_errors == 1
    again = tuner.fit()
    assert again.num_errors == 0
    assert [r["loss"] for r in again._experiment_analysis.trials[0].results] == [0, 1, 2, 3]

    more = tune.run(
        fails_at_two, name="broken", config=space, num_samples=3, resume=True, verbose=0
    )
    assert [t.status for t in more.trials] == ["TERMINATED"] * 3


def test_failures_are_tried_again_or_end_the_run(tmp_path):
    with pytest.raises(tune.TuneError, match="broken"):
        tune.run(fails_at_two, config={"mended": "/nowhere"}, max_failures=2, verbose=0)
    with pytest.raises(RuntimeError, match="broken"):
        tune.run(fails_at_two, config={"mended": "/nowhere"}, fail_fast="raise", verbose=0)


# -- places and refusals ------------------------------------------------------------------------


def test_trials_run_in_processes_at_the_same_time_with_what_they_close_over(here):
    ray.shutdown()
    data = list(range(100_000))
    factor = 2

    def sums(config, data):
        tune.report({"score": factor * sum(data[: config["n"]]), "cwd": os.getcwd()})
        return {"score": -1.0, "cwd": os.getcwd()} if config["n"] == 3 else None

    grid = tune.Tuner(
        tune.with_resources(tune.with_parameters(sums, data=data), {"cpu": 1}),
        param_space={"n": tune.grid_search([2, 3])},
        tune_config=tune.TuneConfig(metric="score", mode="max", max_concurrent_trials=2),
        run_config=tune.RunConfig(verbose=0),
    ).fit()
    assert [r.metrics["score"] for r in grid] == [2, -1.0]
    assert {r.metrics["pid"] for r in grid}.isdisjoint({os.getpid()})
    assert [r.metrics["cwd"] for r in grid] == [r.path for r in grid]


def test_what_the_machine_does_not_have_is_an_error_at_once():
    with pytest.raises(ResourceError, match=r"needs 4096 cpu"):
        tune.run(curve, resources_per_trial={"cpu": 4096}, config={"x": 1})
    ray.init(num_cpus=8192, local_mode=True)
    assert tune.run(curve, resources_per_trial={"cpu": 4096}, config={"x": 1}, verbose=0).trials


REFUSED = [
    (lambda: tune.run(curve, config={"x": 1}, nonsense=1), TypeError, "nonsense"),
    (lambda: tune.run("PPO", config={}), CompatError, "RLlib"),
    (lambda: tune.run(curve, config=[1]), CompatError, "dict"),
    (lambda: tune.run(curve, config={}, metric="a", mode="up"), CompatError, "'min' or 'max'"),
    (lambda: tune.run(curve, config={}, num_samples=0), CompatError, "num_samples"),
    (lambda: tune.run(curve, config={}, stop=3), CompatError, "stop"),
    (lambda: tune.run(curve, config={}, resources_per_trial={"tpu": 1}), CompatError, "tpu"),
    (lambda: tune.run(curve, config={}, scheduler=3), CompatError, "scheduler"),
    (lambda: tune.run(curve, config={}, search_alg=3), CompatError, "search_alg"),
    (lambda: tune.run(curve, config={}, restore="x"), CompatError, "restore"),
    (lambda: tune.create_scheduler("best"), ValueError, "asha"),
    (lambda: tune.create_searcher("best"), ValueError, "optuna"),
    (lambda: schedulers.PopulationBasedTraining(), CompatError, "hyperparam_mutations"),
    (lambda: schedulers.PB2(), CompatError, "hyperparam_bounds"),
    (lambda: schedulers.ASHAScheduler(grace_period=5, max_t=2), ValueError, "grace_period"),
    (lambda: tune.RunConfig(storage_path="s3://bucket"), CompatError, "folder"),
    (lambda: tune.Tuner.restore("/nowhere", curve), CompatError, "no run"),
    (lambda: train.TorchTrainer(curve), CompatError, "Ray itself"),
    (lambda: tune.register_env("env", dict), CompatError, "RLlib"),
    (lambda: tune.run(curve, config={}, loggers=[]), CompatError, "LoggerCallback"),
    (lambda: tune.run(curve, config={}, storage_filesystem=1), CompatError, "folder"),
    (lambda: tune.run(curve, config={}, checkpoint_freq=1), ValueError, "classes Trainable"),
    (lambda: tune.run(curve, config={}, checkpoint_at_end=True), ValueError, "at_end"),
    (lambda: tune.ResumeConfig(finished="resume"), CompatError, "finished"),
    (lambda: tune.CLIReporter(columns=["loss"]), TypeError, "columns"),
    (lambda: tune.PlacementGroupFactory([{}], blocks=1), TypeError, "blocks"),
    (lambda: tune.run_experiments({"a": {"stop": {}}}), TypeError, "'run'"),
]


@pytest.mark.parametrize(("call", "error", "text"), REFUSED)
def test_what_is_not_known_is_refused(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_a_nested_metric_ends_a_trial():
    assert DictStopper({"eval/acc": 0.5})("t", {"eval": {"acc": 0.9}})
    assert not DictStopper({"eval/acc": 0.5})("t", {"eval": {"acc": 0.4}})
