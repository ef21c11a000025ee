"""The scores of trials by fold: whose are read, and what their effects are."""

import numpy as np
import pytest
from msgspec.structs import replace
from sklearn.linear_model import Ridge

import luthier
from luthier import Float, Space, State
from luthier.analysis.fold_scores import read_fold_scores
from luthier.evaluation import Evaluate, plan_folds
from luthier.testing import histories


def read(*noted, states=()):
    rows = [
        histories.trial(
            {"x": i / 20},
            float(i),
            states[i] if i < len(states) else State.COMPLETE,
            tags={} if folds is None else {"folds": folds},
        )
        for i, folds in enumerate(noted)
    ]
    rows = [replace(row, number=i) for i, row in enumerate(rows)]
    history = histories.history(*rows, space=Space({"x": Float(0, 1)}))
    return read_fold_scores(history, rows)


def test_trials_with_the_usual_number_of_folds_are_read():
    found = read([1, 2.0, 3], None, [1, 2], [3, 4, 8], [True, 1, 2], ["a", 1, 2], "abc", [1.0])
    assert found.numbers.tolist() == [0, 3]
    assert found.scores.tolist() == [[1, 2, 3], [3, 4, 8]]


def test_effects_are_differences_from_the_means_of_trials():
    found = read([1, 2, 3], [11, 12, 13])
    assert found.effects == pytest.approx([-1, 0, 1])


def test_only_complete_trials_with_finite_scores_count():
    found = read([1, 2], [1, 2], [1, np.inf], states=(State.COMPLETE, State.PRUNED))
    assert found.numbers.tolist() == [0]


def test_what_evaluate_noted_is_read_of_trials_with_the_same_folds():
    data = np.random.default_rng(0).normal(size=(60, 2))
    y = data[:, 0] + 0.1 * data[:, 1]
    objective = Evaluate(Ridge(), data, y, plan_folds(60, 3), ["rmse", "mae"])
    study = luthier.create_study(space={"alpha": Float(0.1, 1)}, seed=0)
    study.optimize(objective, n_trials=4, progress=False)
    found = read_fold_scores(study.history, study.trials)
    assert found.numbers.tolist() == [0, 1, 2, 3]
    assert found.scores.mean(axis=1) == pytest.approx([row.value for row in study.trials])


def test_nothing_is_found_where_nothing_is_noted():
    found = read(None, [])
    assert found.numbers.shape == (0,)
    assert found.scores.shape == (0, 0)
