import numpy as np
import pandas as pd
import pytest

from luthier.errors import SplitError
from luthier.evaluation import plan_time_folds

DAYS = np.datetime64("2026-01-01") + np.arange(40)


def test_each_fold_trains_on_what_was_before_its_test():
    plan = plan_time_folds(60, 5)
    assert plan.ordered
    for i, (train, test) in enumerate(plan):
        assert train.tolist() == list(range(10 * (i + 1)))
        assert test.tolist() == list(range(10 * (i + 1), 10 * (i + 2)))


def test_a_window_slides():
    for train, test in plan_time_folds(60, 5, window="sliding", n_train=10):
        assert train.tolist() == list(range(test[0] - 10, test[0]))


def test_a_gap_is_left_before_the_test():
    for train, test in plan_time_folds(60, 5, gap=3):
        assert train[-1] == test[0] - 4


def test_a_gap_in_the_unit_of_the_times():
    for train, test in plan_time_folds(DAYS, 3, gap=np.timedelta64(7, "D")):
        assert (DAYS[test].min() - DAYS[train].max()).astype(int) == 8


def test_rows_in_any_order_are_sorted_by_time():
    shuffled = np.random.default_rng(0).permutation(40)
    for train, test in plan_time_folds(DAYS[shuffled], 4):
        assert DAYS[shuffled][train].max() < DAYS[shuffled][test].min()


def test_rows_of_one_time_are_not_split():
    weeks = np.arange(60) // 7
    plan = plan_time_folds(weeks, 4, gap=0)
    for train, test in plan:
        assert weeks[train].max() < weeks[test].min()
    tested = np.concatenate([test for _, test in plan])
    assert len(set(tested)) == len(tested)


def test_targets_that_were_not_known_yet_are_purged():
    for train, test in plan_time_folds(DAYS, 3, known_at=DAYS + 5):
        assert (DAYS[train] + 5 < DAYS[test].min()).all()
        assert len(train) == test[0] - 5


def test_groups_of_the_test_leave_the_training():
    groups = np.arange(60) % 6
    for train, test in plan_time_folds(60, 2, n_test=3, groups=groups):
        assert not set(groups[train]) & set(groups[test])


def test_the_last_fold_ends_with_the_last_row():
    assert plan_time_folds(63, 5)[-1].test[-1] == 62


@pytest.mark.parametrize(
    ("time", "options", "message"),
    [
        (5, {}, "5 rows are too few for 5 folds"),
        (60, {"n_test": 12}, "60 rows are too few for 5 folds of 12 test rows"),
        (60, {"gap": 10}, "fold 0 has no row left to train on"),
        (60, {"n_train": 5}, "n_train is the length of a sliding window"),
        ([1.0, 2.0, np.nan], {"n_folds": 1}, "time must be known for all rows.*row 2"),
        (["mon", "tue"], {"n_folds": 1}, "time must hold a number or a datetime of numpy"),
        (np.zeros(20), {}, "fold 0 has no row to test: too many rows have the same time"),
        (DAYS, {"known_at": DAYS - 1}, "known_at of row 0 .* before the row itself"),
        (DAYS, {"known_at": DAYS[1:]}, "known_at must hold a time for each of the 40 rows"),
        (np.arange(12), {"n_folds": 2, "groups": [0] * 12}, "fold 0 has no row left to train on"),
    ],
)
def test_times_that_cannot_be_split_so_are_refused(time, options, message):
    with pytest.raises(SplitError, match=message):
        plan_time_folds(time, **options)


def test_an_unknown_window_is_refused():
    with pytest.raises(ValueError, match="window"):
        plan_time_folds(60, window="growing")


def test_times_of_pandas_with_a_zone_are_taken_in_utc():
    zone = pd.date_range("2026-10-24 22:00", periods=40, freq="30min", tz="Europe/Berlin")
    plain = plan_time_folds(zone.tz_convert("UTC").tz_localize(None).to_numpy(), 3)
    for time in (zone, pd.Series(zone)):
        assert plan_time_folds(time, 3, known_at=time).hash == plain.hash
    for time in (zone.to_pydatetime(), [str(t) for t in zone]):
        with pytest.raises(SplitError, match=r"pass pandas.to_datetime\(..., utc=True\)"):
            plan_time_folds(time, 3)
        assert plan_time_folds(pd.to_datetime(time, utc=True), 3).hash == plain.hash
    with pytest.raises(
        SplitError, match=r"like those of time, datetime64.* got an array of object"
    ):
        plan_time_folds(zone, 3, known_at=zone.to_pydatetime())
