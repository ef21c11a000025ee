"""What a run came to: `ExperimentAnalysis`, `ResultGrid` and `Result`."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....errors import MissingDependencyError
from ....terminal import logger
from .checkpoint import Checkpoint
from .errors import SettingError
from .folders import read_run, read_trials, refuse_filesystem
from .goal import mode_of
from .param_space import flatten
from .trial import ERROR, TERMINATED, Trial

if TYPE_CHECKING:
    import pandas as pd

_SCOPES = ("last", "avg", "last-5-avg", "last-10-avg", "all")


class ExperimentAnalysis:
    """The trials of a run.

    Args:
        experiment_checkpoint_path: The folder of a run.
        trials: Its trials; None to read them from the folder.
        default_metric: Metric where none is named.
        default_mode: Mode where none is named.
    """

    def __init__(
        self,
        experiment_checkpoint_path: Any,
        *,
        storage_filesystem: Any = None,
        trials: list[Trial] | None = None,
        default_metric: str | None = None,
        default_mode: str | None = None,
    ) -> None:
        refuse_filesystem("ExperimentAnalysis", storage_filesystem)
        self.experiment_path = os.path.abspath(os.path.expanduser(experiment_checkpoint_path))
        if trials is None:
            facts = read_run(Path(self.experiment_path))
            trials = read_trials(Path(self.experiment_path))
            default_metric = default_metric or facts.get("metric")
            default_mode = default_mode or facts.get("mode")
        self.trials = trials
        self.default_metric = default_metric
        self.default_mode = default_mode

    # -- one trial ------------------------------------------------------------------------------

    def get_best_trial(
        self,
        metric: str | None = None,
        mode: str | None = None,
        scope: str = "last",
        filter_nan_and_inf: bool = True,
    ) -> Trial | None:
        """Return the trial whose metric is best.

        Args:
            metric: The metric; None for that of the run.
            mode: "min" or "max"; None for that of the run.
            scope: Its last report, the mean of all or of the last 5 or 10, or the best of "all".
            filter_nan_and_inf: Whether only finite values count.

        Raises:
            SettingError: There is no metric or mode; or the scope is none.
        """
        metric, mode = self._read_goal(metric, mode)
        if scope not in _SCOPES:
            raise SettingError(f"scope is one of {_SCOPES}, got {scope!r}")
        kind = mode if scope == "all" else scope
        best: tuple[float, Trial] | None = None
        for trial in self.trials:
            value = trial.metric_of(metric, kind)
            if value is None or (filter_nan_and_inf and not math.isfinite(value)):
                continue
            if best is None or (value > best[0] if mode == "max" else value < best[0]):
                best = value, trial
        if best is None:
            logger.warning("no trial has a value of %r: see whether they failed", metric)
        return None if best is None else best[1]

    def _read_goal(self, metric: str | None, mode: str | None) -> tuple[str, str]:
        found = metric or self.default_metric
        if found is None:
            raise SettingError("pass metric= and mode=: the run was given none")
        same = metric in (None, self.default_metric)
        way = mode or (self.default_mode if same else None) or self.default_mode or mode_of(found)
        if way not in ("min", "max"):
            raise SettingError(f"mode is 'min' or 'max', got {way!r}")
        return found, way

    def get_best_config(
        self, metric: str | None = None, mode: str | None = None, scope: str = "last"
    ) -> dict[str, Any] | None:
        """Return the configuration of the best trial; see `get_best_trial`."""
        best = self.get_best_trial(metric, mode, scope)
        return None if best is None else best.config

    def get_best_logdir(
        self, metric: str | None = None, mode: str | None = None, scope: str = "last"
    ) -> str | None:
        """Return the folder of the best trial; see `get_best_trial`."""
        best = self.get_best_trial(metric, mode, scope)
        return None if best is None else best.local_path

    def _require_best(self) -> Trial:
        best = self.get_best_trial()
        if best is None:
            raise SettingError(f"no trial has a value of {self.default_metric!r}")
        return best

    @property
    def best_trial(self) -> Trial:
        """The best trial, by its last report."""
        return self._require_best()

    @property
    def best_config(self) -> dict[str, Any]:
        """Configuration of the best trial."""
        return self._require_best().config

    @property
    def best_result(self) -> dict[str, Any]:
        """Last report of the best trial."""
        return self._require_best().last_result

    @property
    def best_logdir(self) -> str:
        """Folder of the best trial."""
        return self._require_best().local_path

    @property
    def best_checkpoint(self) -> Checkpoint | None:
        """Best checkpoint of the best trial."""
        return self.get_best_checkpoint(self._require_best())

    @property
    def best_dataframe(self) -> pd.DataFrame:
        """Reports of the best trial."""
        return self.trial_dataframes[self._require_best().trial_id]

    @property
    def best_result_df(self) -> pd.DataFrame:
        """Last report of the best trial, as a table."""
        frame: pd.DataFrame = _frame([_row(self._require_best())])
        return frame

    # -- checkpoints ----------------------------------------------------------------------------

    def get_trial_checkpoints_paths(
        self, trial: Any, metric: str | None = None
    ) -> list[tuple[str, Any]]:
        """Return the checkpoints of a trial, each with a metric."""
        name = metric or self.default_metric or "training_iteration"
        found = self._find(trial)
        return [(c.path, flatten(result).get(name)) for c, result in found.checkpoints]

    def get_best_checkpoint(
        self, trial: Any, metric: str | None = None, mode: str | None = None
    ) -> Checkpoint | None:
        """Return the checkpoint of a trial with the best metric; None without any."""
        name, way = self._read_goal(metric, mode)
        scored = [
            (float(flatten(result)[name]), c)
            for c, result in self._find(trial).checkpoints
            if name in flatten(result)
        ]
        if not scored:
            return self._find(trial).checkpoint
        return (max if way == "max" else min)(scored, key=lambda pair: pair[0])[1]

    def get_last_checkpoint(
        self, trial: Any = None, metric: str = "training_iteration", mode: str = "max"
    ) -> Checkpoint | None:
        """Return the latest checkpoint of a trial; of the best one where none is named."""
        return (self._require_best() if trial is None else self._find(trial)).checkpoint

    def _find(self, trial: Any) -> Trial:
        if isinstance(trial, Trial):
            return trial
        for known in self.trials:
            if trial in (known.trial_id, known.local_path):
                return known
        raise SettingError(f"the run has no trial {trial!r}")

    # -- tables ---------------------------------------------------------------------------------

    @property
    def results(self) -> dict[str, dict[str, Any]]:
        """Id to last report."""
        return {t.trial_id: t.last_result for t in self.trials}

    @property
    def results_df(self) -> pd.DataFrame:
        """Last reports, by the ids of trials."""
        frame = _frame([_row(t) for t in self.trials if t.results])
        return frame.set_index("trial_id") if len(frame) else frame

    def dataframe(self, metric: str | None = None, mode: str | None = None) -> pd.DataFrame:
        """Return a row for each trial: its best report by a metric, or its last.

        Args:
            metric: The metric; None for the last report.
            mode: "min" or "max".
        """
        if mode is not None and mode not in ("min", "max"):
            raise SettingError(f"mode is 'min' or 'max', got {mode!r}")
        if mode is not None and metric is None:
            metric = self.default_metric
        rows = []
        for trial in self.trials:
            if not trial.results:
                continue
            chosen = trial.last_result
            if metric is not None:
                way = mode or self.default_mode or mode_of(metric) or "max"
                reported = [r for r in trial.results if metric in flatten(r)]
                if reported:
                    best = max if way == "max" else min
                    chosen = best(reported, key=lambda r: float(flatten(r)[metric]))
            rows.append(_row(trial, chosen) | {"logdir": trial.local_path})
        return _frame(rows)

    @property
    def trial_dataframes(self) -> dict[str, pd.DataFrame]:
        """Id to the reports of a trial, as a table."""
        return {t.trial_id: _reports(t) for t in self.trials}

    def fetch_trial_dataframes(self) -> dict[str, pd.DataFrame]:
        """Return id to the reports of a trial, as a table."""
        return self.trial_dataframes

    def get_all_configs(self, prefix: bool = False) -> dict[str, dict[str, Any]]:
        """Return id to configuration; with "config/" before names where asked."""
        return {
            t.trial_id: {f"config/{k}": v for k, v in t.config.items()} if prefix else t.config
            for t in self.trials
        }

    def stats(self) -> dict[str, Any]:
        """Return how many trials there are of each status."""
        statuses = [t.status for t in self.trials]
        return {status: statuses.count(status) for status in set(statuses)}

    def runner_data(self) -> dict[str, Any]:
        """Return nothing: luthier's runs keep no such data."""
        return {}


