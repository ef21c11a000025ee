"""`SearchCV` beside scikit-learn's searches, and what it has beyond them."""

import copy
import os
import pickle
import re
import subprocess
import sys
import time
import warnings

import joblib
import numpy as np
import pytest
from joblib import parallel_config
from sklearn import config_context, set_config
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import StackingClassifier
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    ParameterGrid,
    ParameterSampler,
    RandomizedSearchCV,
    ShuffleSplit,
    cross_val_score,
    cross_validate,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import check_estimator

import luthier
from luthier import Float
from luthier.analysis.findings.curves import read_curves
from luthier.analysis.fold_scores import read_fold_scores
from luthier.errors import (
    EstimatorError,
    PlatformError,
    SplitError,
    StudyError,
    UnknownParameterError,
    UnpicklableError,
)
from luthier.evaluation import plan_folds, plan_holdout, plan_time_folds
from luthier.sklearn import SearchCV

X, y = load_iris(return_X_y=True)
SMOOTHING = {"var_smoothing": Float(1e-9, 1.0, scale="log")}


def without_times(results):
    return {k: v for k, v in results.items() if not k.endswith("_time")}


def require_same(found, expected):
    assert found.keys() == expected.keys()
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)
        assert np.ma.isMaskedArray(found[name]) == np.ma.isMaskedArray(expected[name])
        if name != "params":
            assert found[name].dtype == expected[name].dtype


class Recorder(ClassifierMixin, BaseEstimator):
    """Predicts one class, writes down each fit, and does what it is told."""

    fits: list = []

    def __init__(self, label=0, deed="nothing", at=0):
        self.label = label
        self.deed = deed
        self.at = at

    def fit(self, X, y, sample_weight=None):
        self.fits.append((self.label, tuple(X[:, 0]), sample_weight))
        self.classes_ = np.unique(y)
        if self.deed == "fail":
            raise ValueError("no fit for you")
        if self.deed == "interrupt" and len(self.fits) == self.at:
            raise KeyboardInterrupt
        if self.deed == "change":
            self.label = 1
        if self.deed == "append":
            self.label.append(1)
        return self

    def predict(self, X):
        return np.full(len(X), self.label)


@pytest.fixture
def fits(monkeypatch):
    monkeypatch.setattr(Recorder, "fits", [])
    return Recorder.fits


# -- as scikit-learn's searches -------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"return_train_score": True, "scoring": "f1_macro"},
        {"scoring": ["accuracy", "f1_macro"], "refit": "f1_macro"},
        {"scoring": {"a": "accuracy"}, "refit": False},
        {"refit": lambda results: int(np.argmin(results["mean_test_score"]))},
        {"cv": ShuffleSplit(3, random_state=0), "error_score": 0.0},
    ],
)
def test_results_are_those_of_a_grid_search(settings):
    grid = [
        {"criterion": ["gini"], "max_depth": [1, 2, 2]},
        {"criterion": ["entropy", "log_loss"], "min_samples_leaf": [1, 0.5, 3]},
    ]
    tree = DecisionTreeClassifier(random_state=0)
    theirs = GridSearchCV(tree, grid, **settings).fit(X, y)
    ours = SearchCV(tree, ParameterGrid(grid), **settings).fit(X, y)

    require_same(without_times(ours.cv_results_), without_times(theirs.cv_results_))
    assert [k for k in ours.cv_results_ if k.endswith("_time")] == [
        k for k in theirs.cv_results_ if k.endswith("_time")
    ]
    for name in ("best_index_", "best_params_", "best_score_", "n_splits_", "multimetric_"):
        assert getattr(ours, name, None) == getattr(theirs, name, None)
    if settings.get("refit", True):
        np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
        assert ours.score(X, y) == theirs.score(X, y)


