"""LightGBM reports to a trial, is ended early, and goes on after a crash."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from tests.support.killed_training import run_page

import luthier
from luthier.errors import ReportError
from luthier.evaluation import Evaluate, fit_all, plan_folds
from luthier.integrations.lightgbm import Report, stop_early

pytestmark = [pytest.mark.external("lightgbm"), pytest.mark.slow]

X, y = load_breast_cancer(return_X_y=True)
X_train, X_valid, y_train, y_valid = train_test_split(X, y, random_state=0)
PARAMS = {
    "objective": "binary",
    "metric": ["auc", "binary_logloss"],
    "verbose": -1,
    "num_threads": 1,
}


@pytest.fixture
def lgb():
    return pytest.importorskip("lightgbm")


def train(lgb, trial, report, n=12, **more):
    data = lgb.Dataset(X_train, y_train)
    valid = lgb.Dataset(X_valid, y_valid, reference=data)
    rate = trial.suggest_float("learning_rate", 0.01, 0.5, log=True)
    return lgb.train(
        PARAMS | {"learning_rate": rate},
        data,
        n,
        valid_sets=[valid],
        valid_names=["valid"],
        callbacks=[report],
        **more,
    )


def test_reports_are_the_librarys_own_history(lgb):
    study = luthier.create_study(direction="maximize", seed=0)
    history = {}

    def objective(trial):
        report = Report(trial, "valid-auc")
        data = lgb.Dataset(X_train, y_train)
        booster = lgb.train(
            PARAMS,
            data,
            8,
            valid_sets=[lgb.Dataset(X_valid, y_valid, reference=data)],
            valid_names=["valid"],
            callbacks=[report, lgb.record_evaluation(history)],
        )
        assert report.model is booster
        return history["valid"]["auc"][-1]

    study.optimize(objective, n_trials=1)
    reports = study.trials[0].reports
    assert reports == tuple(enumerate(history["valid"]["auc"], start=1))


def test_a_hopeless_trial_ends_and_its_model_can_be_used(lgb):
    study = luthier.create_study(
        direction="maximize", scheduler=luthier.schedulers.Threshold(lower=2), seed=0
    )
    models = []

    def objective(trial):
        report = Report(trial, "valid-auc", every=3)
        try:
            train(lgb, trial, report)
        finally:
            models.append(report.model)
        return 0.0

    study.optimize(objective, n_trials=1)
    assert study.trials[0].state == luthier.State.PRUNED
    assert [step for step, _ in study.trials[0].reports] == [3]
    assert models[0].predict(X_valid).shape == y_valid.shape


@pytest.mark.parametrize("way", ["cv", "estimator"])
def test_cross_validation_and_estimators_report_too(lgb, way):
    study = luthier.create_study(direction="minimize", seed=0)

    def objective(trial):
        if way == "cv":
            report = Report(trial, "valid-binary_logloss")
            found = lgb.cv(PARAMS, lgb.Dataset(X, y), 5, nfold=3, callbacks=[report])
            return found["valid binary_logloss-mean"][-1]
        report = Report(trial, "valid_0-binary_logloss")
        model = lgb.LGBMClassifier(n_estimators=5, verbose=-1)
        model.fit(X_train, y_train, eval_X=X_valid, eval_y=y_valid, callbacks=[report])
        return model.evals_result_["valid_0"]["binary_logloss"][-1]

    study.optimize(objective, n_trials=1)
    row = study.trials[0]
    assert len(row.reports) == 5
    assert row.value == row.reports[-1][1]


def test_a_training_that_was_killed_goes_on_with_its_trees(lgb, tmp_path):
    n, killed_at = 12, 7

    def kill(env):  # as by Ctrl-C
        if env.iteration + 1 == killed_at and not has_died:
            has_died.append(True)
            raise KeyboardInterrupt

    has_died, steps = [], []
    study = luthier.create_study(storage=f"sqlite:///{tmp_path}/s.db", direction="maximize", seed=0)

    def objective(trial):
        steps.append(trial.step)
        report = Report(trial, "valid-auc", checkpoint_every=2)
        data = lgb.Dataset(X_train, y_train)
        booster = lgb.train(
            PARAMS,
            data,
            n - int(trial.step),
            valid_sets=[lgb.Dataset(X_valid, y_valid, reference=data)],
            valid_names=["valid"],
            callbacks=[report, kill],
            init_model=trial.checkpoint,
        )
        assert booster.num_trees() == n
        return trial.number

    study.optimize(objective, n_trials=1)  # ends by Ctrl-C
    study.optimize(objective, n_trials=1)
    row = study.trials[0]
    assert steps == [0, 6]
    assert row.state == luthier.State.COMPLETE
    assert [step for step, _ in row.reports] == list(range(1, n + 1))
    assert np.isfinite([value for _, value in row.reports]).all()


def test_a_study_of_the_other_direction_is_refused(lgb):
    study = luthier.create_study(direction="minimize")
    with pytest.raises(ReportError, match="write create_study"):
        study.optimize(lambda trial: train(lgb, trial, Report(trial, "valid-auc")), n_trials=1)
    with pytest.raises(ReportError, match="did you mean 'valid-auc'"):
        study.optimize(lambda trial: train(lgb, trial, Report(trial, "valid_auc")), n_trials=1)


def test_the_models_of_a_cross_validation_are_not_saved(lgb):
    def objective(trial):
        report = Report(trial, "valid-auc", checkpoint_every=1)
        lgb.cv(PARAMS, lgb.Dataset(X, y), 2, nfold=2, callbacks=[report])

    with pytest.raises(ReportError, match="a cross-validation has several"):
        luthier.create_study(direction="maximize").optimize(objective, n_trials=1)


def test_the_final_model_has_the_trees_of_the_folds_scaled_to_all_rows(lgb):
    model = lgb.LGBMClassifier(n_estimators=60, verbose=-1, n_jobs=1)
    plan = plan_folds(len(y), 4, stratify=y)
    evaluate = Evaluate(model, X, y, plan, "log_loss", fit=stop_early(2))
    study = luthier.create_study(space={"learning_rate": luthier.Float(0.3, 0.6)}, seed=0)
    study.optimize(evaluate, n_trials=1)
    taken = study.trials[0].tags["evaluation"]["n_steps"]
    assert all(0 < n < 60 for n in taken)
    final = fit_all(evaluate, study.best_trial, steps="n_estimators")
    assert final.model.booster_.num_trees() == round(np.median(taken) * 4 / 3)
    with pytest.raises(ValueError, match="n_rounds"):
        stop_early(0)


def test_the_script_of_the_page_goes_on_after_a_kill(lgb, tmp_path):
    changes = ("total=30", "total=3"), ("N_ROUNDS = 200", "N_ROUNDS = 6"), ("every=50", "every=2")
    study, (before, after) = run_page("lightgbm", tmp_path, "1:6", *changes)
    assert before[-1] == "1:6"
    assert after[0] == "1:7"  # LightGBM trains no less than one round
    assert [row.state for row in study.trials] == [luthier.State.COMPLETE] * len(study.trials)
    assert study.best_value > 0.9
