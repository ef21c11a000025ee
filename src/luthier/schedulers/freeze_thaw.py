"""FreezeThaw: a model of all curves chooses between paused trials and a new one."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from ..errors import StudyError
from ..history.history import History
from ..history.resources import full_resource
from ..models.learning_curves import CurveModel, fit_curves, rung_levels
from ..models.training_data import InputEncoder
from ..numerics.acquisition import log_expected_improvement
from ..numerics.sobol import sobol
from ..numerics.threads import one_thread
from ..trial.record import Decision
from ..typing import Array
from ..validation import check_real
from .base import Next, Resume, Scheduler

_START = 2  # the rung to which the first trials are trained
_N_STARTUP = 8  # number of these trials
# Candidates for a new trial, the best of them, points near each of these, and how near.
_N_SCREENED = 512
_N_BEST = 10
_N_NEAR = 20
_NEAR = (0.1, 0.03, 0.01)
_QUOTA = 0.25  # at least this share of all steps goes to trials that come to their end
# Least chance of beating the best loss by so much, in standard deviations of the losses.
_CHANCE = 0.1
_GAIN = 0.05
_N_OPEN = 400  # paused trials that are looked at: the most promising


class FreezeThaw(Scheduler):
    """Trains the trial, a new or a paused one, that promises most improvement per step.

    A trial pauses at each rung: max_resource / 32, / 16, ..., / 2. A Gaussian process over points
    and how far they were trained then says what each paused trial would come to, and what a new one
    could; the one goes on, or begins, for which the expected improvement over the best loss seen,
    divided by the steps that it takes, is largest. How far the rungs can be trusted is learned:
    where early losses mean nothing, trials are judged later. Together with the GP sampler, which
    proposes by the same model, this is the best that we know for trials that take long.

    Where no trial can be begun any more, those go on that have a chance of one in ten to beat the
    best noticeably.

    Args:
        max_resource: The step at which trials end. None: what the furthest complete trial has
            reached; until one is complete, trials run through.

    Raises:
        ValueError: max_resource is not above 0.

    Source: Swersky 2014 (freeze-thaw), Klein 2020 (MOBSTER) and Li 2022 (Hyper-Tune) in spirit; see
    `luthier.models.learning_curves`.
    """

    def __init__(self, max_resource: float | None = None) -> None:
        if max_resource is not None:
            check_real("max_resource", max_resource, 0, above=True)
        self.max_resource = max_resource

    def decide(self, history: History, number: int) -> Decision:
        """Pause at the first rung above the granted step; the model is asked by `next` only."""
        resource = self.max_resource or full_resource(history)
        if resource is None:
            return Decision.CONTINUE
        levels = rung_levels(resource)
        granted = history.granted[number]
        step = float(history.last_step[number])
        if np.isnan(granted):
            goal = levels[_START] if number < _N_STARTUP else levels[0]
        else:
            higher = levels[levels > granted * (1 + 1e-9)]
            goal = higher[0] if len(higher) else np.inf
        return (
            Decision.PAUSE
            if goal * (1 - 1e-9) <= step < resource * (1 - 1e-9)
            else Decision.CONTINUE
        )

    @one_thread()
    def next(self, history: History) -> Next | Resume:
        """Compare the paused trials with a new one by their expected improvement per step."""
        closed = history.budget is not None and history.n >= history.budget
        if not history.paused or (history.n < _N_STARTUP and not closed):
            return Next.START
        if len(history.directions) > 1:
            raise StudyError(
                f"FreezeThaw takes one objective, got {len(history.directions)}; use ASHA or Auto"
            )
        model = fit_curves(history.space, history, self.max_resource)

        # At the end of the study some trial has to come to its end.
        if closed and full_resource(history) is None and not history.running:
            best = min(
                history.paused, key=lambda i: (-history.last_step[i], history.last_loss[i], i)
            )
            return Resume(int(best))
        if model is None:
            return Next.START

        paused = np.isin(model.number, list(history.paused))
        if closed:
            paused &= ndtr((model.best - _GAIN - model.mean) / (model.doubt * model.sd)) > _CHANCE
        open_ = np.flatnonzero(paused)
        open_ = open_[np.argsort(model.mean[open_], kind="stable")[:_N_OPEN]]
        if not len(open_):
            return Next.START
        if model.n_ended * model.levels[-1] < _QUOTA * model.spent:
            rates = model.rates_to_end()[open_]  # nothing can be trusted that was never checked
        else:
            rates = model.rates(model.mean[open_], model.sd[open_], model.last[open_])
            if not closed and rates.max() < self._new(model, history):
                return Next.START
        return Resume(int(model.number[open_[np.argmax(rates)]]))

    def _new(self, model: CurveModel, history: History) -> float:
        """Expected improvement per step of a new trial.

        It is that of the point, of many, that is expected to improve most on the best at the end.
        """
        space = history.space
        rng = np.random.default_rng([history.seed, history.n, history.n_reports, 4])
        encoder = InputEncoder(space)
        numbers = encoder.numbers
        least = float(model.mean.min())

        def improvement(X: Array) -> Array:
            mean, sd = model.predict_end(encoder.encode(X))
            return log_expected_improvement(mean, model.doubt * sd, least)

        # Points all over the space and the best ones so far, then others near the best of these.
        best = history.X[model.number[np.argsort(model.mean, kind="stable")[:_N_BEST]]]
        X = np.concatenate(
            [space.place(sobol(0, _N_SCREENED, space.d, int(rng.integers(2**62)))), best]
        )
        f = improvement(X)
        for spread in _NEAR:
            best_rows = np.argsort(-f, kind="stable")[:_N_BEST]
            near = np.repeat(X[best_rows], _N_NEAR, axis=0)
            moved = near[:, numbers] + spread * rng.standard_normal((len(near), len(numbers)))
            near[:, numbers] = np.clip(moved, 0.0, 1.0)
            near = space.settle(near)
            f = np.concatenate([f[best_rows], improvement(near)])
            X = np.concatenate([X[best_rows], near])
        mean, sd = model.predict_end(encoder.encode(X[[np.argmax(f)]]))
        return float(model.rates(mean, sd, np.array([-1]))[0])
