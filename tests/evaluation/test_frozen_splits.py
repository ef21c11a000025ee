import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneOut,
    PredefinedSplit,
    ShuffleSplit,
    StratifiedKFold,
    TimeSeriesSplit,
)

from luthier.errors import SplitError
from luthier.evaluation import SplitPlan, freeze_splits, plan_folds

X = np.arange(48.0).reshape(24, 2)
Y = np.arange(24) % 3
GROUPS = np.repeat(np.arange(8), 3)


def test_a_splitter_without_a_seed_is_drawn_once():
    plan = freeze_splits(KFold(4, shuffle=True), X)
    assert [test.tolist() for _, test in plan] == [test.tolist() for _, test in plan]
    assert len(plan) == 4


def test_an_iterator_is_used_up_once():
    plan = freeze_splits(KFold(4).split(X), X)
    assert len(list(plan)) == len(list(plan)) == 4
    assert plan.kind == "given splits"


def test_splits_are_those_of_the_splitter():
    plan = freeze_splits(StratifiedKFold(3), X, Y)
    for ours, theirs in zip(plan, StratifiedKFold(3).split(X, Y), strict=True):
        assert ours.train.tolist() == theirs[0].tolist()
        assert ours.test.tolist() == theirs[1].tolist()
    assert plan.kind == "StratifiedKFold"


def test_a_splitter_with_random_numbers_can_be_drawn_anew():
    plan = freeze_splits(ShuffleSplit(3, random_state=0), X)
    assert plan.redraw(5).hash == plan.redraw(5).hash != plan.hash


@pytest.mark.parametrize("splitter", [KFold(3), LeaveOneOut(), PredefinedSplit(Y)])
def test_a_splitter_without_random_numbers_cannot(splitter):
    with pytest.raises(SplitError, match="has no other folds than these"):
        freeze_splits(splitter, X).redraw(1)


def test_the_order_of_time_is_seen():
    assert freeze_splits(TimeSeriesSplit(3), X).ordered
    assert not freeze_splits(KFold(3), X).ordered


def test_a_plan_stays_as_it_is():
    plan = plan_folds(24)
    assert freeze_splits(plan, X) is plan
    with pytest.raises(SplitError, match="the plan is of 24 rows, and the data has 23"):
        freeze_splits(plan, X[1:])


@pytest.mark.parametrize("data", [pd.DataFrame(X), scipy.sparse.csr_matrix(X), X.tolist()])
def test_data_of_any_kind_has_rows(data):
    assert freeze_splits(KFold(3), data).n == 24


def test_groups_on_both_sides_are_refused():
    assert len(freeze_splits(GroupKFold(4), X, Y, GROUPS)) == 4
    with pytest.raises(SplitError, match="fold 0: group 1 is in the train rows and in the test"):
        freeze_splits(KFold(5).split(X), X, Y, GROUPS)
    plan = freeze_splits(KFold(5).split(X), X, Y, GROUPS, may_split_groups=True)
    assert len(plan) == 5


def test_training_on_the_future_is_refused():
    time = np.arange(24)
    assert len(freeze_splits(TimeSeriesSplit(3), X, time=time)) == 3
    with pytest.raises(SplitError, match="fold 0 trains on the future: 16 train rows"):
        freeze_splits(KFold(3), X, time=time)
    with pytest.raises(SplitError, match="time must hold a time for each of the 24 rows"):
        freeze_splits(TimeSeriesSplit(3), X, time=time[1:])


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        ("5", "expected a splitter with split"),
        (5, "expected a splitter with split"),
        ([], "expected at least one fold"),
        ([(1, 2)], "fold 0: expected the train rows as at least one whole number"),
    ],
)
def test_what_is_no_splitter_is_refused(splits, message):
    with pytest.raises(SplitError, match=message):
        freeze_splits(splits, X)


def test_data_without_rows_is_refused():
    with pytest.raises(SplitError, match="expected data with rows"):
        freeze_splits(KFold(3), 7)


def test_splits_of_rows_that_are_twice_in_a_part_are_refused():
    with pytest.raises(SplitError, match="row 3 is twice in the test rows"):
        freeze_splits([(np.arange(3), np.array([3, 3]))], X)
    assert isinstance(freeze_splits([(np.arange(3), np.array([3, 4]))], X), SplitPlan)
