"""The fits of a candidate, as they are kept with its trial and averaged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import ObjectiveValueError
from ..trial.handle import Trial
from .fold_fit import FoldFit, Score

FITS = "fits"  # the tag of a trial that holds its fits
FOLDS = "folds"  # that with what was optimised in each fold, for diagnoses and figures
N_FOLDS = "n_folds"  # that with how many folds the value is the mean of, each of them a report
REACHED = "reached"  # the tag that holds how much of a resource they were trained with
CURVES = "curves"  # that with how many rows were scored, where the score is an accuracy
SPLITS = "splits"  # the tag that holds the fingerprint of the data and splits
SEARCH = "search"  # that with what else of the search must stay the same

Metrics = Sequence[str]
"""Names of the metrics that are optimised; none for the only one, or the first."""


def keep_fits(trial: Trial, fits: Sequence[FoldFit], metrics: Metrics, by_fold: bool) -> None:
    """Keep fits with their trial: for `cv_results_`, and for what is said of the study.

    Args:
        trial: The trial.
        fits: Those of its folds.
        metrics: Which ones are optimised.
        by_fold: Whether each fold's score was reported, so that the value is the mean of reports.
    """
    trial.set_tag(FITS, [fit.to_json() for fit in fits])
    scores = [_pick(fit.test, *metrics[:1]) for fit in fits]
    if np.isfinite(scores).all():
        trial.set_tag(FOLDS, scores)
        if by_fold:
            trial.set_tag(N_FOLDS, len(scores))


def read_fits(tags: Mapping[str, Any]) -> list[FoldFit]:
    """Return the fits that the tags of a trial, or its checkpoint, hold."""
    return [FoldFit.from_json(kept) for kept in tags.get(FITS, ())]


def mean_score(fits: Sequence[FoldFit], metrics: Metrics) -> float | list[float]:
    """Return the mean score of fits; of several metrics a list.

    Args:
        fits: At least one.
        metrics: Which ones are optimised.
    """
    if len(metrics) < 2:
        return float(np.mean([_pick(fit.test, *metrics) for fit in fits]))
    return [float(np.mean([_pick(fit.test, name) for fit in fits])) for name in metrics]


def _pick(score: Score, metric: str | None = None) -> float:
    """Return the score that is optimised; one number where a fit failed before it had several.

    Raises:
        ObjectiveValueError: There is no such metric.
    """
    if not isinstance(score, Mapping):
        return score
    name = next(iter(score)) if metric is None else metric
    if name not in score:
        raise ObjectiveValueError(
            "For multi-metric scoring, the parameter refit must be set to a scorer key or a "
            "callable to refit an estimator with, or to False, and objectives name scorers: the "
            f"scorer has {list(score)!r:.500}, and {metric!r:.100} is none of them"
        )
    return score[name]
