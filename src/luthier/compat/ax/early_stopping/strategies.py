"""When a trial is stopped early; by luthier's schedulers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from ....schedulers.percentile import Percentile
from ....schedulers.threshold import Threshold
from ....trial.record import Decision
from ...remarks import heed_others, warn_without_effect
from ..core.experiment import Experiment
from .curves import Curves


class BaseEarlyStoppingStrategy:
    """Says which running trials are stopped: a class to be derived from."""

    def should_stop_trials_early(
        self, trial_indices: Collection[int], experiment: Experiment, **kwargs: Any
    ) -> dict[int, str | None]:
        """Return index to reason of the trials that are to be stopped."""
        raise NotImplementedError


class _CurveStrategy(BaseEarlyStoppingStrategy):
    """Stops trials by a scheduler of luthier, which sees the reports of one objective."""

    _curves: Curves | None = None

    def ask(
        self, scheduler: Any, experiment: Experiment, indices: Collection[int], reason: str
    ) -> dict[int, str | None]:
        """Return index to reason of the trials that a scheduler stops.

        Args:
            scheduler: A scheduler of luthier.
            experiment: The experiment; nothing is stopped where it has several objectives.
            indices: Of the trials that are judged.
            reason: Of all of them.
        """
        config = experiment.optimization_config
        if config is None or len(config.objective.sums) > 1:
            return {}
        curves = self._curves
        if curves is None or curves.experiment is not experiment or not curves.grow():
            curves = self._curves = Curves(experiment)
        stopped: dict[int, str | None] = {}
        for index in indices:
            number = curves.numbers.get(index)
            if number is None or not len(curves.history.reports_of(number)[0]):
                continue
            if scheduler.decide(curves.history, number) is Decision.STOP:
                stopped[index] = reason
        return stopped

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return _list_settings(self) == _list_settings(other)

    __hash__ = None  # type: ignore[assignment]


def _list_settings(strategy: object) -> dict[str, Any]:
    return {n: v for n, v in vars(strategy).items() if not n.startswith("_")}


_WITHOUT_EFFECT = {
    "seconds_between_polls": "nothing is polled.",
    "max_progression": "trials are stopped at any step.",
    "trial_indices_to_ignore": "leave them out of trial_indices.",
    "normalize_progressions": "steps are compared as they are.",
    "interval": "trials are judged when asked.",
    "n_best_trials_to_complete": "the best trials are above the percentile.",
    "check_safe": "nothing is replayed.",
}


class PercentileEarlyStoppingStrategy(_CurveStrategy):
    """Stops a trial whose result is among the worst of all that have come as far.

    Args:
        metric_signatures: Without effect: the objective counts.
        percentile_threshold: Share of trials, in per cent, that a trial must be better than.
        min_progression: Step before which no trial is stopped.
        min_curves: How many trials must have ended first.
        metric_names: The same, in older versions.
        **kwargs: `max_progression` and others of Ax, without effect.

    Raises:
        TypeError: An argument is not known.
    """

    def __init__(
        self,
        metric_signatures: Sequence[str] | None = None,
        percentile_threshold: float = 50.0,
        min_progression: float | None = 10,
        min_curves: int | None = 5,
        metric_names: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        heed_others(f"Ax's {type(self).__name__}", kwargs, _WITHOUT_EFFECT)
        self.metric_signatures = metric_signatures or metric_names
        if self.metric_signatures:
            warn_without_effect(f"metric_signatures of {type(self).__name__}", "the first counts.")
        self.percentile_threshold = percentile_threshold
        self.min_progression = min_progression
        self.min_curves = min_curves

    def should_stop_trials_early(
        self, trial_indices: Collection[int], experiment: Experiment, **kwargs: Any
    ) -> dict[int, str | None]:
        rule = Percentile(
            100.0 - self.percentile_threshold,
            n_startup_trials=int(self.min_curves or 0),
            n_warmup_steps=self.min_progression or 0,
        )
        reason = f"Worse than the {self.percentile_threshold}th percentile of other trials."
        return self.ask(rule, experiment, trial_indices, reason)


class ThresholdEarlyStoppingStrategy(_CurveStrategy):
    """Stops a trial whose result is beyond a bound.

    Args:
        metric_signatures: Without effect: the objective counts.
        metric_threshold: The bound, in the metric's unit.
        min_progression: Step before which no trial is stopped.
        metric_names: The same, in older versions.
        **kwargs: `max_progression` and others of Ax, without effect.

    Raises:
        TypeError: An argument is not known.
    """

    def __init__(
        self,
        metric_signatures: Sequence[str] | None = None,
        metric_threshold: float = 0.2,
        min_progression: float | None = 10,
        metric_names: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        heed_others(f"Ax's {type(self).__name__}", kwargs, _WITHOUT_EFFECT)
        self.metric_signatures = metric_signatures or metric_names
        if self.metric_signatures:
            warn_without_effect(f"metric_signatures of {type(self).__name__}", "the first counts.")
        self.metric_threshold = metric_threshold
        self.min_progression = min_progression

    def should_stop_trials_early(
        self, trial_indices: Collection[int], experiment: Experiment, **kwargs: Any
    ) -> dict[int, str | None]:
        config = experiment.optimization_config
        if config is None:
            return {}
        sign = -1.0 if config.objective.minimize else 1.0
        rule = Threshold(
            lower=sign * self.metric_threshold, n_warmup_steps=self.min_progression or 0
        )
        return self.ask(rule, experiment, trial_indices, f"Beyond {self.metric_threshold}.")
