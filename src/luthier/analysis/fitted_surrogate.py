"""A surrogate that is good enough to be believed, or a clear word why there is none."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..errors import SamplerError, TooFewResultsError
from ..history.history import History
from ..models.surrogate import Surrogate
from ..typing import Array
from .measured_trials import MeasuredTrials, collect_measured
from .model_quality import ModelQuality, surrogate_quality

_LARGEST = 1e150  # value whose square is a number


class FittedSurrogate(NamedTuple):
    """A surrogate of one objective, and how well it predicts trials that were left out.

    Attributes:
        model: Predicts losses.
        quality: By leaving out one trial at a time.
        trials: The feasible trials with a finite value that fit the space.
        X: (k, d) their unit columns.
    """

    model: Surrogate
    quality: ModelQuality
    trials: MeasuredTrials
    X: Array

    @property
    def sign(self) -> float:
        """What a loss is multiplied by to be a value of the user."""
        return -1.0 if self.trials.direction == "maximize" else 1.0


def fit_surrogate(
    history: History,
    objective: str | None = None,
    near_best: bool = False,
    even_if_poor: bool = False,
) -> FittedSurrogate:
    """Fit a surrogate to a study.

    Args:
        history: All trials.
        objective: Name of one; None for the first.
        near_best: Whether the scale is to be true near the best, rather than everywhere; see
            `Surrogate`.
        even_if_poor: Whether a model is returned that predicts hardly better than the mean.

    Raises:
        NoCompletedTrialsError: No trial has a value.
        TooFewResultsError: The trials are too few for a model, or it does not predict them.
        StudyError: There is no such objective.
    """
    trials = collect_measured(history, objective)
    number = trials.number
    use = trials.feasible & np.isfinite(trials.loss) & history.fits[number]
    trials = trials.take(use)
    if np.abs(trials.loss).max(initial=0.0) > _LARGEST:
        raise TooFewResultsError(
            f"not enough to say: values of {trials.objective!r} are beyond {_LARGEST:g}, where no "
            "model can measure their differences"
        )
    try:
        j = history.objectives.index(trials.objective)
        model = Surrogate(history.space, history, j, near_best)
    except SamplerError as e:
        raise TooFewResultsError(f"not enough to say: {e}") from None
    quality = surrogate_quality(model, history.space.d)
    if not even_if_poor and not quality.suffices:
        raise TooFewResultsError(quality.explain())
    if not trials.n:
        raise TooFewResultsError("not enough to say: no feasible trial fits the present space")
    return FittedSurrogate(model, quality, trials, history.X[trials.number])
