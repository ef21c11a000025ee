"""A surrogate that is good enough to be believed, or a clear word why there is none."""

from __future__ import annotations

from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from ..errors import SamplerError, TooFewResultsError
from ..history.history import History
from ..models.surrogate import MAX_OBSERVATIONS, Surrogate
from ..trial.record import State
from ..typing import Array
from ..wording import agree, count_of
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
    """Fit a surrogate to a study, or take the one that was fitted to the same trials before.

    Args:
        history: All trials. Of more than 500 the model learns from as many, evenly chosen by
            number.
        objective: Name of one; None for the first.
        near_best: Whether the scale is to be true near the best, rather than everywhere; see
            `Surrogate`. Then it learns from the latest 500.
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
    j = history.objectives.index(trials.objective)
    try:
        model, quality = fit_once(history, j, near_best)
    except SamplerError as e:
        raise TooFewResultsError(f"not enough to say: {e}") from None
    if not even_if_poor and not quality.suffices:
        raise TooFewResultsError(quality.explain() + _tell_unusable(history, j))
    if not trials.n:
        raise TooFewResultsError("not enough to say: no feasible trial fits the present space")
    return FittedSurrogate(model, quality, trials, history.X[trials.number])


def _tell_unusable(history: History, j: int) -> str:
    """How many complete trials a model of objective j cannot use."""
    complete = history.state == State.COMPLETE
    finite = np.isfinite(history.losses[:, j])
    n_infinite = int((complete & ~finite).sum())
    n_outside = int((complete & finite & ~history.fits).sum())
    told = ""
    if n_infinite:
        n = count_of(n_infinite, "complete trial")
        told += f"; {n} {agree(n_infinite, 'has', 'have')} an infinite value"
    if n_outside:
        n = count_of(n_outside, "complete trial")
        told += f"; {n} {agree(n_outside, 'does', 'do')} not fit the present space"
    return told


class _Fit(NamedTuple):
    """A model, and the trials that it was fitted to.

    Attributes:
        key: The space, and the bytes of what the model has learned from.
        model: The model.
        quality: How well it predicts.
    """

    key: tuple[object, ...]
    model: Surrogate
    quality: ModelQuality


_fits: WeakKeyDictionary[History, dict[tuple[int, bool], _Fit]] = WeakKeyDictionary()


def fit_once(history: History, j: int, near_best: bool) -> tuple[Surrogate, ModelQuality]:
    """Return a model of objective j and its quality; it is deleted with the history.

    Args:
        history: All trials; of more than 500 that are complete as many count.
        j: Column of the objective.
        near_best: Whether the latest count, and the scale is to be true near the best; else they
            are evenly chosen by number.

    Raises:
        SamplerError: The trials are too few.
    """
    loss = history.losses[:, j]
    usable = (history.state == State.COMPLETE) & history.fits & np.isfinite(loss)
    number = np.flatnonzero(usable)
    if near_best:
        number = number[-MAX_OBSERVATIONS:]
    elif len(number) > MAX_OBSERVATIONS:
        at = np.linspace(0, len(number) - 1, MAX_OBSERVATIONS).round().astype(int)
        number = number[at]
    key = (history.space, number.tobytes(), history.X[number].tobytes(), loss[number].tobytes())
    mine = _fits.setdefault(history, {})
    known = mine.get((j, near_best))
    if known is None or known.key != key:
        usable[number] = False
        learned = history.without(usable) if usable.any() else history
        model = Surrogate(history.space, learned, j, near_best)
        known = _Fit(key, model, surrogate_quality(model, history.space.d))
        mine[j, near_best] = known
    return known.model, known.quality