def test_results_are_those_of_a_random_search():
    drawn = ParameterSampler({"alpha": [0.1, 1, 10, 100]}, 3, random_state=1)
    X, y = load_diabetes(return_X_y=True)
    theirs = RandomizedSearchCV(Ridge(), {"alpha": [0.1, 1, 10, 100]}, n_iter=3, random_state=1)
    ours = SearchCV(Ridge(), drawn).fit(X, y)
    require_same(without_times(ours.cv_results_), without_times(theirs.fit(X, y).cv_results_))


@pytest.mark.slow
@pytest.mark.parametrize("estimator", [LogisticRegression(), Ridge()])
def test_the_checks_of_estimators_pass_as_with_a_random_search(estimator):
    name = "C" if isinstance(estimator, LogisticRegression) else "alpha"
    settings = {"cv": 2, "error_score": "raise", "random_state": 0, "n_iter": 2}

    def found(search):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            checks = check_estimator(search, on_skip=None, on_fail=None)
        return [(c["check_name"], c["status"]) for c in checks]

    ours = found(SearchCV(estimator, {name: [0.1, 1.0]}, **settings))
    theirs = found(RandomizedSearchCV(estimator, {name: [0.1, 1.0]}, **settings))
    assert ours == theirs
    assert [status for _, status in ours].count("passed") > 40


def test_pipelines_estimators_and_steps_are_searched():
    pipe = make_pipeline(StandardScaler(), GaussianNB())
    space = {
        "standardscaler": [StandardScaler(), MinMaxScaler(), "passthrough"],
        "gaussiannb": [GaussianNB(), DecisionTreeClassifier(random_state=0)],
    }
    search = SearchCV(pipe, space, random_state=0).fit(X, y)
    assert len(search.cv_results_["params"]) == 6  # the whole grid, once each
    assert search.best_params_["gaussiannb"] in space["gaussiannb"]
    assert search.best_estimator_[-1] is not search.best_params_["gaussiannb"]  # a clone


def test_pandas_come_in_and_go_out(tmp_path):
    frame, target = load_iris(return_X_y=True, as_frame=True)
    pipe = make_pipeline(StandardScaler(), GaussianNB()).set_output(transform="pandas")
    search = SearchCV(
        pipe, {f"gaussiannb__{k}": v for k, v in SMOOTHING.items()}, n_iter=3, random_state=0
    ).fit(frame, target)
    assert list(search.feature_names_in_) == list(frame.columns)
    assert search.n_features_in_ == 4
    assert list(search.best_estimator_[:-1].transform(frame).columns) == list(frame.columns)


def test_groups_reach_the_splitter():
    groups = np.arange(len(y)) % 7
    search = SearchCV(GaussianNB(), SMOOTHING, n_iter=2, cv=GroupKFold(3))
    assert search.fit(X, y, groups=groups).n_splits_ == 3
    with pytest.raises(ValueError, match="'groups' parameter should not be None"):
        search.fit(X, y)


def test_metadata_is_routed(fits):
    weights = np.linspace(1, 2, len(y))
    groups = np.arange(len(y)) % 5
    scorer = make_scorer(accuracy_score)
    with config_context(enable_metadata_routing=True):
        search = SearchCV(
            Recorder().set_fit_request(sample_weight=True),
            {"label": [0, 1]},
            cv=GroupKFold(2),
            scoring=scorer.set_score_request(sample_weight=True),
        )
        search.fit(X, y, sample_weight=weights, groups=groups)
    assert len(fits) == 2 * 2 + 1
    for _, rows, given in fits[:-1]:
        assert len(given) == len(rows) < len(y)
    score = search.cv_results_["split0_test_score"][0]
    test = np.isin(groups, np.unique(groups[GroupKFold(2).split(X, y, groups).__next__()[1]]))
    assert score == pytest.approx(np.average(y[test] == 0, weights=weights[test]))


def test_sample_weights_are_cut_like_the_rows(fits):
    weights = np.arange(len(y), dtype=float)
    SearchCV(Recorder(), {"label": [0]}, cv=3).fit(X, y, sample_weight=weights)
    assert [len(given) for _, _, given in fits] == [100, 100, 100, 150]


