"""Keras reports to a trial, is ended early, and goes on after a kill."""

import copy
import importlib
import os
import sys
import warnings

import numpy as np
import pytest
from tests.support.killed_training import run_page

import luthier
from luthier.errors import CheckpointError, MissingDependencyError, ReportError

os.environ.setdefault("KERAS_BACKEND", "torch")
pytest.importorskip("keras")
pytest.importorskip("torch")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import keras

    from luthier.integrations.keras import Report

pytestmark = [
    pytest.mark.external("keras", "torch"),
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # Keras' own
]
N = 5
X = np.random.default_rng(0).normal(size=(32, 3)).astype("f4")
y = X.sum(axis=1)


def make(rate=0.01, n_inner=4):
    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((3,)),
            layers.Dense(n_inner, "relu"),
            layers.Dropout(0.5, seed=1),
            layers.Dense(1),
        ]
    )
    model.compile(keras.optimizers.Adam(rate), "mse", metrics=["mae"])
    return model


def fit(report, *others, model=None, first=0):
    model = make() if model is None else model
    history = model.fit(
        X,
        y,
        validation_data=(X, y),
        initial_epoch=first,
        epochs=N,
        batch_size=8,
        shuffle=False,
        callbacks=[report, *others],
        verbose=0,
    )
    report.check()
    return history


class Other(keras.callbacks.Callback):
    def __init__(self, dies_at=None):
        super().__init__()
        self.dies_at = dies_at
        self.has_ended = False

    def on_epoch_end(self, epoch, logs=None):
        if epoch + 1 == self.dies_at:
            raise KeyboardInterrupt

    def on_train_end(self, logs=None):
        self.has_ended = True


def test_reports_are_the_librarys_own_history():
    histories = []

    def objective(trial):
        report = Report(trial, "val_mae")
        histories.append(fit(report).history["val_mae"])
        return report.value

    study = luthier.create_study(seed=0)
    study.optimize(objective, n_trials=1)
    assert study.trials[0].reports == tuple(enumerate(histories[0], start=1))
    assert study.trials[0].value == histories[0][-1]


def test_a_hopeless_training_ends_in_good_order():
    other = Other()
    study = luthier.create_study(scheduler=luthier.schedulers.Threshold(upper=0), seed=0)
    study.optimize(lambda trial: fit(Report(trial, "val_loss", every=2), other), n_trials=1)
    assert study.trials[0].state == luthier.State.PRUNED
    assert [step for step, _ in study.trials[0].reports] == [2]
    assert other.has_ended


@pytest.mark.parametrize(("dies_at", "every"), [(4, 2), (N, 1)])
def test_an_interrupted_training_ends_as_one_that_was_not(dies_at, every):
    models = [make()]
    whole = fit(Report(luthier.create_study().ask(), "val_loss"), model=models[0])
    study = luthier.create_study(seed=0)
    others = [Other(dies_at), Other()]

    def objective(trial):
        report = Report(trial, "val_loss", checkpoint_every=every)
        models.append(make())
        fit(report, others.pop(0), model=models[-1], first=int(trial.step))
        return report.value

    study.optimize(objective, n_trials=1)  # ends by Ctrl-C
    study.optimize(objective, n_trials=1)
    assert study.trials[0].reports == tuple(enumerate(whole.history["val_loss"], start=1))
    assert study.trials[0].value == whole.history["val_loss"][-1]
    for one, other in zip(models[0].get_weights(), models[2].get_weights(), strict=True):
        assert np.array_equal(one, other)


def test_a_copy_of_another_network_keeps_its_own_rate():
    scheduler = luthier.schedulers.PBT(population_size=3, interval=2, max_resource=N)
    study = luthier.create_study(scheduler=scheduler, seed=0)
    rates = []

    def objective(trial):
        rate = trial.suggest_float("rate", 0.001, 0.1)
        report = Report(trial, "val_loss", checkpoint_every=1)
        model = make(rate)
        fit(report, model=model, first=int(trial.step))
        rates.append((rate, float(model.optimizer.learning_rate.numpy())))
        return report.value

    study.optimize(objective, n_trials=3)
    assert rates
    assert all(there == pytest.approx(rate) for rate, there in rates)


def test_a_checkpoint_of_another_model_is_refused():
    study = luthier.create_study(seed=0)
    sizes = [4, 7]

    def objective(trial):
        model = make(n_inner=sizes.pop(0))
        fit(Report(trial, "val_loss", checkpoint_every=1), Other(2), model=model)

    study.optimize(objective, n_trials=1)  # ends by Ctrl-C
    with pytest.raises(CheckpointError, match="is of another model: it holds arrays of shapes"):
        study.optimize(objective, n_trials=1)


def test_a_metric_that_is_not_logged_is_refused():
    study = luthier.create_study()
    with pytest.raises(ReportError, match="did you mean 'val_mae'"):
        study.optimize(lambda trial: fit(Report(trial, "val_mea")), n_trials=1)


def test_a_loss_of_nan_is_reported_and_fails_the_trial():
    study = luthier.create_study()

    def objective(trial):
        report = Report(trial, "val_loss")
        fit(report, model=make(rate=float("nan")))
        return report.value

    study.optimize(objective, n_trials=1, catch=(Exception,))
    assert study.trials[0].state == luthier.State.FAILED
    assert [str(value) for _, value in study.trials[0].reports] == ["nan"] * N


def test_a_report_is_the_same_in_a_copy():
    report = Report(luthier.create_study().ask())
    assert copy.deepcopy([report])[0] is report


def test_a_library_that_is_missing_names_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    monkeypatch.delitem(sys.modules, "luthier.integrations.keras")
    with pytest.raises(MissingDependencyError, match=r"pip install 'luthier\[keras\]'"):
        importlib.import_module("luthier.integrations.keras")


def test_the_script_of_the_page_goes_on_after_a_kill(tmp_path):
    changes = ("total=30", "total=2"), ("N_EPOCHS = 20", "N_EPOCHS = 4")
    study, (before, after) = run_page("keras", tmp_path, "0:2", *changes)
    assert before[-1] == "0:2"
    assert after[0] == "0:3"
    assert [row.state for row in study.trials] == [luthier.State.COMPLETE] * len(study.trials)
