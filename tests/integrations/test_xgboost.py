"""XGBoost reports to a trial, is ended early, and goes on after a crash."""

import copy

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from tests.support.killed_training import run_page

import luthier
from luthier.errors import ReportError
from luthier.evaluation import Evaluate, fit_all, plan_folds

pytestmark = [pytest.mark.external("xgboost"), pytest.mark.slow]

X, y = load_breast_cancer(return_X_y=True)
X_train, X_valid, y_train, y_valid = train_test_split(X, y, random_state=0)
PARAMS = {"objective": "binary:logistic", "eval_metric": ["logloss", "auc"], "nthread": 1}


@pytest.fixture
def xgb():
    return pytest.importorskip("xgboost")


@pytest.fixture
def Report(xgb):
    from luthier.integrations.xgboost import Report

    return Report


def train(xgb, report, n=12, callbacks=(), **more):
    return xgb.train(
        PARAMS,
        xgb.DMatrix(X_train, y_train),
        n,
        evals=[(xgb.DMatrix(X_valid, y_valid), "valid")],
        callbacks=[report, *callbacks],
        verbose_eval=False,
        **more,
    )


def test_reports_are_the_librarys_own_history(xgb, Report):
    history = {}

    def objective(trial):
        report = Report(trial, "valid-auc")
        booster = train(xgb, report, 8, evals_result=history)
        assert report.model.num_boosted_rounds() == booster.num_boosted_rounds() == 8
        return history["valid"]["auc"][-1]

    study = luthier.create_study(direction="maximize", seed=0)
    study.optimize(objective, n_trials=1)
    assert study.trials[0].reports == tuple(enumerate(history["valid"]["auc"], start=1))


def test_a_hopeless_trial_ends_and_its_model_can_be_used(xgb, Report):
    models = []

    def objective(trial):
        report = Report(trial, "valid-auc", every=3)
        try:
            train(xgb, report)
        finally:
            models.append(report.model)
        return 0.0

    study = luthier.create_study(scheduler=luthier.schedulers.Threshold(upper=0), seed=0)
    study.optimize(objective, n_trials=1)
    assert study.trials[0].state == luthier.State.PRUNED
    assert [step for step, _ in study.trials[0].reports] == [3]
    assert models[0].predict(xgb.DMatrix(X_valid)).shape == y_valid.shape


@pytest.mark.parametrize("way", ["cv", "estimator"])
def test_cross_validation_and_estimators_report_and_end_too(xgb, Report, way):
    def objective(trial):
        if way == "cv":
            report = Report(trial, "test-logloss")
            data = xgb.DMatrix(X, y)
            found = xgb.cv(PARAMS, data, 5, nfold=3, callbacks=[report], as_pandas=False)
            return found["test-logloss-mean"][-1]
        report = Report(trial, "validation_0-logloss")
        model = xgb.XGBClassifier(n_estimators=5, eval_metric="logloss", callbacks=[report])
        assert clone(model).callbacks == [report]
        model.fit(X_train, y_train, eval_set=[(X_valid, y_valid)], verbose=False)
        return model.evals_result()["validation_0"]["logloss"][-1]

    study = luthier.create_study(seed=0)
    study.optimize(objective, n_trials=1)
    row = study.trials[0]
    assert len(row.reports) == 5
    assert row.value == row.reports[-1][1]

    study = luthier.create_study(scheduler=luthier.schedulers.Threshold(upper=0), seed=0)
    study.optimize(objective, n_trials=1)
    assert study.trials[0].state == luthier.State.PRUNED
    assert len(study.trials[0].reports) == 1


def test_the_models_of_a_cross_validation_are_not_saved(xgb, Report):
    def objective(trial):
        report = Report(trial, "test-auc", checkpoint_every=1)
        xgb.cv(PARAMS, xgb.DMatrix(X, y), 2, nfold=2, callbacks=[report])

    with pytest.raises(ReportError, match="a cross-validation has several"):
        luthier.create_study().optimize(objective, n_trials=1)


def test_a_training_that_was_killed_goes_on_with_its_trees(xgb, Report, tmp_path):
    n, killed_at = 12, 7
    has_died, steps = [], []

    class Kill(xgb.callback.TrainingCallback):
        def after_iteration(self, model, epoch, evals_log):
            if model.num_boosted_rounds() == killed_at and not has_died:
                has_died.append(True)
                raise KeyboardInterrupt  # as by Ctrl-C
            return False

    def objective(trial):
        steps.append(trial.step)
        report = Report(trial, "valid-auc", checkpoint_every=2)
        start = None if trial.checkpoint is None else str(trial.checkpoint)
        booster = train(xgb, report, n - int(trial.step), [Kill()], xgb_model=start)
        assert booster.num_boosted_rounds() == n
        return trial.number

    study = luthier.create_study(storage=f"sqlite:///{tmp_path}/s.db", seed=0)
    study.optimize(objective, n_trials=1)  # ends by Ctrl-C
    study.optimize(objective, n_trials=1)
    row = study.trials[0]
    assert steps == [0, 6]
    assert row.state == luthier.State.COMPLETE
    assert [step for step, _ in row.reports] == list(range(1, n + 1))
    assert np.isfinite([value for _, value in row.reports]).all()


def test_a_metric_that_is_not_measured_is_refused(xgb, Report):
    study = luthier.create_study()
    with pytest.raises(ReportError, match="did you mean 'valid-auc'"):
        study.optimize(lambda trial: train(xgb, Report(trial, "valid_auc")), n_trials=1)


def test_a_report_is_the_same_in_a_copy(Report):
    report = Report(luthier.create_study().ask())
    assert copy.deepcopy({"callbacks": [report]})["callbacks"][0] is report


def test_the_final_model_has_the_trees_of_the_folds_scaled_to_all_rows(xgb):
    from luthier.integrations.xgboost import stop_early

    model = xgb.XGBClassifier(n_estimators=60, n_jobs=1)
    plan = plan_folds(len(y), 4, stratify=y)
    evaluate = Evaluate(model, X, y, plan, "log_loss", fit=stop_early(2))
    study = luthier.create_study(space={"learning_rate": luthier.Float(0.3, 0.6)}, seed=0)
    study.optimize(evaluate, n_trials=1)
    taken = study.trials[0].tags["evaluation"]["n_steps"]
    assert all(0 < n < 60 for n in taken)
    final = fit_all(evaluate, study.best_trial, steps="n_estimators")
    assert final.model.get_booster().num_boosted_rounds() == round(np.median(taken) * 4 / 3)
    with pytest.raises(ValueError, match="n_rounds"):
        stop_early(0)


def test_the_script_of_the_page_goes_on_after_a_kill(xgb, tmp_path):
    changes = ("total=30", "total=3"), ("N_ROUNDS = 200", "N_ROUNDS = 6"), ("every=50", "every=2")
    study, (before, after) = run_page("xgboost", tmp_path, "1:5", *changes)
    assert before[-1] == "1:5"
    assert after[0] == "1:5"  # the trees of 4 rounds were saved
    assert [row.state for row in study.trials] == [luthier.State.COMPLETE] * len(study.trials)
    assert study.best_value > 0.9