def test_of_several_metrics_refit_names_the_one_that_is_optimised():
    def metrics(model, X, y):
        right = accuracy_score(y, model.predict(X))
        return {"right": right, "wrong": 1 - right}

    for metric, sign in (("right", 1), ("wrong", -1)):
        search = SearchCV(
            DecisionTreeClassifier(random_state=0),
            {"max_depth": [1, 2, 3]},
            scoring=metrics,
            refit=metric,
        ).fit(X, y)
        assert search.multimetric_
        values = [row.value for row in search.study_.trials]
        np.testing.assert_allclose(values, search.cv_results_[f"mean_test_{metric}"])
        assert sign * np.corrcoef(values, search.cv_results_["mean_test_right"])[0, 1] > 0.99


# -- splits ---------------------------------------------------------------------------------------


def test_all_candidates_share_the_splits_of_an_unseeded_shuffle(fits):
    SearchCV(Recorder(), {"label": [0, 1, 2]}, cv=KFold(3, shuffle=True), refit=False).fit(X, y)
    by_label = [[rows for label, rows, _ in fits if label == k] for k in range(3)]
    assert by_label[0] == by_label[1] == by_label[2]
    assert len(set(by_label[0])) == 3


def test_splits_that_can_be_asked_for_once_are_enough():
    once = (pair for pair in KFold(3).split(X))
    search = SearchCV(GaussianNB(), SMOOTHING, n_iter=4, cv=once, random_state=0).fit(X, y)
    assert search.n_splits_ == 3
    assert not np.isnan(search.cv_results_["mean_test_score"]).any()


def test_a_splitter_without_splits_is_refused():
    with pytest.raises(ValueError, match="No fits were performed"):
        SearchCV(GaussianNB(), SMOOTHING, cv=iter(())).fit(X, y)


# -- failures -------------------------------------------------------------------------------------


def test_a_candidate_that_fails_on_all_folds_does_not_end_the_search_even_as_the_first():
    space = ParameterGrid([{"deed": ["fail"]}, {"label": [0, 1]}])
    with pytest.warns() as told:
        search = SearchCV(Recorder(), space, cv=3).fit(X, y)
    assert any(
        w.category is FitFailedWarning and "3 fits failed out of a total of 9" in str(w.message)
        for w in told
    )
    row = search.study_.trials[0]
    assert row.state == luthier.State.FAILED
    assert "ValueError: no fit for you" in row.error
    assert "in fit" in row.error  # the traceback
    assert search.cv_results_["rank_test_score"][0] == 3
    assert "label" in search.best_params_


def test_an_error_score_counts_as_a_score():
    space = ParameterGrid([{"deed": ["fail"]}, {"label": [0]}])
    with pytest.warns(FitFailedWarning):
        search = SearchCV(Recorder(), space, cv=3, error_score=0.25).fit(X, y)
    assert search.study_.trials[0].value == 0.25


def test_the_error_itself_is_raised_if_wanted():
    with pytest.raises(ValueError, match=r"^no fit for you$"):
        SearchCV(Recorder(), {"deed": ["fail"]}, error_score="raise").fit(X, y)


def test_a_search_in_which_all_fits_fail_says_why():
    with pytest.raises(ValueError, match=r"All the 6 fits failed[\s\S]*no fit for you"):
        SearchCV(Recorder(deed="fail"), {"label": [0, 1]}, cv=3).fit(X, y)


def test_a_score_that_is_nan_cannot_win():
    def score(model, X, y):
        return np.nan if model.label == 0 else float(model.label)

    with pytest.warns(UserWarning, match="non-finite"):
        search = SearchCV(Recorder(), {"label": [0, 1, 2]}, scoring=score).fit(X, y)
    assert search.best_params_ == {"label": 2}
    assert search.cv_results_["rank_test_score"].tolist() == [3, 2, 1]


