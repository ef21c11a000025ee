"""Several metrics that are optimised together, and the ways to choose one candidate."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.tree import DecisionTreeClassifier

from luthier import Int
from luthier.errors import EstimatorError, NothingFitsError, RuleError
from luthier.sklearn import SearchCV

X, y = load_breast_cancer(return_X_y=True)
METRICS = ["accuracy", "recall", "precision"]
SPACE = {"max_depth": Int(1, 8), "min_samples_leaf": Int(1, 60, scale="log")}


def search(refit, objectives=("recall", "precision"), **settings):
    given = {"n_iter": 10, "scoring": METRICS, "random_state": 0, "cv": 3} | settings
    tree = DecisionTreeClassifier(random_state=0)
    return SearchCV(tree, SPACE, refit=refit, objectives=objectives, **given)


@pytest.fixture(scope="module")
def fitted():
    return search("knee").fit(X, y)


def test_the_study_has_the_front_of_the_objectives(fitted):
    values = np.array([fitted.cv_results_[f"mean_test_{m}"] for m in ("recall", "precision")]).T
    beaten = [((values >= v).all(axis=1) & (values > v).any(axis=1)).any() for v in values]
    assert fitted.study_.objectives == ("recall", "precision")
    assert {row.number for row in fitted.study_.best_trials} == set(
        np.flatnonzero(~np.array(beaten))
    )
    assert fitted.best_index_ == fitted.study_.choose(knee=True).number
    assert fitted.best_score_ == values[fitted.best_index_, 0]
    assert fitted.predict(X).shape == y.shape


@pytest.mark.parametrize(
    ("refit", "index"),
    [
        ("precision", lambda r: np.argmax(r["mean_test_precision"])),
        (lambda r: int(np.argmin(r["mean_test_accuracy"])), None),
        (
            "precision >= 0.9, then largest recall",
            lambda r: np.where(r["mean_test_precision"] >= 0.9, r["mean_test_recall"], 0).argmax(),
        ),
    ],
)
def test_refit_chooses_by_a_metric_a_function_or_a_rule(refit, index):
    found = search(refit).fit(X, y)
    assert found.best_index_ == (index or refit)(found.cv_results_)


def test_one_name_is_the_metric_that_counts():
    found = search(lambda r: 0, "precision").fit(X, y)
    assert found.study_.best_value == found.cv_results_["mean_test_precision"].max()


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"objectives": ["recal", "precision"]}, EstimatorError, "did you mean 'recall'"),
        ({"objectives": []}, EstimatorError, "list of names of metrics"),
        ({"scoring": "accuracy"}, EstimatorError, "has one"),
        ({"resource": "folds"}, EstimatorError, "no candidate is ended early"),
        ({"refit": "the nicest"}, RuleError, "the nicest"),
        ({"refit": "recall >= 2"}, NothingFitsError, "recall"),
    ],
)
def test_objectives_and_rules_that_do_not_fit_are_refused(settings, error, message):
    given = {"refit": "knee"} | settings
    with pytest.raises(error, match=message):
        search(**given).fit(X, y)
