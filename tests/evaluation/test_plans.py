import numpy as np
import pytest

from luthier.errors import SplitError
from luthier.evaluation import plan_folds, plan_holdout

Y = np.array(["a"] * 40 + ["b"] * 20)
GROUPS = np.repeat(np.arange(20), 3)


def rows_tested(plan):
    return np.sort(np.concatenate([test for _, test in plan]))


@pytest.mark.parametrize(
    "options", [{}, {"stratify": Y}, {"groups": GROUPS}, {"stratify": Y, "groups": GROUPS}]
)
def test_each_row_is_tested_once_in_each_repeat(options):
    plan = plan_folds(60, 5, n_repeats=3, **options)
    assert len(plan) == 15
    for i in (0, 5, 10):
        assert rows_tested(plan[i : i + 5]).tolist() == list(range(60))
    for train, test in plan:
        assert len(train) + len(test) == 60
    assert plan.ratio == pytest.approx(0.25, rel=0.05)


def test_repeats_differ():
    first, second = plan_folds(60, 2, n_repeats=2).folds[::2]
    assert first.test.tolist() != second.test.tolist()


def test_folds_have_their_share_of_each_class():
    for _, test in plan_folds(60, 5, stratify=Y):
        assert (Y[test] == "b").sum() == 4


def test_no_fold_splits_a_group():
    for train, test in plan_folds(60, 4, stratify=Y, groups=GROUPS, n_repeats=2):
        assert not set(GROUPS[train]) & set(GROUPS[test])


def test_the_same_seed_gives_the_same_folds():
    assert plan_folds(60, seed=3).hash == plan_folds(60, seed=3).hash
    assert plan_folds(60, seed=3).hash != plan_folds(60, seed=4).hash


def test_folds_that_are_not_shuffled_are_those_of_scikit_learn():
    from sklearn.model_selection import KFold

    for (train, test), (their_train, their_test) in zip(
        plan_folds(60, 4, shuffle=False), KFold(4).split(Y), strict=True
    ):
        assert train.tolist() == their_train.tolist()
        assert test.tolist() == their_test.tolist()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_folds": 61}, "at most as many folds as rows, got 61 folds of 60 rows"),
        ({"n_folds": 21, "groups": GROUPS}, "got 21 folds of 20 groups"),
        ({"stratify": [0] * 58 + [1] * 2}, "class 1 has 2 rows, fewer than the 5 folds"),
        ({"stratify": GROUPS // 4, "groups": GROUPS}, "class 0 has 4 groups, fewer than the 5"),
        ({"stratify": [1] * 60}, "stratify has one class only, 1"),
        ({"shuffle": False, "n_repeats": 2}, "repeats of folds that are not shuffled"),
        ({"groups": GROUPS[1:]}, r"groups must hold one label for each of the 60 rows"),
    ],
)
def test_rows_that_cannot_be_split_so_are_refused(options, message):
    with pytest.raises(SplitError, match=message):
        plan_folds(60, **options)


@pytest.mark.parametrize(("n", "k"), [(0, 2), (10, 1), (10, 2.5), ("ten", 2)])
def test_numbers_out_of_range_are_refused(n, k):
    with pytest.raises(ValueError, match=r"n_folds|n must"):
        plan_folds(n, k)


def test_a_hold_out_has_its_share():
    ((train, test),) = plan_holdout(60, 0.25)
    assert (len(train), len(test)) == (45, 15)
    assert sorted([*train, *test]) == list(range(60))


def test_a_stratified_hold_out_has_its_share_of_each_class():
    ((_, test),) = plan_holdout(60, 0.25, stratify=Y)
    assert sorted(Y[test]) == ["a"] * 10 + ["b"] * 5


def test_a_rare_class_is_on_both_sides_of_a_hold_out():
    y = np.array([0] * 58 + [1] * 2)
    ((train, test),) = plan_holdout(60, 0.1, stratify=y)
    assert (y[train].sum(), y[test].sum()) == (1, 1)


@pytest.mark.parametrize("seed", range(5))
def test_a_grouped_hold_out_keeps_groups_whole(seed):
    ((train, test),) = plan_holdout(60, 0.25, groups=GROUPS, seed=seed)
    assert not set(GROUPS[train]) & set(GROUPS[test])
    assert len(test) == 15


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"groups": [1] * 60}, "there is one group only"),
        ({"stratify": [0] * 59 + [1]}, "class 1 has 1 rows, fewer than the 2 folds"),
    ],
)
def test_a_hold_out_that_cannot_be_is_refused(options, message):
    with pytest.raises(SplitError, match=message):
        plan_holdout(60, **options)


@pytest.mark.parametrize("share", [0, 1, 1.5, "half"])
def test_a_share_out_of_range_is_refused(share):
    with pytest.raises(ValueError, match="test"):
        plan_holdout(60, share)
