"""Calibration: whether the surrogate's predictions and its doubt can be believed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from ..history.history import History
from ..typing import Array, Index
from .arguments import takes_history
from .fitted_surrogate import fit_surrogate
from .model_quality import ModelQuality

_N_BINS = 10
LEVELS = (0.5, 0.8, 0.9, 0.95)
"""Of the intervals whose coverage is counted."""


class Calibration(NamedTuple):
    """Each trial, of more than 500 as many, beside what a surrogate says of it from all others.

    Attributes:
        objective: Name of the objective.
        direction: "minimize" or "maximize".
        observed: (n,) values as the surrogate learns them; of very bad trials only the order.
        predicted: (n,) what was expected.
        sd: (n,) standard deviation of that, noise included.
        bins: (10,) number of trials in each tenth of their predictive distribution: even bars are
            right, a hump in the middle is too much doubt, high ends are too little.
        level: (4,) probabilities of intervals.
        coverage: (4,) share of the trials within them.
        quality: The same in a few numbers.

    Source: Dawid 1984 (the probability integral transform); Rasmussen & Williams 2006, eq. 5.12
    (leaving out one).
    """

    objective: str
    direction: str
    observed: Array
    predicted: Array
    sd: Array
    bins: Index
    level: Array
    coverage: Array
    quality: ModelQuality


@takes_history
def calibration(history: History, objective: str | None = None) -> Calibration:
    """Compare trials with what the surrogate expects of them.

    Unlike other views it speaks of poor models too: it says how poor they are.

    Args:
        history: All trials.
        objective: Name of one; None for the first.

    Raises:
        NoCompletedTrialsError: No trial has a value.
        TooFewResultsError: The trials are too few for a model.
        StudyError: There is no such objective.
    """
    fitted = fit_surrogate(history, objective, even_if_poor=True)
    observed, predicted, sd = fitted.model.left_out()
    share = ndtr((observed - predicted) / sd)
    share = share if fitted.sign > 0 else 1 - share
    bins = np.bincount(np.minimum((share * _N_BINS).astype(int), _N_BINS - 1), minlength=_N_BINS)
    off = np.abs(2 * share - 1)  # the level of the smallest interval that holds it
    level = np.array(LEVELS)
    return Calibration(
        objective=fitted.trials.objective,
        direction=fitted.trials.direction,
        observed=fitted.sign * observed,
        predicted=fitted.sign * predicted,
        sd=sd,
        bins=bins,
        level=level,
        coverage=(off[:, None] <= level).mean(axis=0),
        quality=fitted.quality,
    )
