"""The types of the public names, as mypy and pyright see them. This file is checked, never run.

`assert_type` fails where a name has another type, `Any` included. A line with `ignore` is one that
must fail: both checkers report an `ignore` that nothing needs.
"""
# pyright: strict, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnusedImport=false

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, assert_type

import numpy as np
from numpy.typing import NDArray

import luthier
from luthier import (
    automl,
    checkpoints,
    evaluation,
    executors,
    lifecycle,
    measure,
    nas,
    registry,
    samplers,
    schedulers,
    spaces,
    stopping,
    storages,
    testing,
    transfer,
)

# Samplers

assert_type(samplers.Auto(), samplers.Auto)
assert_type(samplers.BOHB(random_fraction=0.2), samplers.BOHB)
assert_type(samplers.CMAES(population_size=10), samplers.CMAES)
assert_type(samplers.DE(F=0.5), samplers.DE)
assert_type(samplers.DEHB(max_resource=81), samplers.DEHB)
assert_type(samplers.Evolution(tournament_size=5), samplers.Evolution)
assert_type(samplers.Forest(n_trees=32), samplers.Forest)
assert_type(samplers.GP(n_startup_trials=10), samplers.GP)
assert_type(samplers.Grid(), samplers.Grid)
assert_type(samplers.NSGA2(population_size=50), samplers.NSGA2)
assert_type(samplers.NSGA3(reference_directions=[[0.5, 0.5]]), samplers.NSGA3)
assert_type(samplers.Preferential(n_startup_trials=3), samplers.Preferential)
assert_type(samplers.QMC(seed=1), samplers.QMC)
assert_type(samplers.Random(), samplers.Random)
assert_type(samplers.TPE(gamma=0.2), samplers.TPE)

EACH_SAMPLER: list[samplers.Sampler] = [
    samplers.Auto(),
    samplers.BOHB(),
    samplers.CMAES(),
    samplers.DE(),
    samplers.DEHB(),
    samplers.Evolution(),
    samplers.Forest(),
    samplers.GP(),
    samplers.Grid(),
    samplers.NSGA2(),
    samplers.NSGA3(),
    samplers.Preferential(),
    samplers.QMC(),
    samplers.Random(),
    samplers.TPE(),
]

# Schedulers

assert_type(schedulers.ASHA(min_resource=1, max_resource=81), schedulers.ASHA)
assert_type(schedulers.Auto(max_resource=27), schedulers.Auto)
assert_type(schedulers.DEHB(reduction_factor=3), schedulers.DEHB)
assert_type(schedulers.FreezeThaw(max_resource=27), schedulers.FreezeThaw)
assert_type(schedulers.Hyperband(max_resource=81), schedulers.Hyperband)
assert_type(schedulers.Median(n_startup_trials=5), schedulers.Median)
assert_type(schedulers.PASHA(), schedulers.PASHA)
assert_type(schedulers.PB2(population_size=8), schedulers.PB2)
assert_type(schedulers.PBT(mutate=["lr"]), schedulers.PBT)
assert_type(schedulers.Patient(schedulers.Median(), patience=3), schedulers.Patient)
assert_type(schedulers.Percentile(percentile=25.0), schedulers.Percentile)
assert_type(schedulers.Replay({}), schedulers.Replay)
assert_type(schedulers.SuccessiveHalving(n_trials=27), schedulers.SuccessiveHalving)
assert_type(schedulers.Threshold(upper=1.0), schedulers.Threshold)
assert_type(schedulers.FoldRace("safe"), schedulers.FoldRace)
assert_type(schedulers.Wilcoxon(p_threshold=0.1), schedulers.Wilcoxon)
assert_type(schedulers.Decision.STOP, Literal[schedulers.Decision.STOP])

EACH_SCHEDULER: list[schedulers.Scheduler] = [
    schedulers.ASHA(),
    schedulers.Auto(),
    schedulers.DEHB(),
    schedulers.FreezeThaw(),
    schedulers.Hyperband(),
    schedulers.Median(),
    schedulers.PASHA(),
    schedulers.PB2(),
    schedulers.PBT(),
    schedulers.Patient(),
    schedulers.Percentile(),
    schedulers.Replay(),
    schedulers.SuccessiveHalving(),
    schedulers.Threshold(),
    schedulers.FoldRace(),
    schedulers.Wilcoxon(),
]

# Storages and executors