def test_a_metric_that_cannot_be_had_for_any_candidate_is_warned_of():
    search = SearchCV(GaussianNB(), {"var_smoothing": [0.1, 1]}, scoring="roc_auc")  # 3 classes
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        search.fit(X, y)
    texts = [str(w.message) for w in told]
    assert sum("Scoring failed" in text for text in texts) == 2 * search.n_splits_
    assert sum("no candidate has a score by scoring='roc_auc'" in text for text in texts) == 1


def test_a_score_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="scoring must return a number"):
        SearchCV(Recorder(), {"label": [0]}, scoring=lambda *_: "good").fit(X, y)


# -- input ----------------------------------------------------------------------------------------


def test_unknown_params_are_refused_before_the_first_fit(fits):
    with pytest.raises(UnknownParameterError, match=r"'lable'.*did you mean 'label'"):
        SearchCV(Recorder(), {"lable": [0, 1]}).fit(X, y)
    assert fits == []


@pytest.mark.parametrize("estimator", [GaussianNB(), Ridge()])
def test_a_target_with_one_value_is_refused(estimator):
    with pytest.raises(EstimatorError, match=r"one (class|value) only, .*in all 150 rows"):
        SearchCV(estimator, {}).fit(X, np.ones(len(y)))


def test_an_estimator_that_changes_a_param_in_fit_is_refused():
    with pytest.raises(EstimatorError, match=r"Recorder.fit changes its parameter 'label'"):
        SearchCV(Recorder(deed="change"), {"label": [0, 2]}).fit(X, y)


def test_a_param_that_changes_in_place_is_seen():
    with pytest.raises(EstimatorError, match=r"'label' in place to \[0, 1\]"):
        SearchCV(Recorder(deed="append"), {"label": [[0], [2]]}).fit(X, y)
    pipe = make_pipeline(StandardScaler(), Recorder(deed="append"))
    with pytest.raises(EstimatorError, match=r"'recorder__label' in place to \[0, 1\]"):
        SearchCV(pipe, {"recorder__label": [[0], [2]]}).fit(X, y)


@pytest.mark.parametrize("estimator", [SVC(), make_pipeline(StandardScaler(), SVC())])
@pytest.mark.parametrize("scoring", ["neg_log_loss", ["accuracy", "neg_log_loss"]])
def test_metrics_that_need_probabilities_are_refused_before_the_first_fit(estimator, scoring):
    name = "C" if isinstance(estimator, SVC) else "svc__C"
    search = SearchCV(estimator, {name: [0.1, 1.0]}, scoring=scoring, refit=False)
    with pytest.raises(EstimatorError, match=r"log_loss.* needs predict_proba, which .* does not"):
        search.fit(X, y)
    assert not hasattr(search, "cv_results_")


def test_a_part_that_the_space_puts_in_place_may_give_what_a_metric_needs():
    pipe = Pipeline([("scale", StandardScaler()), ("model", None)])
    space = {"model__var_smoothing": [0.1], "model": [GaussianNB()]}
    search = SearchCV(pipe, space, scoring="neg_log_loss", cv=2).fit(X, y)
    assert np.isfinite(search.best_score_)


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_a_candidate_without_probabilities_fails_and_the_search_goes_on():
    space = {"loss": ["hinge", "log_loss"]}
    scoring = ["neg_log_loss", "accuracy"]
    search = SearchCV(SGDClassifier(random_state=0), space, scoring=scoring, refit="accuracy", cv=3)
    with pytest.warns(FitFailedWarning, match="needs predict_proba, which SGDClassifier does not"):
        search.fit(X, y)
    assert search.best_params_ == {"loss": "log_loss"}
    assert np.isnan(search.cv_results_["mean_test_accuracy"][0])
    assert search.study_.trials[0].state == luthier.State.FAILED


def test_an_estimator_that_learns_in_fit_how_it_answers_is_not_refused():
    stack = StackingClassifier([("bayes", GaussianNB())], cv=2)
    search = SearchCV(stack, {"passthrough": [False, True]}, scoring="neg_log_loss", cv=2)
    assert search.fit(X, y).best_score_ > -0.5


