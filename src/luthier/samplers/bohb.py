"""BOHB: density-ratio proposals from the losses at the highest step that enough trials reached."""

from __future__ import annotations

import math

import numpy as np

from ..history.history import History
from ..history.resources import losses_at
from ..space.space import Space
from ..trial.record import State
from ..typing import Array, Index
from ..validation import check_real
from .base import Sampler, replace_seen
from .density_ratio import MAX_GOOD, DensityFitter, check_settings, improvement_weights, propose
from .startup import prior_exponent, require_one_objective, sample_startup


class BOHB(Sampler):
    """BOHB: the model of `TPE`, for trials that are trained by different amounts.

    Good and bad trials are modelled as by `TPE`, by their losses at one step: the highest at which
    some trial came to rest (paused or ended), and at least 2 (d + 1) trials have a loss. A trial
    counts there with its first report at or beyond the step; a complete trial without such a
    report counts with its value. The best max(d + 1, gamma n) of those n trials are good. The
    others are bad, and so are failed trials and those without a report yet; trials that rest below
    the step do not count. Until some step has so many trials, proposals come from a quasi-random
    sequence; later, one in three is random.

    When to use: with a scheduler that gives trials different amounts of training,
    `sampler=BOHB(), scheduler=Hyperband(...)`.

    Args:
        random_fraction: Share of proposals that are random, 0 to 1.
        n_candidates: Number of draws from the good density that compete, 1 to 100,000.
        gamma: Share of trials that count as good, above 0 and at most 1.
        prior_weight: Weight of the kernel that covers the whole space, above 0; an observation has
            1.
        bandwidth: Of a single kernel, on the unit interval, 0.001 to 1; see `TPE`.

    Raises:
        ValueError: An argument is out of range.

    Source: Falkner 2018, section 3. Deviations: the densities are those of `TPE`, conditions and
    weights included; new running trials count as bad, which keeps workers apart; resources are read
    from the history.
    """

    def __init__(
        self,
        random_fraction: float = 1 / 3,
        n_candidates: int = 64,
        gamma: float = 0.15,
        prior_weight: float = 1.0,
        bandwidth: float = 0.2,
    ) -> None:
        check_real("random_fraction", random_fraction, least=0, most=1)
        check_settings(n_candidates, gamma, prior_weight, bandwidth)
        self.random_fraction = random_fraction
        self.n_candidates = n_candidates
        self.gamma = gamma
        self.prior_weight = prior_weight
        self.bandwidth = bandwidth
        self._fitter = DensityFitter(prior_weight, bandwidth)

    def check_objectives(self, n: int) -> None:
        require_one_objective("BOHB", n)

    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        self.check_objectives(len(history.directions))
        numbers, losses = rank_at_highest_step(history, 2 * (space.d + 1))
        if not len(numbers):
            return sample_startup(space, history, n, rng)

        n_good = min(math.ceil(self.gamma * len(numbers)), MAX_GOOD)
        n_good = max(space.d + 1, n_good)
        running = (history.state == State.RUNNING) & ~history.has_result
        bad = ((history.state == State.FAILED) & ~history.unblamed) | running
        bad[numbers] = False
        densities = self._fitter.fit(
            space,
            history.X,
            np.concatenate([numbers, np.flatnonzero(bad & history.fits)]),
            improvement_weights(losses[: n_good + 1], n_good),
            prior_exponent(space, len(numbers)),
        )

        X = np.empty((0, space.d))
        for _ in range(n):
            if rng.random() < self.random_fraction:
                x = space.sample(rng, 1)
            else:
                x = propose(space, history, densities, self.n_candidates, rng)
            X = np.concatenate([X, x])
        return replace_seen(space, history, X, rng)


def rank_at_highest_step(history: History, n_min: int) -> tuple[Index, Array]:
    """Return the trials to model and their losses at one step, the best first.

    The step is the highest at which a trial rests and that at least n_min trials have reached.
    Trials that violate a constraint come last, by how far they violate it, with an infinite loss.

    Returns:
        Numbers (k,) and losses (k,). Both are empty where there is no such step.
    """
    state = history.state
    last_step = history.last_step
    counts = history.fits & history.has_result & (state != State.FAILED)
    complete = counts & (state == State.COMPLETE)  # these count at every step
    reported = counts & ~np.isnan(last_step)

    resting = np.unique(last_step[reported & (state >= State.PAUSED)])[::-1]
    reached = np.sort(np.where(complete, np.inf, last_step)[complete | reported])
    n_there = len(reached) - np.searchsorted(reached, resting)
    enough = resting[n_there >= n_min]
    step = float(enough[0]) if len(enough) else np.inf

    loss, has_reached = losses_at(history, step)
    numbers = np.flatnonzero(complete | (counts & has_reached))
    if len(numbers) < n_min:
        return numbers[:0], loss[:0]
    violation = history.violation[numbers] if history.constraint_names else np.zeros(len(numbers))
    loss = np.where(np.isnan(loss[numbers]) | (violation > 0), np.inf, loss[numbers])
    order = np.lexsort((loss, violation))
    return numbers[order], loss[order]
