"""The fits of a candidate, as they are kept with its trial and averaged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import ObjectiveValueError
from ..trial.handle import Trial
from .fold_fit import FoldFit, Score

FOLDS = "folds"  # the tag of a trial that holds its fits
REACHED = "reached"  # the tag that holds how much of a resource they were trained with
SPLITS = "splits"  # the tag that holds the fingerprint of the data and splits


def keep_fits(trial: Trial, fits: Sequence[FoldFit]) -> None:
    """Keep fits with their trial, from which `cv_results_` is made."""
    trial.set_tag(FOLDS, [fit.to_json() for fit in fits])


def read_fits(tags: Mapping[str, Any]) -> list[FoldFit]:
    """Return the fits that the tags of a trial, or its checkpoint, hold."""
    return [FoldFit.from_json(kept) for kept in tags.get(FOLDS, ())]


def mean_score(fits: Sequence[FoldFit], metric: str | None) -> float:
    """Return the mean score of fits; of several metrics that which is optimised.

    Args:
        fits: At least one.
        metric: Its name; None for the first.
    """
    return float(np.mean([_pick(fit.test, metric) for fit in fits]))


def _pick(score: Score, metric: str | None) -> float:
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
            "callable to refit an estimator with, or to False: the scorer has "
            f"{list(score)!r:.500}, and refit is {metric!r:.100}"
        )
    return score[name]
