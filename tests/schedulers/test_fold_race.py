import math

import numpy as np
import pytest

import luthier
from luthier import State, testing
from luthier.schedulers import FoldRace

C, R, P = State.COMPLETE, State.RUNNING, State.PRUNED
BEST = [0.1, 0.3, 0.2, 0.4, 0.2]  # an easy fold first, a hard one fourth
SPREAD = [0.0, 0.1, -0.1, 0.1, -0.1]  # of the differences of others, standard deviation 0.1


def others(n, shift=0.2):
    return [(C, [b + s + shift for b, s in zip(BEST, SPREAD, strict=True)]) for _ in range(n)]


def worse_by(difference, k):
    return [b + difference for b in BEST[:k]]


@pytest.mark.parametrize("k", [1, 2, 4])
def test_a_trial_stops_where_its_mean_difference_is_beyond_the_error(table, stops, k):
    # All five others were off by the same in these folds: half of that counts, and half of the
    # variance of folds in general.
    off = np.mean(SPREAD[:k]) / 2
    limit = off + 1.3 * math.sqrt(0.1**2 * (1 / k - 1 / 5) / 2)
    rows = [(C, BEST, 0.24), *others(5)]
    assert stops(FoldRace(), table(*rows, (R, worse_by(limit * 1.01, k))), 6)
    assert not stops(FoldRace(), table(*rows, (R, worse_by(limit * 0.99, k))), 6)


def test_an_easy_fold_favours_nobody(table, stops):
    rows = [(C, BEST, 0.24), *others(5)]
    assert stops(FoldRace(), table(*rows, (R, [0.22])), 6)  # below the mean of the best
    assert not stops(FoldRace(), table(*rows, (R, [0.1, 0.35])), 6)


def test_few_complete_trials_stop_only_what_is_worse_than_the_worst_fold(table, stops):
    rows = [(C, BEST, 0.24), *others(4)]
    assert not stops(FoldRace(), table(*rows, (R, [0.39])), 5)
    assert stops(FoldRace(), table(*rows, (R, [0.41])), 5)


def test_the_safe_rule_waits_for_the_second_fold(table, stops):
    rows = [(C, BEST, 0.24)]
    safe = FoldRace("safe", ratio=0.25)
    assert not stops(safe, table(*rows, (R, [9.0])), 1)
    assert stops(safe, table(*rows, (R, [9.0, 9.1])), 1)
    assert not stops(safe, table(*rows, (R, [0.1, 0.4])), 1)


def test_the_best_and_whole_trials_go_on(table, stops):
    rows = [(C, BEST, 0.24), *others(5)]
    assert not stops(FoldRace(), table(*rows, (R, worse_by(9.0, 5))), 6)
    assert not stops(FoldRace(), table((R, [9.0])), 0)


def test_trials_without_all_folds_tell_no_spread(table, stops):
    rows = [(C, BEST, 0.24), *others(4), (C, [0.9, 0.9], 0.9)]
    assert not stops(FoldRace(), table(*rows, (R, [0.39])), 6)


def test_infinite_losses_stop(table, stops):
    assert stops(FoldRace(), table((C, BEST, 0.24), (R, [math.inf])), 1)
    assert not stops(FoldRace(), table((C, [math.inf] * 5, math.inf), (R, [1.0])), 1)


@pytest.mark.parametrize("patience", ["usual", "safe"])
def test_it_keeps_the_contract(patience):
    testing.check_scheduler(FoldRace(patience))


def test_bad_arguments():
    with pytest.raises(ValueError, match="patience"):
        FoldRace("forever")
    with pytest.raises(ValueError, match="ratio"):
        FoldRace(ratio=-1)


def search(scheduler, matrix, order):
    """Run configurations in an order; return the chosen one, and the folds that were computed."""
    study = luthier.create_study(
        space=luthier.Space({"c": luthier.Int(0, len(matrix) - 1)}), scheduler=scheduler, seed=0
    )
    for c in order:
        study.enqueue({"c": int(c)})

    def objective(trial):
        losses = matrix[trial.params["c"]]
        for fold, loss in enumerate(losses, start=1):
            trial.report(float(loss), fold)
            if fold < len(losses) and trial.should_stop():
                raise luthier.TrialPruned
        return float(losses.mean())

    study.optimize(objective, n_trials=len(order))
    return study.best_params["c"], study.history.n_reports


@pytest.mark.slow
def test_the_winner_is_kept_for_about_half_of_the_folds():
    """On folds like those of 200 rows, where noise and true differences are of one size."""
    kept = {"usual": 0, "safe": 0}
    used = {"usual": 0, "safe": 0}
    for seed in range(30):
        rng = np.random.default_rng(seed)
        true = rng.gamma(2.0, 0.02, size=(40, 1))
        matrix = 0.2 + true + rng.normal(0, 0.03, (1, 5)) + rng.normal(0, 0.02, (40, 5))
        for patience in kept:
            found, n = search(FoldRace(patience), matrix, rng.permutation(40))
            kept[patience] += found == int(matrix.mean(axis=1).argmin())
            used[patience] += n
    assert kept["usual"] >= 25
    assert used["usual"] <= 0.55 * 30 * 200
    assert kept["safe"] >= 28
    assert used["safe"] <= 0.85 * 30 * 200
