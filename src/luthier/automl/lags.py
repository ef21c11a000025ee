"""Tables of a series: what was known at each moment, and what came some steps later.

One row is a moment and a number of steps ahead, so that one model answers for all steps. Values are
given as differences to the latest one, so that a series may rise.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..typing import Array, Index

_MOST_LAGS = 12
_LEAST_CORRELATION = 0.3  # of a season with the one before it
_MOST_ROWS = 20_000


class LagTable(NamedTuple):
    """Rows of a series.

    Attributes:
        X: (n, d) what was known.
        y: (n,) how much the value is above the latest known one; NaN where it is not known yet.
        names: (d,) of the columns.
        origins: (n,) the latest moment that is known, by number.
        steps: (n,) how many steps ahead, from 1 on.
        base: (n,) the value at the origin.
    """

    X: Array
    y: Array
    names: list[str]
    origins: Index
    steps: Index
    base: Array


def find_season(y: Array, most: int | None = None) -> int:
    """Return after how many steps a series (n,) repeats itself; 1 where it does not.

    It is the first peak of the autocorrelation of the differences that is at least 0.3 and nearly
    as high as the highest.
    """
    changes = np.diff(y)
    changes = changes - changes.mean()
    n = len(changes)
    most = n // 3 if most is None else min(most, n // 3)
    variance = float((changes**2).sum())
    if most < 2 or variance == 0:
        return 1
    lags = np.arange(1, most + 1)
    found = np.array([float((changes[lag:] * changes[:-lag]).sum()) / variance for lag in lags])
    right = np.append(found[1:], -np.inf)
    left = np.insert(found[:-1], 0, np.inf)
    peaks = (found > left) & (found >= right) & (found >= _LEAST_CORRELATION)
    if not peaks.any():
        return 1
    good = peaks & (found >= 0.8 * found[peaks].max())
    return int(lags[np.argmax(good)])


def make_lag_table(y: Array, horizon: int, season: int, only_last: bool = False) -> LagTable:
    """Return the rows of a series.

    Args:
        y: (n,) values, in order of time.
        horizon: How many steps ahead.
        season: After how many steps the series repeats itself; 1 for not at all.
        only_last: Whether only the rows of the last moment are wanted, to predict what comes.
    """
    n = len(y)
    n_lags = min(max(season, 3), _MOST_LAGS, n // 3)
    first = max(n_lags, season * (1 + (horizon - 1) // season) if season > 1 else 0)
    origins = np.array([n - 1]) if only_last else np.arange(first, n - 1)
    if len(origins) * horizon > _MOST_ROWS:
        origins = origins[-max(_MOST_ROWS // horizon, 1) :]
    origin = np.repeat(origins, horizon)
    step = np.tile(np.arange(1, horizon + 1), len(origins))
    if not only_last:
        is_known = origin + step < n
        origin, step = origin[is_known], step[is_known]
    base = y[origin]
    window = max(season, n_lags)
    total = np.concatenate([[0.0], np.cumsum(y)])
    mean = (total[origin + 1] - total[np.maximum(origin + 1 - window, 0)]) / np.minimum(
        window, origin + 1
    )
    columns = {"step": step.astype(np.float64), "above_mean": base - mean}
    columns |= {f"lag_{k}": y[origin - k] - base for k in range(1, n_lags)}
    if season > 1:
        same = origin + step - season * (1 + (step - 1) // season)
        columns["season_before"] = y[same] - base
        columns["season_of_latest"] = y[np.maximum(origin - season, 0)] - base
        columns["phase"] = ((origin + step) % season).astype(np.float64)
    later = np.full(len(origin), np.nan)
    if not only_last:
        later = y[origin + step] - base
    return LagTable(
        np.column_stack(list(columns.values())), later, list(columns), origin, step, base
    )
