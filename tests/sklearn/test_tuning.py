"""One call from an estimator to a tuned one, and the ready-made spaces behind it."""

import warnings

import numpy as np
import pytest
from sklearn.base import is_regressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.linear_model import Lasso, Perceptron
from sklearn.model_selection import GroupKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils import all_estimators, shuffle

import luthier
from luthier.errors import EstimatorError, UnknownParameterError
from luthier.sklearn import tune
from luthier.spaces import suggest
from luthier.spaces.estimators import READY

ESTIMATORS = {name: found for name, found in all_estimators() if name in READY}
OTHERS = ("LGBM", "XGB", "CatBoost")


def test_every_ready_space_is_of_an_estimator_that_exists():
    assert [n for n in READY if n not in ESTIMATORS and not n.startswith(OTHERS)] == []


@pytest.mark.parametrize("name", sorted(ESTIMATORS))
def test_points_of_a_ready_space_can_be_fitted(name):
    estimator = ESTIMATORS[name]()
    for small in ({"n_estimators": 5}, {"max_iter": 50}):
        if small.keys() <= estimator.get_params().keys():
            estimator.set_params(**small)
    X, y = load_diabetes(return_X_y=True) if is_regressor(estimator) else load_iris(return_X_y=True)
    X, y = X[::4], y[::4]
    space = suggest(estimator, X)
    assert set(space.params) <= estimator.get_params().keys()
    for u in (0.0, 0.5, 1.0):
        params = space.decode(np.full((1, space.d), u))[0]
        params = {k: v for k, v in params.items() if k not in ("n_estimators", "max_iter")}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            estimator.set_params(**params).fit(X, y)


def test_a_search_begins_with_the_params_of_the_estimator():
    space = suggest(KNeighborsClassifier(n_neighbors=3, weights="distance")).params
    assert space["n_neighbors"].default == 3
    assert space["weights"].default == "distance"
    assert suggest(KNeighborsClassifier(n_neighbors=300)).params["n_neighbors"].default == 5


def test_pipelines_are_known_by_their_last_step():
    inner = Pipeline([("scale", StandardScaler()), ("svc", SVC())])
    assert set(suggest(make_pipeline(inner)).params) == {"pipeline__svc__C", "pipeline__svc__gamma"}


def test_a_class_that_derives_from_a_known_one_is_known():
    class Mine(Lasso):
        pass

    assert set(suggest(Mine()).params) == {"alpha"}


def test_one_call_tunes_an_estimator():
    X, y = load_breast_cancer(return_X_y=True)
    search = tune(make_pipeline(StandardScaler(), SVC()), X, y, n_iter=8, random_state=0)
    assert len(search.study_.trials) == 8
    assert search.best_score_ > 0.95
    assert search.predict(X).shape == y.shape
    assert "n_resources" in search.cv_results_  # the folds are raced


def test_seconds_end_the_search():
    X, y = load_iris(return_X_y=True)
    search = tune(KNeighborsClassifier(), X, y, 0.5)
    assert search.timeout == 0.5
    assert search.study_.trials


def test_groups_and_settings_go_to_the_search():
    X, y = load_iris(return_X_y=True)
    groups = np.arange(150) % 6
    search = tune(
        KNeighborsClassifier(),
        X,
        y,
        cv=GroupKFold(3),
        groups=groups,
        n_iter=2,
        sampler="random",
        scoring="f1_macro",
    )
    assert search.n_splits_ == 3
    assert search.scoring == "f1_macro"
    with pytest.raises(TypeError, match="n_iters"):
        tune(KNeighborsClassifier(), X, y, n_iters=2)


def test_what_has_no_ready_space_needs_one():
    X, y = load_iris(return_X_y=True)
    with pytest.raises(EstimatorError, match=r"no ready-made space for Perceptron.*pass one"):
        tune(Perceptron(), X, y)
    space = {"alpha": luthier.Float(1e-5, 0.1, log=True), "eta": [1.0]}
    with pytest.raises(UnknownParameterError, match="did you mean 'eta0'"):
        tune(Perceptron(), X, y, space=space)


@pytest.mark.parametrize("seconds", [0, -1, "soon", float("nan"), None])
def test_a_time_that_is_none_is_refused(seconds):
    with pytest.raises(EstimatorError, match="seconds is a number above 0"):
        tune(SVC(), [[0.0], [1.0]], [0, 1], seconds)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        pytest.param(module, prefix + kind, marks=pytest.mark.external(module))
        for module, prefix in (("lightgbm", "LGBM"), ("xgboost", "XGB"), ("catboost", "CatBoost"))
        for kind in ("Classifier", "Regressor")
    ],
)
def test_boosters_of_other_libraries_are_tuned(module, name):
    library = pytest.importorskip(module)
    quiet = {
        "lightgbm": {"verbose": -1},
        "xgboost": {},
        "catboost": {"verbose": 0, "allow_writing_files": False},
    }[module]
    estimator = getattr(library, name)(**quiet)
    X, y = shuffle(*load_iris(return_X_y=True), random_state=0)
    rounds = "iterations" if module == "catboost" else "n_estimators"
    space = {k: v for k, v in suggest(estimator).params.items() if k != rounds}
    estimator.set_params(**{rounds: 5})
    search = tune(estimator, X, y, space=space, n_iter=3, cv=3)
    assert len(search.study_.trials) == 3
    assert np.isfinite(search.best_score_)
