"""What a search is given and cannot use is refused before the first fit."""

import threading

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from luthier.errors import EstimatorError, SplitError, UnpicklableError
from luthier.sklearn import SearchCV, tune

X, y = load_iris(return_X_y=True)
DEPTHS = {"max_depth": [1, 2, 3]}


class Counted(DecisionTreeClassifier):
    n_fits = 0

    def fit(self, X, y, sample_weight=None):
        Counted.n_fits += 1
        return super().fit(X, y, sample_weight)


class CountedRegressor(DecisionTreeRegressor):
    def fit(self, X, y, sample_weight=None):
        Counted.n_fits += 1
        return super().fit(X, y, sample_weight)


def replaced(target, value):
    return np.array([value, *target.tolist()[1:]], dtype=object if value is None else float)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (np.zeros(150), "one class only, 0.0, in all 150 rows"),
        (np.zeros((150, 1)), r"one class only, \[0.0\]"),
        (np.zeros((150, 2)), r"one class only, \[0.0, 0.0\]"),
        (["a"] * 150, "one class only, 'a'"),
        (replaced(y, np.nan), "is nan in row 0, and in 1 of 150 rows"),
        (replaced(y, np.inf), "is inf in row 0"),
        (replaced(y, None), "is None in row 0"),
    ],
    ids=["constant", "column", "columns", "text", "nan", "inf", "none"],
)
@pytest.mark.parametrize("kind", [Counted, CountedRegressor])
def test_targets_that_teach_nothing_are_refused(target, words, kind):
    if kind is CountedRegressor:
        words = words.replace("class", "value")
    before = Counted.n_fits
    with pytest.raises(EstimatorError, match=words):
        SearchCV(kind(), DEPTHS).fit(X, target)
    assert Counted.n_fits == before


class Leaving(DecisionTreeRegressor):
    def fit(self, X, y):
        known = np.isfinite(y)
        return super().fit(X[known], y[known])


def test_a_metric_of_ones_own_may_know_what_to_do_with_missing_targets():
    search = SearchCV(Leaving(), DEPTHS, scoring=lambda model, X, y: 1.0)
    assert search.fit(X, replaced(y, np.nan)).best_score_ == 1.0


@pytest.mark.parametrize("weights", [np.ones(100), np.ones(151), 3.0, [1.0]], ids=str)
def test_weights_that_are_not_as_many_as_the_rows_are_refused(weights):
    before = Counted.n_fits
    with pytest.raises(EstimatorError, match="one weight for each of the 150 rows of X, got"):
        SearchCV(Counted(), DEPTHS).fit(X, y, sample_weight=weights)
    assert Counted.n_fits == before
    assert SearchCV(Counted(), DEPTHS).fit(X, y, sample_weight=None)


@pytest.mark.parametrize(
    ("split", "words"),
    [
        (([0, 1], [150]), "test rows of fold 0 of cv must be whole numbers below 150"),
        (([-151, 1], [2]), "train rows of fold 0"),
        (([0, 1], [2.0]), "test rows of fold 0"),
        (([0, 1], []), "fold 0 of cv has no test rows"),
        (([], [1]), "fold 0 of cv has no train rows"),
    ],
)
def test_splits_of_rows_that_are_not_there_are_refused(split, words):
    with pytest.raises(SplitError, match=words):
        SearchCV(Counted(), DEPTHS, cv=[split]).fit(X, y)


def test_splits_that_test_what_they_train_on_are_told_of():
    rows = np.arange(150)
    with pytest.warns(UserWarning, match="fold 0 of cv tests 150 of 150 rows that it trains on"):
        SearchCV(Counted(), DEPTHS, cv=[(rows, rows)]).fit(X, y)


def test_splits_may_be_masks():
    folds = list(KFold(3, shuffle=True, random_state=0).split(X))
    masks = [tuple(np.isin(np.arange(150), part) for part in fold) for fold in folds]
    expected = SearchCV(Counted(random_state=0), DEPTHS, cv=folds, random_state=0).fit(X, y)
    found = SearchCV(Counted(random_state=0), DEPTHS, cv=masks, random_state=0).fit(X, y)
    assert found.cv_results_["mean_test_score"].tolist() == (
        expected.cv_results_["mean_test_score"].tolist()
    )
    n_rows = [row.tags["curves"] for row in found.study_.trials]
    assert n_rows == [{"n_validation": 150}] * 3


def test_a_way_to_refit_that_there_is_not_is_refused():
    with pytest.raises(EstimatorError, match=r"refit='confirm'.*did you mean 'confirmed'\?"):
        SearchCV(Counted(), DEPTHS, refit="confirm").fit(X, y)
    assert SearchCV(Counted(), DEPTHS, refit="accuracy", scoring="accuracy").fit(X, y)


def test_a_class_instead_of_an_estimator_is_refused():
    with pytest.raises(EstimatorError, match=r"got the class SVC; pass SVC\(\)"):
        tune(SVC, X, y)


class Shrinking(DecisionTreeClassifier):
    def fit(self, X, y):
        self.max_depth = 1
        return super().fit(X, y)


def test_a_part_of_a_pipeline_that_changes_its_params_is_refused():
    search = SearchCV(make_pipeline(Shrinking()), {"shrinking__max_depth": [2, 3]})
    with pytest.raises(EstimatorError, match="changes its parameter 'shrinking__max_depth' from"):
        search.fit(X, y)


class Locked(DecisionTreeClassifier):
    def __init__(self, max_depth=None):
        super().__init__(max_depth=max_depth)
        self.lock = threading.Lock()


def test_what_cannot_go_to_another_process_is_named():
    lock = threading.Lock()
    search = SearchCV(Counted(), DEPTHS, n_jobs=2, scoring=lambda model, X, y: lock.locked() + 1.0)
    words = "because its scoring cannot be pickled: .*lock.*; .*parallel_config"
    with pytest.raises(UnpicklableError, match=words):
        search.fit(X, y)
    with pytest.raises(UnpicklableError, match="because its estimator"):
        SearchCV(Locked(), DEPTHS, n_jobs=2).fit(X, y)
    with parallel_config("threading"):
        assert clone(search).fit(X, y).best_score_ == 1.0
