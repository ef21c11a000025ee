"""LightGBM: a callback that reports rounds to a trial, and ends hopeless ones."""

from __future__ import annotations

from typing import Any

from ..trial.handle import Trial
from .rounds import Measured, Rounds


class Report:
    """Callback of LightGBM: reports a metric after each round.

    It goes into `callbacks` of `lightgbm.train`, `lightgbm.cv` and `fit` of its estimators. Where
    the scheduler ends the trial, TrialPruned comes out of these; let it pass. The model so far
    stays in `model`.

    A trial goes on from its last checkpoint with `init_model=trial.checkpoint` and
    `num_boost_round=n - trial.step`.

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
