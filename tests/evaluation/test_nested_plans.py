import numpy as np
import pytest

from luthier.errors import SplitError
from luthier.evaluation import plan_folds, plan_nested, plan_time_folds

Y = np.arange(60) % 2
GROUPS = np.repeat(np.arange(20), 3)


def test_inner_folds_split_the_outer_train_rows_alone():
    outer = plan_folds(60, 5, stratify=Y)
    nested = plan_nested(outer, 3, stratify=Y)
    assert len(nested) == 5
    for fold, (train, test) in zip(nested, outer, strict=True):
        assert fold.test.tolist() == test.tolist()
        assert fold.inner.n == len(train) == 48
        for inner_train, inner_test in fold.inner:
            rows = set(fold.train[inner_train]) | set(fold.train[inner_test])
            assert rows == set(train)
            assert Y[fold.train[inner_test]].sum() == 8


def test_outer_groups_are_kept_inside():
    for fold in plan_nested(plan_folds(60, 4, groups=GROUPS), 3):
        for inner_train, inner_test in fold.inner:
            mine = GROUPS[fold.train]
            assert not set(mine[inner_train]) & set(mine[inner_test])


def test_each_outer_fold_has_folds_of_its_own():
    hashes = {fold.inner.hash for fold in plan_nested(plan_folds(60, 5))}
    assert len(hashes) == 5


def test_folds_of_time_are_refused():
    with pytest.raises(SplitError, match="would train on the future"):
        plan_nested(plan_time_folds(60))
