"""BOHB: density-ratio proposals from the losses at the highest step that enough trials reached."""

from __future__ import annotations

import math

import numpy as np

from ..history.history import History
from ..history.resources import rank_at_highest_step
from ..space.space import Space
from ..trial.record import State
from ..typing import Array
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
    sequence; later, one in three is random. Where the study has memory of earlier tasks, one in
    three is of their portfolio as long as they rank the losses at that step better than chance, and
    their rows have kernels as in `TPE`.

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

        lent = None
        if history.info.memory:
            from ..transfer.lending import lend_rows  # its models take long to load
            from .memory_start import lead_bracket

            if (led := lead_bracket(space, history, n)) is not None:
                return led
            lent = lend_rows(space, history, self.gamma)

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
            lent=lent,
        )

        X = np.empty((0, space.d))
        for _ in range(n):
            if rng.random() < self.random_fraction:
                x = space.sample(rng, 1)
            else:
                x = propose(space, history, densities, self.n_candidates, rng)
            X = np.concatenate([X, x])
        return replace_seen(space, history, X, rng)
