"""Arithmetic of successive halving: steps of rungs, sizes of brackets, and places within them.

Notation, as in Li 2018: r is min_resource, R max_resource, eta reduction_factor; bracket s begins
with n_s trials.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..typing import Array, Index

_EPS = 1e-9  # relative difference by which rounding may part equal numbers
_MAX_RUNGS = 200  # of successive halving
_MAX_BRACKETS = 100  # of one pass of Hyperband
_MAX_TRIALS = 1_000_000  # that one pass of Hyperband begins


def rung_steps(
    min_resource: float, max_resource: float | None, reduction_factor: float, last: float = math.inf
) -> list[float]:
    """Steps of the rungs: min_resource * reduction_factor^k, and max_resource as the last.

    There are 200 beside max_resource at most, whatever the numbers are.

    Args:
        min_resource: The first.
        max_resource: Step of the last rung; None if there is none.
        reduction_factor: From one to the next.
        last: Rungs beyond are left out where there is no max_resource.
    """
    high = last * (1 + _EPS) if max_resource is None else max_resource * (1 - _EPS)
    steps: list[float] = []
    while len(steps) < _MAX_RUNGS:
        step = tidy(min_resource * power(reduction_factor, len(steps)))
        if step > high or math.isinf(step):
            break
        steps.append(step)
    return steps if max_resource is None else [*(s for s in steps if s < high), tidy(max_resource)]


def brackets(
    min_resource: float, max_resource: float, reduction_factor: float
) -> tuple[tuple[tuple[int, float], ...], ...]:
    """The brackets of one pass of Hyperband, each as (number of trials, step) by rung.

    Bracket s begins n_s = ceil((s_max + 1) eta^s / (s + 1)) trials with R eta^-s steps, and
    floor(n_s eta^-i) of them come to its rung i; s goes from s_max = floor(log_eta(R / r)) down to
    0.

    Source: Li 2018, algorithm 1. Deviation: s_max is smaller where a pass would begin more than a
    million trials, or have more than a hundred brackets: then all trials get more than r at first.
    """
    r = min_resource
    R = max_resource
    eta = reduction_factor
    sizes = _bracket_sizes(0, eta)
    while len(sizes) < _MAX_BRACKETS and r * power(eta, len(sizes)) <= R * (1 + _EPS):
        larger = _bracket_sizes(len(sizes), eta)
        if sum(larger) > _MAX_TRIALS:
            break
        sizes = larger
    return tuple(
        tuple(
            (n, tidy(R / power(eta, s - i))) for i, n in enumerate(survivors(sizes[s], s + 1, eta))
        )
        for s in range(len(sizes) - 1, -1, -1)
    )


def _bracket_sizes(s_max: int, eta: float) -> list[int]:
    """Numbers of trials that brackets 0 to s_max begin, none of them much more than a million."""
    shares = [(s_max + 1) * power(eta, s) / (s + 1) for s in range(s_max + 1)]
    return [math.ceil(min(share, 2.0 * _MAX_TRIALS) - _EPS) for share in shares]


def power(base: float, exponent: int) -> float:
    """A power of a number >= 1; infinity where it is beyond all floats."""
    try:
        return float(base**exponent)
    except OverflowError:
        return math.inf


def survivors(n: int, n_rungs: int, reduction_factor: float) -> tuple[int, ...]:
    """Numbers of trials, of n, that come to each rung i: floor(n eta^-i), at least one."""
    return tuple(max(1, share(n, power(reduction_factor, i))) for i in range(n_rungs))


def share(n: int, eta: float) -> int:
    """The whole part of n / eta."""
    return math.floor(n / eta + _EPS)


def tidy(x: float) -> float:
    """A number without the noise of its last digits."""
    return float(f"{x:.12g}")


def rung_thresholds(steps: Sequence[float]) -> Array:
    """Least steps (L,) of a report that reaches each rung: its own, but for rounding."""
    return np.asarray(steps, dtype=np.float64) * (1 - _EPS)


class Slots:
    """The plan of DEHB: the place of a trial follows from its number alone.

    In the first pass a trial begins in a bracket of Hyperband and is promoted. From then on every
    place at every rung of every bracket is a trial of its own, brackets in their order, and in each
    its rungs from the lowest.

    Args:
        table: From `brackets`.

    Attributes:
        steps: (L,) of the rungs.
        sizes: (L,) of the subpopulations: the most trials that a bracket has at the rung.
        n_first: Number of trials that the first pass begins.

    Source: Awad 2021, section 3.
    """

    def __init__(self, table: tuple[tuple[tuple[int, float], ...], ...]) -> None:
        self.steps = tuple(step for _, step in table[0])
        self.n_first = sum(b[0][0] for b in table)

        # (rung, number of trials) of every rung of every bracket, in their order.
        rungs = [(b + i, n) for b, bracket in enumerate(table) for i, (n, _) in enumerate(bracket)]
        self.sizes = np.array(
            [max(n for at, n in rungs if at == level) for level in range(len(table))]
        )

        # For each trial of a pass, from the second on: its rung, and the number of trials of that
        # rung before it in the pass.
        self._level = np.concatenate([np.full(n, level) for level, n in rungs])
        self._index = np.empty_like(self._level)
        self._count = np.bincount(self._level)
        for level, n in enumerate(self._count):
            self._index[self._level == level] = np.arange(n)

    def at(self, numbers: Index) -> tuple[Index, Index]:
        """Rung (n,) up to which trials are run, and place (n,) in its subpopulation.

        A trial challenges whoever holds its place. The rung of a trial of the first pass is -1: it
        takes part at each that it reaches, at `number % size`.
        """
        done, offset = np.divmod(numbers - self.n_first, len(self._level))
        level = self._level[offset]
        place = (done * self._count[level] + self._index[offset]) % self.sizes[level]
        return np.where(numbers < self.n_first, -1, level), place


def first_rows(number: Index, step: Array, n: int, mark: float) -> Index:
    """Row (n,) of each trial's first report at or beyond a step, -1 where there is none.

    Args:
        number: (r,) trial that reported.
        step: (r,) step of the report; each only once for a trial.
        n: Number of trials.
        mark: The step to be reached.
    """
    at = np.flatnonzero(step >= mark)
    first = np.full(n, np.inf)
    row = np.full(n, -1)
    np.minimum.at(first, number[at], step[at])
    at = at[step[at] == first[number[at]]]
    row[number[at]] = at
    return row
