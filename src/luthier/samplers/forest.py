"""Random-forest search in SMAC's manner."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import log_ndtr, ndtri

from ..history.constraint_columns import violation
from ..history.history import History
from ..numerics.acquisition import log_expected_improvement
from ..numerics.forest import Forest as Trees
from ..numerics.forest import fit, predict
from ..space.space import Space
from ..typing import Array, Index
from ..validation import check_real, check_whole
from .base import Sampler, unseen_points
from .configurations import Configurations
from .memory_start import see_tasks, start_length
from .neighbourhood import Neighbourhood
from .startup import require_one_objective, sample_startup

# of the local search: points that it goes on from, rounds, points from round to round
_N_STARTS = 10
_N_ROUNDS = 3
_N_BEST = 256
_STEPS = (0.2, 0.05, 0.0125)  # standard deviations on the unit interval, taken in turn
_ATTEMPTS = 20  # random points before the unseen ones are listed
_MAX_LISTED = 5000  # points that are scored when few of a finite space are left
_MIN_VARIANCE = 1e-4  # share of the variance that a forest never claims to explain


class Forest(Sampler):
    """SMAC: models the loss with a random forest and maximises the expected improvement.

    The forest splits on conditions and categories as they are, so it is at home in trees of
    conditional parameters and among many choices. It learns ranks of the losses; pruned trials rank
    behind complete ones, failed ones last. Running trials count as observed, with the loss that the
    forest expects (kriging believer), which keeps workers apart. A local search from the best
    trials looks for the largest expected improvement. One proposal in ten is random, and another is
    the best trial with one choice changed: a forest underrates a choice that it has seen only with
    bad values of other parameters.

    Where the study has memory of earlier tasks, the forest sees what each of them predicts as one
    more column.

    Each constraint on results has a forest too, which learns from all trials that reported it,
    failed ones included. The expected improvement on the best feasible trial is multiplied by the
    probability of being feasible; while no trial is feasible, the probability counts alone. A trial
    that failed where it violated a constraint does not count as a bad loss.

    With `max_repeats`, configurations are raced, for noisy objectives: one whose mean is better
    than the incumbent's is evaluated again, up to 2, 4, 8, ... times, and replaces the incumbent
    when it has as many evaluations; a worse mean at any stage ends that. The incumbent is evaluated
    again whenever a new configuration has been tried. Running trials count, and at most half of
    the trials are repeats. See `incumbent`.

    When to use: for trees of conditional parameters and for many choices, where a trial takes
    seconds or more; a proposal takes tens of milliseconds.

    Args:
        n_startup_trials: Finished trials before the first model, at least 1. Until then, trials
            come from a quasi-random sequence, led by the centre of the space or its declared
            defaults.
        n_trees: Number of trees of a forest, 2 to 10,000.
        n_random: Number of random points among which the search begins, beside the neighbours of
            the best trials; 1 to 100,000.
        random_share: Share of proposals that are random, and again of those with a choice changed;
            0 to 1.
        max_repeats: The most evaluations of a configuration, at least 1; 1 repeats nothing.

    Raises:
        ValueError: An argument is out of range.

    Source: Hutter 2011 (SMAC; racing of FocusedILS), Lindauer 2022 (SMAC3); Gelbart 2014
    (constraints: expected improvement times probability). Deviations: ranks of the losses, as
    normal quantiles, for their logarithm; signed ranks of constraints; variance within leaves
    counts; quasi-random start, as short as TPE's; means over all evaluations are raced, not over
    shared seeds; the incumbent is a function of the means alone.
    """

    def __init__(
        self,
        n_startup_trials: int = 8,
        n_trees: int = 16,
        n_random: int = 500,
        random_share: float = 0.1,
        max_repeats: int = 1,
    ) -> None:
        check_whole("n_startup_trials", n_startup_trials, least=1)
        check_whole("n_trees", n_trees, least=2, most=10_000)
        check_whole("n_random", n_random, least=1, most=100_000)
        check_real("random_share", random_share, least=0, most=1)
        check_whole("max_repeats", max_repeats, least=1)
        self.n_startup_trials = n_startup_trials
        self.n_trees = n_trees
        self.n_random = n_random
        self.random_share = random_share
        self.max_repeats = max_repeats

    def check_objectives(self, n: int) -> None:
        require_one_objective("Forest", n)

    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        self.check_objectives(len(history.directions))
        tried = Configurations(space, history)
        n_startup = self.n_startup_trials
        if history.info.memory:
            n_startup = start_length(space, history, n_startup)
        if tried.n_observed < n_startup:
            X = sample_startup(space, history, n, rng)
            for i in range(n):
                if tried.contains(X[i : i + 1]):  # a sequence repeats itself in finite branches
                    X[i] = _sample_new(space, history, tried, rng)
                tried.add_running(X[i : i + 1])
            return X

        X = np.empty((0, space.d))
        for _ in range(n):
            again = tried.next_repeat(self.max_repeats)
            if again is None:
                x = self._propose(space, history, tried, rng)
            else:
                x = tried.X[again : again + 1]
            tried.add_running(x)
            X = np.concatenate([X, x])
        return X

    def incumbent(self, history: History) -> int | None:
        """Return the number of the first trial of the best configuration.

        That is the one with the smallest mean loss among the feasible ones that were evaluated most
        often, or `max_repeats` times: one lucky draw does not suffice. None where no trial is
        complete and feasible.
        """
        tried = Configurations(history.space, history)
        best = tried.incumbent(self.max_repeats)
        return None if best is None else int(tried.first[best])

    def _propose(
        self, space: Space, history: History, tried: Configurations, rng: np.random.Generator
    ) -> Array:
        """Return a configuration (1, d) that no trial has, where the space has any left."""
        n_choices = np.array(
            [(p.n_values or 1) if j in space.unordered else 0 for j, p in enumerate(space.dists)]
        )
        ended, running = tried.select_modelled()
        X = tried.X[ended]
        y = normal_quantiles(tried.loss[ended])
        leaders = X[np.lexsort((y, tried.violation[ended]))]
        neighbourhood = Neighbourhood(space, n_choices, leaders, rng)

        lot = rng.random()
        if lot < self.random_share:
            return _sample_new(space, history, tried, rng)
        if lot < 2 * self.random_share:
            x = neighbourhood.change_choice()
            if x is not None and not tried.contains(x):
                return x

        constraints = tried.constraints[ended]
        seen = see_tasks(space, history)
        if seen is not None:
            n_choices = np.append(n_choices, np.zeros(seen(X[:1]).shape[1] - space.d, dtype=int))
        model = _Forests(X, y, constraints, tried.X[running], n_choices, rng, self.n_trees, seen)
        found = self._search(space, model, neighbourhood, rng)
        for i in range(len(found)):
            if not tried.contains(found[i : i + 1]):
                return found[i : i + 1]

        # All points that the search found have had a trial: the best of those that have not.
        left = unseen_points(space, history, tried.keys) if space.finite else X[:0]
        if not len(left):
            return _sample_new(space, history, tried, rng)
        if len(left) > _MAX_LISTED:
            left = left[rng.choice(len(left), _MAX_LISTED, replace=False)]
        best = int(np.argmax(model.log_gain(left)))
        return left[best : best + 1]

    def _search(
        self, space: Space, model: _Forests, neighbourhood: Neighbourhood, rng: np.random.Generator
    ) -> Array:
        """Return points (k, d) with a large expected gain, the best first.

        The search begins with random points and neighbours of the best trials, and goes on with
        neighbours of the best points of each round.
        """
        leaders = model.best_first[:_N_STARTS]
        X = np.concatenate(
            [
                space.sample(rng, self.n_random),
                *(neighbourhood.near(leaders, sd) for sd in _STEPS),
            ]
        )
        gain = model.log_gain(X)
        for i in range(_N_ROUNDS):
            X, gain = _best_distinct(space, X, gain)
            near = neighbourhood.near(X[:_N_STARTS], _STEPS[i % len(_STEPS)])
            X = np.concatenate([X, near])
            gain = np.concatenate([gain, model.log_gain(near)])
        return _best_distinct(space, X, gain)[0]


class _Forests:
    """Forests of the losses and of each constraint.

    Args:
        X: (n, d) points with a finished trial.
        y: (n,) losses, as `normal_quantiles`; NaN where unknown.
        constraints: (n, c) as `signed_ranks`; NaN where not reported.
        running: (j, d) points without a finished trial.
        n_choices: (d,) number of choices of a column, 0 for a number.
        rng: Source of randomness.
        n_trees: Of each forest.
        seen: What a forest sees of points; None for the points alone.

    Attributes:
        best_first: (n + j, d) all points, the best first.
    """

    def __init__(
        self,
        X: Array,
        y: Array,
        constraints: Array,
        running: Array,
        n_choices: Index,
        rng: np.random.Generator,
        n_trees: int,
        seen: Callable[[Array], Array] | None = None,
    ) -> None:
        self._seen = (lambda points: points) if seen is None else seen

        def grow(values: Array) -> Trees:
            known = ~np.isnan(values)
            return fit(self._seen(X[known]), values[known], n_choices, rng, n_trees)

        constraints = constraints[:, ~np.isnan(constraints).all(axis=0)]
        self._losses: Trees | None = None
        self._constraints = [grow(column) for column in constraints.T]
        if not np.isnan(y).all():
            self._losses = grow(y)
            if len(running):
                # Running trials count as observed, with what the forests expect of them.
                there = self._seen(running)
                means = [predict(trees, there)[0] for trees in self._constraints]
                expected = np.column_stack([np.empty((len(running), 0)), *means])
                constraints = np.concatenate([constraints, expected])
                y = np.concatenate([y, predict(self._losses, there)[0]])
                X = np.concatenate([X, running])
                self._losses = grow(y)
            self._noise = _MIN_VARIANCE * float(np.nanvar(y)) + 1e-12

        violated = violation(constraints)
        self.best_first = X[np.lexsort((y, violated))]
        feasible = X[(violated == 0) & ~np.isnan(y)]
        self._best: float | None = None
        if self._losses is not None and len(feasible):
            self._best = float(predict(self._losses, self._seen(feasible))[0].min())

    def log_gain(self, X: Array) -> Array:
        """Return (k,) the log of the expected improvement times the probability of feasibility.

        The probability alone while no feasible point is known.

        Args:
            X: (k, d) points.
        """
        X = self._seen(X)
        log_gain = np.zeros(len(X))
        if self._losses is not None and self._best is not None:
            mean, variance = predict(self._losses, X)
            sd = np.sqrt(variance + self._noise)
            log_gain = log_expected_improvement(mean, sd, self._best)
        for trees in self._constraints:
            mean, variance = predict(trees, X)
            log_gain = log_gain + log_ndtr(-mean / np.sqrt(variance + _MIN_VARIANCE))
        return log_gain


def normal_quantiles(loss: Array) -> Array:
    """Return losses (k,) as normal quantiles of their ranks; equal ones stay equal, NaN is NaN."""
    known = ~np.isnan(loss)
    values, rank = np.unique(loss[known], return_inverse=True)
    out = np.full(len(loss), np.nan)
    out[known] = ndtri((rank + 1) / (len(values) + 1))
    return out


def _best_distinct(space: Space, X: Array, gain: Array) -> tuple[Array, Array]:
    """Return the 256 best of points X (k, d) by falling gain (k,), each once, and their gains."""
    order = np.argsort(-gain, kind="stable")[:_N_BEST]
    first: dict[bytes, int] = {}
    for i, key in zip(order.tolist(), space.keys(X[order]), strict=True):
        first.setdefault(key, i)
    rows = list(first.values())
    return X[rows], gain[rows]


def _sample_new(
    space: Space, history: History, tried: Configurations, rng: np.random.Generator
) -> Array:
    """Return a random point (1, d), new if that is possible."""
    for _ in range(_ATTEMPTS):
        x = space.sample(rng, 1)
        if not tried.contains(x):
            return x
    left = unseen_points(space, history, tried.keys) if space.finite else x[:0]
    return left[[rng.integers(len(left))]] if len(left) else x