def test_a_search_without_an_end_is_refused():
    with pytest.raises(EstimatorError, match="the search has no end"):
        SearchCV(GaussianNB(), SMOOTHING, n_iter=None).fit(X, y)


@pytest.mark.parametrize(
    "wrong", [{"n_iter": 0}, {"timeout": -1}, {"sampler": 7}, {"resource": 3}, {"space": 5}]
)
def test_arguments_of_a_wrong_kind_are_refused_by_fit(wrong):
    search = SearchCV(GaussianNB(), SMOOTHING).set_params(**wrong)
    with pytest.raises(
        ValueError, match=f"The '{next(iter(wrong))}' parameter of SearchCV must be"
    ):
        search.fit(X, y)


# -- the search itself ----------------------------------------------------------------------------


def test_the_study_is_there_after_the_fit():
    search = SearchCV(GaussianNB(), SMOOTHING, n_iter=12, random_state=3).fit(X, y)
    assert search.study_.best_value == search.best_score_
    assert search.study_.best_params == search.best_params_
    assert [row.params for row in search.study_.trials] == search.cv_results_["params"]
    assert len(search.study_.trials[0].reports) == search.n_splits_


def test_a_seed_gives_the_same_search():
    def run(seed):
        search = SearchCV(GaussianNB(), SMOOTHING, n_iter=15, random_state=seed, cv=3)
        return search.fit(X, y).cv_results_["params"]

    assert run(5) == run(5) == run(np.int64(5))
    assert run(np.random.RandomState(0)) == run(np.random.RandomState(0))
    assert run(5) != run(6)


def test_a_grid_is_gone_through_once_whatever_the_sampler():
    for sampler in (None, "random", "tpe"):
        search = SearchCV(Recorder(), {"label": [0, 1, 2]}, n_iter=50, sampler=sampler, cv=2)
        assert len(search.fit(X, y).cv_results_["params"]) == 3
    assert SearchCV(Recorder(), {}, cv=2).fit(X, y).cv_results_["params"] == [{}]


def test_a_stop_rule_ends_the_search():
    search = SearchCV(
        GaussianNB(), SMOOTHING, n_iter=None, stop=luthier.stopping.Target(0.5), cv=2
    ).fit(X, y)
    assert len(search.study_.trials) == 1


def test_the_timeout_ends_the_search():
    search = SearchCV(GaussianNB(), SMOOTHING, n_iter=None, timeout=0.2, cv=2).fit(X, y)
    assert search.study_.trials


def test_a_search_is_no_estimator_of_its_own_before_the_fit():
    search = SearchCV(GaussianNB(), SMOOTHING)
    assert clone(search).get_params().keys() == search.get_params().keys()
    assert not hasattr(search, "study_")
    with pytest.raises(AttributeError):
        search.n_features_in_


# -- copies and nesting ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "copied", [lambda s: pickle.loads(pickle.dumps(s)), copy.deepcopy, copy.copy]
)
def test_a_fitted_search_is_pickled_and_copied_with_its_trials(copied):
    search = SearchCV(GaussianNB(), SMOOTHING, n_iter=5, random_state=0).fit(X, y)
    again = copied(search)
    np.testing.assert_array_equal(again.predict(X), search.predict(X))
    assert again.study_.best_params == search.study_.best_params
    assert [r.reports for r in again.study_.trials] == [r.reports for r in search.study_.trials]
    again.study_.optimize(lambda trial: trial.params["var_smoothing"], n_trials=2)  # goes on
    assert len(again.study_.trials) == 7
    assert len(search.study_.trials) == 5


def test_joblib_stores_a_fitted_search(tmp_path):
    search = SearchCV(GaussianNB(), SMOOTHING, n_iter=3).fit(X, y)
    joblib.dump(search, tmp_path / "search.joblib")
    assert joblib.load(tmp_path / "search.joblib").score(X, y) == search.score(X, y)


