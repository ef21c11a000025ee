"""The configurations of a study, each once, with what all of its trials came to.

Notation: k configurations, c constraints, d columns. A configuration is a point of the space; it is
evaluated once by each trial that has it.
"""

from __future__ import annotations

import numpy as np

from ..history.constraint_columns import violation
from ..history.history import History
from ..models.training_data import collect_losses
from ..space.space import Space
from ..trial.record import State
from ..typing import Array, Index

# configurations that a model is fitted to: of more, the best half and an even sample of the rest
_MAX_MODELLED = 400


class Configurations:
    """The configurations of a study, by the trials that had them.

    Args:
        space: The space of the study.
        history: All trials so far.

    Attributes:
        X: (k, d) unit columns.
        loss: (k,) mean loss of its trials; NaN where none is finished, or those that are failed
            where they violated a constraint.
        constraints: (k, c) mean constraints of its trials, as `signed_ranks`; NaN where none
            reported.
        violation: (k,) 0 where these are satisfied, or nothing was reported.
        n_observed: Number of trials with a loss or a constraint.
        n_ended: (k,) number of these that each configuration has.
        n_started: (k,) the same, with running trials.
        first: (k,) number of its first trial.
        last: (k,) number of its latest trial.
        keys: Keys of all points that some trial has.
    """

    def __init__(self, space: Space, history: History) -> None:
        self._space = space
        numbers, losses, constraints = collect_observations(history)
        self.n_observed = len(numbers)

        running = (history.state == State.RUNNING) & ~history.has_result & history.fits
        trials = np.concatenate([numbers, np.flatnonzero(running)])
        keys = space.keys(history.X)
        self.keys = set(keys)
        self._row = dict[bytes, int]()
        group = np.array(
            [self._row.setdefault(keys[i], len(self._row)) for i in trials], dtype=np.int64
        )
        k = len(self._row)
        ended = group[: len(numbers)]
        self.n_started = np.bincount(group, minlength=k)
        self.n_ended = np.bincount(ended, minlength=k)

        self.loss = _group_means(losses, ended, k)
        means = [_group_means(column, ended, k) for column in signed_ranks(constraints).T]
        self.constraints = np.column_stack([np.empty((k, 0)), *means])
        self.violation = violation(self.constraints)

        self.first = np.full(k, history.n)
        self.last = np.full(k, -1)
        np.minimum.at(self.first, group, trials)
        np.maximum.at(self.last, group, trials)
        self.X = history.X[self.first]
        self._next_number = history.n

    def add_running(self, x: Array) -> None:
        """Add a trial of the point x (1, d) that is about to run."""
        key = self._space.keys(x)[0]
        row = self._row.setdefault(key, len(self._row))
        if row == len(self.X):
            self.keys.add(key)
            unknown = np.full((1, self.constraints.shape[1]), np.nan)
            self.X = np.concatenate([self.X, x])
            self.loss = np.append(self.loss, np.nan)
            self.violation = np.append(self.violation, 0.0)
            self.constraints = np.concatenate([self.constraints, unknown])
            self.n_ended = np.append(self.n_ended, 0)
            self.n_started = np.append(self.n_started, 0)
            self.first = np.append(self.first, self._next_number)
            self.last = np.append(self.last, 0)
        self.n_started[row] += 1
        self.last[row] = self._next_number
        self._next_number += 1

    def contains(self, x: Array) -> bool:
        """Whether any trial has the point x (1, d)."""
        return self._space.keys(x)[0] in self.keys

    def select_modelled(self) -> tuple[Index, Index]:
        """Return the rows to fit a model to, and the rows without a finished trial.

        The former are all configurations with a finished trial, or 400 of them.
        """
        ended = np.flatnonzero(self.n_ended)
        if len(ended) > _MAX_MODELLED:
            best_first = ended[np.lexsort((self.loss[ended], self.violation[ended]))]
            n_best = _MAX_MODELLED // 2
            rest = np.sort(best_first[n_best:])
            sample = rest[np.arange(n_best) * len(rest) // n_best]
            ended = np.concatenate([best_first[:n_best], sample])
        return ended, np.flatnonzero(self.n_ended == 0)

    def incumbent(self, max_repeats: int) -> int | None:
        """Return the row of the best configuration; None where no complete trial is feasible.

        That is the smallest mean loss among the feasible configurations that were evaluated most
        often, or `max_repeats` times.
        """
        feasible = ~np.isnan(self.loss) & (self.violation == 0)
        if not feasible.any():
            return None
        enough = min(int(self.n_ended[feasible].max()), max_repeats)
        rows = np.flatnonzero(feasible & (self.n_ended >= enough))
        return int(rows[np.argmin(self.loss[rows])])

    def next_repeat(self, max_repeats: int) -> int | None:
        """Return the row of the configuration that is to be evaluated again, if any.

        A better mean than the incumbent's earns 2, 4, 8, ... evaluations, up to those of the
        incumbent. The incumbent is evaluated again after each new configuration.
        """
        best = self.incumbent(max_repeats)
        if max_repeats == 1 or best is None or self.n_started.sum() >= 2 * len(self.X):
            return None
        earned = np.minimum(2 * self.n_ended, min(int(self.n_ended[best]), max_repeats))
        better = (self.loss < self.loss[best]) & (self.violation == 0)
        rows = np.flatnonzero(better & (self.n_started < earned))
        if len(rows):
            return int(rows[np.argmin(self.loss[rows])])
        due = self.n_started[best] < max_repeats and self.last[best] < self.first.max()
        return best if due else None


def collect_observations(history: History) -> tuple[Index, Array, Array]:
    """Return the trials with a loss or a constraint.

    A trial that failed where it violated a constraint has no loss: the constraint says why.

    Returns:
        Numbers (n,), losses (n,), and constraints (n, c); NaN where unknown.
    """
    numbers, known = collect_losses(history)
    loss = np.full(history.n, np.nan)
    loss[numbers] = known
    loss[(history.state == State.FAILED) & ~history.feasible] = np.nan

    constraints = history.constraints
    reported = history.has_result & history.fits & ~np.isnan(constraints).all(axis=1)
    observed = ~np.isnan(loss) | (reported & ~history.unblamed)
    return np.flatnonzero(observed), loss[observed], constraints[observed]


def signed_ranks(constraints: Array) -> Array:
    """Return constraints (n, c) as ranks of their sizes, in (0, 1], with their signs.

    Units and outliers do not matter, and the more trials come close to the border, the finer it is
    resolved. NaN stays NaN, 0 stays 0.
    """
    out = constraints.copy()
    for column in out.T:
        sizes = np.unique(np.abs(column[~np.isnan(column)]))
        rank = np.searchsorted(sizes, np.abs(column)) + 1
        column[:] = np.sign(column) * rank / max(len(sizes), 1)
    return out


def _group_means(values: Array, group: Index, k: int) -> Array:
    """Return means (k,) of values (n,) by group; NaN does not count, and is the mean of none."""
    known = ~np.isnan(values)
    values = values[known]
    group = group[known]
    count = np.bincount(group, minlength=k)
    share = values / np.maximum(count, 1)[group]  # divided first: the largest do not overflow
    return np.where(count > 0, np.bincount(group, share, k), np.nan)
