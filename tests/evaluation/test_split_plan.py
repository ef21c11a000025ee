import pickle

import numpy as np
import pytest

from luthier.errors import EvaluationError, SplitError
from luthier.evaluation import SplitPlan, plan_folds, plan_holdout, plan_time_folds

TWO = [([0, 1], [2, 3]), ([2, 3], [0, 1])]


def test_a_plan_is_a_sequence_of_pairs():
    plan = SplitPlan("given", 4, TWO)
    assert len(plan) == 2
    assert [(train.tolist(), test.tolist()) for train, test in plan] == TWO
    assert plan[1].test.tolist() == [0, 1]
    assert plan.ratio == 1.0


def test_rows_of_a_plan_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        plan_folds(10)[0].train[0] = 5


def test_masks_count_as_rows():
    mask = np.array([True, True, False])
    assert SplitPlan("given", 3, [(mask, ~mask)])[0].test.tolist() == [2]


def test_the_hash_is_that_of_the_folds():
    plan = plan_folds(30, seed=1)
    assert plan.hash == plan_folds(30, seed=1).hash == SplitPlan("other", 30, plan.folds).hash
    assert plan.hash != plan_folds(30, seed=2).hash
    assert plan.hash != SplitPlan("other", 31, plan.folds).hash
    assert plan.hash != SplitPlan("other", 30, plan.folds[::-1]).hash
    assert (
        SplitPlan("given", 4, TWO).hash == "4478ce1a4b796fe246180201ca6f045c"
    )  # the same on every machine


def test_a_plan_travels_to_other_processes():
    plan = plan_folds(30, n_repeats=2)
    there = pickle.loads(pickle.dumps(plan))
    assert there.hash == plan.hash
    assert there.redraw(7).hash == plan.redraw(7).hash != plan.hash


def test_fresh_folds_are_of_the_same_kind():
    plan = plan_folds(30, 3, n_repeats=2)
    fresh = plan.redraw(1)
    assert (fresh.kind, len(fresh), fresh.n_repeats) == (plan.kind, 6, 2)
    assert fresh.hash != plan.hash


def test_folds_of_time_cannot_be_drawn_anew():
    with pytest.raises(SplitError, match="has no other folds than these"):
        plan_time_folds(30).redraw(1)


def test_only_reshuffled_plans_differ_from_trial_to_trial():
    plan = plan_folds(30)
    assert plan.for_trial(3) is plan
    plan = plan_holdout(30, reshuffled=True)
    hashes = {plan.for_trial(number).hash for number in range(5)}
    assert len(hashes) == 5
    assert plan.for_trial(3).hash == plan.for_trial(3).hash


def test_a_plan_says_what_it_is():
    assert str(plan_folds(30, 3)) == "3-fold: 3 folds of 10 test rows, of 30"
    assert "3 folds" in repr(plan_folds(30, 3))


@pytest.mark.parametrize(
    ("folds", "message"),
    [
        ([], "expected at least one fold, got none"),
        ([5], r"fold 0: expected a pair of row numbers \(train, test\), got 5"),
        ([([0, 1], [1, 2])], "fold 0: row 1 is in the train rows and in the test rows"),
        ([([0, 0], [1])], "fold 0: row 0 is twice in the train rows"),
        ([([0], [1, 4])], "fold 0: test rows must lie between 0 and 3, got 1 to 4"),
        ([([-1], [1])], "fold 0: train rows must lie between 0 and 3, got -1 to -1"),
        ([([], [1])], "fold 0: expected the train rows as at least one whole number"),
        ([([0.5], [1])], "expected the train rows as at least one whole number"),
    ],
)
def test_folds_that_do_not_fit_the_rows_are_refused(folds, message):
    with pytest.raises(SplitError, match=message):
        SplitPlan("given", 4, folds)
    assert issubclass(SplitError, EvaluationError)