def test_a_clone_of_a_fitted_search_is_not_fitted():
    search = SearchCV(GaussianNB(), SMOOTHING, n_iter=3, random_state=0).fit(X, y)
    fresh = clone(search)
    assert not hasattr(fresh, "study_")
    assert fresh.fit(X, y).best_params_ == search.best_params_


def test_searches_are_nested_in_cross_validation():
    search = SearchCV(GaussianNB(), SMOOTHING, n_iter=4, random_state=0, cv=2)
    scores = cross_val_score(search, X, y, cv=3)
    assert scores.min() > 0.8
    found = cross_validate(search, X, y, cv=3, return_estimator=True)
    assert all(len(one.study_.trials) == 4 for one in found["estimator"])


def test_a_search_is_a_step_of_a_search():
    inner = SearchCV(GaussianNB(), SMOOTHING, n_iter=2, random_state=0, cv=2)
    outer = SearchCV(inner, {"n_iter": [1, 2]}, cv=2).fit(X, y)
    assert isinstance(outer.best_estimator_, SearchCV)


# -- storage --------------------------------------------------------------------------------------


def stored(tmp_path, label=(0, 1, 2), **settings):
    return SearchCV(
        Recorder(**{k: settings.pop(k) for k in ("deed", "at") if k in settings}),
        {"label": list(label)},
        storage=f"sqlite:///{tmp_path}/search.db",
        study_name="iris",
        cv=settings.pop("cv", 3),
        **settings,
    )


def test_a_stored_search_is_gone_on_with(tmp_path, fits):
    first = stored(tmp_path, n_iter=2, sampler="grid", refit=False).fit(X, y)
    assert len(fits) == 2 * 3
    second = stored(tmp_path, n_iter=3).fit(X, y)
    assert len(fits) == 2 * 3 + 3 + 1  # one candidate more, and the refit
    assert second.cv_results_["params"][:2] == first.cv_results_["params"]
    third = stored(tmp_path, n_iter=3).fit(X, y)
    assert len(fits) == 2 * 3 + 3 + 2  # the refit alone
    require_same(third.cv_results_, second.cv_results_)


def test_an_interrupted_search_goes_on_with_the_fold_that_it_had_come_to(tmp_path, fits):
    with pytest.raises(KeyboardInterrupt):
        stored(tmp_path, deed="interrupt", at=5, refit=False).fit(X, y)
    assert len(fits) == 5  # of which the last was interrupted
    search = stored(tmp_path, deed="interrupt", at=5, refit=False).fit(X, y)
    assert len(fits) == 5 + (9 - 4)
    whole = SearchCV(Recorder(), {"label": [0, 1, 2]}, cv=3, refit=False).fit(X, y)
    require_same(without_times(search.cv_results_), without_times(whole.cv_results_))


@pytest.mark.parametrize(
    "other",
    [
        lambda search: (search.set_params(cv=4), y),
        lambda search: (search.set_params(cv=KFold(3, shuffle=True)), y),
        lambda search: (search, np.roll(y, 1)),
    ],
)
def test_other_splits_or_targets_are_refused(tmp_path, fits, other):
    stored(tmp_path, n_iter=2, sampler="grid").fit(X, y)
    n_fits = len(fits)
    search, target = other(stored(tmp_path))
    with pytest.raises(StudyError, match="measured on other splits"):
        search.fit(X, target)
    assert len(fits) == n_fits


def test_the_study_of_something_else_is_refused(tmp_path):
    study = luthier.create_study(
        "iris", storage=f"sqlite:///{tmp_path}/search.db", direction="maximize"
    )
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    with pytest.raises(StudyError, match="is no search's"):
        stored(tmp_path).fit(X, y)


# -- jobs -----------------------------------------------------------------------------------------


def test_a_search_loads_no_cluster():
    code = "import sys; from luthier.sklearn import SearchCV; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"ray", "distributed", "torch"} & set(done.stdout.split())


