import numpy as np
import pytest

from luthier.evaluation.row_folds import deal_classes, deal_groups, deal_rows


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("n", [7, 50, 101])
@pytest.mark.parametrize("k", [2, 5, 7])
def test_sizes_differ_by_one_at_most(n, k):
    for folds in (deal_rows(n, k, rng()), deal_rows(n, k, None)):
        counts = np.bincount(folds, minlength=k)
        assert counts.max() - counts.min() <= 1


def test_rows_that_are_not_shuffled_stay_with_their_neighbours():
    assert deal_rows(6, 3, None).tolist() == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("seed", range(5))
def test_classes_and_folds_are_spread_evenly(seed):
    classes = rng(seed).choice(4, size=103, p=[0.6, 0.25, 0.1, 0.05])
    folds = deal_classes(classes, 5, rng(seed))
    sizes = np.bincount(folds)
    assert sizes.max() - sizes.min() <= 1
    for c in range(4):
        counts = np.bincount(folds[classes == c], minlength=5)
        assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("seed", range(5))
def test_groups_stay_together_and_folds_are_as_even_as_those_of_scikit_learn(seed):
    from sklearn.model_selection import GroupKFold

    groups = rng(seed).geometric(0.05, size=400) % 40
    groups = np.unique(groups, return_inverse=True)[1]
    folds = deal_groups(groups, None, 5, None)
    assert all(len(set(folds[groups == g])) == 1 for g in range(groups.max() + 1))
    theirs = [len(test) for _, test in GroupKFold(5).split(groups, groups=groups)]
    assert np.ptp(np.bincount(folds)) <= np.ptp(theirs)


def test_grouped_folds_have_their_share_of_each_class():
    groups = np.repeat(np.arange(60), 5)
    classes = (rng().random(60) < 0.3).astype(int)[groups]
    folds = deal_groups(groups, classes, 5, rng())
    shares = [classes[folds == f].mean() for f in range(5)]
    assert np.ptp(shares) < 0.1


def test_each_fold_gets_a_group_where_they_are_as_many():
    groups = np.repeat(np.arange(5), [100, 1, 1, 1, 1])
    assert set(deal_groups(groups, None, 5, rng())) == set(range(5))


def test_other_random_numbers_give_other_grouped_folds():
    groups = np.repeat(np.arange(30), 4)
    first, second = (deal_groups(groups, None, 5, rng(s)) for s in (1, 2))
    assert (first != second).any()
