"""Ready-made spaces of estimators and pipelines."""

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Perceptron
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from luthier import spaces
from luthier.errors import EstimatorError


def test_a_pipeline_has_the_space_and_the_portfolio_of_its_last_step():
    inner = Pipeline([("scale", StandardScaler()), ("svc", SVC())])
    space = spaces.suggest(make_pipeline(inner), np.zeros((5, 4)))
    plain = spaces.svm(n_features=4)
    assert set(space.params) == {"pipeline__svc__C", "pipeline__svc__gamma"}
    assert [row["pipeline__svc__C"] for row in space.first] == [row["C"] for row in plain.first]
    assert space.params["pipeline__svc__gamma"] == plain.params["gamma"]


def test_own_values_begin_the_search_and_the_library_default_comes_next():
    space = spaces.suggest(LogisticRegression(C=7))
    assert space.decode(space.centre())[0]["C"] == 7
    assert space.first[0] == {"C": 1.0, "class_weight": None}


def test_own_values_outside_of_a_range_are_not_taken():
    space = spaces.suggest(RandomForestClassifier(max_features="log2"), np.zeros((9, 100)))
    assert space.params["max_features"].default == pytest.approx(0.1, abs=1e-4)


def test_classes_and_unknown_estimators_are_refused():
    with pytest.raises(EstimatorError, match=r"got the class SVC; pass SVC\(\)"):
        spaces.suggest(SVC)
    with pytest.raises(EstimatorError, match="no ready-made space for Perceptron"):
        spaces.suggest(Perceptron())


def test_columns_are_counted_in_lists_and_what_is_no_table_is_refused():
    space = spaces.suggest(RandomForestClassifier(), [[1, 2, 3, 4]] * 5)
    assert space.params["max_features"].default == pytest.approx(0.5, abs=1e-6)
    for X in ([1.0, 2.0], [[1.0], [2.0, 3.0]], "wine"):
        with pytest.raises(EstimatorError, match="X has rows and columns"):
            spaces.suggest(SVC(), X)


def test_a_linear_kernel_has_no_gamma():
    space = spaces.suggest(make_pipeline(StandardScaler(), SVC(kernel="linear")), np.zeros((5, 4)))
    assert set(space.params) == {"svc__C"}
    assert set(spaces.suggest(SVC(kernel="poly")).params) == {"C", "gamma"}
