"""The objective of a search: a candidate's mean score over the folds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn import config_context

from ..errors import FitFailedError
from ..trial.handle import Trial
from .fold_fit import FitSettings
from .kept_fits import CURVES, Metrics, keep_fits, mean_score
from .measures import Measure
from .param_space import Candidates


class CandidateScore:
    """Objective of a search: measures one candidate, and returns its mean score over the folds.

    Args:
        settings: What all fits share.
        candidates: The params of each trial.
        measure: How they are measured.
        metrics: Which ones are optimised where the scorer has several; none for the first.
        config: scikit-learn's global settings where the search was begun; each thread and process
            has its own.
        marks: Tags of each trial, by which a search that goes on is known to be the same.
    """

    def __init__(
        self,
        settings: FitSettings,
        candidates: Candidates,
        measure: Measure,
        metrics: Metrics,
        config: Mapping[str, Any],
        marks: Mapping[str, Any],
    ) -> None:
        self.settings = settings
        self.candidates = candidates
        self.measure = measure
        self.metrics = tuple(metrics)
        self.config = config
        self.marks = dict(marks)

    def __call__(self, trial: Trial) -> float | list[float]:
        """Return the mean score of a trial's candidate; of several objectives a list.

        Raises:
            TrialPruned: The scheduler ends the trial, or its turn.
            FitFailedError: The mean is NaN because a fit failed.
            Exception: What the scorer raised; or the estimator, with error_score "raise".
        """
        with config_context(**self.config):
            params = self.candidates.of_trial(trial)
            for name, mark in self.marks.items():
                trial.set_tag(name, mark)
            if self.settings.n_accuracy_rows:
                trial.set_tag(CURVES, {"n_validation": self.settings.n_accuracy_rows})
            fits = self.measure.run(self.settings, trial, params, self.metrics)
            keep_fits(trial, fits, self.metrics, self.measure.reports_folds)
        mean = mean_score(fits, self.metrics)
        if np.isnan(mean).any():
            for fit in fits:
                if fit.exception is not None:
                    e = fit.exception
                    raise FitFailedError(f"a fit failed: {type(e).__name__}: {e}") from e
        return mean
