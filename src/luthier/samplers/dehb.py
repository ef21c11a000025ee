"""DEHB: differential evolution with a subpopulation at each rung of Hyperband."""

from __future__ import annotations

from functools import cache, partial

import numpy as np

from ..history.history import History
from ..history.resources import first_resource, losses_at
from ..numerics.halving import Slots, brackets, rung_thresholds
from ..space.space import Space
from ..trial.record import State
from ..typing import Array, Index
from .base import Sampler
from .de import DE, rand_1_bin
from .startup import require_one_objective, sample_startup, to_cube, vary_until_new


class DEHB(Sampler):
    """To be used with the scheduler `DEHB` of the same settings.

    Each rung has a subpopulation as large as the largest bracket there; a place holds the best of
    the trials that stand at it, by their losses at the rung; those that told of a broken constraint
    come behind. Trials of the first pass are spread evenly, and stand at each rung that they reach.
    Later each trial belongs to a place of one rung: what it holds is crossed with a mutant of three
    of the best at the rung below (at the lowest, of its own), or of all there are where they are
    too few.

    The population is read off the history, and the place of a trial follows from its number, so
    workers wait for nobody. Where no trial reports anything, this is `DE`.

    Args:
        min_resource: The least that a trial gets, in steps.
        max_resource: The most; None learns it as the last step of the first complete trial.
        reduction_factor: How much more a trial gets at the next rung.
        F: Length of the step along the difference of two.
        CR: Share of the parameters that are varied, beside one that always is.

    Raises:
        ValueError: An argument out of range.

    Source: Awad 2021. Deviations: as in `DE`; sizes of brackets as in Li 2018.
    """

    def __init__(
        self,
        min_resource: float = 1,
        max_resource: float | None = None,
        reduction_factor: float = 3,
        F: float = 0.5,
        CR: float = 0.5,
    ) -> None:
        if not min_resource > 0:
            raise ValueError(f"min_resource must be a finite number, above 0, got {min_resource!r}")
        if max_resource is not None and not min_resource < max_resource < np.inf:
            raise ValueError(
                f"max_resource must be a finite number, above {min_resource:g}, got "
                f"{max_resource!r}"
            )
        if not 1 < reduction_factor < np.inf:
            raise ValueError(
                f"reduction_factor must be a finite number, above 1, got {reduction_factor!r}"
            )
        self.min_resource = min_resource
        self.max_resource = max_resource
        self.reduction_factor = reduction_factor
        self.F = F
        self.CR = CR
        self._plain = DE(F=F, CR=CR)
        self._slots: dict[float, Slots] = {}

    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        require_one_objective("DEHB", history)
        R = self.max_resource or first_resource(history)
        if R is None:
            return (sample_startup if history.n_reports else self._plain.sample)(
                space, history, n, rng
            )
        if R not in self._slots:
            self._slots = {
                R: Slots(
                    brackets(self.min_resource, max(R, self.min_resource), self.reduction_factor)
                )
            }
        slots = self._slots[R]
        levels, places = slots.at(history.n + np.arange(n))
        n_first = int((levels < 0).sum())
        X = sample_startup(space, history, n_first, rng) if n_first else np.empty((0, space.d))
        if n_first == n:
            return X
        held = cache(partial(population, history, slots))

        def vary(i: int, attempt: int) -> Array:
            level, place = int(levels[n_first + i]), int(places[n_first + i])
            own = held(level)[0]
            below = own
            if level > 0:
                holds, best = held(level - 1)
                below = holds[best[: slots.sizes[level]]]
            donors = _others(below, own[place])
            if len(donors) < 3:
                donors = _others(
                    np.concatenate([held(k)[0] for k in range(len(slots.sizes))]), own[place]
                )
            if len(donors) < 3:
                point: Array = rng.random(space.d)
                return point
            return self._bred(space, history, donors, int(own[place]), rng)

        return np.concatenate([X, vary_until_new(space, history, n - n_first, rng, vary)])

    def _bred(
        self, space: Space, history: History, donors: Index, parent: int, rng: np.random.Generator
    ) -> Array:
        """A point of the unit cube (d,): rand/1/bin."""
        chosen = rng.choice(donors, 3, replace=False)
        a, b, c, old = to_cube(
            space, history.X[[*chosen, parent if parent >= 0 else chosen[0]]], rng
        )
        return rand_1_bin(a, b, c, old, self.F, self.CR, rng)


def population(history: History, slots: Slots, level: int) -> tuple[Index, Index]:
    """The number of the trial that each place (size,) of a rung holds, -1 for none.

    And the places, the best first.
    """
    n = history.n
    state = history.state
    size = int(slots.sizes[level])
    mark = float(rung_thresholds(slots.steps)[level])
    loss, reached_it = losses_at(history, mark)
    at, place = slots.at(np.arange(n))
    first = at < 0
    place[first] = np.flatnonzero(first) % size
    stands = (reached_it | (state == State.COMPLETE)) & (first | (at == level))
    stands &= (state != State.FAILED) & history.fits & ~np.isnan(loss)
    numbers = np.flatnonzero(stands)
    numbers = numbers[
        np.lexsort((-loss[numbers], -history.violation[numbers]))
    ]  # the best are written last
    holds, rank = np.full(size, -1), np.full(size, n)
    holds[place[numbers]] = numbers
    rank[place[numbers]] = np.arange(len(numbers), 0, -1)
    return holds, np.argsort(rank, kind="stable")


def _others(numbers: Index, own: np.int64) -> Index:
    """Those that there are, each once, but for one."""
    return np.unique(numbers[(numbers >= 0) & (numbers != own)])
