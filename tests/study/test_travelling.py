"""An objective that cannot go to another process says why, and what to do."""

from __future__ import annotations

import copy
import functools
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import luthier
from luthier.errors import UnpicklableError


class Model:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.size = 3

    def __call__(self, trial):
        return trial.suggest_float("x", 0, 1)

    def method(self, trial):
        return trial.suggest_float("x", 0, 1)


def closes_over_a_lock():
    inner = threading.Lock()

    def objective(trial):
        with inner:
            return trial.suggest_float("x", 0, 1)

    return objective


def with_an_argument(held, trial):
    return trial.suggest_float("x", 0, 1)


@pytest.mark.parametrize(
    ("objective", "named"),
    [
        (closes_over_a_lock(), r"'inner' \(lock\)"),
        (Model(), r"'lock' \(lock\)"),
        (Model().method, r"'lock' \(lock\)"),
        (functools.partial(with_an_argument, threading.Lock()), r"'argument 0' \(lock\)"),
    ],
)
def test_what_cannot_be_pickled_is_named(objective, named) -> None:
    study = luthier.create_study(seed=0)
    with pytest.raises(UnpicklableError, match=f"it uses {named}.*executor=ThreadPoolExecutor"):
        study.optimize(objective, n_trials=2, n_jobs=2, progress=False)
    assert study.trials == []


def test_an_objective_that_knows_its_study_is_told_what_to_do() -> None:
    study = luthier.create_study(seed=0)

    def objective(trial):
        if trial.number >= 3:
            study.stop()
        return trial.suggest_float("x", 0, 1)

    with pytest.raises(UnpicklableError, match=r"'study' \(Study\).*callbacks=\[lambda study, row"):
        study.optimize(objective, n_trials=20, n_jobs=2, progress=False)
    assert study.trials == []

    with ThreadPoolExecutor(2) as threads:
        study.optimize(objective, n_trials=20, n_jobs=2, executor=threads, progress=False)
    assert 4 <= len(study.trials) <= 6


@pytest.mark.parametrize("copier", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_study_is_neither_copied_nor_pickled(copier) -> None:
    study = luthier.create_study("mine")
    with pytest.raises(UnpicklableError, match=r"luthier.load_study\('mine', storage\)"):
        copier(study)
