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
from ..validation import check_real
from .base import Sampler
from .de import DE, check_step_settings, rand_1_bin
from .startup import require_one_objective, sample_startup, vary_until_new


class DEHB(Sampler):
    """DEHB: differential evolution with a subpopulation at each rung of Hyperband.

    A subpopulation is as large as the largest bracket at its rung. A place holds the best of the
    trials that stand at it, by their losses at the rung; those that reported a violated constraint
    come behind. Trials of the first pass are spread evenly, and stand at each rung that they reach.
    Later each trial belongs to a place of one rung: the member there is crossed with a mutant of
    three of the best at the rung below (at the lowest, of its own), or of all members where these
    are too few.

    The population is read off the history, and the place of a trial follows from its number, so
    workers wait for nobody. Where no trial reports anything, this is `DE`.

    When to use: with the scheduler `DEHB` of the same settings.

    Args:
        min_resource: The least that a trial gets, in steps; above 0.
        max_resource: The most that a trial gets, in steps; above min_resource. None learns it as
            the last step of the first complete trial.
        reduction_factor: How much more a trial gets at the next rung; above 1.
        F: Length of the step along the difference of two, above 0 and at most 2.
        CR: Share of the parameters that are varied, beside one that always is; 0 to 1.

    Raises:
        ValueError: An argument is out of range.

    Source: Awad 2021, section 3. Deviations: as in `DE`; sizes of brackets as in Li 2018.
    """

    def __init__(
        self,
        min_resource: float = 1,
        max_resource: float | None = None,
        reduction_factor: float = 3,
        F: float = 0.5,
        CR: float = 0.5,
    ) -> None:
        check_real("min_resource", min_resource, least=0, above=True)
        if max_resource is not None:
            check_real("max_resource", max_resource, least=min_resource, above=True)
        check_real("reduction_factor", reduction_factor, least=1, above=True)
        check_step_settings(F, CR)
        self.min_resource = min_resource
        self.max_resource = max_resource
        self.reduction_factor = reduction_factor
        self.F = F
        self.CR = CR
        self._without_reports = DE(F=F, CR=CR)
        self._slots: dict[float, Slots] = {}  # of the present largest resource

    def check_objectives(self, n: int) -> None:
        require_one_objective("DEHB", n)

    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        self.check_objectives(len(history.directions))
        resource = self.max_resource or first_resource(history)
        if resource is None:
            if (history.has_result & ~np.isnan(history.last_step)).any():
                return sample_startup(space, history, n, rng)
            return self._without_reports.sample(space, history, n, rng)

        slots = self._plan(resource)
        levels, places = slots.at(history.n + np.arange(n))
        n_first = int((levels < 0).sum())  # trials of the first pass
        X = np.empty((0, space.d))
        if n_first:
            X = sample_startup(space, history, n_first, rng)
        if n_first == n:
            return X
        members_at = cache(partial(population, history, slots))

        def vary(i: int, attempt: int) -> Array:
            level = int(levels[n_first + i])
            own = members_at(level)[0]
            parent = own[int(places[n_first + i])]
            pool = own
            if level > 0:
                below, best_first = members_at(level - 1)
                pool = below[best_first[: slots.sizes[level]]]
            donors = _others(pool, parent)
            if len(donors) < 3:
                everyone = [members_at(k)[0] for k in range(len(slots.sizes))]
                donors = _others(np.concatenate(everyone), parent)
            if len(donors) < 3:
                point: Array = rng.random(space.d)
                return point
            return self._breed(space, history, donors, int(parent), rng)

        return np.concatenate([X, vary_until_new(space, history, n - n_first, rng, vary)])

    def _plan(self, resource: float) -> Slots:
        """Return the places of trials where the largest resource is `resource`."""
        slots = self._slots.get(resource)
        if slots is None:
            most = max(resource, self.min_resource)
            slots = Slots(brackets(self.min_resource, most, self.reduction_factor))
            self._slots = {resource: slots}
        return slots

    def _breed(
        self, space: Space, history: History, donors: Index, parent: int, rng: np.random.Generator
    ) -> Array:
        """Return a point of the unit cube (d,) by `rand_1_bin`.

        Args:
            space: The space to search.
            history: All trials.
            donors: Numbers of the trials that three are drawn from.
            parent: Number of the trial to cross with; -1 takes the first of the three.
            rng: Source of randomness.
        """
        chosen = rng.choice(donors, 3, replace=False)
        numbers = [*chosen, parent if parent >= 0 else chosen[0]]
        a, b, c, old = space.to_cube(history.X[numbers], rng)
        return rand_1_bin(a, b, c, old, self.F, self.CR, rng)


def population(history: History, slots: Slots, level: int) -> tuple[Index, Index]:
    """Return the members of a rung.

    Args:
        history: All trials.
        slots: The place of each trial.
        level: The rung.

    Returns:
        The number of the trial that each place (size,) holds, -1 for none; and the places, the
        best first.
    """
    n = history.n
    state = history.state
    size = int(slots.sizes[level])
    step = float(rung_thresholds(slots.steps)[level])
    loss, has_reached = losses_at(history, step)
    at, place = slots.at(np.arange(n))
    first_pass = at < 0
    place[first_pass] = np.flatnonzero(first_pass) % size

    stands = (has_reached | (state == State.COMPLETE)) & (first_pass | (at == level))
    stands &= history.has_result & (state != State.FAILED) & history.fits & ~np.isnan(loss)
    numbers = np.flatnonzero(stands)
    # Of several writes to a place the last, the best, stays.
    worst_first = numbers[np.lexsort((-loss[numbers], -history.violation[numbers]))]
    members = np.full(size, -1)
    rank = np.full(size, n)
    members[place[worst_first]] = worst_first
    rank[place[worst_first]] = np.arange(len(worst_first), 0, -1)
    return members, np.argsort(rank, kind="stable")


def _others(numbers: Index, own: np.int64) -> Index:
    """Return the trials of some places, each once, without one of them and without empty places."""
    return np.unique(numbers[(numbers >= 0) & (numbers != own)])
