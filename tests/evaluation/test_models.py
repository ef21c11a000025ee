import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from luthier.errors import EvaluationError
from luthier.evaluation.metrics import read_metrics
from luthier.evaluation.models import ask, check_model, make_factory, take_rows, train

X = np.random.default_rng(0).normal(size=(30, 2))
Y = np.arange(30) % 2


def test_an_estimator_is_copied_and_its_params_are_set():
    estimator = make_pipeline(StandardScaler(), LogisticRegression())
    build = make_factory(estimator)
    model = build({"logisticregression__C": 0.5})
    assert model.get_params()["logisticregression__C"] == 0.5
    assert estimator.get_params()["logisticregression__C"] == 1.0


def test_unknown_params_are_refused_before_the_first_fit():
    with pytest.raises(
        EvaluationError, match="has no parameter 'max_itr'; did you mean 'max_iter'"
    ):
        make_factory(LogisticRegression())({"max_itr": 5})


def test_what_makes_no_model_is_refused():
    with pytest.raises(EvaluationError, match="expected a function that makes a model"):
        make_factory("svc")
    with pytest.raises(EvaluationError, match=r"expected a model with fit\(X, y\), got int"):
        check_model(5, ())


@pytest.mark.parametrize(
    "data", [X, pd.DataFrame(X), scipy.sparse.csr_matrix(X), X.tolist(), pd.Series(X[:, 0])]
)
def test_rows_of_data_of_any_kind(data):
    taken = take_rows(data, np.array([3, 1]))
    found = np.asarray(taken.todense()) if scipy.sparse.issparse(taken) else np.asarray(taken)
    assert found.ravel()[0] == X[3, 0]
    assert len(found) == 2


def test_metrics_that_need_probabilities_are_refused_before_the_fit():
    with pytest.raises(EvaluationError, match=r"'log_loss' needs predict_proba\(X\), which SVC"):
        check_model(SVC(), read_metrics("log_loss"))
    with pytest.raises(
        EvaluationError, match=r"'neg_log_loss' needs predict_proba\(X\), which SVC"
    ):
        check_model(SVC(), read_metrics(["accuracy", "neg_log_loss"]))  # scikit-learn's
    check_model(SVC(), read_metrics(["auc", "roc_auc"]))  # by its decision function
    check_model(LogisticRegression(), read_metrics(["log_loss", "auc", "accuracy"]))


def test_models_are_asked_by_the_method_that_a_metric_needs():
    svc, logistic = SVC().fit(X, Y), LogisticRegression().fit(X, Y)
    assert ask(svc, "decision", X).shape == (30,)
    assert ask(logistic, "predict_proba", X).shape == (30, 2)
    assert set(ask(svc, "predict", X)) <= {0, 1}


class Restless(LogisticRegression):
    def fit(self, X, y, sample_weight=None):
        self.C = 2 * self.C
        return super().fit(X, y, sample_weight)


class Growing(LogisticRegression):
    def __init__(self, sizes=(1,)):
        super().__init__()
        self.sizes = sizes

    def fit(self, X, y, sample_weight=None):
        self.sizes.append(2)
        return super().fit(X, y, sample_weight)


def test_a_model_that_changes_a_list_in_place_is_refused():
    with pytest.raises(EvaluationError, match=r"'sizes' in fit, from \[1\] to \[1, 2\]"):
        train(Growing([1]), X, Y, None)


def test_a_model_that_changes_its_params_is_refused():
    with pytest.raises(EvaluationError, match=r"changes its parameter 'C' in fit, from 1.0 to 2.0"):
        train(Restless(), X, Y, None)


def test_weights_and_the_own_fit_are_used():
    weight = np.where(Y == 1, 5.0, 1.0)
    plain, weighted = LogisticRegression(), LogisticRegression()
    assert train(plain, X, Y, None) is None
    train(weighted, X, Y, weight)
    assert weighted.predict(X).mean() > plain.predict(X).mean()

    def fit(model, X, y, sample_weight, X_test, y_test):
        model.fit(X, y, sample_weight=sample_weight)
        return len(X_test)

    assert train(LogisticRegression(), X, Y, weight, (X[:7], Y[:7]), fit) == 7