def test_threads_of_joblib_run_candidates():
    alone = SearchCV(GaussianNB(), SMOOTHING, n_iter=6, sampler="random", random_state=0).fit(X, y)
    with parallel_config(backend="threading", n_jobs=2):
        shared = SearchCV(GaussianNB(), SMOOTHING, n_iter=6, sampler="random", random_state=0)
        shared.fit(X, y)
    require_same(without_times(shared.cv_results_), without_times(alone.cv_results_))


@pytest.mark.slow
def test_processes_run_candidates_confirm_leaders_and_give_the_same_search(tmp_path):
    here = os.getpid()

    class Noted(DecisionTreeClassifier):
        """Notes each fit in a file of its process, and waits until a second one fits too."""

        def fit(self, X, y):
            with (tmp_path / str(os.getpid())).open("a") as file:
                file.write(".")
            until = time.monotonic() + 120
            while os.getpid() != here and len(list(tmp_path.iterdir())) < 2:
                assert time.monotonic() < until, "no second process fits"
                time.sleep(0.01)
            return super().fit(X, y)

    def run(n_jobs, sampler):
        search = SearchCV(
            Noted(random_state=0),
            {"max_depth": luthier.Int(1, 8), "min_samples_leaf": Float(0.01, 0.4)},
            n_iter=8,
            sampler=sampler,
            random_state=0,
            n_jobs=n_jobs,
            scoring=["accuracy", "f1_macro"],
            refit="accuracy",
            confirm=2,
        )
        return without_times(search.fit(X, y).cv_results_)

    found = run(2, "random")
    n_fits = {int(file.name): file.stat().st_size for file in tmp_path.iterdir()}
    assert len(n_fits) == 3
    assert n_fits.pop(here) == 1  # on all rows
    assert sum(n_fits.values()) == 9 * 5 + 3 * 15  # the default is a ninth candidate
    require_same(found, run(1, "random"))
    require_same(run(2, None), run(2, None))


@pytest.mark.slow
def test_scikit_learns_settings_go_to_processes():
    weights = np.linspace(1, 2, len(y))
    set_config(enable_metadata_routing=True)
    try:
        estimator = GaussianNB().set_fit_request(sample_weight=True)
        scorer = make_scorer(accuracy_score).set_score_request(sample_weight=True)
        search = SearchCV(estimator, {"var_smoothing": [1e-9, 1.0]}, n_jobs=2, scoring=scorer)
        search.fit(X, y, sample_weight=weights)
    finally:
        set_config(enable_metadata_routing=False)
    assert search.best_score_ > 0.9


class Unpicklable(Recorder):
    def __getstate__(self):
        raise TypeError("this estimator stays here")


def test_an_estimator_that_cannot_be_pickled_is_refused_with_several_jobs():
    assert SearchCV(Unpicklable(), {"label": [0, 1]}, cv=2).fit(X, y)
    with pytest.raises(UnpicklableError, match="this estimator stays here"):
        SearchCV(Unpicklable(), {"label": [0, 1]}, cv=2, n_jobs=2).fit(X, y)


class Busy(Recorder, RegressorMixin):
    def __init__(self, label=0, n_jobs=None):
        super().__init__(label)
        self.n_jobs = n_jobs


def test_jobs_of_the_search_and_of_its_estimators_are_warned_of():
    with (
        parallel_config(backend="threading", n_jobs=2),
        pytest.warns(UserWarning, match="n_jobs=3"),
    ):
        SearchCV(Busy(n_jobs=3), {"label": [0]}, cv=2).fit(X, y)


def test_a_backend_that_is_not_known_is_refused(monkeypatch):
    from joblib._parallel_backends import SequentialBackend

    class Elsewhere(SequentialBackend):
        def effective_n_jobs(self, n_jobs):
            return 2

    joblib.register_parallel_backend("elsewhere", Elsewhere)
    with (
        parallel_config(backend="elsewhere"),
        pytest.raises(PlatformError, match="set to Elsewhere"),
    ):
        SearchCV(GaussianNB(), SMOOTHING).fit(X, y)


