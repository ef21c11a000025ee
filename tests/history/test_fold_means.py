import math

import numpy as np
import pytest

from luthier import State, testing
from luthier.history.fold_means import estimate_stopped
from luthier.history.resources import is_partial
from luthier.models.training_data import collect_losses
from luthier.samplers.ranking import rank_trials

C, P = State.COMPLETE, State.PRUNED


def table(*trials, direction="minimize", n_folds=True):
    sign = -1.0 if direction == "maximize" else 1.0
    rows = []
    for state, losses in trials:
        reports = {i + 1: sign * loss for i, loss in enumerate(losses)}
        value = sign * sum(losses) / len(losses)
        tags = {"n_folds": len(losses)} if n_folds else {}
        rows.append(testing.trial({"x": 0.5}, value, state, reports, tags=tags))
    return testing.history(*rows, directions=[direction])


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_the_estimate_is_the_mean_without_the_effect_of_folds(direction):
    history = table(
        (C, [1.0, 2.0, 3.0]), (C, [2.0, 3.0, 4.0]), (P, [4.0]), (P, [4.0, 5.0]), direction=direction
    )
    estimate = estimate_stopped(history)
    assert np.isnan(estimate[:2]).all()
    assert estimate[2:] == pytest.approx([5.0, 5.0])


def test_what_was_stopped_is_no_better_than_the_best():
    history = table((C, [1.0, 2.0, 3.0]), (P, [0.1]))
    assert estimate_stopped(history)[1] == 2.0


def test_other_studies_have_no_estimates():
    assert estimate_stopped(table((C, [1.0, 2.0]), (P, [3.0]), n_folds=False)) is None
    assert estimate_stopped(table((P, [3.0]))) is None
    assert estimate_stopped(table((C, [1.0, 2.0]))) is None


def test_models_and_ranks_take_the_estimate():
    trials = (C, [1.0, 2.0, 3.0]), (P, [2.0]), (C, [5.0, 6.0, 7.0])
    history = table(*trials)
    assert collect_losses(history).loss == pytest.approx([2.0, 3.0, 6.0])
    assert rank_trials(history)[0].tolist() == [0, 1, 2]
    plain = table(*trials, n_folds=False)
    assert is_partial(plain)
    assert not is_partial(history)  # folds are no learning curve
    assert collect_losses(plain).loss[1] > 6.0
    assert rank_trials(plain)[0].tolist() == [0, 2, 1]


def test_infinite_folds_of_stopped_trials_are_the_worst():
    history = table((C, [1.0, 2.0, 3.0]), (C, [2.0, 3.0, 4.0]), (P, [math.inf]))
    assert math.isfinite(collect_losses(history).loss[2])
    assert collect_losses(history).loss[2] > 3.0


def test_a_trial_that_broke_a_constraint_before_it_was_stopped_is_not_ranked_among_feasible_ones():
    rows = [
        testing.trial({"x": 0.5}, 2.5, C, {1: 2.0, 2: 3.0}, tags={"n_folds": 2}, constraints=told)
        for told in ({"size": -1.0}, {"size": -1.0})
    ]
    stopped = testing.trial(
        {"x": 0.5}, 0.1, P, {1: 0.1}, tags={"n_folds": 1}, constraints={"size": 1.0}
    )
    history = testing.history(*rows, stopped)
    assert rank_trials(history)[0].tolist() == [0, 1, 2]
