"""CatBoost: a callback that reports rounds to a trial, and ends hopeless ones."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import EstimatorError, explain_missing
from ..trial.handle import Trial
from ..validation import check_whole
from .rounds import Measured, Rounds

try:
    from catboost import CatBoostError
    from catboost.core import is_maximizable_metric
except ImportError as e:
    raise explain_missing("luthier.integrations.catboost", "CatBoost", "catboost") from e


class Report:
    """Callback of CatBoost: reports a metric after each round.

    Train with `report.fit(model, X, y, eval_set=...)`, which goes on from the trial's last
    checkpoint, and out of which TrialPruned comes where the scheduler ends the trial; let it pass.
    Or pass it as one of the `callbacks` of the model's own `fit`, and call `report.check()` after
    that.

    CatBoost calls nobody back on a GPU, nor in `cv`.

    Args:
        trial: The trial.
        metric: The data set and the metric, such as "validation-AUC", or "validation_0-AUC" where
            there are several. None where only one is measured beside those of "learn".
        every: Of how many rounds one is reported; the scheduler is asked each time.
        prune: Whether the trial ends where the scheduler says so.
        checkpoint_every: After how many rounds `fit` saves the training, to go on from; None for
            never.

    Raises:
        ValueError: `every` or `checkpoint_every` is no whole number above 0.
    """

    def __init__(
        self,
        trial: Trial,
        metric: str | None = None,
        every: int = 1,
        prune: bool = True,
        checkpoint_every: int | None = None,
    ) -> None:
        self._rounds = Rounds(trial, metric, every, prune, checkpoint_every)
        self._trial = trial
        self._snapshot: Path | None = None
        self._raised: Exception | None = None

    def fit(self, model: Any, X: Any, y: Any = None, **more: Any) -> Any:
        """Train a model, and return it.

        Args:
            model: A model of CatBoost.
            X: Rows, or a pool.
            y: Targets.
            **more: For the model's own `fit`, such as `eval_set`.

        Raises:
            TrialPruned: The scheduler ends the trial, or its turn.
            ReportError: There is no such metric, or the study has the other direction.
            EstimatorError: The model is to train on a GPU, or is to write no files while
                checkpoints are saved.
        """
        self._check_model(model)
        with tempfile.TemporaryDirectory(prefix="luthier-") as folder:
            if self._rounds.checkpoint_every is not None:
                self._snapshot = Path(folder, "snapshot")
                if self._trial.checkpoint is not None:
                    shutil.copy(self._trial.checkpoint, self._snapshot)
                more |= {
                    "save_snapshot": True,
                    "snapshot_file": str(self._snapshot),
                    "snapshot_interval": 0,  # seconds: after each round
                }
            try:
                model.fit(X, y, callbacks=[self, *more.pop("callbacks", ())], **more)
            finally:
                self._snapshot = None
        self.check()
        return model

    def _check_model(self, model: Any) -> None:
        if not hasattr(model, "get_params"):
            raise EstimatorError(f"expected a model of CatBoost, got {type(model).__name__}")
        params = model.get_params()
        if params.get("task_type") == "GPU":
            raise EstimatorError(
                "CatBoost calls no callbacks while it trains on a GPU: set task_type='CPU', or "
                "train with the model's own fit and report its score at the end"
            )
        if self._rounds.checkpoint_every is not None and params.get("allow_writing_files") is False:
            raise EstimatorError(
                "checkpoint_every needs a model that may write files: leave out "
                "allow_writing_files=False, or checkpoint_every"
            )

    def after_iteration(self, info: Any) -> bool:
        """Take a round in, and return whether to go on; CatBoost calls this."""
        if info.iteration <= self._trial.step:  # the round that it goes on from, once more
            return True
        measured = {
            f"{data}-{name}": Measured(float(values[-1]), _is_maximized(name))
            for data, metrics in info.metrics.items()
            for name, values in metrics.items()
        }
        if self._rounds.metric is None:  # what is seen in training is not what is meant
            measured = {k: v for k, v in measured.items() if not k.startswith("learn-")}
        try:
            self._rounds.take(measured, info.iteration, self._save)
        except Exception as e:  # CatBoost would wrap it
            self._raised = e
            return False
        return True

    def _save(self, path: str) -> None:
        """Write what the training goes on from to a path.

        Raises:
            EstimatorError: The model's own `fit` trains.
        """
        if self._snapshot is None:
            raise EstimatorError("checkpoint_every needs report.fit(model, X, y, ...)")
        shutil.copy(self._snapshot, path)

    def check(self) -> None:
        """Raise what ended the training, if it was not over; for after the model's own `fit`.

        Raises:
            TrialPruned: The scheduler ended the trial, or its turn.
            ReportError: There was no such metric, or the study has the other direction.
        """
        raised, self._raised = self._raised, None
        if raised is not None:
            raise raised

    def __deepcopy__(self, memo: Any) -> Report:
        """Return the same: models are copied with what they hold, and the trial is one."""
        return self


def _is_maximized(name: str) -> bool | None:
    """Whether larger values of a metric are better; None for one that CatBoost does not know."""
    try:
        return bool(is_maximizable_metric(name))
    except CatBoostError:
        return None


def stop_early(n_rounds: int) -> Callable[..., int | None]:
    """Return a `fit` for `luthier.evaluation.Evaluate` that stops where test rows gain no more.

    It tells how many trees a fold took, so that `fit_all(..., steps="iterations")` trains the right
    number of them on all rows. Scores of test rows that a training was stopped by are a little too
    good; the more rows, the less.

    Args:
        n_rounds: Rounds without a gain after which a training ends.

    Raises:
        ValueError: It is no whole number above 0.
    """
    check_whole("n_rounds", n_rounds, 1)

    def fit(model: Any, X: Any, y: Any, weight: Any, X_test: Any, y_test: Any) -> int | None:
        if X_test is None:  # the final model: as many as it is set to
            model.fit(X, y, sample_weight=weight)
            return None
        model.fit(
            X,
            y,
            sample_weight=weight,
            eval_set=(X_test, y_test),
            early_stopping_rounds=n_rounds,
        )
        return int(model.tree_count_)

    return fit
