"""Callbacks of training libraries that report to the trial they run in."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ....errors import CompatError
from ...remarks import heed_others, refuse
from .checkpoint import Checkpoint
from .session import report

_Names = str | Sequence[str] | Mapping[str, str] | None


def _choose(metrics: _Names, found: Mapping[str, Any]) -> dict[str, Any]:
    """Return metrics by the names that the user wants.

    Raises:
        CompatError: One of them is not there.
    """
    if metrics is None:
        return dict(found)
    wanted = {metrics: metrics} if isinstance(metrics, str) else metrics
    pairs = wanted.items() if isinstance(wanted, Mapping) else [(m, m) for m in wanted]
    missing = [name for _, name in pairs if name not in found]
    if missing:
        raise CompatError(f"there is no metric {missing}, only {sorted(found)}")
    return {mine: found[name] for mine, name in pairs}


_OF_KERAS = {
    "checkpoint_on": "logs are reported, without checkpoints.",
    "report_metrics_on": "logs are reported at the end of each epoch.",
    "results_postprocessing_fn": "change the logs before.",
    "filename": "logs are reported, without checkpoints.",
    "on": "logs are reported at the end of each epoch.",
    "save_checkpoints": "logs are reported, without checkpoints.",
}


class _Booster:
    """Reports after each round of boosting.

    Args:
        metrics: Names of metrics, or own name to name; None for all.
        filename: File of the model in checkpoints.
        frequency: A checkpoint at each so many rounds; 0 for none.
        results_postprocessing_fn: Changes metrics before they are reported.
    """

    order = 20

    def __init__(
        self,
        metrics: _Names = None,
        filename: str = "model",
        frequency: int = 5,
        checkpoint_at_end: bool = True,
        results_postprocessing_fn: Any = None,
    ) -> None:
        self._metrics = metrics
        self._filename = filename
        self._frequency = frequency
        self._change = results_postprocessing_fn

    def _tell(self, found: dict[str, Any], model: Any, n: int) -> None:
        metrics = _choose(self._metrics, self._change(found) if self._change else found)
        if not (self._frequency and n % self._frequency == 0):
            report(metrics)
            return
        with tempfile.TemporaryDirectory() as folder:
            model.save_model(str(Path(folder, self._filename)))
            report(metrics, checkpoint=Checkpoint(folder))


class LightGBMReport(_Booster):
    """Reports LightGBM's metrics, such as "valid_0-binary_error"."""

    def __call__(self, env: Any) -> None:
        found = {f"{data}-{name}": value for data, name, value, *_ in env.evaluation_result_list}
        self._tell(found, env.model, env.iteration + 1)


class LightGBMReportOnly(LightGBMReport):
    """Reports LightGBM's metrics, without checkpoints."""

    def __init__(self, metrics: _Names = None, *_: Any, **settings: Any) -> None:
        super().__init__(metrics, **{**settings, "frequency": 0})


def make_xgboost_callback(with_checkpoints: bool) -> Any:
    """Return the class of a callback that reports XGBoost's metrics, such as "eval-logloss"."""
    try:
        from xgboost.callback import TrainingCallback
    except ImportError as e:
        raise CompatError(f"ray.tune.integration.xgboost needs xgboost: {e}") from None

    class TuneReport(_Booster, TrainingCallback):  # type: ignore[misc, unused-ignore]
        """Reports XGBoost's metrics after each round."""

        def __init__(self, metrics: _Names = None, *args: Any, **settings: Any) -> None:
            TrainingCallback.__init__(self)
            if not with_checkpoints:
                settings = {**settings, "frequency": 0}
            _Booster.__init__(self, metrics, *args, **settings)

        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            found = {
                f"{data}-{name}": values[-1]
                for data, metrics in evals_log.items()
                for name, values in metrics.items()
            }
            self._tell(found, model, epoch + 1)
            return False

    return TuneReport


def make_lightning_callback() -> Any:
    """Return the class of a callback that reports what a Lightning module logs."""
    try:
        from lightning.pytorch import Callback
    except ImportError:
        try:
            from pytorch_lightning import Callback
        except ImportError as e:
            raise CompatError(f"ray.tune.integration.pytorch_lightning: {e}") from None

    class TuneReportCallback(Callback):  # type: ignore[misc, unused-ignore]
        """Reports metrics at the end of validation."""

        def __init__(self, metrics: _Names = None, on: str = "validation_end", **_: Any) -> None:
            self._metrics = metrics
            if on not in ("validation_end", "train_epoch_end", "train_end"):
                raise refuse(f"on={on!r}", "Report at 'validation_end' or 'train_epoch_end'.")
            self._on = on

        def _tell(self, when: str, trainer: Any) -> None:
            if when == self._on and not trainer.sanity_checking:
                found = {k: float(v) for k, v in trainer.callback_metrics.items()}
                report(_choose(self._metrics, found))

        def on_validation_end(self, trainer: Any, module: Any) -> None:
            self._tell("validation_end", trainer)

        def on_train_epoch_end(self, trainer: Any, module: Any) -> None:
            self._tell("train_epoch_end", trainer)

        def on_train_end(self, trainer: Any, module: Any) -> None:
            self._tell("train_end", trainer)

    return TuneReportCallback


def make_keras_callback() -> Any:
    """Return the class of a callback that reports Keras's logs."""
    try:
        from keras.callbacks import Callback
    except ImportError as e:
        raise CompatError(f"ray.tune.integration.keras needs keras: {e}") from None

    class ReportCheckpointCallback(Callback):  # type: ignore[misc, unused-ignore]
        """Reports logs at the end of each epoch."""

        def __init__(self, metrics: _Names = None, **others: Any) -> None:
            super().__init__()
            heed_others("ray's Keras callback", others, _OF_KERAS)
            self._metrics = metrics

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            report(_choose(self._metrics, {k: float(v) for k, v in (logs or {}).items()}))

    return ReportCheckpointCallback
