"""Random-forest search in SMAC's manner."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import log_ndtr, ndtri

from ..history.constraint_columns import violation
from ..history.history import History
from ..models.training_data import collect_losses
from ..numerics.acquisition import log_expected_improvement
from ..numerics.forest import Forest as Trees
from ..numerics.forest import fit, predict
from ..space.space import Space
from ..trial.record import State
from ..typing import Array, Index
from .base import Sampler, unseen_points
from .startup import require_one_objective, sample_startup

# that the forest is fitted to: beyond it the best half of them, and an even share of the rest
_MAX_TRIALS = 400
# of the local search: configurations, rounds, draws for each number
_N_STARTS = 10
_N_ROUNDS = 3
_N_STEPS = 4
_STEPS = (0.2, 0.05, 0.0125)  # standard deviations on the unit interval, taken in turn
_MAX_CHOICES, _MAX_MOVES = 16, 160  # neighbours by another choice of one parameter, and in all
_N_KEPT = 256  # candidates from round to round
_MAX_LISTED = 5000  # points that are scored when few of a finite space are left
_NOISE = 1e-4  # share of the variance that a forest never claims to explain


class Forest(Sampler):
    """Models the loss with a random forest and proposes where the expected improvement is largest.

    The forest splits on conditions and categories as they are, so it is at home in trees of
    conditional parameters and among many choices. Ranks of the losses stand for them; pruned trials
    rank behind complete ones, failed ones last. What is running counts as if it came out as the
    forest expects (kriging believer), which keeps workers apart. A local search from the best
    trials looks for the largest expected improvement. One proposal in ten is random, and another is
    the best trial with one choice changed: a forest thinks too little of a choice that it has seen
    in bad company only.

    A constraint on results has a forest too, of what every trial told of it, failed ones included.
    The expected improvement on the best feasible trial is multiplied by the probability of being
    feasible; while nothing is, the probability alone counts. A trial that failed where it broke a
    constraint is not held against its neighbours as a bad loss.

    With `max_repeats`, for noisy objectives, a configuration earns its evaluations: one whose mean
    is better than the incumbent's is run again, to 2, 4, 8, ... evaluations, and replaces it when
    it has as many; a worse mean at any stage ends that. The incumbent is run again whenever a new
    configuration has been tried. Running trials count, and no more trials are repeats than are not.
    See `incumbent`.

    Args:
        n_startup_trials: Until so many are finished, trials come from a quasi-random sequence, led
            by the centre of the space, or its declared defaults.
        n_trees: Of the forest.
        n_random: Random points among which the search begins, beside the neighbours of the best
            trials.
        random_share: Of proposals that are random, and again of those with a choice changed.
        max_repeats: The most evaluations of a configuration; 1 repeats nothing.

    Source: Hutter 2011 (SMAC; racing of FocusedILS), Lindauer 2022 (SMAC3). Deviations: ranks of
    the losses, as normal quantiles, for their logarithm; variance within leaves counts;
    quasi-random start, as short as TPE's; means over all evaluations are raced, not over shared
    seeds; which is the incumbent depends on nothing but the means. Constraints: Gelbart 2014
    (expected improvement times probability), of signed ranks.
    """

    def __init__(
        self,
        n_startup_trials: int = 8,
        n_trees: int = 16,
        n_random: int = 500,
        random_share: float = 0.1,
        max_repeats: int = 1,
    ) -> None:
        self.n_startup_trials = n_startup_trials
        self.n_trees = n_trees
        self.n_random = n_random
        self.random_share = random_share
        self.max_repeats = max_repeats
        least = {
            "n_startup_trials": 1,
            "n_trees": 2,
            "n_random": 1,
            "random_share": 0,
            "max_repeats": 1,
        }
        for name, low in least.items():
            high = 1 if name == "random_share" else math.inf
            if not low <= getattr(self, name) <= high:
                raise ValueError(
                    f"{name} must be between {low} and {high:g}, got {getattr(self, name)!r}"
                )

    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        require_one_objective("Forest", history)
        tried = Tried(space, history)
        if tried.n_over < self.n_startup_trials:
            X = sample_startup(space, history, n, rng)
            for i in range(n):  # a sequence repeats itself in finite branches
                X[i] = _random(space, history, tried, rng) if tried.has(X[i : i + 1]) else X[i]
                tried.begin(X[i : i + 1])
            return X
        X = np.empty((0, space.d))
        for _ in range(n):
            again = tried.earned(self.max_repeats)
            x = (
                tried.X[again : again + 1]
                if again is not None
                else self._new(space, history, tried, rng)
            )
            tried.begin(x)
            X = np.concatenate([X, x])
        return X

    def incumbent(self, history: History) -> int | None:
        """Number of the first trial of the best configuration.

        That is the one with the smallest mean loss among the feasible ones that were evaluated most
        often, or `max_repeats` times: one lucky draw does not suffice. None where no trial is
        complete and feasible.
        """
        tried = Tried(history.space, history)
        best = tried.incumbent(self.max_repeats)
        return None if best is None else int(tried.first[best])

    def _new(self, space: Space, history: History, tried: Tried, rng: np.random.Generator) -> Array:
        """A configuration (1, d) that no trial has, where the space has any left."""
        kinds = np.array(
            [(p.n_values or 1) if j in space.unordered else 0 for j, p in enumerate(space.dists)]
        )
        over, open_ = tried.sample()
        X, y = tried.X[over], quantiles(tried.loss[over])
        search = Search(space, kinds, X[np.lexsort((y, tried.violation[over]))], rng)
        chance = rng.random()
        if chance < self.random_share:
            return _random(space, history, tried, rng)
        if chance < 2 * self.random_share:
            x = search.mutant()
            if x is not None and not tried.has(x):
                return x
        model = _Model(X, y, tried.constraints[over], tried.X[open_], kinds, rng, self.n_trees)
        C = np.concatenate(
            [
                space.sample(rng, self.n_random),
                *(search.near(model.ordered[:_N_STARTS], s) for s in _STEPS),
            ]
        )
        g = model.gain(C)
        for i in range(_N_ROUNDS):
            C, g = _distinct(space, C, g)
            near = search.near(C[:_N_STARTS], _STEPS[i % len(_STEPS)])
            C, g = np.concatenate([C, near]), np.concatenate([g, model.gain(near)])
        C, g = _distinct(space, C, g)
        for i in range(len(C)):
            if not tried.has(C[i : i + 1]):
                return C[i : i + 1]
        left = unseen_points(space, history, tried.begun) if space.finite else C[:0]
        if not len(left):
            return _random(space, history, tried, rng)
        left = (
            left
            if len(left) <= _MAX_LISTED
            else left[rng.choice(len(left), _MAX_LISTED, replace=False)]
        )
        return left[[int(np.argmax(model.gain(left)))]]


class Tried:
    """The configurations of a study, each once.

    Attributes:
        X: (k, d) unit columns.
        loss: (k,) mean of what its trials came to; NaN where none is over, or failed where it broke
            a constraint.
        constraints: (k, c) means of what its trials told, as `signed_ranks`; NaN where none told.
        violation: (k,) 0 where these are feasible, or nothing was told.
        n_over: How many trials are over and tell something.
        n_ended: (k,) how many of them each has.
        n_begun: (k,) running ones counted too.
        first: (k,) number of its first trial.
        last: (k,) number of its latest trial.
        begun: Keys of all points that some trial has.
    """

    def __init__(self, space: Space, history: History) -> None:
        numbers, losses, constraints = told(history)
        self._space = space
        self.n_over = len(numbers)
        pending = (history.state == State.RUNNING) & ~history.has_result & history.fits
        rows = np.concatenate([numbers, np.flatnonzero(pending)])
        keys = space.keys(history.X)
        self.begun = set(keys)
        self._row = dict[bytes, int]()
        group = np.array(
            [self._row.setdefault(keys[i], len(self._row)) for i in rows], dtype=np.int64
        )
        k = len(self._row)
        self.n_begun = np.bincount(group, minlength=k)
        ended = group[: len(numbers)]
        self.n_ended = np.bincount(ended, minlength=k)
        self.loss = _means(losses, ended, k)
        self.constraints = np.column_stack(
            [np.empty((k, 0)), *(_means(c, ended, k) for c in signed_ranks(constraints).T)]
        )
        self.violation = violation(self.constraints)
        self.first = np.full(k, history.n)
        self.last = np.full(k, -1)
        np.minimum.at(self.first, group, rows)
        np.maximum.at(self.last, group, rows)
        self.X = history.X[self.first]
        self._next = history.n

    def begin(self, x: Array) -> None:
        """Notes that a trial of x (1, d) runs."""
        key = self._space.keys(x)[0]
        row = self._row.setdefault(key, len(self._row))
        if row == len(self.X):
            self.begun.add(key)
            self.X = np.concatenate([self.X, x])
            self.loss = np.append(self.loss, np.nan)
            self.violation = np.append(self.violation, 0.0)
            self.constraints = np.concatenate(
                [self.constraints, np.full((1, self.constraints.shape[1]), np.nan)]
            )
            self.n_ended = np.append(self.n_ended, 0)
            self.n_begun = np.append(self.n_begun, 0)
            self.first = np.append(self.first, self._next)
            self.last = np.append(self.last, 0)
        self.n_begun[row] += 1
        self.last[row] = self._next
        self._next += 1

    def has(self, x: Array) -> bool:
        """Whether any trial has the point x (1, d)."""
        return self._space.keys(x)[0] in self.begun

    def sample(self) -> tuple[Index, Index]:
        """Rows of what is over, or of a part that is large enough, and rows of what is not."""
        over = np.flatnonzero(self.n_ended)
        if len(over) > _MAX_TRIALS:
            over = over[np.lexsort((self.loss[over], self.violation[over]))]
            n_best = _MAX_TRIALS // 2
            rest = np.sort(over[n_best:])
            over = np.concatenate([over[:n_best], rest[np.arange(n_best) * len(rest) // n_best]])
        return over, np.flatnonzero(self.n_ended == 0)

    def incumbent(self, max_repeats: int) -> int | None:
        """Row of the smallest mean among the feasible ones evaluated most often, or `max_repeats` times."""
        able = ~np.isnan(self.loss) & (self.violation == 0)
        if not able.any():
            return None
        often = np.flatnonzero(
            able & (self.n_ended >= min(int(self.n_ended[able].max()), max_repeats))
        )
        return int(often[np.argmin(self.loss[often])])

    def earned(self, max_repeats: int) -> int | None:
        """Row of the configuration that has earned another evaluation, if any."""
        best = self.incumbent(max_repeats)
        if max_repeats == 1 or best is None or self.n_begun.sum() >= 2 * len(self.X):
            return None
        stage = np.minimum(2 * self.n_ended, min(int(self.n_ended[best]), max_repeats))
        better = np.flatnonzero(
            (self.loss < self.loss[best]) & (self.violation == 0) & (self.n_begun < stage)
        )
        if len(better):
            return int(better[np.argmin(self.loss[better])])
        due = self.n_begun[best] < max_repeats and self.last[best] < self.first.max()
        return best if due else None


class _Model:
    """Forests of the losses and of each constraint.

    Args:
        X: (n, d) what is over.
        y: (n,) losses, as `quantiles`; NaN where unknown.
        constraints: (n, c) as `signed_ranks`; NaN where not told.
        running: (j, d) what is not over.
        kinds: (d,) how many choices a column has, 0 for a number.
        rng: Source of randomness.
        n_trees: Of each forest.

    Attributes:
        ordered: (n + j, d) all points, the best first.
    """

    def __init__(
        self,
        X: Array,
        y: Array,
        constraints: Array,
        running: Array,
        kinds: Index,
        rng: np.random.Generator,
        n_trees: int,
    ) -> None:
        def fitted(values: Array) -> Trees:
            known = ~np.isnan(values)
            return fit(X[known], values[known], kinds, rng, n_trees)

        constraints = constraints[:, ~np.isnan(constraints).all(axis=0)]
        self._losses: Trees | None = None
        self._borders = [fitted(c) for c in constraints.T]
        if not np.isnan(y).all():
            self._losses = fitted(y)
            if len(running):
                means = [predict(border, running)[0] for border in self._borders]
                constraints = np.concatenate(
                    [constraints, np.column_stack([np.empty((len(running), 0)), *means])]
                )
                y = np.concatenate([y, predict(self._losses, running)[0]])
                X = np.concatenate([X, running])
                self._losses = fitted(y)
            self._noise = _NOISE * float(np.nanvar(y)) + 1e-12
        broken = violation(constraints)
        self.ordered = X[np.lexsort((y, broken))]
        feasible = X[(broken == 0) & ~np.isnan(y)]
        self._best = (
            float(predict(self._losses, feasible)[0].min())
            if self._losses and len(feasible)
            else None
        )

    def gain(self, C: Array) -> Array:
        """(k,) log of the expected improvement times the probability of being feasible, at points (k, d).

        The probability alone while nothing is known to be feasible.
        """
        out = np.zeros(len(C))
        if self._losses is not None and self._best is not None:
            mean, variance = predict(self._losses, C)
            out = log_expected_improvement(mean, np.sqrt(variance + self._noise), self._best)
        for border in self._borders:
            mean, variance = predict(border, C)
            out = out + log_ndtr(-mean / np.sqrt(variance + _NOISE))
        return out


class Search:
    """One-exchange neighbourhoods.

    One parameter differs, a number by a normal step, a category in any way.

    Where a new choice switches parameters on, they are as in the best trial that has them, or
    random.
    """

    def __init__(
        self, space: Space, kinds: Index, leaders: Array, rng: np.random.Generator
    ) -> None:
        self._space = space
        self._kinds = kinds
        self._rng = rng
        on = ~np.isnan(leaders)
        self._usual = np.where(
            on.any(axis=0), leaders[on.argmax(axis=0), np.arange(space.d)], np.nan
        )
        moves: list[tuple[int, int]] = []  # column, and how many choices further
        for j, p in enumerate(space.dists):
            if p.n_values != 1:
                other = np.arange(_N_STEPS) if not kinds[j] else np.arange(1, kinds[j])
                if len(other) > _MAX_CHOICES:
                    other = rng.choice(other, _MAX_CHOICES, replace=False)
                moves += [(j, int(step)) for step in other]
        self._moves = np.array(moves, dtype=np.int64).reshape(-1, 2)
        self._finest = np.array([1.0 / (p.n_values or math.inf) for p in space.dists])
        self._best = leaders[:1]

    def mutant(self) -> Array | None:
        """The best trial (1, d) with another choice of one category; None where it has none."""
        several = np.flatnonzero((self._kinds > 1) & ~np.isnan(self._best[0]))
        if not len(several):
            return None
        N = self._moved(
            self._best, self._moves[self._moves[:, 0] == self._rng.choice(several)], 0.0
        )
        return N[[self._rng.integers(len(N))]] if len(N) else None

    def near(self, P: Array, sd: float) -> Array:
        """Feasible neighbours of the points P (k, d); sd of the steps, at least a cell."""
        moves = self._moves
        if len(moves) > _MAX_MOVES:
            moves = moves[self._rng.choice(len(moves), _MAX_MOVES, replace=False)]
        return self._moved(P, moves, sd)

    def _moved(self, P: Array, moves: Index, sd: float) -> Array:
        rng, kinds = self._rng, self._kinds
        N = np.repeat(P, len(moves), axis=0)
        at, (j, step) = np.arange(len(N)), np.tile(moves, (len(P), 1)).T
        changes = ~np.isnan(N[at, j])
        N = N[changes]
        j = j[changes]
        step = step[changes]
        at = at[: changes.sum()]
        old = N[at, j]
        moved = np.abs(old + np.maximum(sd, self._finest[j]) * rng.standard_normal(len(N)))
        moved = np.clip(np.where(moved > 1, 2 - moved, moved), 0.0, 1.0)
        N[at, j] = np.where(kinds[j] > 0, (old + step) % np.maximum(kinds[j], 1), moved)
        if self._space.conditional:
            fresh = rng.random(N.shape)
            fresh = np.where(kinds > 0, np.floor(fresh * kinds), fresh)
            usual = np.where(
                np.isnan(self._usual) | (rng.random((len(N), 1)) < 0.5), fresh, self._usual
            )
            N = np.where(np.isnan(N), usual, N)
        N = self._space.settle(N)
        return N[self._space.feasible(N)]


def told(history: History) -> tuple[Index, Array, Array]:
    """The trials that tell something.

    Their numbers (k,), losses (k,), and constraints (k, c), NaN where not told.

    Those that failed where they broke a constraint have no loss: the constraint says why.
    """
    numbers, known = collect_losses(history)
    loss, constraints = np.full(history.n, np.nan), history.constraints
    loss[numbers] = known
    loss[(history.state == State.FAILED) & ~history.feasible] = np.nan
    some = ~np.isnan(loss) | (
        history.has_result & history.fits & ~np.isnan(constraints).all(axis=1)
    )
    return np.flatnonzero(some), loss[some], constraints[some]


def signed_ranks(constraints: Array) -> Array:
    """What was told of constraints (n, c) as ranks of the sizes, from -1 to 1, with the signs that it had.

    Units and outliers do not matter, and the border is seen the finer the more trials come close to
    it.
    """
    out = constraints.copy()
    for v in out.T:
        sizes = np.unique(np.abs(v[~np.isnan(v)]))
        v[:] = np.sign(v) * (np.searchsorted(sizes, np.abs(v)) + 1) / max(len(sizes), 1)
    return out


def quantiles(loss: Array) -> Array:
    """Losses (k,) as normal quantiles of their ranks; equal ones stay equal, and NaN is NaN."""
    known = ~np.isnan(loss)
    values, rank = np.unique(loss[known], return_inverse=True)
    out = np.full(len(loss), np.nan)
    out[known] = ndtri((rank + 1) / (len(values) + 1))
    return out


def _means(values: Array, group: Index, k: int) -> Array:
    """(k,) of values (n,) by group; NaN does not count, and is the mean of none."""
    known = ~np.isnan(values)
    values, group = values[known], group[known]
    count = np.bincount(group, minlength=k)
    share = (
        values / np.maximum(count, 1)[group]
    )  # divided first, so that the largest do not overflow
    return np.where(count > 0, np.bincount(group, share, k), np.nan)


def _distinct(space: Space, C: Array, g: Array) -> tuple[Array, Array]:
    """The best points by falling gain, each once."""
    order = np.argsort(-g, kind="stable")[:_N_KEPT]
    C, g = C[order], g[order]
    first: dict[bytes, int] = {}
    for i, key in enumerate(space.keys(C)):
        first.setdefault(key, i)
    rows = list(first.values())
    return C[rows], g[rows]


def _random(space: Space, history: History, tried: Tried, rng: np.random.Generator) -> Array:
    """A random point (1, d), new if that is possible."""
    for _ in range(20):
        x = space.sample(rng, 1)
        if not tried.has(x):
            return x
    left = unseen_points(space, history, tried.begun) if space.finite else x[:0]
    return left[[rng.integers(len(left))]] if len(left) else x