def test_each_fit_is_shown_if_wanted(capsys):
    SearchCV(Recorder(), {"label": [1]}, cv=2, verbose=10, scoring=["accuracy"], refit=False).fit(
        X, y
    )
    lines = capsys.readouterr().out.splitlines()
    assert re.match(r"\[CV 1/2\] START label=1\.+$", lines[0])
    assert re.match(
        r"\[CV 1/2\] END \.+label=1; accuracy: \(test=0.333\) total time= +0.0s$", lines[1]
    )


# -- what diagnoses read, plans, and params of `fit` that depend on the fold ----------------------


def test_a_diagnosis_reads_the_folds_of_candidates():
    search = SearchCV(GaussianNB(), SMOOTHING, n_iter=12, cv=10, random_state=0).fit(X, y)
    for row, mean in zip(search.study_.trials, search.cv_results_["mean_test_score"], strict=True):
        assert row.n_folds == 10
        assert np.mean(row.tags["folds"]) == mean
    scores = read_fold_scores(search.study_.history, search.study_.trials)
    assert scores.scores.shape == (12, 10)
    # Accuracy is a share of all rows that are tested; a mean of others is not.
    assert search.study_.trials[0].tags["curves"] == {"n_validation": 150}
    others = SearchCV(GaussianNB(), SMOOTHING, n_iter=1, scoring="f1_macro").fit(X, y)
    assert "curves" not in others.study_.trials[0].tags
    # Folds are no curve of learning.
    assert not read_curves(search.study_.history, {r.number: r for r in search.study_.trials})


PLANS = {
    "k-fold": lambda: plan_folds(150, 3, stratify=y, seed=1),
    "grouped": lambda: plan_folds(150, 3, groups=np.arange(150) % 30, seed=1),
    "time": lambda: plan_time_folds(150, 3, gap=5),
}


@pytest.mark.parametrize("kind", PLANS)
def test_plans_of_evaluation_are_splits(kind, fits):
    plan = PLANS[kind]()
    order = np.random.default_rng(0).permutation(150)  # classes in each part of the time
    search = SearchCV(Recorder(), {"label": [0, 1]}, cv=plan, confirm=1).fit(X[order], y[order])
    assert search.n_splits_ == 3
    for fold, (label, rows, _) in zip(plan, fits[:3], strict=True):
        assert label == 0
        assert rows == tuple(X[order][fold.train, 0])
    assert search.confirmation_.is_fresh == (kind != "time")


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (plan_holdout(150, reshuffled=True), "other folds for each trial"),
        (plan_folds(149, 3), "149 rows, and X has 150"),
    ],
)
def test_plans_that_do_not_fit_are_refused(plan, message):
    with pytest.raises(SplitError, match=message):
        SearchCV(Recorder(), {"label": [0, 1]}, cv=plan).fit(X, y)


class Early(GaussianNB):
    """Notes the rows that it may stop by."""

    seen: list = []

    def fit(self, X, y, held_out=None):
        self.seen.append(held_out)
        return super().fit(X, y)


def test_params_of_fit_may_depend_on_the_fold(monkeypatch):
    monkeypatch.setattr(Early, "seen", [])
    search = SearchCV(
        Early(),
        {"var_smoothing": [1e-9, 1e-3]},
        cv=KFold(3, shuffle=True, random_state=0),
        fit_params=lambda X_train, y_train, X_test, y_test: {"held_out": (X_test, y_test)},
    ).fit(X, y)
    tests = [test for _, test in search.cv.split(X)]
    for held_out, test in zip(Early.seen[:6], tests * 2, strict=True):
        np.testing.assert_array_equal(held_out[0], X[test])
        np.testing.assert_array_equal(held_out[1], y[test])
    assert Early.seen[6:] == [None]  # on all rows there is nothing to stop by

    with pytest.raises(EstimatorError, match="returns a dict of params of fit"):
        SearchCV(Early(), {"var_smoothing": [1e-9]}, fit_params=lambda *rows: None).fit(X, y)
