"""CatBoost reports to a trial, is ended early, and goes on after a kill to the same model."""

import importlib
import sys

import numpy as np
import pytest
from sklearn.base import clone
from tests.support.killed_training import run_page

import luthier
from luthier.errors import EstimatorError, MissingDependencyError, ReportError
from luthier.evaluation import Evaluate, fit_all, plan_folds

catboost = pytest.importorskip("catboost")
from luthier.integrations.catboost import Report, stop_early  # noqa: E402

pytestmark = [pytest.mark.external("catboost"), pytest.mark.slow]

rng = np.random.default_rng(0)
X = rng.normal(size=(200, 4))
y = (X[:, 0] + rng.normal(size=200) > 0).astype(int)
TRAIN, VALID = (X[:150], y[:150]), (X[150:], y[150:])
N = 8


def make(folder, **params):
    settings = {"iterations": N, "verbose": 0, "thread_count": 1, "train_dir": str(folder)}
    settings |= {"custom_metric": ["AUC"], "learning_rate": 0.1}
    return catboost.CatBoostClassifier(**settings | params)


def test_reports_are_the_librarys_own_history(tmp_path):
    models = []

    def objective(trial):
        report = Report(trial, "validation-AUC")
        models.append(report.fit(make(tmp_path), *TRAIN, eval_set=VALID))
        return models[0].get_evals_result()["validation"]["AUC"][-1]

    study = luthier.create_study(direction="maximize", seed=0)
    study.optimize(objective, n_trials=1)
    history = models[0].get_evals_result()["validation"]["AUC"]
    assert study.trials[0].reports == tuple(enumerate(history, start=1))


@pytest.mark.parametrize("way", ["report", "model"])
def test_a_hopeless_trial_ends_and_its_model_can_be_used(tmp_path, way):
    model = make(tmp_path)

    def objective(trial):
        report = Report(trial, "validation-Logloss", every=3)
        if way == "report":
            report.fit(model, *TRAIN, eval_set=VALID)
        else:
            model.fit(*TRAIN, eval_set=VALID, callbacks=[report])
            report.check()
        return 0.0

    study = luthier.create_study(scheduler=luthier.schedulers.Threshold(upper=0), seed=0)
    study.optimize(objective, n_trials=1)
    assert study.trials[0].state == luthier.State.PRUNED
    assert [step for step, _ in study.trials[0].reports] == [3]
    assert model.predict(X).shape == y.shape


@pytest.mark.parametrize("dies_at", [7, N])
def test_a_training_that_was_interrupted_ends_with_the_same_model(tmp_path, dies_at):
    models = []
    dies = [True]

    def interrupt(info):
        if info.iteration == dies_at and dies:
            dies.clear()
            return False
        return True

    def objective(trial):
        other = type("Other", (), {"after_iteration": staticmethod(interrupt)})
        report = Report(trial, "validation-AUC", checkpoint_every=2)
        was_whole = not dies
        models.append(report.fit(make(tmp_path), *TRAIN, eval_set=VALID, callbacks=[other()]))
        if not was_whole:
            raise KeyboardInterrupt
        return models[-1].get_best_score()["validation"]["AUC"]

    study = luthier.create_study(direction="maximize", seed=0)
    study.optimize(objective, n_trials=1)  # ends by Ctrl-C
    study.optimize(objective, n_trials=1)
    assert [step for step, _ in study.trials[0].reports] == list(range(1, N + 1))
    whole = make(tmp_path).fit(*TRAIN, eval_set=VALID)
    assert np.array_equal(models[1].predict_proba(X), whole.predict_proba(X))
    assert study.trials[0].value == whole.get_best_score()["validation"]["AUC"]


@pytest.mark.parametrize(
    ("metric", "direction", "message"),
    [
        ("validation-auc", "maximize", "did you mean 'validation-AUC'"),
        ("validation-AUC", "minimize", r"write create_study\(direction='maximize'\)"),
        (
            None,
            "minimize",
            "one of those that are measured: 'validation-Logloss', 'validation-AUC'",
        ),
    ],
)
def test_a_metric_that_cannot_be_reported_is_refused(tmp_path, metric, direction, message):
    def objective(trial):
        Report(trial, metric).fit(make(tmp_path), *TRAIN, eval_set=VALID)

    with pytest.raises(ReportError, match=message):
        luthier.create_study(direction=direction).optimize(objective, n_trials=1)


def test_the_only_metric_need_not_be_named(tmp_path):
    study = luthier.create_study()
    model = make(tmp_path, custom_metric=None)
    study.optimize(
        lambda trial: float(Report(trial).fit(model, *TRAIN, eval_set=VALID).tree_count_),
        n_trials=1,
    )
    assert len(study.trials[0].reports) == N


@pytest.mark.parametrize(
    ("params", "settings", "message"),
    [
        ({"task_type": "GPU"}, {}, "no callbacks while it trains on a GPU"),
        ({"allow_writing_files": False}, {"checkpoint_every": 1}, "may write files"),
    ],
)
def test_models_that_cannot_report_are_refused(tmp_path, params, settings, message):
    report = Report(luthier.create_study().ask(), **settings)
    with pytest.raises(EstimatorError, match=message):
        report.fit(make(tmp_path, **params), *TRAIN, eval_set=VALID)
    with pytest.raises(EstimatorError, match="expected a model of CatBoost, got list"):
        report.fit([], *TRAIN)


def test_checkpoints_need_the_reports_own_fit(tmp_path):
    trial = luthier.create_study(direction="maximize").ask()
    report = Report(trial, "validation-AUC", checkpoint_every=1)
    make(tmp_path).fit(*TRAIN, eval_set=VALID, callbacks=[report])
    with pytest.raises(EstimatorError, match=r"needs report.fit\("):
        report.check()


def test_the_final_model_has_the_trees_of_the_folds_scaled_to_all_rows():
    model = catboost.CatBoostClassifier(iterations=60, verbose=0, allow_writing_files=False)
    evaluate = Evaluate(model, X, y, plan_folds(200, 4), "log_loss", fit=stop_early(3))
    study = luthier.create_study(space={"learning_rate": luthier.Float(0.2, 0.5)}, seed=0)
    study.optimize(evaluate, n_trials=1)
    taken = study.trials[0].tags["evaluation"]["n_steps"]
    assert all(0 < n < 60 for n in taken)
    final = fit_all(evaluate, study.best_trial, steps="iterations")
    assert final.model.tree_count_ == round(np.median(taken) * 4 / 3)
    with pytest.raises(ValueError, match="n_rounds"):
        stop_early(0)


def test_a_report_is_the_same_in_a_copy():
    report = Report(luthier.create_study().ask())
    assert clone(catboost.CatBoostClassifier(callback=report)).get_params()["callback"] is report


def test_a_library_that_is_missing_names_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "catboost", None)
    monkeypatch.delitem(sys.modules, "luthier.integrations.catboost")
    with pytest.raises(MissingDependencyError, match=r"pip install 'luthier\[catboost\]'"):
        importlib.import_module("luthier.integrations.catboost")


def test_the_script_of_the_page_goes_on_after_a_kill(tmp_path):
    changes = [("total=30", "total=3"), ("iterations=200", "iterations=9"), ("every=50", "every=2")]
    study, (before, after) = run_page("catboost", tmp_path, "1:5", *changes)
    assert before[-1] == "1:5"
    assert after[0] == "1:5"  # the trees of 4 rounds were saved
    assert [row.state for row in study.trials] == [luthier.State.COMPLETE] * len(study.trials)
    assert study.best_value > 0.9
