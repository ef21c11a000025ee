"""How a candidate is measured: fold by fold, or on all folds with ever more of a resource."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning

from ..errors import TrialPruned
from ..trial.handle import Trial
from ..typing import Index
from .fold_fit import FitSettings, FoldFit, fit_fold, fit_whole, make_candidate
from .kept_fits import FITS, REACHED, Metrics, keep_fits, mean_score, read_fits

Params = Mapping[str, Any]

_NO_TRIAL = -1

TrainOn = Callable[[Any, Any, Any, Params, int, int, Any], None]
"""Trains a model on X and y, with params of `fit`, from one amount to another; the last argument
is the targets of all rows."""


class Measure(ABC):
    """A way to measure a candidate, which reports as it goes and ends where the scheduler says.

    Attributes:
        keeps_partial: Whether the scores of a candidate that was ended early can be compared, fold
            by fold, with those of others.
    """

    keeps_partial = False
    reports_folds = False

    @abstractmethod
    def run(
        self, settings: FitSettings, trial: Trial, params: Params, metrics: Metrics
    ) -> list[FoldFit]:
        """Return the fits on all folds.

        Args:
            settings: What all fits share.
            trial: The candidate's.
            params: The candidate's.
            metrics: Which ones are optimised where there are several; none for the first.

        Raises:
            TrialPruned: The scheduler ends the trial, or its turn.
        """

    @abstractmethod
    def fit_fully(self, settings: FitSettings, params: Params, fold: int) -> FoldFit:
        """Fit a candidate on one fold with all of the resource.

        Args:
            settings: What all fits share.
            params: The candidate's.
            fold: Number of the fold.
        """

    def whole(self, settings: FitSettings) -> int:
        """Return how much all of the resource is."""
        return len(settings.splits)

    def final_params(self, params: Params, reached: float | None) -> dict[str, Any]:
        """Return the params of a candidate, with those that the resource has set."""
        return dict(params)

    def refit(self, model: Any, settings: FitSettings) -> None:
        """Fit the best candidate on all rows."""
        fit_whole(model, settings.X, settings.y, settings.fit_params)


class FoldByFold(Measure):
    """One fold after the other; each is a step, so that a hopeless candidate ends early.

    Args:
        report: "fold" reports each fold's own score, for schedulers that compare fold by fold;
            "mean" the mean so far.
        is_kept: Whether fits are kept as a checkpoint after each fold, in case the worker dies.
    """

    keeps_partial = True

    def __init__(self, report: str = "fold", is_kept: bool = False) -> None:
        self.reports_folds = report == "fold"
        self.is_kept = is_kept

    def run(
        self, settings: FitSettings, trial: Trial, params: Params, metrics: Metrics
    ) -> list[FoldFit]:
        n_folds = len(settings.splits)
        fits = read_fits((trial.checkpoint or trial.tags) if self.is_kept else trial.tags)
        for fold in range(len(fits), n_folds):
            fits.append(fit_fold(settings, params, fold, trial.number * n_folds + fold))
            shown = mean_score(fits[-1:] if self.reports_folds else fits, metrics)
            checkpoint = {FITS: [fit.to_json() for fit in fits]} if self.is_kept else None
            trial.report(shown, fold + 1, checkpoint=checkpoint)
            if fold + 1 < n_folds and trial.should_stop():
                keep_fits(trial, fits, metrics, self.reports_folds)
                raise TrialPruned
        return fits

    def fit_fully(self, settings: FitSettings, params: Params, fold: int) -> FoldFit:
        return fit_fold(settings, params, fold, fold)


class Part(NamedTuple):
    """One fit of a candidate.

    Attributes:
        number: The trial's; -1 without one.
        fold: Number of the fold.
        step: The amount of the resource.
        task_id: Number of the fit in the search.
    """

    number: int
    fold: int
    step: int
    task_id: int


class Growing(Measure):
    """All folds with ever more of a resource; each amount is a step.

    Args:
        steps: The amounts, ascending.
        name: The parameter that holds the amount; None where there is none.

    Attributes:
        resumes: Whether the scheduler may go on with a trial that it has ended.
    """

    resumes = True

    def __init__(self, steps: Sequence[int], name: str | None = None) -> None:
        self.steps = list(steps)
        self.name = name

    def whole(self, settings: FitSettings) -> int:
        return self.steps[-1]

    def final_params(self, params: Params, reached: float | None) -> dict[str, Any]:
        if self.name is None:
            return dict(params)
        return {**params, self.name: self.steps[-1] if reached is None else int(reached)}

    def run(
        self, settings: FitSettings, trial: Trial, params: Params, metrics: Metrics
    ) -> list[FoldFit]:
        n_folds = len(settings.splits)
        reached = trial.tags.get(REACHED, 0)
        fits: list[FoldFit] = []
        for i, step in enumerate(self.steps):
            if step <= reached:
                continue
            first_task = (trial.number * len(self.steps) + i) * n_folds
            fits = [
                self.fit(settings, params, Part(trial.number, fold, step, first_task + fold))
                for fold in range(n_folds)
            ]
            trial.set_tag(REACHED, step)
            keep_fits(trial, fits, metrics, self.reports_folds)
            mean = mean_score(fits, metrics)
            trial.report(mean, step)
            if np.isnan(mean).any():
                break
            if i + 1 < len(self.steps) and trial.should_stop():
                if not self.resumes:
                    self.forget(trial.number)
                raise TrialPruned
        self.forget(trial.number)
        return fits or read_fits(trial.tags)

    def fit_fully(self, settings: FitSettings, params: Params, fold: int) -> FoldFit:
        return self.fit(settings, params, Part(_NO_TRIAL, fold, self.steps[-1], fold))

    @abstractmethod
    def fit(self, settings: FitSettings, params: Params, part: Part) -> FoldFit:
        """Fit a candidate on one fold with so much of the resource.

        Args:
            settings: What all fits share.
            params: The candidate's.
            part: Which fold, and how much.
        """

    def forget(self, number: int) -> None:
        """Let go of what is held for a trial that has come to its end."""


class GrowingSample(Growing):
    """Ever more of the training rows; the rows of a smaller sample are in each larger one.

    Args:
        steps: Numbers of rows, ascending; the last stands for all.
        orders: The training rows of each fold, in the order in which they join.
    """

    def __init__(self, steps: Sequence[int], orders: Sequence[Index]) -> None:
        super().__init__(steps)
        self.orders = list(orders)

    def fit(self, settings: FitSettings, params: Params, part: Part) -> FoldFit:
        is_whole = part.step == self.steps[-1]
        rows = None if is_whole else np.sort(self.orders[part.fold][: part.step])
        return fit_fold(settings, params, part.fold, part.task_id, rows)


class GrowingParam(Growing):
    """Ever more of a parameter of the estimator, such as `n_estimators`; each fit begins anew.

    Args:
        steps: Values, ascending.
        name: The parameter.
    """

    def fit(self, settings: FitSettings, params: Params, part: Part) -> FoldFit:
        given = self.final_params(params, part.step)
        return fit_fold(settings, given, part.fold, part.task_id)


class GrowingModel(Growing):
    """Models that are trained on from step to step, one for each fold.

    They stay in this process until their trial has come to its end. A trial that goes on elsewhere
    after a pause, or after a crash, trains up to where it was.

    Args:
        steps: Amounts of training, ascending.
        train: Trains a model from one amount to another.
        resumes: Whether the scheduler may go on with a trial that it has ended.
        name: The parameter that holds the amount; None where there is none.
    """

    def __init__(
        self, steps: Sequence[int], train: TrainOn, resumes: bool, name: str | None = None
    ) -> None:
        super().__init__(steps, name)
        self.resumes = resumes
        self.train = train
        self._live: dict[tuple[int, int], tuple[Any, int]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_live": {}}

    def fit(self, settings: FitSettings, params: Params, part: Part) -> FoldFit:
        key = (part.number, part.fold)
        model, reached = self._live.get(key) or (make_candidate(settings, params), 0)

        def train(model: Any, X: Any, y: Any, fit_params: Params) -> None:
            self.train(model, X, y, fit_params, reached, part.step, settings.y)

        fit = fit_fold(settings, params, part.fold, part.task_id, model=model, train=train)
        if part.number != _NO_TRIAL:
            self._live[key] = model, part.step
        return fit

    def forget(self, number: int) -> None:
        for key in [key for key in self._live if key[0] == number]:
            del self._live[key]

    def refit(self, model: Any, settings: FitSettings) -> None:
        if self.name is not None:
            super().refit(model, settings)
            return
        X, y = settings.X, settings.y
        self.train(model, X, y, settings.fit_params, 0, self.steps[-1], y)


def train_by_partial_fit(
    model: Any, X: Any, y: Any, fit_params: Params, reached: int, step: int, all_y: Any
) -> None:
    """Train by `partial_fit`, once for each unit."""
    more = dict(fit_params)
    if is_classifier(model):
        more["classes"] = np.unique(all_y)
    for _ in range(reached, step):
        model.partial_fit(X, y, **more)


class TrainByWarmStart:
    """Trains by `fit` with `warm_start=True`.

    Args:
        name: The parameter that holds the amount. That of `n_estimators` is the whole, that of
            `max_iter` what is added.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(
        self, model: Any, X: Any, y: Any, fit_params: Params, reached: int, step: int, all_y: Any
    ) -> None:
        """Train a model from one amount to another."""
        amount = step - reached if self.name.endswith("max_iter") else step
        model.set_params(warm_start=True, **{self.name: amount})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            fit_whole(model, X, y, fit_params)
