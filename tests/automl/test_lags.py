"""Tables of a series."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.automl.lags import find_season, make_lag_table

T = np.arange(120)


@pytest.mark.parametrize(
    ("series", "season"),
    [
        (np.sin(2 * np.pi * T / 12) + 0.05 * T, 12),
        (np.tile([1.0, 5, 2, 7, 3, 3, 9], 20)[:120] + 0.1 * T, 7),
        (np.random.default_rng(0).normal(size=120).cumsum(), 1),
        (T * 1.0, 1),
    ],
    ids=["sine", "week", "random walk", "line"],
)
def test_seasons_are_found(series, season):
    assert find_season(series) == season


def test_a_row_knows_nothing_of_what_comes_later():
    y = np.random.default_rng(0).normal(size=120)
    whole = make_lag_table(y, 5, 4)
    changed = y.copy()
    changed[80:] = 1e6
    later = make_lag_table(changed, 5, 4)
    early = whole.origins < 80
    np.testing.assert_array_equal(whole.X[early][:, 2:], later.X[early][:, 2:])
    np.testing.assert_allclose(whole.X[early], later.X[early], atol=1e-9)


def test_targets_are_what_came_so_many_steps_later():
    table = make_lag_table(T**2.0, 3, 1)
    np.testing.assert_array_equal(table.base + table.y, (table.origins + table.steps) ** 2)
    assert set(table.steps) == {1, 2, 3}


def test_the_last_moment_has_a_row_for_each_step():
    table = make_lag_table(T * 1.0, 4, 12, only_last=True)
    assert table.origins.tolist() == [119] * 4
    assert table.steps.tolist() == [1, 2, 3, 4]
    same = table.X[:, table.names.index("season_before")] + table.base
    assert same.tolist() == [108, 109, 110, 111]
