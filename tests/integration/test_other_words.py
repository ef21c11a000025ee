"""Words of other libraries, and slips of a newcomer: errors say what to write."""

from __future__ import annotations

import pytest

import luthier
from luthier import Categorical, Float, Int, LuthierError, Space


def test_log_is_a_scale():
    assert Float(1, 10, log=True) == Float(1, 10, scale="log")
    assert Int(1, 10, log=True) == Int(1, 10, scale="log")
    assert Float(0, 1, log=False) == Float(0, 1)
    described = {"x": {"low": 0.1, "high": 1, "log": True}}
    assert Space.from_json(described).params["x"] == Float(0.1, 1, scale="log")


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (lambda: Float(min=0, max=1), "Float has no argument 'min'; in luthier it is low"),
        (lambda: Float(0.1, 1, log="yes"), "log is True or False"),
        (lambda: Float(0.1, 1, log=True, scale="linear"), "log=True is scale='log'"),
        (lambda: Categorical(values=[1, 2]), "in luthier it is choices"),
        (lambda: Float(0, 1, stepp=1), "did you mean 'step'"),
        (lambda: Space([Float(0, 1)]), "a space is a dict of names"),
        (lambda: luthier.create_study(space=[1, 2]), "a space is a dict of names"),
        (lambda: Space({"x": (0, 1)}), r"Float\(0, 1\) or Int\(0, 1\) for a range"),
        (lambda: Space({"x": (1e-6, 0.1, "log-uniform")}), "for a range, with log=True"),
        (lambda: Float(0, 1, when="k == 'a'"), "when names parents, each with"),
        (lambda: Float(0, 1, when=lambda p: True), "when names parents, each with"),
        (lambda: Space.from_json({"x": {"min": 0, "max": 1}}), "in luthier it is low"),
        (
            lambda: Space.from_json({"x": {"type": "loguniform", "low": 1, "high": 2}}),
            "its type is float, int, categorical or normal",
        ),
        (lambda: luthier.create_study(direction="max"), "did you mean 'maximize'"),
        (lambda: luthier.create_study(direction=["maximize"] * 2), "objectives="),
        (lambda: luthier.create_study(sampler="tep"), "did you mean 'TPE'"),
        (lambda: luthier.create_study(sampler="TPESampler"), "did you mean 'TPE'"),
        (lambda: luthier.create_study(scheduler="MedianPruner"), "did you mean 'Median'"),
        (lambda: luthier.create_study(sampler=luthier.samplers.TPE), r"write TPE\(\)"),
        (lambda: luthier.create_study(search_space={}), "in luthier it is space"),
    ],
)
def test_a_slip_is_refused_with_what_to_write(write, says):
    with pytest.raises(LuthierError, match=says):
        write()


@pytest.mark.parametrize(
    ("objective", "says"),
    [
        (lambda x: x**2, "an objective is given a Trial; its values are in trial.params"),
        (lambda config: config["x"], "its values are in trial.params"),
        (lambda t: t.suggest_float("x", 0, 10, True), "all else by name, such as log=True"),
        (lambda t: t.suggest_int("x", 1, 10, 2), "all else by name"),
        (lambda t: t.config["x"], "use trial.params"),
    ],
)
def test_an_objective_of_another_library(objective, says):
    study = luthier.create_study(space={"x": Float(0, 10)}, seed=0)
    with pytest.raises(LuthierError, match=says):
        study.optimize(objective, n_trials=1)
    assert says.split(";")[0] in (study.trials[0].error or "")


@pytest.mark.parametrize(
    ("name", "ours"),
    [("enqueue_trial", "enqueue"), ("best_params_", "best_params"), ("fit", "optimize")],
)
def test_a_study_knows_other_names(name, ours):
    with pytest.raises(LuthierError, match=f"use study.{ours}"):
        getattr(luthier.create_study(), name)
    assert not hasattr(luthier.create_study(), "nothing")


@pytest.mark.parametrize("catch", ["ValueError", ("ValueError",), ValueError("x"), 3])
def test_what_is_caught_is_a_class(catch):
    with pytest.raises(ValueError, match="catch is a class of exceptions"):
        luthier.create_study().optimize(lambda t: 1.0, n_trials=1, catch=catch)


def test_nothing_is_called():
    study = luthier.create_study(seed=0)
    study.optimize(lambda t: 1.0, n_trials=1, callbacks=None)
    assert len(study.trials) == 1


def test_the_package_knows_other_names():
    with pytest.raises(AttributeError, match=r"in luthier it is luthier\.State"):
        luthier.TrialState


def test_another_librarys_pruned_is_explained():
    class TrialPruned(Exception):
        pass

    def objective(trial):
        raise TrialPruned

    study = luthier.create_study(seed=0)
    with pytest.raises(LuthierError, match=r"TrialPruned, which counts .* raise luthier.TrialPrun"):
        study.optimize(objective, n_trials=1, progress=False)