assert_type(storages.HTTP("http://host:8700"), storages.HTTP)
assert_type(storages.InMemory(lease_s=10.0), storages.InMemory)
assert_type(storages.Retrying(storages.InMemory(), reconnect_s=5.0), storages.Retrying)
assert_type(storages.Redis("redis://host:6379"), storages.Redis)
assert_type(storages.SQL("postgresql://host/name"), storages.SQL)
assert_type(storages.SQLite("study.db", max_retries=1), storages.SQLite)
assert_type(storages.from_url("sqlite:///study.db"), storages.Storage)
assert_type(storages.salvage(storages.InMemory()), list[storages.Salvage])
assert_type(storages.salvage_file(Path("study.db")), list[storages.Salvage])
storages.write_studies(storages.salvage(storages.InMemory()), storages.InMemory())

assert_type(executors.Processes(4, limits={"time_s": 60.0}), executors.Processes)
assert_type(executors.Ray(address="auto"), executors.Ray)

# Stop rules, checkpoints, measures, evaluation

assert_type(stopping.Budget(n_trials=100), stopping.Budget)
assert_type(stopping.NoImprovement(50), stopping.NoImprovement)
assert_type(stopping.FoldNoise(every=10), stopping.FoldNoise)
assert_type(stopping.RegretBound(epsilon=0.01), stopping.RegretBound)
assert_type(stopping.Target(0.1), stopping.Target)
RULES: list[stopping.StopRule] = [stopping.Target(0.1), stopping.Budget(time_s=60.0)]

assert_type(checkpoints.Checkpoints("folder", keep="all"), checkpoints.Checkpoints)
assert_type(checkpoints.temporary_store(), checkpoints.Checkpoints)
assert_type(checkpoints.find_superseded([{"file": "a"}], "best"), list[str])

assert_type(measure.latency(lambda: None), measure.Latency)
assert_type(measure.model_size(object()), int)
assert_type(measure.n_parameters(object()), int)
with measure.energy(country="DEU") as used:
    assert_type(used, measure.Energy)
with measure.peak_memory() as peak:
    assert_type(peak, measure.PeakMemory)
assert_type(measure.total_consumption([]), measure.Consumption | None)

assert_type(automl.pipeline_space([[1.0]], "classify"), luthier.Space)
assert_type(automl.ready_learners("regress"), tuple[automl.Learner, ...])
AUTO = automl.AutoClassifier(time_s=60, random_state=0)
assert_type(AUTO.leaderboard(), automl.Leaderboard)
assert_type(AUTO.expect(100), tuple[float, float])
assert_type(AUTO.set_threshold("f1"), automl.AutoClassifier)
assert_type(automl.AutoRegressor(time_s=None, n_trials=5).report(), automl.AutoReport)
assert_type(automl.AutoForecaster(horizon=12).fit([1.0]), automl.AutoForecaster)
assert_type(automl.Column(position=0, name="a", kind="number", n_levels=2, missing=0.0).name, str)

