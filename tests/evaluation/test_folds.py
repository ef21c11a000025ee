"""Cross-validation inside a trial: what is reported, when it stops, where it goes on."""

from __future__ import annotations

import numpy as np
import pytest

import luthier
from luthier import Float, Space, State
from luthier.evaluation import cross_validate
from luthier.schedulers import Wilcoxon

X, Y = np.arange(20.0)[:, None], np.arange(20.0)
FOLDS = [(np.delete(np.arange(20), range(i, i + 4)), np.arange(i, i + 4)) for i in range(0, 20, 4)]
SPACE = Space({"shift": Float(0, 10)})


class Mean:
    fitted = 0

    def __init__(self, params):
        self.shift = params["shift"]

    def fit(self, X, y):
        Mean.fitted += 1
        self.mean = y.mean()


def error(model, X, y):
    return abs(y - model.mean).mean() + model.shift


def study(**more):
    return luthier.create_study(space=SPACE, seed=0, **more)


@pytest.mark.parametrize("report", ["fold", "mean"])
def test_reports_and_value(report):
    s = study()
    s.optimize(lambda t: cross_validate(t, Mean, X, Y, FOLDS, error, report=report), n_trials=1)
    (row,) = s.trials
    each = [abs(Y[test] - Y[train].mean()).mean() + row.params["shift"] for train, test in FOLDS]
    told = each if report == "fold" else [np.mean(each[: i + 1]) for i in range(5)]
    assert row.value == pytest.approx(np.mean(each))
    assert row.tags["folds"] == pytest.approx(each)
    assert row.reports == tuple((i + 1.0, pytest.approx(v)) for i, v in enumerate(told))


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_hopeless_trials_stop_early(direction):
    sign = 1 if direction == "minimize" else -1
    s = study(scheduler=Wilcoxon(p_threshold=0.1), direction=direction)
    s.enqueue({"shift": 0.0})
    s.enqueue({"shift": 9.0})
    s.enqueue({"shift": 0.0})
    s.enqueue({"shift": 9.0})

    def objective(trial):
        scored = lambda *a: sign * error(*a)  # noqa: E731
        return cross_validate(trial, Mean, X, Y, FOLDS, scored, prune=trial.number < 3)

    s.optimize(objective, n_trials=4)
    assert [(r.state, len(r.reports)) for r in s.trials] == [
        (State.COMPLETE, 5),
        (State.PRUNED, 4),
        (State.COMPLETE, 5),
        (State.COMPLETE, 5),
    ]


def test_goes_on_after_the_last_finished_fold():
    s = study()
    s.enqueue({"shift": 1.0})

    def dies(model, X, y):
        if X[0, 0] == 12:
            raise KeyboardInterrupt
        return error(model, X, y)

    s.optimize(lambda t: cross_validate(t, Mean, X, Y, FOLDS, dies), n_trials=1)
    assert s.stop_reason == "Ctrl-C"
    before = Mean.fitted
    s.optimize(lambda t: cross_validate(t, Mean, X, Y, FOLDS, error), n_trials=1)
    (row,) = s.trials
    assert Mean.fitted == before + 2
    assert len(row.reports) == 5
    assert row.value == pytest.approx(np.mean([v for _, v in row.reports]))


def test_bad_arguments():
    trial = study().ask()
    with pytest.raises(ValueError, match="at least one fold"):
        cross_validate(trial, Mean, X, Y, [], error)
    with pytest.raises(ValueError, match="'fold' or 'mean', got 'all'"):
        cross_validate(trial, Mean, X, Y, FOLDS, error, report="all")  # type: ignore[arg-type]
