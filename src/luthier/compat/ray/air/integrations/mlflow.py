"""MLflow: a run for each trial, written by this process or by the trial itself."""

from __future__ import annotations

from typing import Any

from ...tune.callback import LoggerCallback, find_metrics
from ...tune.integration import missing
from ...tune.param_space import flatten
from ...tune.session import get_trial_name
from ...tune.trial import Trial

try:
    import mlflow
    from mlflow.entities import Metric, Param
    from mlflow.tracking import MlflowClient
except ImportError as e:
    raise missing("air.integrations.mlflow", "mlflow", "mlflow") from e


class MLflowLoggerCallback(LoggerCallback):
    """Writes each trial as a run of MLflow: params, tags and metrics.

    Args:
        tracking_uri: Where to; None for MLflow's own setting.
        registry_uri: Where models are registered; None for the same.
        experiment_name: The experiment, which is made where it does not exist.
        tags: Tags of each run.
        tracking_token: Token of the server.
        save_artifact: Whether the folder of a trial is an artifact of its run.
        log_params_on_trial_end: Whether params are written at the end, not at the beginning.
    """

    def __init__(
        self,
        tracking_uri: str | None = None,
        *,
        registry_uri: str | None = None,
        experiment_name: str | None = None,
        tags: dict[str, Any] | None = None,
        tracking_token: str | None = None,
        save_artifact: bool = False,
        log_params_on_trial_end: bool = False,
    ) -> None:
        self._where = tracking_uri, registry_uri
        self._experiment = experiment_name or "Default"
        self._tags = tags or {}
        self._token = tracking_token
        self._saves = save_artifact
        self._params_at_end = log_params_on_trial_end
        self._runs: dict[str, str] = {}

    def setup(self, *_: Any, **__: Any) -> None:
        """Find the experiment, or make it."""
        _set_token(self._token)
        self._client = MlflowClient(*self._where)
        found = self._client.get_experiment_by_name(self._experiment)
        self._experiment_id = (
            found.experiment_id if found else self._client.create_experiment(self._experiment)
        )

    def log_trial_start(self, trial: Trial) -> None:
        """Begin the run of a trial; one that goes on keeps its run."""
        if trial.trial_id in self._runs:
            return
        tags = {**self._tags, "trial_name": str(trial)}
        run = self._client.create_run(self._experiment_id, tags=tags, run_name=str(trial))
        self._runs[trial.trial_id] = run.info.run_id
        if not self._params_at_end:
            self._log_params(trial)

    def _log_params(self, trial: Trial) -> None:
        params = [Param(name, str(value)) for name, value in flatten(trial.config).items()]
        self._client.log_batch(self._runs[trial.trial_id], params=params)

    def log_trial_result(self, iteration: int, trial: Trial, result: dict[str, Any]) -> None:
        """Write the numbers of a report."""
        step = int(result.get("timesteps_total") or result["training_iteration"])
        now_ms = int(result["timestamp"] * 1000)
        metrics = [Metric(name, value, now_ms, step) for name, value in find_metrics(result)]
        self._client.log_batch(self._runs[trial.trial_id], metrics=metrics)

    def log_trial_end(self, trial: Trial, failed: bool = False) -> None:
        """End the run of a trial."""
        run = self._runs[trial.trial_id]
        if self._params_at_end:
            self._log_params(trial)
        if self._saves:
            self._client.log_artifacts(run, trial.local_path)
        self._client.set_terminated(run, "FAILED" if failed else "FINISHED")


def setup_mlflow(
    config: dict[str, Any] | None = None,
    tracking_uri: str | None = None,
    registry_uri: str | None = None,
    experiment_id: str | None = None,
    experiment_name: str | None = None,
    tracking_token: str | None = None,
    artifact_location: str | None = None,
    run_name: str | None = None,
    create_experiment_if_not_exists: bool = False,
    tags: dict[str, Any] | None = None,
    rank_zero_only: bool = True,
) -> Any:
    """Begin a run of MLflow in a trial; return the module `mlflow`.

    Args:
        config: Written as params.
        tracking_uri: Where to; None for MLflow's own setting.
        registry_uri: Where models are registered; None for the same.
        experiment_id: The experiment, by its id.
        experiment_name: The experiment, by its name; None for the name of the trial.
        tracking_token: Token of the server.
        artifact_location: Where artifacts of a new experiment go.
        run_name: Name of the run; None for that of the trial.
        create_experiment_if_not_exists: Whether an experiment is made.
        tags: Tags of the run.
        rank_zero_only: It is the same whatever it is: a trial has one worker.

    Raises:
        ValueError: There is no such experiment, and none is to be made.
    """
    _set_token(tracking_token)
    if tracking_uri:
        mlflow.set_tracking_uri(tracking_uri)
    if registry_uri:
        mlflow.set_registry_uri(registry_uri)
    name = experiment_name or get_trial_name()
    if experiment_id is None and name is not None:
        found = mlflow.get_experiment_by_name(name)
        if found is None and not create_experiment_if_not_exists:
            raise ValueError(
                f"MLflow has no experiment {name!r}: pass create_experiment_if_not_exists=True"
            )
        experiment_id = (
            found.experiment_id if found else mlflow.create_experiment(name, artifact_location)
        )
    mlflow.start_run(experiment_id=experiment_id, run_name=run_name or name, tags=tags)
    mlflow.log_params(flatten(config or {}))
    return mlflow


def _set_token(token: str | None) -> None:
    if token:
        import os

        os.environ["MLFLOW_TRACKING_TOKEN"] = token
