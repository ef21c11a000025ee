"""Models of scikit-learn are trained by `partial_fit`, end early, and go on after a kill."""

import joblib
import numpy as np
import pytest
from sklearn.cluster import MiniBatchKMeans
from sklearn.linear_model import SGDClassifier, SGDRegressor
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from tests.support.killed_training import run_page

import luthier
from luthier.errors import CheckpointError, EstimatorError
from luthier.integrations.partial_fit import PartialFit

rng = np.random.default_rng(0)
X = rng.normal(size=(120, 4))
y = (X[:, 0] + 0.3 * rng.normal(size=120) > 0).astype(int)
TRAIN, VALID = (X[:80], y[:80]), (X[80:], y[80:])
SPACE = {"alpha": luthier.Float(1e-4, 1, log=True)}
KEPT = {"dump": joblib.dump, "load": joblib.load}
N = 5


def objective_of(model=None, **settings):
    model = SGDClassifier(loss="log_loss") if model is None else model
    return PartialFit(model, *TRAIN, **{"valid": VALID, "n_epochs": N} | settings)


@pytest.mark.parametrize("kept", [{}, KEPT], ids=["trained again", "loaded"])
@pytest.mark.parametrize("model", [SGDClassifier(), MLPClassifier((5,))], ids=["linear", "network"])
def test_an_interrupted_training_ends_as_one_that_was_not(model, kept):
    rows = []
    for dies_at in (None, 3):
        objective = objective_of(model, batch_size=30, scoring=die_once(dies_at), **kept)
        study = luthier.create_study(space=SPACE, direction="maximize", seed=0)
        study.optimize(objective, n_trials=1)  # ends by Ctrl-C, the second time
        if dies_at:
            assert [step for step, _ in study.trials[0].reports] == [1, 2]
            study.optimize(objective, n_trials=1)
        rows.append(study.trials[0])
    assert len(rows[0].reports) == N
    assert rows[0].reports == rows[1].reports
    assert rows[0].value == rows[1].value == rows[1].reports[-1][1]


def die_once(moment):
    """A score whose call of that number is interrupted, as by Ctrl-C."""
    calls = []

    def score(model, X, y):
        calls.append(model)
        if len(calls) == moment:
            raise KeyboardInterrupt
        return model.score(X, y)

    return score


def test_a_hopeless_trial_ends():
    study = luthier.create_study(
        space=SPACE, direction="maximize", scheduler=luthier.schedulers.Threshold(lower=2)
    )
    study.optimize(objective_of(), n_trials=1)
    assert study.trials[0].state == luthier.State.PRUNED
    assert len(study.trials[0].reports) == 1


def test_a_function_that_makes_models_and_the_final_model():
    objective = objective_of(lambda params: SGDRegressor(alpha=10.0 ** params["power"]))
    space = {"power": luthier.Int(-4, 0)}
    study = luthier.create_study(space=space, direction="maximize", seed=0)
    study.optimize(objective, n_trials=3)
    model = objective.train(study.best_params)
    assert model.alpha == 10.0 ** study.best_params["power"]
    assert model.t_ == 1 + N * 80
    assert objective.train(study.best_params, n_epochs=2).t_ == 1 + 2 * 80


def test_members_of_a_population_take_over_models_that_are_saved():
    scheduler = luthier.schedulers.PBT(population_size=4, interval=2, max_resource=6)
    study = luthier.create_study(space=SPACE, direction="maximize", scheduler=scheduler, seed=0)
    study.optimize(objective_of(n_epochs=6, **KEPT), n_trials=4)
    assert sum(row.state == luthier.State.COMPLETE for row in study.trials) == 4
    study = luthier.create_study(space=SPACE, direction="maximize", scheduler=scheduler, seed=0)
    with pytest.raises(CheckpointError, match="give PartialFit dump and load"):
        study.optimize(objective_of(n_epochs=6), n_trials=4)


def test_a_score_of_nan_fails_the_trial():
    objective = objective_of(scoring=lambda model, X, y: float("nan"))
    study = luthier.create_study(space=SPACE, direction="maximize")
    study.optimize(objective, n_trials=1, catch=(Exception,))
    assert study.trials[0].state == luthier.State.FAILED
    assert len(study.trials[0].reports) == N


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"model": SVC()}, EstimatorError, "partial_fit, which SVC has not"),
        ({"model": make_pipeline(GaussianNB())}, EstimatorError, "which Pipeline has not"),
        ({"n_epochs": 0}, ValueError, "n_epochs"),
        ({"batch_size": 0}, ValueError, "batch_size"),
        ({"valid": X}, EstimatorError, "valid must be a pair"),
        ({"dump": joblib.dump}, EstimatorError, "belong together"),
        ({"scoring": "acuracy"}, ValueError, "acuracy"),
    ],
)
def test_what_cannot_be_trained_is_refused_before(settings, error, message):
    with pytest.raises(error, match=message):
        objective_of(**settings)


def test_params_and_data_that_do_not_fit():
    study = luthier.create_study(space={"alfa": luthier.Float(0, 1)}, direction="maximize")
    with pytest.raises(EstimatorError, match="SGDClassifier has no parameter 'alfa'; it has alpha"):
        study.optimize(objective_of(), n_trials=1)
    with pytest.raises(EstimatorError, match=r"create_study\(space=...\)"):
        luthier.create_study().optimize(objective_of(), n_trials=1)
    with pytest.raises(EstimatorError, match="is better where it is larger"):
        luthier.create_study(space=SPACE).optimize(objective_of(), n_trials=1)
    with pytest.raises(EstimatorError, match="X has 120 rows and y 80"):
        PartialFit(GaussianNB(), X, TRAIN[1], VALID, 3)
    with pytest.raises(EstimatorError, match="which SVC has not"):
        objective_of(lambda params: SVC()).train({})


def test_models_without_targets_are_trained_too():
    model = objective_of(MiniBatchKMeans(3, n_init=1)).train({}, n_epochs=2)
    assert model.cluster_centers_.shape == (3, 4)


@pytest.mark.slow
def test_the_script_of_the_page_goes_on_after_a_kill(tmp_path):
    changes = ("total=30", "total=3"), ("n_epochs=27", "n_epochs=6")
    study, (before, after) = run_page("partial-fit", tmp_path, "1:4", *changes)
    assert before[-1] == "1:4"
    assert after[0] == "1:5"
    assert [row.state for row in study.trials] == [luthier.State.COMPLETE] * len(study.trials)
    assert study.best_value > -1