assert_type(evaluation.compare([1.0, 2.0], [1.5, 2.5]), evaluation.Comparison)
assert_type(evaluation.compare_models(1, 2, [[1.0]], [1.0]), evaluation.Comparison)
PLAN = evaluation.plan_folds(100, 5, stratify=[0, 1] * 50, n_repeats=2)
assert_type(PLAN, evaluation.SplitPlan)
assert_type(PLAN[0], evaluation.Fold)
assert_type(PLAN.redraw(1).hash, str)
assert_type(evaluation.choose_plan(100, [0, 1] * 50), evaluation.SplitPlan)
assert_type(evaluation.plan_holdout(100, 0.2), evaluation.SplitPlan)
assert_type(evaluation.plan_time_folds(100), evaluation.SplitPlan)
assert_type(evaluation.freeze_splits([([0], [1])], [[1.0], [2.0]]), evaluation.SplitPlan)
assert_type(evaluation.find_equal_rows([[1.0]]), NDArray[np.int64])
assert_type(evaluation.plan_nested(PLAN, 3), tuple[evaluation.NestedFold, ...])
EVALUATE = evaluation.Evaluate(lambda params: object(), [[1.0]], [1.0], PLAN, "accuracy")
assert_type(EVALUATE.direction, Literal["minimize", "maximize"])
assert_type(EVALUATE.scheduler, schedulers.FoldRace)
assert_type(EVALUATE.metrics, tuple[evaluation.Metric, ...])
assert_type(evaluation.search(EVALUATE, luthier.Space({})), evaluation.SearchResult)
RESULT = evaluation.search(EVALUATE, luthier.Space({}), n_trials=5)
assert_type(RESULT.promise, evaluation.Promise)
assert_type(RESULT.chosen, evaluation.Confirmed)
assert_type(evaluation.choose_simplest(RESULT, "size"), evaluation.Confirmed)
assert_type(
    evaluation.confirm_leaders(luthier.create_study(), EVALUATE, {}), evaluation.SearchResult
)
assert_type(evaluation.promise_best([], EVALUATE), evaluation.Promise)
assert_type(evaluation.bbc([[1.0]], [1.0], EVALUATE.metrics[0]), evaluation.Promise)
assert_type(evaluation.compare_folds([0.5, 0.5], [0.5, 0.6], PLAN), evaluation.FoldComparison)
assert_type(evaluation.compare_all({"a": [0.5], "b": [0.5]}, 0.25), list[evaluation.FoldComparison])
assert_type(evaluation.choose_within_error({"a": [0.5]}, {"a": 1.0}, PLAN), str)
HOLD_OUT = evaluation.HoldOut([[1.0]], [1.0], evaluation.plan_holdout(100))
assert_type(HOLD_OUT.look(object(), "accuracy"), evaluation.Look)
NESTED = evaluation.plan_nested(PLAN)
assert_type(evaluation.nest(EVALUATE, NESTED, lambda e: ({}, 0.5)), evaluation.NestedScore)
assert_type(evaluation.fit_all(EVALUATE, {"C": 1.0}), evaluation.FittedModel)
assert_type(evaluation.fit_ensemble(EVALUATE, {"C": 1.0}).lineage, evaluation.Lineage)

# The space

space = luthier.Space(
    {
        "lr": luthier.Float(1e-4, 1e-1, scale="log"),
        "layers": luthier.Int(1, 8),
        "kind": luthier.Categorical(("adam", "sgd")),
    }
)
assert_type(space, luthier.Space)
assert_type(luthier.Space({"x": [1, 2]}, first=[{"x": 1}]).first, tuple[dict[str, Any], ...])
assert_type(space.without("lr"), luthier.Space)

# Ready-made spaces

assert_type(spaces.catboost(), luthier.Space)
assert_type(spaces.elastic_net(), luthier.Space)
assert_type(spaces.extra_trees("regression"), luthier.Space)
assert_type(spaces.hist_gradient_boosting(), luthier.Space)
assert_type(spaces.knn(), luthier.Space)
assert_type(spaces.lightgbm(), luthier.Space)
assert_type(spaces.logistic(), luthier.Space)
assert_type(spaces.lora(), luthier.Space)
assert_type(spaces.mlp(), luthier.Space)
assert_type(spaces.random_forest("classification", n_features=9), luthier.Space)
assert_type(spaces.rpart(), luthier.Space)
assert_type(spaces.suggest(object(), X=None), luthier.Space)
assert_type(spaces.svm("regression", 9), luthier.Space)
assert_type(spaces.torch_mlp(), luthier.Space)
assert_type(spaces.xgboost(), luthier.Space)
assert_type(luthier.spaces.xgboost(), luthier.Space)
assert_type(luthier.Float(0.0, 1.0).low, float)
assert_type(luthier.Int(1, 8).high, int)
assert_type(luthier.Normal(0.0, 1.0).n_values, int | None)
assert_type(luthier.Categorical(("a", "b")).choices, tuple[Any, ...])
assert_type(space.n_points, float)

# Architectures

cell = nas.Cell("cell", ["none", "skip", "conv3x3"], n_nodes=4)
chain = nas.Chain("mlp", {"operation": ["dense"], "width": luthier.Int(8, 64)}, 1, 3)
body: nas.Block = nas.OneOf("body", {"cell": cell, "deep": nas.Repeat("deep", chain, 1, 2)})
net = nas.Stack("net", [body])
assert_type(net.params["body"].when, dict[str, Any] | None)
assert_type(net.graph({}), nas.Graph)
assert_type(net.graph({}).operations, tuple[nas.Operation, ...])
assert_type(cell.space({"lr": luthier.Float(0.0, 1.0)}, limits={"size": (len, 3)}), luthier.Space)
assert_type(nas.GraphGP(cell, proxies={"size": len}), nas.GraphGP)
assert_type(nas.LocalSearch(n_startup_trials=5), nas.LocalSearch)
assert_type(nas.choose_sampler(cell, 100), samplers.Sampler)

