"""Leaders and the estimator's own params on fresh splits, and the choice between them."""

import numpy as np
import pytest
from scipy.stats import loguniform
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit, TimeSeriesSplit
from sklearn.svm import SVC

from luthier import Float
from luthier.sklearn import SearchCV, tune
from luthier.sklearn.confirmation import choose_leader

X, y = load_breast_cancer(return_X_y=True)
X, y = X[:150], y[:150]


class Lucky(ClassifierMixin, BaseEstimator):
    """Right in a share of the rows; with `luck` also in those of the unshuffled folds.

    Its row numbers are its only column, so that it knows which rows it was trained on.
    """

    def __init__(self, share=0.5, luck=0.0):
        self.share = share
        self.luck = luck

    def fit(self, X, y):
        self.classes_ = np.array([0, 1])
        rows = np.sort(X[:, 0])
        gap = np.setdiff1d(np.arange(100), rows)
        in_one_piece = len(gap) and len(gap) == gap[-1] - gap[0] + 1
        self.share_ = self.share + (self.luck if in_one_piece else 0)
        return self

    def predict(self, X):
        row = X[:, 0].astype(int)
        right = np.random.default_rng(0).random(100)[row] < self.share_
        return np.where(right, row % 2, 1 - row % 2)


ROWS = np.arange(100.0)[:, None]
TARGETS = np.arange(100) % 2


def test_a_leader_that_was_lucky_on_the_splits_of_the_search_loses_to_the_default():
    given = {"space": {"luck": [0.0, 0.3]}, "cv": 5, "refit": "confirmed"}
    search = SearchCV(Lucky(), **given).fit(ROWS, TARGETS)
    assert search.cv_results_["mean_test_score"].argmax() != search.best_index_
    assert search.best_params_ == {"luck": 0.0}
    assert search.confirmation_.default == search.best_index_
    assert "Not better than the default" in search.confirmation_.verdict


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_a_default_that_has_no_score_is_left_and_the_verdict_says_so():
    space = {"share": Float(0.6, 1.0)}
    search = SearchCV(Lucky(None), space, n_iter=3, refit="confirmed", random_state=0)
    search.fit(ROWS, TARGETS)
    verdict = search.confirmation_.verdict
    assert verdict.endswith("is taken: the default has no score on fresh splits.")


def test_a_leader_that_is_better_everywhere_is_taken_beside_a_default_that_is_no_candidate():
    space = {"share": Float(0.6, 1.0)}
    search = SearchCV(Lucky(0.3), space, n_iter=8, refit="confirmed", confirm=2, random_state=0)
    search.fit(ROWS, TARGETS)
    assert search.best_params_["share"] == max(p["share"] for p in search.cv_results_["params"])
    # The default is one row more, that no trial has.
    assert search.cv_results_["params"][-1] == {"share": 0.3}
    assert len(search.cv_results_["params"]) == len(search.study_.trials) + 1
    confirmed = search.cv_results_["mean_confirmed"]
    assert np.isfinite(confirmed).sum() == 3
    assert confirmed[search.best_index_] == np.nanmax(confirmed)
    assert search.confirmation_.is_fresh
    assert search.confirmation_.leader_scores.shape == (2, 15)
    assert "better than the default" in search.confirmation_.verdict


def test_a_default_that_is_in_the_space_is_the_first_candidate():
    space = {"C": loguniform(0.1, 10), "kernel": ["linear", "rbf"]}
    search = SearchCV(SVC(), space, n_iter=5, confirm=2, random_state=0).fit(X, y)
    assert search.cv_results_["params"][0] == {"C": 1.0, "kernel": "rbf"}
    assert len(search.cv_results_["params"]) == 5
    assert search.confirmation_.default == 0
    # The best of the search stays the best, as `refit` says.
    assert search.best_index_ == search.cv_results_["mean_test_score"].argmax()


@pytest.mark.parametrize(
    ("cv", "is_fresh"),
    [
        (ShuffleSplit(2, random_state=0), True),
        (KFold(3), False),
        (KFold(3, shuffle=True, random_state=0), True),
        (TimeSeriesSplit(3), False),
        (GroupKFold(3, shuffle=True, random_state=0), True),
        ([(np.arange(100), np.arange(100, 150))], False),
    ],
)
def test_splits_are_fresh_where_there_are_others(cv, is_fresh):
    search = SearchCV(SVC(), {"C": [0.1, 1.0, 10.0]}, cv=cv, confirm=1)
    groups = {"groups": np.arange(150) // 5} if isinstance(cv, GroupKFold) else {}
    search.fit(X, y, **groups)
    found = search.confirmation_
    assert found.is_fresh == is_fresh
    assert found.leader_scores.shape == (1, search.n_splits_ * (3 if is_fresh else 1))


@pytest.mark.parametrize("resource", ["folds", "n_samples"])
def test_leaders_are_whole_candidates(resource):
    search = SearchCV(
        SVC(), {"C": loguniform(1e-4, 1e3)}, n_iter=12, resource=resource, confirm=3, random_state=1
    ).fit(X, y)
    states = search.cv_results_["state"]
    assert {states[i] for i in search.confirmation_.leaders} == {"complete"}
    assert search.cv_results_["state"][search.confirmation_.default] in ("complete", "default")
    default, leader = search.confirmation_.default, search.confirmation_.leaders[0]
    shown = search.cv_results_
    assert shown["n_resources"][default] == shown["n_resources"][leader]
    assert shown["mean_seen"][default] == pytest.approx(shown["mean_test_score"][default])


def test_one_call_never_ends_with_less_than_the_estimator_had():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(60, 3))
    search = tune(SVC(gamma=0.1), noise, np.arange(60) % 2, 0.5, cv=3, random_state=0)
    assert search.best_params_ == {"C": 1.0, "gamma": 0.1}
    assert search.confirmation_.chosen == search.confirmation_.default


def test_the_choice_is_a_test_over_folds():
    default = np.array([0.5, 0.6, 0.7, 0.6, 0.5])
    wide = default + np.array([0.3, -0.2, 0.4, -0.1, 0.1])
    steady = default + np.array([0.1, 0.11, 0.09, 0.1, 0.12])
    assert choose_leader(default, np.array([wide]), 0.25)[0] is None
    assert choose_leader(default, np.array([wide, steady]), 0.25)[0] == 1
    assert choose_leader(default, np.array([default * np.nan, steady]), 0.25)[0] == 1
    assert choose_leader(default * np.nan, np.array([wide]), 0.25)[0] == 0
    assert choose_leader(default, np.empty((0, 5)), 0.25) == (None, 1.0)
