"""What trials are told by libraries that train in rounds, without any of them."""

import importlib
import sys

import pytest

import luthier
from luthier.errors import CheckpointError, MissingDependencyError, ReportError
from luthier.integrations.rounds import Measured, Rounds, check_origin, name_origin


def run(rounds, direction="minimize", scheduler=None, **settings):
    """One trial that takes these rounds in; its row and what was saved."""
    saved = []
    study = luthier.create_study(direction=direction, scheduler=scheduler)

    def save(path):
        saved.append(path)
        with open(path, "w") as file:
            file.write("a model")

    def objective(trial):
        given = {"metric": None, "every": 1, "prune": True, "checkpoint_every": None} | settings
        reports = Rounds(trial, **given)
        for step, measured in enumerate(rounds, start=1):
            reports.take(measured, step, save)
        return 0.0

    study.optimize(objective, n_trials=1)
    return study, saved


def test_each_round_is_a_report():
    study, saved = run([{"valid-rmse": Measured(5 - k, False)} for k in range(4)])
    assert study.trials[0].reports == ((1, 5.0), (2, 4.0), (3, 3.0), (4, 2.0))
    assert saved == []


def test_nan_is_a_report():
    study, _ = run([{"valid-rmse": Measured(float("nan"), False)}])
    assert [str(value) for _, value in study.trials[0].reports] == ["nan"]


def test_some_rounds_are_reports_and_some_are_saved():
    rounds = [{"a-x": Measured(k), "b-x": Measured(-k)} for k in range(1, 7)]
    study, saved = run(rounds, metric="b-x", every=2, checkpoint_every=3)
    assert study.trials[0].reports == ((2, -2.0), (3, -3.0), (4, -4.0), (6, -6.0))
    assert len(saved) == 2
    assert study.load_checkpoint(0).read_text() == "a model"


def test_a_checkpoint_may_be_made_of_arrays():
    study = luthier.create_study()

    def objective(trial):
        rounds = Rounds(trial, None, 2, True, 3)
        for k in range(1, 5):
            rounds.take({"loss": Measured(k / 10)}, k, make_checkpoint=lambda k=k: {"epoch": k})
        assert rounds.value == 0.4
        return 0.0

    study.optimize(objective, n_trials=1)
    assert study.trials[0].reports == ((2, 0.2), (3, 0.3), (4, 0.4))
    assert study.load_checkpoint(0) == {"epoch": 3}


def test_processes_that_train_along_save_and_report_nothing():
    study = luthier.create_study()
    saved = []

    def objective(trial):
        rounds = Rounds(trial, None, 1, True, 1)
        rounds.take({"loss": Measured(0.5)}, 1, saved.append, is_first=False)
        assert rounds.value == 0.5
        assert len(saved) == 1
        return rounds.value

    study.optimize(objective, n_trials=1)
    assert study.trials[0].reports == ()


def test_a_checkpoint_of_other_params_is_refused_where_a_library_would_take_them_over():
    study = luthier.create_study(space={"rate": luthier.Float(0, 1)}, seed=0)
    first, second = study.ask(), study.ask()
    check_origin(first, name_origin(first), "Lightning")
    with pytest.raises(CheckpointError, match="and Lightning would put back the settings"):
        check_origin(second, name_origin(first), "Lightning")


def test_a_hopeless_trial_ends():
    scheduler = luthier.schedulers.Threshold(upper=2)
    study, _ = run([{"v-m": Measured(k)} for k in range(9)], scheduler=scheduler)
    assert study.trials[0].state == luthier.State.PRUNED
    assert len(study.trials[0].reports) == 4
    study, _ = run([{"v-m": Measured(k)} for k in range(9)], scheduler=scheduler, prune=False)
    assert len(study.trials[0].reports) == 9


@pytest.mark.parametrize(
    ("measured", "metric", "message"),
    [
        ({"valid-auc": Measured(1)}, "valid-auk", r"those that are: 'valid-auc'; did you mean"),
        ({"a-x": Measured(1), "a-y": Measured(1)}, None, "one of those that are measured: 'a-x', "),
        ({}, None, "none: pass data to evaluate on"),
        ({"v-auc": Measured(1, True)}, None, r"larger, and the study is to minimize; write create"),
    ],
)
def test_a_metric_that_cannot_be_reported_is_refused(measured, metric, message):
    with pytest.raises(ReportError, match=message):
        run([measured], metric=metric)


def test_numbers_of_rounds_are_whole():
    with pytest.raises(ValueError, match="every"):
        run([], every=0)
    with pytest.raises(ValueError, match="checkpoint_every"):
        run([], checkpoint_every=0)


def test_a_library_that_is_missing_names_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "xgboost", None)
    monkeypatch.setitem(sys.modules, "xgboost.callback", None)
    monkeypatch.delitem(sys.modules, "luthier.integrations.xgboost", raising=False)
    with pytest.raises(MissingDependencyError, match=r"pip install 'luthier\[xgboost\]'"):
        importlib.import_module("luthier.integrations.xgboost")
