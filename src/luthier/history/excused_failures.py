"""Failed trials that say nothing of their params."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..space.space import Space
from ..trial.record import State
from ..typing import Array, Index, Mask

_SHORTEST = 5  # failures in a row: fewer come by chance, or from a region that a search steps into
_LEAST_SHARE = 0.2  # of trials that fail elsewhere; as few trials say little, it is never less
_CHANCE = 1e-3  # of so long a run, below which something else than chance is behind it


class Excused(NamedTuple):
    """Rows, or numbers, of failed trials from which models do not learn.

    Attributes:
        superseded: (k,) those whose params have completed in another trial.
        in_outage: (l,) those that failed in an outage.
    """

    superseded: Index
    in_outage: Index


Witnesses = dict[bytes, Index]
"""Of runs of failures, by the numbers in them: successes that show them to lie among others."""


class ExcusedFailures:
    """Finds them anew whenever other trials are over; what showed a run to be an outage is kept."""

    def __init__(self) -> None:
        self._witnesses: Witnesses = {}
        self._basis: tuple[Space, bytes, bytes] | None = None
        self._found = Excused(np.empty(0, np.int64), np.empty(0, np.int64))

    def find(self, space: Space, X: Array, fits: Mask, state: NDArray[np.int8]) -> Excused:
        """Return the numbers of the trials that say nothing of their params by failing.

        Args:
            space: The parameters.
            X: (n, d) unit columns of all trials.
            fits: (n,) whether a trial's params are values of the space.
            state: (n,) their states.
        """
        if not (state == State.FAILED.value).any():
            return Excused(np.empty(0, np.int64), np.empty(0, np.int64))
        over = np.flatnonzero(fits & (state >= State.COMPLETE.value))
        state = state[over]
        basis = (space, over.tobytes(), state.tobytes())
        if basis != self._basis:
            if self._basis is None or space != self._basis[0]:
                self._witnesses = {}
            rows = find_excused(space, X[over], state, over, self._witnesses)
            self._found = Excused(over[rows.superseded], over[rows.in_outage])
            self._basis = basis
        return self._found


def find_excused(
    space: Space,
    X: Array,
    state: NDArray[np.int8],
    number: Index | None = None,
    witnesses: Witnesses | None = None,
) -> Excused:
    """Return which trials say nothing of their params by failing.

    Args:
        space: The parameters.
        X: (n, d) unit columns of the trials that are over, in the order in which they began.
        state: (n,) their states.
        number: (n,) their numbers, ascending; None for 0 to n - 1.
        witnesses: Those found before in the same space, to which new ones are added.
    """
    failed = state == State.FAILED
    at = np.flatnonzero(failed)
    if not len(at):
        return Excused(at, at)
    came_to_something = set(space.keys(X[state == State.COMPLETE]))
    superseded = [k in came_to_something for k in space.keys(X[at])]
    return Excused(
        at[superseded], np.flatnonzero(find_outages(space, X, failed, number, witnesses))
    )


def find_outages(
    space: Space,
    X: Array,
    failed: Mask,
    number: Index | None = None,
    witnesses: Witnesses | None = None,
) -> Mask:
    """Return which trials (k,) failed in an outage: something was amiss while they ran.

    An outage is a run of failures that a success ends, too long for the share of trials that fail
    at other times, and among trials that did not fail: at least half of its trials have such a
    trial nearer than each other of the run. Failures of a region where trials always fail have one
    another near.

    Args:
        space: The parameters.
        X: (k, d) unit columns of the trials that are over, in the order in which they began.
        failed: (k,) whether they failed.
        number: (k,) their numbers, ascending; None for 0 to k - 1.
        witnesses: Those found before in the same space, to which new ones are added.

    Source: none.
    """
    number = np.arange(len(failed)) if number is None else number
    witnesses = {} if witnesses is None else witnesses
    succeeded = number[~failed]
    inside = np.zeros(len(failed), dtype=bool)
    edges = np.flatnonzero(np.diff(failed, prepend=False, append=False))
    for start, end in edges.reshape(-1, 2).tolist():
        length = end - start
        if length < _SHORTEST or end == len(failed):
            continue
        n_elsewhere = len(failed) - length
        share = max(_LEAST_SHARE, (failed.sum() - length) / max(n_elsewhere, 1))
        if share**length >= _CHANCE:
            continue
        run = number[start:end].tobytes()
        if run not in witnesses or not np.isin(witnesses[run], succeeded).all():
            nearest = _find_nearer_successes(space, X[start:end], X[~failed])
            if 2 * len(nearest) < length:
                continue
            witnesses[run] = succeeded[nearest]
        inside[start:end] = True
    return inside


def _find_nearer_successes(space: Space, run: Array, successes: Array) -> Index:
    """Return the nearest success of each trial of a run that has it no farther than the others."""
    if not len(successes):
        return np.empty(0, np.int64)
    to_success = _distances(space, run, successes)
    to_run = _distances(space, run, run)
    np.fill_diagonal(to_run, np.inf)
    near = to_success.min(axis=1) <= to_run.min(axis=1)
    return np.asarray(to_success.argmin(axis=1)[near])


def _distances(space: Space, A: Array, B: Array) -> Array:
    """Return squared distances (a, b); another choice, or a missing parameter, is 1 apart."""
    total = np.zeros((len(A), len(B)))
    for j in range(space.d):
        apart = np.abs(A[:, j, None] - B[None, :, j])
        if j in space.unordered:
            apart = np.minimum(apart, 1.0)
        one_lacks = np.isnan(A[:, j, None]) != np.isnan(B[None, :, j])
        total += np.where(np.isnan(apart), one_lacks, apart) ** 2
    return total
