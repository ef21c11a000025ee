"""`AutoForecaster`: a series goes on, by a model of what was known at each moment."""

from __future__ import annotations

import time as clock
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_is_fitted

from ..errors import EstimatorError
from ..typing import Array
from ..validation import check_whole, show
from .estimators import read_seed
from .lags import find_season, make_lag_table
from .leaderboard import Leaderboard, make_leaderboard
from .page import explain_run
from .run import Order, Settings, run


class AutoForecaster(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A forecaster of one series, by the engine of `AutoRegressor`.

    One model answers for all steps ahead. It is trained on what was known at each moment, tested on
    moments after those that it was trained on, and no target that came after the first test is
    trained on.

    Args:
        horizon: How many steps ahead.
        season: After how many steps the series repeats itself, such as 12 for months; None finds
            it, 1 is for not at all.
        time_s: As for `AutoRegressor`, like all others.
        n_trials: As for `AutoRegressor`.
        metric: As for `AutoRegressor`; None for "mae".
        learners: As for `AutoRegressor`.
        memory_mb: As for `AutoRegressor`.
        n_jobs: As for `AutoRegressor`.
        path: As for `AutoRegressor`.
        random_state: As for `AutoRegressor`.

    Attributes:
        season_: The season that was given or found.
        model_: The blend of fitted pipelines.
        study_: The `luthier.Study` of the search.
        promise_: The score on the latest moments, which the search has not seen; or None.
        naive_: The mean absolute error of repeating the last season, or the last value, over the
            same steps ahead at all moments; to compare with.
    """

    __metadata_request__predict = {"n_steps": UNUSED}  # no pipeline passes it on

    def __init__(
        self,
        horizon: int = 1,
        season: int | None = None,
        time_s: float | None = 60.0,
        n_trials: int | None = None,
        metric: Any = None,
        learners: Any = None,
        memory_mb: float | None = None,
        n_jobs: int | None = None,
        path: str | Path | None = None,
        random_state: int | None = None,
    ) -> None:
        self.horizon = horizon
        self.season = season
        self.time_s = time_s
        self.n_trials = n_trials
        self.metric = metric
        self.learners = learners
        self.memory_mb = memory_mb
        self.n_jobs = n_jobs
        self.path = path
        self.random_state = random_state

    def fit(self, y: Any) -> AutoForecaster:
        """Search for a model of a series.

        Args:
            y: (n,) values in order of time, none missing.

        Raises:
            EstimatorError: It is no series, too short for the horizon and season, or constant.
            ValueError: horizon or season is no whole number above 0.
        """
        begin = clock.monotonic()
        series = read_series(y)
        horizon = check_whole("horizon", self.horizon)
        season = find_season(series) if self.season is None else check_whole("season", self.season)
        least = 2 * season + 3 * horizon + 20
        if len(series) < least:
            raise EstimatorError(
                f"a horizon of {horizon} and a season of {season} need at least {least} values, "
                f"got {len(series)}; take a shorter horizon"
            )
        table = make_lag_table(series, horizon, season)
        settings = Settings(
            task="regress",
            time_s=self.time_s,
            n_trials=self.n_trials,
            metric="mae" if self.metric is None else self.metric,
            learners=self.learners,
            space=None,
            hold_out=0.2,
            memory_mb=self.memory_mb,
            n_jobs=self.n_jobs,
            path=None if self.path is None else Path(self.path),
            seed=read_seed(self.random_state, self.path),
        )
        order = Order(times=table.origins, known_at=table.origins + table.steps)
        self._found = run(settings, table.X, table.names, table.y, order, begin)
        self._series = series
        self.season_ = season
        self.model_ = self._found.model
        self.study_ = self._found.study
        self.promise_ = self._found.look
        self.naive_ = _score_naive(series, horizon, season)
        return self

    def predict(self, n_steps: int | None = None) -> Array:
        """Return what comes after the series (k,).

        Args:
            n_steps: How many steps, at most the horizon; None for all.

        Raises:
            EstimatorError: It is more than the horizon.
        """
        check_is_fitted(self, "model_")
        n_steps = self.horizon if n_steps is None else check_whole("n_steps", n_steps)
        if n_steps > self.horizon:
            raise EstimatorError(
                f"the model was made for {self.horizon} steps, got n_steps={n_steps}; fit it with "
                "a longer horizon"
            )
        table = make_lag_table(self._series, self.horizon, self.season_, only_last=True)
        return np.asarray(table.base + self.model_.predict(table.X))[:n_steps]

    def leaderboard(self) -> Leaderboard:
        """Return all trials as a table, the best first."""
        check_is_fitted(self, "model_")
        return make_leaderboard(self._found)

    def explain(self) -> str:
        """Return in sentences what was done, what was chosen, and why."""
        check_is_fitted(self, "model_")
        what = "the last season" if self.season_ > 1 else "the last value"
        return (
            f"{explain_run(self._found)}\nRepeating {what} has a mean absolute error of "
            f"{self.naive_:.5g} (season {self.season_}, horizon {self.horizon})."
        )

    def __getstate__(self) -> dict[str, Any]:
        """Return the state for pickles and copies: without the study, which stays in its file."""
        state = dict(super().__getstate__())
        if state.pop("study_", None) is not None:
            state["_found"] = state["_found"]._replace(study=None)
        return state


def read_series(y: Any) -> Array:
    """Return a series (n,) of numbers.

    Raises:
        EstimatorError: It is none, values are missing, or all are the same.
    """
    try:
        series = np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError):
        raise EstimatorError(f"expected a series of numbers, got {show(y)}") from None
    if series.ndim != 1:
        raise EstimatorError(
            f"expected one series (n,), got shape {series.shape}; fit each series by itself"
        )
    if not np.isfinite(series).all():
        at = int(np.flatnonzero(~np.isfinite(series))[0])
        raise EstimatorError(
            f"the series must be known at all times, and is {series[at]} at {at}; fill it, for "
            "example with the value before"
        )
    if len(series) > 1 and np.ptp(series) == 0:
        raise EstimatorError(f"the series is constant, {series[0]:g}: there is nothing to learn")
    return series


def _score_naive(series: Array, horizon: int, season: int) -> float:
    """Return the mean absolute error of repeating the last season, over all moments and steps."""
    table = make_lag_table(series, horizon, season)
    predictions = np.zeros(len(table.y))
    if "season_before" in table.names:
        predictions = table.X[:, table.names.index("season_before")]
    return float(np.abs(table.y - predictions).mean())
