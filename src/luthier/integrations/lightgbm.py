"""LightGBM: a callback that reports rounds to a trial, and ends hopeless ones."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ..errors import explain_missing
from ..trial.handle import Trial
from ..validation import check_whole
from .rounds import Measured, Rounds


class Report:
    """Callback of LightGBM: reports a metric after each round.

    It goes into `callbacks` of `lightgbm.train`, `lightgbm.cv` and `fit` of its estimators. Where
    the scheduler ends the trial, TrialPruned comes out of these; let it pass. The model so far
    stays in `model`.

    A trial goes on from its last checkpoint with `init_model=trial.checkpoint` and
    `num_boost_round=max(1, n - trial.step)`; LightGBM trains no less than one round.

    Args:
        trial: The trial.
        metric: The data set and the metric, such as "valid_0-auc"; of `cv` "valid-auc". None where
            only one is measured.
        every: Of how many rounds one is reported; the scheduler is asked each time.
        prune: Whether the trial ends where the scheduler says so.
        checkpoint_every: After how many rounds the model is saved, to go on from; None for never.

    Attributes:
        model: The booster; None before the first round.

    Raises (while LightGBM trains):
        TrialPruned: The scheduler ends the trial, or its turn.
        ReportError: There is no such metric, or the study has the other direction.
    """

    before_iteration = False
    order = 30  # after the library's own early stopping

    def __init__(
        self,
        trial: Trial,
        metric: str | None = None,
        every: int = 1,
        prune: bool = True,
        checkpoint_every: int | None = None,
    ) -> None:
        self._rounds = Rounds(trial, metric, every, prune, checkpoint_every)
        self.model: Any = None

    def __call__(self, env: Any) -> None:
        """Take a round in; LightGBM calls this."""
        self.model = env.model
        measured = {}
        for result in env.evaluation_result_list or ():
            data, name, value, maximize = result[:4]
            measured[f"{data}-{name}"] = Measured(float(value), bool(maximize))
        save = None if hasattr(env.model, "boosters") else env.model.save_model
        self._rounds.take(measured, env.iteration + 1, save)

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
        MissingDependencyError: LightGBM is not installed.
    """
    check_whole("n_rounds", n_rounds, 1)
    try:
        from lightgbm import early_stopping
    except ImportError as e:
        raise explain_missing("stop_early", "LightGBM", "lightgbm") from e

    def fit(model: Any, X: Any, y: Any, weight: Any, X_test: Any, y_test: Any) -> int | None:
        if X_test is None:  # the final model: as many as it is set to
            model.fit(X, y, sample_weight=weight)
            return None
        is_new = "eval_X" in inspect.signature(model.fit).parameters  # since 4.7
        tested = (
            {"eval_X": X_test, "eval_y": y_test} if is_new else {"eval_set": [(X_test, y_test)]}
        )
        stop = early_stopping(n_rounds, first_metric_only=True, verbose=False)
        model.fit(X, y, sample_weight=weight, callbacks=[stop], **tested)
        return int(model.best_iteration_)

    return fit
