import numpy as np
import pytest

from luthier.errors import SplitError
from luthier.evaluation import choose_plan

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("n", "y", "groups", "time", "kind", "n_folds"),
    [
        (200, None, None, None, "5-fold, 3 times", 15),
        (1000, None, None, None, "5-fold", 5),
        (1000, RNG.normal(size=1000), None, None, "5-fold", 5),
        (1000, np.arange(1000) % 3, None, None, "5-fold, stratified", 5),
        (1000, np.array(["a", "b"] * 500), None, None, "5-fold, stratified", 5),
        (1000, np.arange(1000), None, None, "5-fold", 5),
        (1000, None, np.arange(1000) // 10, None, "5-fold, grouped", 5),
        (1000, np.arange(1000) % 2, np.arange(1000) // 10, None, "5-fold, stratified, grouped", 5),
        (1000, None, np.arange(1000) // 250, None, "4-fold, grouped", 4),
        (1000, np.array([0] * 997 + [1] * 3), None, None, "3-fold, stratified", 3),
        (1000, None, None, np.arange(1000), "5 folds in time, expanding", 5),
        (20_000, np.arange(20_000) % 2, None, None, "hold-out, stratified", 1),
    ],
)
def test_the_plan_suits_the_data(n, y, groups, time, kind, n_folds):
    plan = choose_plan(n, y, groups, time)
    assert (plan.kind, len(plan)) == (kind, n_folds)
    assert plan.reason


def test_the_task_can_be_told():
    y = np.arange(1000) % 10
    assert choose_plan(1000, y, task="regress").kind == "5-fold"
    assert choose_plan(1000, y / 2, task="classify").kind == "5-fold, stratified"


def test_the_plan_says_why_it_has_fewer_folds():
    assert choose_plan(1000, None, np.arange(1000) // 250).reason.endswith("groups: only 4")


@pytest.mark.parametrize(
    ("y", "groups", "message"),
    [
        (np.ones(50), None, "the target is constant: every row has 1.0"),
        (np.array(["a"] * 49 + ["b"]), None, "members of the rarest class: there is 1"),
        (None, np.zeros(50), "groups: there is 1"),
        (np.ones(49), None, "y must hold a target for each of the 50 rows"),
    ],
)
def test_data_that_cannot_be_tested_is_refused(y, groups, message):
    with pytest.raises(SplitError, match=message):
        choose_plan(50, y, groups)