# Data that every process has once

handle = luthier.share({"a": np.zeros(3)})
assert_type(handle.get()["a"].shape[0], int)

# A study and its trials


def objective(trial: luthier.Trial) -> float:
    assert_type(trial.suggest_float("lr", 1e-4, 1e-1, log=True), float)
    assert_type(trial.suggest_int("layers", 1, 8), int)
    assert_type(trial.params, dict[str, Any])
    assert_type(trial.number, int)
    assert_type(trial.should_prune(), bool)
    trial.report(0.5, step=1)
    trial.set_tag("note", "text")
    trial.set_cost(2.0)
    trial.set_constraint("latency", 0.5)
    if trial.should_stop():
        raise luthier.TrialPruned
    return 0.0


study = luthier.create_study(
    name="train",
    storage="sqlite:///study.db",
    direction="minimize",
    space=space,
    sampler=samplers.TPE(),
    scheduler=schedulers.ASHA(),
    seed=0,
)
assert_type(study, luthier.Study)
assert_type(luthier.create_study(sampler="tpe", scheduler="asha"), luthier.Study)
assert_type(luthier.load_study("train", "sqlite:///study.db"), luthier.Study)
study.optimize(objective, n_trials=10, executor=executors.Processes(2), stop=stopping.Target(0.1))
study.optimize(objective, n_trials=10, executor="ray", stop=RULES)

trial = study.ask()
assert_type(trial, luthier.Trial)
row = study.tell(trial, 0.5)
assert_type(study.finish(0), luthier.TrialRow)
assert_type(row, luthier.TrialRow)
assert_type(row.state, luthier.State)
assert_type(row.values, tuple[float, ...] | None)
assert_type(row.params, dict[str, Any])
assert_type(row.duration_s, float | None)

assert_type(study.trials, list[luthier.TrialRow])
assert_type(study.best_trial, luthier.TrialRow)
assert_type(study.best_trials, list[luthier.TrialRow])
assert_type(study.best_params, dict[str, Any])
assert_type(study.best_value, float)
assert_type(study.enqueue({"lr": 0.01}), int)
assert_type(study.recommend(3), list[luthier.Recommendation])
assert_type(study.recommend()[0].mean, float)
assert_type(study.choose(knee=True), luthier.Choice)
assert_type(study.choose("loss < 0.1").params, dict[str, Any])
assert_type(study.confirm(k=2), luthier.Confirmation)
assert_type(study.controls, luthier.study.StudyControls)
assert_type(study.controls.enqueue_nearby(3, n=2, radius=0.1), list[int])
assert_type(study.controls.fail_trial(3, "it hangs"), luthier.TrialRow)
assert_type(study.preferences, luthier.study.StudyPreferences)
assert_type(study.preferences.next_pair(), tuple[luthier.TrialRow, luthier.TrialRow])
assert_type(study.preferences.best_trial, luthier.TrialRow)
assert_type(study.confirm().significant, bool)
assert_type(study.forecast(row), luthier.Forecast)
assert_type(study.explain(row), luthier.Explanation)
assert_type(study.explain_best(), luthier.GoodRegion)
assert_type(study.diagnose(), list[luthier.Finding])
assert_type(study.diagnose()[0].p, float | None)
study.dismiss(study.diagnose()[0], reason="meant so")
study.dismiss("noise")
study.undo_dismissal("optimum-at-bound", "x")
assert_type(study.apply(study.diagnose()[0]).change, str)
study.optimize(
    objective,
    n_trials=10,
    on_finding=lambda study, finding: study.dismiss(finding),
    act={"widen", "stop"},
)
assert_type(luthier.list_studies("sqlite:///study.db"), list[luthier.StudyRecord])
assert_type(study.space, luthier.Space)
assert_type(study.space.shrink(study), luthier.Space)
assert_type(study.history, luthier.History)

