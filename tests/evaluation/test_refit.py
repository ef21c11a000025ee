import pickle

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import f1_score
from sklearn.svm import SVC

import luthier
from luthier import Float, Int, Space
from luthier.errors import EvaluationError
from luthier.evaluation import Evaluate, fit_all, fit_ensemble, plan_folds
from luthier.evaluation.refit import scale_steps

ALL_X, ALL_Y = make_classification(
    3300, 8, weights=[0.85], flip_y=0.1, class_sep=0.6, random_state=1
)
X, Y, X_NEW, Y_NEW = ALL_X[:300], ALL_Y[:300], ALL_X[300:], ALL_Y[300:]
PLAN = plan_folds(300, 5, stratify=Y)


def logistic(metrics="log_loss", y=Y, model=None):
    return Evaluate(model or LogisticRegression(), X, y, PLAN, metrics)


def test_steps_are_the_median_scaled_to_all_rows():
    assert scale_steps([80, 100, 400], 0.25) == 125
    assert scale_steps([80, None, 100], 0.25, most=100) == 100
    with pytest.raises(EvaluationError, match="no fold says how many steps"):
        scale_steps([None], 0.25)


def stop_early(model, X, y, sample_weight, X_test, y_test):
    """Boosting rounds up to the best on the test rows."""
    model.fit(X, y, sample_weight=sample_weight)
    if X_test is None:
        return None
    return 1 + int(np.argmax([np.mean(p == y_test) for p in model.staged_predict(X_test)]))


def test_the_final_model_has_the_steps_that_early_stopping_found():
    model = GradientBoostingClassifier(random_state=0, max_depth=2)
    evaluate = Evaluate(model, X, Y, PLAN, "log_loss", fit=stop_early)
    study = luthier.create_study(space=Space({"n_estimators": Int(30, 30)}), seed=0)
    study.optimize(evaluate, n_trials=1)
    row = study.best_trial
    fitted = fit_all(evaluate, row, steps="n_estimators", study="s")
    expected = min(30, round(1.25 * np.median(row.tags["evaluation"]["n_steps"])))
    assert fitted.model.n_estimators_ == fitted.lineage.n_steps == expected
    assert fitted.lineage.params == {"n_estimators": expected}


def test_the_lineage_says_where_a_model_came_from():
    evaluate = logistic()
    study = luthier.create_study(space=Space({"C": Float(0.1, 1)}), seed=0, name="mine")
    study.optimize(evaluate, n_trials=2)
    fitted = fit_all(evaluate, study.best_trial, study=study.name)
    lineage = fitted.lineage
    assert (lineage.study, lineage.trial) == ("mine", study.best_trial.number)
    assert lineage.params == study.best_params
    assert lineage.cv_score == study.best_value
    assert (lineage.plan, lineage.n, lineage.metric) == (PLAN.hash, 300, "log_loss")
    assert lineage.version == luthier.__version__
    theirs = LogisticRegression(**study.best_params).fit(X, Y)
    assert (fitted.predict(X) == theirs.predict(X)).all()
    assert fitted.predict_proba(X) == pytest.approx(theirs.predict_proba(X))
    assert "trial" in repr(fitted)


def test_a_fitted_model_can_be_pickled():
    fitted = fit_all(logistic(), {"C": 1.0}, threshold="f1", calibrate="isotonic")
    there = pickle.loads(pickle.dumps(fitted))
    assert (there.predict(X) == fitted.predict(X)).all()
    assert there.lineage == fitted.lineage
    fitted = fit_ensemble(logistic(), {"C": 1.0})
    there = pickle.loads(pickle.dumps(fitted))
    assert there.predict_proba(X) == pytest.approx(fitted.predict_proba(X))


@pytest.mark.parametrize("fit", [fit_all, fit_ensemble])
def test_a_threshold_helps_a_rare_class(fit):
    plain = fit(logistic(), {"C": 1.0})
    tuned = fit(logistic(), {"C": 1.0}, threshold="f1")
    assert plain.lineage.threshold is None
    assert 0 < tuned.lineage.threshold < 0.5
    f1 = [f1_score(Y_NEW, model.predict(X_NEW)) for model in (plain, tuned)]
    assert f1[1] > f1[0] + 0.02


def test_calibration_helps_a_model_that_is_too_sure():
    class Sure(LogisticRegression):
        def predict_proba(self, X):
            p = super().predict_proba(X) ** 4
            return p / p.sum(axis=1, keepdims=True)

    plain = fit_all(logistic(model=Sure()), {})
    calibrated = fit_all(logistic(model=Sure()), {}, calibrate="sigmoid")
    loss = [-np.log(m.predict_proba(X)[np.arange(300), Y]).mean() for m in (plain, calibrated)]
    assert loss[1] < loss[0]
    assert calibrated.lineage.calibrated == "sigmoid"


def test_an_ensemble_has_a_model_for_each_fold():
    fitted = fit_ensemble(logistic(), {"C": 1.0})
    assert len(fitted.models) == 5
    assert fitted.lineage.kind == "ensemble"
    numbers = Evaluate(Ridge(), X, X[:, 0], PLAN, "mse")
    fitted = fit_ensemble(numbers, {"alpha": 1.0})
    mean = np.mean([m.predict(X) for m in fitted.models], axis=0)
    assert fitted.predict(X) == pytest.approx(mean)


@pytest.mark.parametrize("fit", [fit_all, fit_ensemble])
def test_what_cannot_be_is_refused(fit):
    three = np.arange(300) % 3
    with pytest.raises(EvaluationError, match="are for classes, and y holds numbers"):
        fit(Evaluate(Ridge(), X, X[:, 0], PLAN, "mse"), {}, calibrate="sigmoid")
    with pytest.raises(EvaluationError, match="for two classes, and there are 3"):
        fit(logistic(y=three), {}, threshold="accuracy")
    with pytest.raises(EvaluationError, match="need predict_proba, which SVC does not have"):
        fit(logistic("accuracy", model=SVC()), {}, threshold="accuracy")
    with pytest.raises(EvaluationError, match="no fold says how many steps"):
        fit_all(logistic(), {"C": 1.0}, steps="max_iter")
