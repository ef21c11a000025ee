import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from luthier.errors import EvaluationError
from luthier.evaluation.fitted_model import FoldEnsemble, hash_targets, spread_classes

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2))
Y = np.where(X[:, 0] > 0, "yes", np.where(X[:, 1] > 0, "no", "so"))


def test_targets_are_told_apart():
    assert hash_targets([1, 2]) == hash_targets(np.array([1, 2]))
    assert hash_targets([1, 2]) != hash_targets([2, 1])


def test_classes_that_a_model_does_not_know_have_no_probability():
    two = LogisticRegression().fit(X[Y != "no"], Y[Y != "no"])
    p = spread_classes(two, X, np.unique(Y))
    assert p.shape == (60, 3)
    assert (p[:, 0] == 0).all()
    assert p.sum(axis=1) == pytest.approx(np.ones(60))


def test_an_ensemble_takes_the_mean_of_probabilities():
    models = [LogisticRegression().fit(X[i::3], Y[i::3]) for i in range(3)]
    ensemble = FoldEnsemble(models, np.unique(Y))
    mean = np.mean([m.predict_proba(X) for m in models], axis=0)
    assert ensemble.predict_proba(X) == pytest.approx(mean)
    assert (ensemble.predict(X) == np.unique(Y)[mean.argmax(axis=1)]).all()


def test_an_ensemble_without_probabilities_votes():
    models = [SVC().fit(X[i::3], Y[i::3]) for i in range(3)]
    ensemble = FoldEnsemble(models, np.unique(Y))
    told = np.stack([m.predict(X) for m in models])
    agreed = (told == told[0]).all(axis=0)
    assert (ensemble.predict(X)[agreed] == told[0][agreed]).all()
    assert not hasattr(ensemble, "predict_proba")
    with pytest.raises(AttributeError, match="has no attribute 'score'"):
        ensemble.score


def test_the_error_names_what_a_model_lacks():
    from luthier.evaluation import FittedModel

    model = FittedModel(SVC().fit(X, Y), None)
    with pytest.raises(EvaluationError, match="SVC has no predict_proba"):
        model.predict_proba(X)
    assert model.classes_.tolist() == ["no", "so", "yes"]  # the model's own