past = study.history
assert_type(luthier.analysis.calibration(past), luthier.analysis.Calibration)
assert_type(luthier.analysis.contour(past), luthier.analysis.Surface)
assert_type(luthier.analysis.convergence(past), luthier.analysis.Convergence)
assert_type(luthier.analysis.curves(past), luthier.analysis.Curves)
assert_type(luthier.analysis.duplicates(past), luthier.analysis.Duplicates)
assert_type(luthier.analysis.edf(past), luthier.analysis.EDF)
assert_type(luthier.analysis.explain_best(past), luthier.analysis.GoodRegion)
assert_type(luthier.analysis.hypervolume(past), luthier.analysis.HypervolumeCurve)
assert_type(luthier.analysis.improvement(past), luthier.analysis.Improvement)
assert_type(luthier.analysis.incumbent(past), luthier.analysis.Incumbent)
assert_type(luthier.analysis.parallel(past), luthier.analysis.Parallel)
assert_type(luthier.analysis.pareto(past), luthier.analysis.Pareto)
assert_type(luthier.analysis.rank(past), luthier.analysis.Ranks)
assert_type(luthier.analysis.rank_correlation(past), luthier.analysis.RungAgreement)
assert_type(luthier.analysis.resources(past), luthier.analysis.Resources)
assert_type(luthier.analysis.timeline(past), luthier.analysis.Timeline)
assert_type(luthier.analysis.tuning_curve(past), luthier.analysis.TuningCurve)
assert_type(luthier.analysis.slices(past), tuple[luthier.analysis.Slice, ...])
assert_type(luthier.analysis.isolation(past), tuple[luthier.analysis.Isolation, ...])
assert_type(luthier.analysis.effects(past), tuple[luthier.analysis.Effect, ...])
assert_type(luthier.analysis.attainment([past]), luthier.analysis.Attainment)
assert_type(luthier.analysis.limited_attainment([past]), luthier.analysis.LimitedAttainment)
assert_type(luthier.analysis.compare({"a": past}), luthier.analysis.StudyComparison)
assert_type(luthier.analysis.compare({"a": [past]}).pairs, tuple[luthier.analysis.PairTest, ...])
assert_type(luthier.analysis.explain(past, row), luthier.analysis.Explanation)
assert_type(luthier.analysis.explain(past, row).expectation, luthier.analysis.Expectation | None)
assert_type(luthier.analysis.explain(past, row).standing, luthier.analysis.Standing | None)
assert_type(luthier.analysis.explain_best(past).rules, tuple[luthier.analysis.Rule, ...])
assert_type(luthier.analysis.curves(past).fans, tuple[luthier.analysis.Fan, ...])
assert_type(luthier.analysis.curves(past).bands, luthier.analysis.Bands | None)
assert_type(luthier.analysis.slices(past)[0].points, luthier.analysis.Points)
assert_type(luthier.analysis.slices(past)[0].points.density, luthier.analysis.Density | None)
assert_type(luthier.analysis.slices(past)[0].axis, luthier.analysis.Axis)
assert_type(luthier.analysis.diagnose(past, [row]), list[luthier.analysis.Finding])
assert_type(luthier.analysis.forecast(past, 0, 0.9, None), luthier.analysis.Forecast)
assert_type(
    luthier.analysis.recommend(past, 1, study.engine.rows), list[luthier.analysis.Recommendation]
)
assert_type(luthier.analysis.choose(past, study.engine.rows), luthier.analysis.Choice)
assert_type(luthier.analysis.importance(past), luthier.analysis.Importance)
assert_type(luthier.analysis.ablate(past), luthier.analysis.AblationPath)
a_pair: type[luthier.analysis.Interaction] = luthier.analysis.Interaction
assert_type(luthier.analysis.importance(past).quality, luthier.analysis.ModelQuality | None)
assert_type(luthier.analysis.incumbent(past).unvalued, tuple[luthier.analysis.Unvalued, ...])
assert_type(study.explain(0).obstacles, tuple[luthier.analysis.Obstacle, ...])
luthier.plots.history(study)
axis = luthier.plots.PanelAxis(label="error")
line = luthier.plots.Line(x=np.zeros(2), y=np.ones(2))
assert_type(luthier.plots.Panel(layers=(line,), x=axis, y=axis), luthier.plots.Panel)
assert_type(study.report(), luthier.report.StudyReport)
REPORT: luthier.report.Report = study.report()

luthier.delete_study("train", "sqlite:///study.db")
raised: type[Exception] = luthier.LuthierError
raised = luthier.TrialDisturbedError


def validate(trial: luthier.Trial) -> float:
    folds = [(np.arange(5), np.arange(5, 10))]
    X, y = np.zeros((10, 2)), np.zeros(10)
    score = evaluation.cross_validate(trial, build, X, y, folds, lambda model, X, y: 0.5)
    return assert_type(score, float)


