"""BOHB: the tree-structured Parzen estimator on what trials came to at the highest step that tells enough."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..history.history import History
from ..history.resources import losses_at
from ..space.space import Space
from ..trial.record import State
from ..typing import Array, Index
from .base import Sampler, replace_seen
from .startup import prior_exponent, require_one_objective, sample_startup
from .tpe import MAX_BELOW, axes, densities, gained, proposal


class BOHB(Sampler):
    """To be used with a scheduler that gives trials different amounts.

    `sampler=BOHB(), scheduler=Hyperband(...)`.

    Models good and bad trials as `TPE` does, by their losses at one step: the highest at which some
    trial came to rest, paused or over, and at least 2 (d + 1) trials have a loss. A trial counts
    there with its first report at or beyond the step; one that is complete without, with its value.
    The best max(d + 1, gamma n) of those n are good. The others are bad, and so are failed trials
    and those that have just begun; trials that rest below say nothing.

    Until a step has so many trials, proposals come from a quasi-random sequence; later, one in
    three at random.

    Args:
        random_fraction: How many proposals are drawn at random.
        n_candidates: How many draws from the good density compete.
        gamma: Share of trials that count as good.
        prior_weight: Of the kernel that covers the whole space, where an observation weighs 1.
        bandwidth: Of the kernels; see `TPE`.

    Raises:
        ValueError: An argument out of range.

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
        self.random_fraction = random_fraction
        self.n_candidates = n_candidates
        self.gamma = gamma
        self.prior_weight = prior_weight
        self.bandwidth = bandwidth
        bounds = {
            "random_fraction": (0, 1),
            "n_candidates": (1, math.inf),
            "gamma": (1e-9, 1),
            "prior_weight": (1e-9, math.inf),
            "bandwidth": (1e-3, 1),
        }
        for name, (low, high) in bounds.items():
            if not low <= getattr(self, name) <= high:
                raise ValueError(
                    f"{name} must be between {low:g} and {high:g}, got {getattr(self, name)!r}"
                )
        self._axes: tuple[Any, Any] = (None, None)  # a space, and what its columns are

    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        require_one_objective("BOHB", history)
        numbers, losses = modelled(history, 2 * (space.d + 1))
        if not len(numbers):
            return sample_startup(space, history, n, rng)
        if self._axes[0] is not space:
            self._axes = (space, axes(space))
        n_below = max(space.d + 1, min(math.ceil(self.gamma * len(numbers)), MAX_BELOW))
        rest = (history.state == State.FAILED) | (
            (history.state == State.RUNNING) & ~history.has_result
        )
        rest[numbers] = False
        order = np.concatenate([numbers, np.flatnonzero(rest & history.fits)])
        gains = gained(losses[: n_below + 1], n_below)
        good, bad = densities(
            history.X, order, gains, self._axes[1], self.prior_weight, self.bandwidth
        )
        steering, X = prior_exponent(space, len(numbers)), np.empty((0, space.d))
        for _ in range(n):
            if rng.random() < self.random_fraction:
                x = space.sample(rng, 1)
            else:
                x = proposal(space, history, good, bad, steering, self.n_candidates, rng)
            X = np.concatenate([X, x])
        return replace_seen(space, history, X, rng)


def modelled(history: History, n_min: int) -> tuple[Index, Array]:
    """The trials to model, the best first, and their losses at the highest step that at least n_min have come to.

    Those that told of a constraint that they break come last, by how far they break it, with an
    infinite loss. Both are empty where there is no such step.
    """
    state, last = history.state, history.last_step
    counts = history.fits & (state != State.FAILED) & (state != State.WAITING)
    whole = counts & (state == State.COMPLETE)  # these count at every step
    told = counts & ~np.isnan(last)
    rests = np.unique(last[told & (state >= State.PAUSED)])[::-1]
    at = np.sort(np.where(whole, np.inf, last)[whole | told])
    there = len(at) - np.searchsorted(at, rests)
    enough = rests[there >= n_min]
    mark = float(enough[0]) if len(enough) else np.inf
    loss, reached_it = losses_at(history, mark)
    numbers = np.flatnonzero(whole | (counts & reached_it))
    if len(numbers) < n_min:
        return numbers[:0], loss[:0]
    violation = history.violation[numbers] if history.constraint_names else np.zeros(len(numbers))
    loss = np.where(np.isnan(loss[numbers]) | (violation > 0), np.inf, loss[numbers])
    order = np.lexsort((loss, violation))
    return numbers[order], loss[order]
