"""XGBoost: a callback that reports rounds to a trial, and ends hopeless ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import explain_missing
from ..trial.handle import Trial
from ..validation import check_whole
from .rounds import Measured, Rounds

try:
    from xgboost.callback import EarlyStopping, TrainingCallback
except ImportError as e:
    raise explain_missing("luthier.integrations.xgboost", "xgboost", "xgboost") from e


class Report(TrainingCallback):  # type: ignore[misc]  # read without XGBoost
    """Callback of XGBoost: reports a metric after each round.

    It goes into `callbacks` of `xgboost.train`, `xgboost.cv` and of its estimators. Where the
    scheduler ends the trial, TrialPruned comes out of these; let it pass. The model so far stays
    in `model`.

    A trial goes on from its last checkpoint with `xgb_model=trial.checkpoint` and
    `num_boost_round=n - trial.step`.

    Args:
        trial: The trial.
        metric: The data set and the metric, such as "validation_0-auc" of an estimator, or
            "valid-auc" of `train` with evals=[(data, "valid")]. None where only one is measured.
        every: Of how many rounds one is reported; the scheduler is asked each time.
        prune: Whether the trial ends where the scheduler says so.
        checkpoint_every: After how many rounds the model is saved, to go on from; None for never.

    Attributes:
        model: The booster; None before the first round.

    Raises (while XGBoost trains):
        TrialPruned: The scheduler ends the trial, or its turn.
        ReportError: There is no such metric.
    """

    def __init__(
        self,
        trial: Trial,
        metric: str | None = None,
        every: int = 1,
        prune: bool = True,
        checkpoint_every: int | None = None,
    ) -> None:
        super().__init__()
        self._rounds = Rounds(trial, metric, every, prune, checkpoint_every)
        self.model: Any = None

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """Take a round in; XGBoost calls this."""
        self.model = model
        measured = {}
        for data, metrics in evals_log.items():
            for name, history in metrics.items():
                last = history[-1]  # of `cv` a mean and a deviation
                measured[f"{data}-{name}"] = Measured(
                    float(last[0] if isinstance(last, tuple) else last)
                )
        save = getattr(model, "save_model", None)  # which the models of `cv` do not have
        self._rounds.take(measured, model.num_boosted_rounds(), save)
        return False

    def __deepcopy__(self, memo: Any) -> Report:
        """Return the same: estimators are copied with their callbacks, and the trial is one."""
        return self


def stop_early(n_rounds: int) -> Callable[..., int | None]:
    """Return a `fit` for `luthier.evaluation.Evaluate` that stops where test rows gain no more.

    It tells how many trees a fold took, so that `fit_all(..., steps="n_estimators")` trains the
    right number of them on all rows. Scores of test rows that a training was stopped by are a
    little too good; the more rows, the less.

    Args:
        n_rounds: Rounds without a gain, of the first metric, after which a training ends.

    Raises:
        ValueError: It is no whole number above 0.
    """
    check_whole("n_rounds", n_rounds, 1)

    def fit(model: Any, X: Any, y: Any, weight: Any, X_test: Any, y_test: Any) -> int | None:
        if X_test is None:  # the final model: as many as it is set to
            model.fit(X, y, sample_weight=weight)
            return None
        own = model.get_params()["callbacks"]
        stop = EarlyStopping(rounds=n_rounds, save_best=True)
        model.set_params(callbacks=[*(own or ()), stop])  # the only way in
        model.fit(X, y, sample_weight=weight, eval_set=[(X_test, y_test)], verbose=False)
        model.set_params(callbacks=own)
        return int(model.get_booster().num_boosted_rounds())

    return fit