def build(params: object) -> object:
    return params


# A sampler and a stop rule of the user's own


class Centre(samplers.Sampler):
    def sample(
        self,
        space: luthier.Space,
        history: luthier.History,
        n: int,
        rng: np.random.Generator,
    ) -> NDArray[np.float64]:
        assert_type(history.X, NDArray[np.float64])
        assert_type(history.losses, NDArray[np.float64])
        return np.full((n, space.d), 0.5)


class Tenth(stopping.StopRule):
    def reason(self, history: luthier.History) -> str | None:
        return "ten trials" if assert_type(len(history), int) >= 10 else None


luthier.create_study(sampler=Centre()).optimize(objective, stop=[Tenth(), stopping.Target(0.1)])

# Checks and toy problems for such classes

testing.check_sampler(Centre(), n_objectives=2)
testing.check_scheduler(schedulers.Median(), direction="maximize")
testing.check_storage(storages.InMemory())
written = testing.history(testing.trial({"x": 0.5}, 1.0), seed=1)
assert_type(written, luthier.History)
assert_type(testing.random_history(space, 10), luthier.History)
problems: list[testing.Problem] = [
    testing.BRANIN,
    testing.CONSTRAINED,
    testing.CURVES,
    testing.HARTMANN6,
    testing.MIXED,
    testing.TWO_OBJECTIVES,
    *testing.PROBLEMS,
]
assert_type(problems[0].optimum, float)

# What must fail: names

from luthier.samplers import (  # type: ignore[attr-defined]
    Nonsense,  # pyright: ignore[reportAttributeAccessIssue]
)
from luthier.schedulers import (  # type: ignore[attr-defined]
    Pruner,  # pyright: ignore[reportAttributeAccessIssue]
)

samplers.TPR  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
schedulers.ASHAA  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
storages.Sqlite  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
executors.Threads  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
stopping.Never  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
checkpoints.Folder  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
measure.latencies  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
evaluation.score  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
luthier.Stduy  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
study.optimise  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
trial.suggest_flaot  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]

# What must fail: arguments