def _row(trial: Trial, result: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"trial_id": trial.trial_id} | flatten(trial.last_result if result is None else result)


def _reports(trial: Trial) -> Any:
    rows = [dict(flatten(r).items()) for r in trial.results]
    return _frame(rows)


def _frame(rows: list[dict[str, Any]]) -> Any:
    try:
        import pandas as pd
    except ImportError:
        raise MissingDependencyError(
            "tables of a run need pandas: pip install 'luthier[pandas]'"
        ) from None
    return pd.DataFrame(rows)


class Result:
    """One trial, as `Tuner.fit` gives it.

    Args:
        trial: The trial.
        error: What it failed of.
    """

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self.metrics: dict[str, Any] | None = trial.last_result if trial.results else {}
        self.checkpoint = trial.checkpoint
        self.error = trial.error
        self.path = trial.local_path
        self.best_checkpoints = list(trial.checkpoints)

    @property
    def config(self) -> dict[str, Any]:
        """Its configuration."""
        return self._trial.config

    @property
    def metrics_dataframe(self) -> pd.DataFrame:
        """Its reports, as a table."""
        frame: pd.DataFrame = _reports(self._trial)
        return frame

    @property
    def log_dir(self) -> Path:
        """Its folder."""
        return Path(self.path)

    filesystem = None

    def get_best_checkpoint(self, metric: str, mode: str) -> Checkpoint | None:
        """Return its checkpoint with the best metric; None without any."""
        one = ExperimentAnalysis(self.path, trials=[self._trial])
        return one.get_best_checkpoint(self._trial, metric, mode)

    def __repr__(self) -> str:
        return f"Result(metrics={self.metrics!r}, path={self.path!r}, error={self.error!r})"


