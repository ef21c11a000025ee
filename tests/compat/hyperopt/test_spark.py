"""Tests of trials that run on several workers."""

from __future__ import annotations

import os

import numpy as np
import pytest

from luthier.compat import remarks
from luthier.compat.hyperopt import STATUS_OK, SparkTrials, fmin, hp, rand


def test_trials_run_in_processes_and_closures_travel() -> None:
    shift = 3.0

    def objective(x):
        return {"status": STATUS_OK, "loss": (x - shift) ** 2, "pid": os.getpid()}

    trials = SparkTrials(parallelism=2)
    best = fmin(
        objective,
        hp.uniform("x", -5, 5),
        rand.suggest,
        max_evals=12,
        trials=trials,
        rstate=np.random.default_rng(0),
    )
    assert len(trials) == 12
    assert (best["x"] - shift) ** 2 == pytest.approx(min(trials.losses()))
    assert os.getpid() not in {r["pid"] for r in trials.results}


def test_errors_and_limits_are_kept() -> None:
    trials = SparkTrials(parallelism=1)
    with pytest.raises(ZeroDivisionError):
        fmin(lambda x: 1 / 0, hp.uniform("x", 0, 1), rand.suggest, max_evals=3, trials=trials)
    assert len(trials) == 0
    with pytest.raises(ValueError, match="parallelism must be at least 1"):
        SparkTrials(parallelism=0)
    with pytest.raises(ValueError, match="None or a positive value"):
        SparkTrials(timeout=-1)


def test_a_session_of_spark_is_not_needed(monkeypatch) -> None:
    monkeypatch.setattr(remarks, "_said", set())
    with pytest.warns(UserWarning, match=r"luthier\.executors\.Ray runs on a cluster"):
        SparkTrials(spark_session=object())