samplers.GP(n_startup_trials="x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
samplers.TPE(n_ei_candidates=24)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
samplers.CMAES(restarts="never")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
samplers.NSGA2(crossover="sbxx")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
schedulers.ASHA(min_resourc=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
schedulers.ASHA(mode="pausing")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
schedulers.Patient(samplers.TPE())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
storages.SQLite()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
storages.InMemory(lease_s="10")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
executors.Processes("4")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
stopping.Target("low")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
checkpoints.Checkpoints("f", "few")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
luthier.Int(1, "8")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
luthier.create_study(direction=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
luthier.create_study(
    direction="minimise",  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
)
luthier.create_study(sampler=RULES)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
luthier.create_study(nam="train")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
study.optimize(objective, "10")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
study.optimize(
    objective,
    executor="dask",  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
)
study.tell(0.5, trial)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
trial.suggest_int("layers", 1, "8")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

# What must fail: results

row_: int = study.best_trial  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
value: str = study.best_value  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
state: str = row.state  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]

# Earlier tasks

assert_type(transfer.task_of_study(luthier.create_study()), transfer.Task)
assert_type(transfer.task_of_rows([({"lr": 0.1}, 0.5)]), transfer.Task)
assert_type(luthier.transfer.Task.from_json({}), transfer.Task)
assert_type(transfer.describe([[1.0], [2.0]], [0, 1]), dict[str, float])
base = luthier.Memory("memory://")
assert_type(base, transfer.Memory)
assert_type(study.remember(base, data="prices", tags={"team": "a"}), transfer.Taken)
assert_type(base.tasks(), list[transfer.Head])
assert_type(base.recommend({"lr": luthier.Float(0, 1)}, 3), list[transfer.Advice])
assert_type(base.about(context={"log_rows": 9.0}), transfer.Memory)
assert_type(base.find_similar(study), list[transfer.Similar])
luthier.create_study(memory=base)

# Models in production

REGISTRY = registry.Registry("sqlite:///models.db", artifacts="models", actor="ada")
CONTENT = registry.Content(model="churn", params={"depth": 3})
version = REGISTRY.register(CONTENT, why="better")
assert_type(version, registry.Version)
assert_type(REGISTRY.version("churn@champion").params, dict[str, Any])
assert_type(REGISTRY.aliases("churn"), dict[str, int])
assert_type(REGISTRY.promote("churn:1"), registry.Event)
assert_type(REGISTRY.fetch(version), Path)
assert_type(REGISTRY.verify("churn"), registry.Damage | None)
assert_type(registry.fingerprint_data([[1.0]]), str)
assert_type(study.register(0, "churn", registry=REGISTRY), registry.Version)

gate = lifecycle.check_quality(np.zeros(2), np.zeros(2), margin=0.1)
assert_type(gate, lifecycle.Gate)
assert_type(
    lifecycle.record_gates(REGISTRY, "churn:1", [gate]), Literal["pass", "fail", "inconclusive"]
)
METRIC = lifecycle.Metric(name="correct", margin=0.02)
assert_type(lifecycle.begin_rollout(REGISTRY, "churn:2", [METRIC]), lifecycle.Rollout)
assert_type(
    lifecycle.advance_rollout(REGISTRY, "churn"), tuple[lifecycle.Rollout, lifecycle.Decision]
)
assert_type(lifecycle.Router(REGISTRY, "churn").choose("user 1"), lifecycle.Choice)
monitor = lifecycle.Monitor(lifecycle.Reference.of([[1.0]]), window=100)
assert_type(monitor.alarms, dict[str, lifecycle.Alarm])
lifecycle.Monitor(
    lifecycle.Reference.of([[1.0]]),
    on_alarm=[
        lifecycle.log_alarm,
        lifecycle.post_alarm("https://host/x"),
        lifecycle.run_command(["notify"]),
        lifecycle.write_metrics("churn.prom", "churn"),
    ],
)
estimator = lifecycle.ErrorEstimator([0.5], [1])
assert_type(estimator.estimate([0.5]), lifecycle.Estimate)
lifecycle.Metric(name="correct", goal="up")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
assert_type(version.content.artifact, registry.Artifact | None)
assert_type(version.content.source, registry.Source | None)
audit = registry.Log(REGISTRY.storage, "model churn")
assert_type(
    audit.append(lambda events: [registry.Draft(action="noted", subject="x")]), list[registry.Event]
)

rows = np.zeros((3, 2))
assert_type(lifecycle.check_repeats([0.1, 0.2, 0.3], 0.2, margin=0.1), lifecycle.Gate)
assert_type(lifecycle.check_slices(rows[0], rows[1], {}, margin=0.1), lifecycle.Gate)
assert_type(lifecycle.check_cost(lambda x: x, rows, seconds=1.0), lifecycle.Gate)
assert_type(lifecycle.check_golden_rows(lambda x: x, rows, rows), lifecycle.Gate)
assert_type(lifecycle.check_schema(version, {"a": "f8"}), lifecycle.Gate)
assert_type(lifecycle.check_calibration(rows[0], rows[1], rows[2]), lifecycle.Gate)
assert_type(lifecycle.check_champion(REGISTRY, "churn"), lifecycle.Gate)
assert_type(lifecycle.stop_rollout(REGISTRY, "churn", "why"), lifecycle.Rollout)
assert_type(lifecycle.give_verdict(REGISTRY, "churn"), dict[str, Any])
lifecycle.Outcomes(rows, {}, {}).of("errors")


class Churn:
    """What only the owner of a model can do."""

    metrics = (lifecycle.Metric(name="correct"),)

    def measure(self) -> lifecycle.Measured:
        return lifecycle.Measured(0.3, 0.1, 1000)

    def refit(self) -> lifecycle.Trained:
        return lifecycle.Trained(version, 0.1)

    def retune(self, n_trials: int, attempt: int) -> lifecycle.Trained:
        return lifecycle.Trained(version, 0.1, n_trials)

    def check(self, version: registry.Version) -> list[lifecycle.Gate]:
        return []


actions: lifecycle.Actions = Churn()
retuner = lifecycle.Retuner(REGISTRY, "churn", actions, lifecycle.Policy(n_trials=15))
assert_type(retuner.suspect("harm"), bool)


def batch_objective(trials: luthier.TrialBatch) -> Any:
    trials.report(trials.params["x"], 1, checkpoint={"w": trials.params["x"]})
    assert_type(trials[0], luthier.Trial)
    return trials.params["x"]


study.optimize(batch_objective, n_trials=10, batch=4)