class ResultGrid:
    """All trials of a run, as `Tuner.fit` gives them.

    Args:
        experiment_analysis: The trials.
    """

    def __init__(self, experiment_analysis: ExperimentAnalysis) -> None:
        self._experiment_analysis = experiment_analysis
        self._results = [Result(t) for t in experiment_analysis.trials]

    @property
    def experiment_path(self) -> str:
        """The folder of the run."""
        return str(self._experiment_analysis.experiment_path)

    def get_best_result(
        self,
        metric: str | None = None,
        mode: str | None = None,
        scope: str = "last",
        filter_nan_and_inf: bool = True,
    ) -> Result:
        """Return the trial whose metric is best; see `ExperimentAnalysis.get_best_trial`.

        Raises:
            RuntimeError: No trial has a value; or there is no metric.
        """
        if len(self) == 1 and metric is None and self._experiment_analysis.default_metric is None:
            return self._results[0]
        best = self._experiment_analysis.get_best_trial(metric, mode, scope, filter_nan_and_inf)
        if best is None:
            shown = metric or self._experiment_analysis.default_metric
            raise RuntimeError(
                f"No best trial found for the given metric: no trial has a finite value of "
                f"{shown!r}; see the errors: {[str(e)[:200] for e in self.errors[:3]]}"
            )
        return Result(best)

    def get_dataframe(
        self, filter_metric: str | None = None, filter_mode: str | None = None
    ) -> pd.DataFrame:
        """Return a row for each trial: its best report by a metric, or its last."""
        return self._experiment_analysis.dataframe(filter_metric, filter_mode)

    @property
    def errors(self) -> list[BaseException]:
        """What trials failed of."""
        return [r.error for r in self._results if r.error is not None]

    @property
    def num_errors(self) -> int:
        """How many trials failed."""
        return sum(t.status == ERROR for t in self._experiment_analysis.trials)

    @property
    def num_terminated(self) -> int:
        """How many trials came to their end."""
        return sum(t.status == TERMINATED for t in self._experiment_analysis.trials)

    def __len__(self) -> int:
        return len(self._results)

    def __getitem__(self, i: int) -> Result:
        return self._results[i]

    def __iter__(self) -> Iterator[Result]:
        return iter(self._results)

    def __repr__(self) -> str:
        return f"ResultGrid<{self._results!r}>"
