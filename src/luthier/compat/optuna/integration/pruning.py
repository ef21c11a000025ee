"""Callbacks of other libraries that report to a trial and end it where the pruner says so."""

from __future__ import annotations

from typing import Any

from ..exceptions import TrialPruned
from ..trial.live import Trial


def report(trial: Trial, value: float, step: int) -> bool:
    """Report a value, and return whether the trial ends here."""
    trial.report(float(value), step=step)
    return trial.should_prune()


def pruned(step: int) -> TrialPruned:
    """The exception that ends a trial."""
    return TrialPruned(f"Trial was pruned at iteration {step}.")


class LightGBMPruningCallback:
    """Reports a metric of LightGBM after each round, for its `callbacks`.

    Args:
        trial: The trial.
        metric: Its name, such as "binary_logloss".
        valid_name: The evaluation set.
        report_interval: Rounds between two reports.
    """

    def __init__(
        self, trial: Trial, metric: str, valid_name: str = "valid_0", report_interval: int = 1
    ) -> None:
        self._trial = trial
        self._metric = metric
        self._valid_name = valid_name
        self._report_interval = report_interval

    def __call__(self, env: Any) -> None:
        """Report the metric of a round.

        Raises:
            TrialPruned: The pruner ends the trial.
            ValueError: There is no such evaluation.
        """
        if (env.iteration + 1) % self._report_interval:
            return
        for found in env.evaluation_result_list or ():
            name, metric, value = found[:3]
            # Cross-validation has "valid" and "valid metric" by version.
            if name in (self._valid_name, "cv_agg") and metric.split(" ")[-1] == self._metric:
                if report(self._trial, value, env.iteration):
                    raise pruned(env.iteration)
                return
            if name == "valid" and metric == self._metric and self._valid_name == "valid_0":
                if report(self._trial, value, env.iteration):
                    raise pruned(env.iteration)
                return
        raise ValueError(
            f'The entry associated with the validation name "{self._valid_name}" and the metric '
            f'name "{self._metric}" is not found in the evaluation result list '
            f"{env.evaluation_result_list}."
        )


class CatBoostPruningCallback:
    """Reports a metric of CatBoost after each round; call `check_pruned` after `fit`.

    Args:
        trial: The trial.
        metric: Its name, such as "Logloss".
        eval_set_index: Which evaluation set; None for the only one.
    """

    def __init__(self, trial: Trial, metric: str, eval_set_index: int | None = None) -> None:
        self._trial = trial
        self._metric = metric
        self._name = "validation" if eval_set_index is None else f"validation_{eval_set_index}"
        self._ended_at: int | None = None

    def after_iteration(self, info: Any) -> bool:
        """Report the metric of a round, and return whether training goes on."""
        step = info.iteration - 1
        if self._name not in info.metrics:
            raise ValueError(f"there is no evaluation set {self._name!r}: {list(info.metrics)}")
        if self._metric not in info.metrics[self._name]:
            raise ValueError(f"there is no metric {self._metric!r}")
        if report(self._trial, info.metrics[self._name][self._metric][-1], step):
            self._ended_at = step
            return False
        return True

    def check_pruned(self) -> None:
        """End the trial where the pruner has ended its training.

        Raises:
            TrialPruned: It has.
        """
        if self._ended_at is not None:
            raise pruned(self._ended_at)
