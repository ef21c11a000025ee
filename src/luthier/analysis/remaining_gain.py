"""Convergence: how much a search could still gain, and how likely more trials are to gain it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..history.history import History
from ..typing import Array
from ..validation import check_whole
from .arguments import takes_history
from .fitted_surrogate import FittedSurrogate, fit_surrogate
from .model_quality import ModelQuality

N_MORE = 20
"""Number of further trials whose gain is estimated."""

_MOST_MORE = 10_000

_DELTA = 0.1
_BETA_SHARE = 0.2
_N_CANDIDATES = 1_000
_N_NEAR = 200
_N_DRAWS = 400


class Convergence(NamedTuple):
    """What is left to be gained, by the surrogate.

    Gains are distances of values, never below 0. They are of the value without noise.

    Attributes:
        objective: Name of the objective.
        direction: "minimize" or "maximize".
        best: The value that is expected of the best trial, in the user's sign.
        regret_bound: How much better than that the best value of the space could be at most, with
            a probability of about 90 %.
        noise: Standard deviation of a single result.
        converged: Whether the bound is below the noise: more trials cannot be told from luck.
        n_more: Number of further trials, 20.
        chance: Probability that they find a value that is better by at least `worthwhile`.
        worthwhile: The least gain that counts: a tenth of the noise, or a thousandth of the range
            of the better half of the trials where that is more.
        expected_gain: What they are expected to gain.
        chance_random: The chance that as many random trials hold a new best, whatever the
            objective: n_more / (n + n_more).
        n: Number of trials that the model was fitted to.
        quality: How well the surrogate predicts trials that it has not seen.

    Source: Makarova 2022, sections 3.1 and 4 (the bound, with a fifth of the theory's beta);
    Thompson 1933 (further trials go where a draw of the process is best).
    """

    objective: str
    direction: str
    best: float
    regret_bound: float
    noise: float
    converged: bool
    n_more: int
    chance: float
    worthwhile: float
    expected_gain: float
    chance_random: float
    n: int
    quality: ModelQuality


@takes_history
def convergence(
    history: History, objective: str | None = None, n_more: int = N_MORE
) -> Convergence:
    """Estimate what more trials could gain.

    Args:
        history: All trials.
        objective: Name of one; None for the first.
        n_more: How many more, from 1 to 10,000.

    Raises:
        NoCompletedTrialsError: No trial has a value.
        TooFewResultsError: The trials are too few for a model, or it does not predict them.
        StudyError: There is no such objective.
        ValueError: `n_more` is none of these.
    """
    check_whole("n_more", n_more, 1, _MOST_MORE)
    fitted = fit_surrogate(history, objective, near_best=True)
    model, trials = fitted.model, fitted.trials
    rng = np.random.default_rng(history.seed)
    tried = fitted.X[np.argsort(trials.loss, kind="stable")[:_N_NEAR]]
    new = _find_candidates(history, fitted, rng)

    mean, sd = model.predict(np.concatenate([tried, new]))
    root = math.sqrt(_beta(history.space.d, trials.n))
    upper = (mean + root * sd)[: len(tried)].min()
    lower = (mean - root * sd).min()
    best = int(np.argmin(mean[: len(tried)]))

    good = np.sort(trials.loss)[: max(trials.n // 2, 1)]
    worthwhile = max(model.noise / 10, float(np.ptp(good)) / 1000)
    gain = _simulate(fitted, tried[[best]], new, n_more, rng)
    bound = max(float(upper - lower), 0.0)
    return Convergence(
        objective=trials.objective,
        direction=trials.direction,
        best=fitted.sign * float(mean[best]),
        regret_bound=bound,
        noise=model.noise,
        converged=bound < model.noise,
        n_more=n_more,
        chance=float((gain > worthwhile).mean()),
        worthwhile=worthwhile,
        expected_gain=float(gain.mean()),
        chance_random=n_more / (trials.n + n_more),
        n=trials.n,
        quality=fitted.quality,
    )


def _beta(d: int, t: int) -> float:
    """Squared width of the bounds in standard deviations.

    Source: Makarova 2022, section 5: 0.2 · 2 log(d t² π² / (6 δ)).
    """
    return _BETA_SHARE * 2 * math.log(max(d, 1) * t**2 * math.pi**2 / (6 * _DELTA))


def _find_candidates(history: History, fitted: FittedSurrogate, rng: np.random.Generator) -> Array:
    """Return points (k, d): half of them anywhere, half near the best trials."""
    space = history.space
    anywhere = space.sample(rng, _N_CANDIDATES // 2)
    best_first = np.argsort(fitted.trials.loss, kind="stable")[:10]
    U = space.to_cube(fitted.X[best_first[np.arange(_N_CANDIDATES // 2) % len(best_first)]], rng)
    width = 10.0 ** rng.uniform(-3, -0.5, (len(U), 1))
    moved = rng.random(U.shape) < 0.5
    near = space.place(np.clip(U + moved * width * rng.standard_normal(U.shape), 0, 1))
    near = near[space.feasible(near)]
    return np.concatenate([anywhere, near])


def _simulate(
    fitted: FittedSurrogate, best: Array, new: Array, n_more: int, rng: np.random.Generator
) -> Array:
    """Return the gains (draws,) of trials where draws of the process are best.

    Points are chosen by some draws, and their values are those of others.
    """
    mean, sd = fitted.model.predict(new)
    promising = np.argsort(mean - 2 * sd, kind="stable")[:_N_NEAR]
    points = np.concatenate([best, new[promising]])
    choosing = fitted.model.draws(points, n_more, rng)
    chosen = np.unique(np.argmin(choosing[:, 1:], axis=1)) + 1
    draws = fitted.model.draws(points[np.concatenate([[0], chosen])], _N_DRAWS, rng)
    return np.asarray(np.maximum(draws[:, 0] - draws[:, 1:].min(axis=1), 0.0))
