"""What estimators can be asked, and whether their params have changed."""

import numpy as np
import pytest
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from luthier.measure.estimators import can_answer, take_stock

X = np.random.default_rng(0).normal(size=(40, 2))
Y = (X[:, 0] > 0).astype(int)
STACK = StackingClassifier([("svc", SVC())], cv=2)  # which learns in fit how it answers


@pytest.mark.parametrize(
    ("model", "can"),
    [
        (SVC(), False),
        (LogisticRegression(), True),
        (make_pipeline(StandardScaler(), SVC()), False),
        (make_pipeline(StandardScaler(), LogisticRegression()), True),
        (GridSearchCV(LogisticRegression(), {}), True),
        (STACK, True),
        (make_pipeline(StandardScaler(), STACK), True),
        (object.__new__(type("Bare", (), {"fit": None})), False),
    ],
)
def test_models_that_cannot_give_probabilities_are_known_before_they_are_trained(model, can):
    assert can_answer(model, ["predict_proba"]) == can


def test_trained_models_are_known_whatever_they_are_made_of():
    assert can_answer(STACK.fit(X, Y), ["predict_proba"])
    hard = StackingClassifier([("svc", SVC())], SVC(), cv=2)
    assert can_answer(hard, ["predict_proba"])
    assert not can_answer(hard.fit(X, Y), ["predict_proba"])
    assert can_answer(hard, ["predict_proba", "decision_function"])


@pytest.mark.parametrize(
    ("value", "change"),
    [
        ([100, 50], lambda v: v.append(20)),
        ([(1, [2])], lambda v: v[0][1].clear()),
        ({"a": [1]}, lambda v: v["a"].append(1)),
        ({1, 2}, lambda v: v.add(3)),
        (np.zeros((2, 2)), lambda v: v.__setitem__((0, 0), 1.0)),
        ([1, True], lambda v: v.reverse()),
        ([float("nan")], lambda v: v.__setitem__(0, 0.0)),
        ([SVC()], lambda v: v.__setitem__(0, LogisticRegression())),
    ],
)
def test_a_change_of_what_a_value_holds_is_seen(value, change):
    before = take_stock(value)
    assert take_stock(value) == before
    change(value)
    assert take_stock(value) != before
