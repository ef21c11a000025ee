"""The search for the best proposal: where an acquisition function is largest over any space.

Notation: a point x is a row of unit columns; f is the acquisition function. "Smooth" columns are
climbed by their derivatives, "discrete" ones are swept value by value; a number with many values is
both.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.optimize import fmin_l_bfgs_b

from ..history.history import History
from ..numerics.sobol import sobol
from ..space.distributions import Categorical
from ..space.space import Space
from ..typing import Array, Index, Mask
from .base import replace_seen, unseen_points
from .gp_acquisitions import Acquisition
from .startup import contains_point

_N_SCREENED = 512
_N_NEAR = 60  # changed copies of each leader
_N_STARTS = 10
_ATTEMPTS = 4  # searches for a point that no trial has
# discrete numbers with up to so many values are tried at each of them, others near where they stand
_N_SWEPT = 16
_MAX_CHOICES = 64
_MAX_AXES = 48
_MAX_ROUNDS = 8
_MAX_LISTED = 5000  # points that are scored when few of a finite space are left
_MAX_ITERATIONS = 24  # of L-BFGS


class Box(NamedTuple):
    """Corners (d,) in unit columns that numbers stay between."""

    low: Array
    high: Array


class _Limits(NamedTuple):
    """Limits of what may be proposed.

    Attributes:
        history: In a finite space, its points may not.
        taken: (j, d) other points of a finite space that may not.
        box: Where numbers stay; None for the whole space.
    """

    history: History
    taken: Array
    box: Box | None


class AcquisitionSearch:
    """Screens a space, climbs from the ten best points, then sweeps what is discrete.

    Candidates are a quasi-random sample of the space and changed copies of the best trials. All
    climbs are one L-BFGS on the sum of the acquisitions, in units of the lengthscales; numbers with
    many values are climbed as if continuous and then rounded. A sweep tries every other choice of
    one parameter at a time (the neighbours where there are many), until nothing gets better.

    Args:
        space: The space to search.

    Source: the stages of Optuna's GPSampler (`optuna._gp.optim_mixed`), with neighbours of the
    incumbents among the candidates and all climbs in one, as in Wu 2025 (arXiv 2511.13625).
    """

    def __init__(self, space: Space) -> None:
        self.space = space
        varying = [j for j, p in enumerate(space.dists) if p.n_values != 1]
        numbers = [j for j in varying if j not in space.unordered]
        smooth = [j for j in numbers if (space.dists[j].n_values or math.inf) > _N_SWEPT]
        self._numbers = np.array(numbers, dtype=np.int64)
        self._smooth = np.array(smooth, dtype=np.int64)
        self._discrete = [j for j in varying if space.dists[j].n_values is not None]

    def maximise(
        self,
        acquisition: Acquisition,
        history: History,
        leaders: Array,
        taken: Array,
        rng: np.random.Generator,
        box: Box | None = None,
    ) -> Array:
        """Return the best point found (1, d) that no trial has.

        Where all climbs end at points that trials have, as at a bound, the best of these is taken
        as observed once more, and the search begins again. After a few times a random point is
        returned.

        Args:
            acquisition: The function to maximise; changed.
            history: In a finite space, its points are left out.
            leaders: (k, d) trials whose neighbourhood is searched.
            taken: (j, d) points of a finite space that are left out too.
            rng: Source of candidates.
            box: Where numbers stay; None for the whole space.
        """
        space = self.space
        limits = _Limits(history, taken, box)
        for _ in range(_ATTEMPTS):
            X = self._find_best(acquisition, leaders, limits, rng)
            for i in range(len(X)):
                x = X[i : i + 1]
                if not contains_point(history.X, x) and not contains_point(taken, x):
                    return x
            if not len(X):
                break
            acquisition.pretend_observed(X[:1])
        return replace_seen(space, history, space.sample(rng, 1), rng)

    def _find_best(
        self, acquisition: Acquisition, leaders: Array, limits: _Limits, rng: np.random.Generator
    ) -> Array:
        """Return points (k, d) where the climbs and sweeps end, the best first."""
        X = self._screen(leaders, limits, rng)
        if not len(X):
            return X

        f = acquisition.value(X)
        best = np.argsort(-f, kind="stable")[:_N_STARTS]
        X = X[best]
        f = f[best]
        if len(self._smooth):
            X, f = self._climb(acquisition, X, f, limits)
        if self._discrete:
            X, f = self._sweep(acquisition, X, f, limits, rng)
        return X[np.argsort(-f, kind="stable")]

    def _screen(self, leaders: Array, limits: _Limits, rng: np.random.Generator) -> Array:
        """Return candidates (k, d) that are allowed; none where the space is used up."""
        space = self.space
        X = space.place(sobol(0, _N_SCREENED, space.d, int(rng.integers(2**62))))
        near = self._change(leaders, rng)
        box = limits.box
        if box is not None:
            j = self._numbers
            X[:, j] = (box.low + X * (box.high - box.low))[:, j]
            near[:, j] = np.clip(near, *box)[:, j]
        X = space.settle(np.concatenate([X, near]))
        X = X[self._allowed(X, limits)]

        if space.finite and len(X) < _N_STARTS:
            left = unseen_points(space, limits.history, set(space.keys(limits.taken)))
            if len(left) > _MAX_LISTED:
                left = left[rng.choice(len(left), _MAX_LISTED, replace=False)]
            if len(left):
                X = left
        return X

    def _allowed(self, X: Array, limits: _Limits) -> Mask:
        """(k,) whether points may be proposed."""
        space = self.space
        allowed = space.feasible(X)
        if space.finite:
            allowed &= ~limits.history.seen(X)
            if len(limits.taken):
                taken = set(space.keys(limits.taken))
                free = (key not in taken for key in space.keys(X))
                allowed &= np.fromiter(free, dtype=bool, count=len(X))
        return allowed

    def _change(self, leaders: Array, rng: np.random.Generator) -> Array:
        """Return copies of the leaders with some parameters changed.

        Numbers move by a normal step, categories are drawn anew.
        """
        X = np.repeat(leaders, _N_NEAR, axis=0)
        m, d = X.shape
        fresh = self.space.place(rng.random((m, d)))
        step = rng.standard_normal((m, d))
        fresh = np.where(np.isnan(fresh), rng.random((m, d)), fresh)

        # All parameters change where d <= 20, about 20 where d <= 66, else 30 %; at least one.
        if d > 1:
            changed = rng.random((m, d)) < max(0.3, min(1.0, 20 / d))
        else:
            changed = np.ones((m, d), dtype=bool)
        changed[np.arange(m), rng.integers(d, size=m)] = True

        sigma = np.exp(rng.uniform(math.log(0.02), math.log(0.3), size=(m, 1)))
        moved = np.abs(X + sigma * step)
        moved = np.clip(np.where(moved > 1, 2 - moved, moved), 0.0, 1.0)  # reflected at both ends
        unordered = self.space.unordered
        moved[:, unordered] = fresh[:, unordered]
        changed[:, unordered] &= rng.random((m, len(unordered))) < 0.3
        X = np.where(changed, moved, X)
        return np.where(np.isnan(X), fresh, X)

    def _climb(
        self, acquisition: Acquisition, X: Array, f: Array, limits: _Limits
    ) -> tuple[Array, Array]:
        """Return points (k, d) after a climb in the smooth columns, and their values (k,)."""
        columns = self._smooth
        scale = np.clip(acquisition.lengthscales[columns], 1e-3, 10.0)
        inactive = np.isnan(X)
        active = ~inactive[:, columns]
        Y = np.where(inactive, 0.5, X)

        def negative(u: Array) -> tuple[float, Array]:
            """Minus the sum of all acquisitions at scaled points, and its gradient."""
            Y[:, columns] = u.reshape(active.shape) * scale
            g, by = acquisition.slope(np.where(inactive, np.nan, Y))
            return -float(g.sum()), -np.where(active, by[:, columns] * scale, 0.0).ravel()

        ends = limits.box or (np.zeros(Y.shape[1]), np.ones(Y.shape[1]))
        low, high = (np.tile(end[columns] / scale, len(X)) for end in ends)
        u, _, _ = fmin_l_bfgs_b(
            negative,
            np.clip((Y[:, columns] / scale).ravel(), low, high),
            bounds=list(zip(low, high, strict=True)),
            maxiter=_MAX_ITERATIONS,
            factr=1e10,
            pgtol=1e-4,
        )
        Y[:, columns] = np.clip(u.reshape(active.shape) * scale, 0.0, 1.0)
        Y = self.space.settle(np.where(inactive, np.nan, Y))
        g = acquisition.value(Y)
        better = (g > f) & self._allowed(Y, limits)
        return np.where(better[:, None], Y, X), np.where(better, g, f)

    def _sweep(
        self,
        acquisition: Acquisition,
        X: Array,
        f: Array,
        limits: _Limits,
        rng: np.random.Generator,
    ) -> tuple[Array, Array]:
        """Return points (k, d) after sweeps over the discrete columns, and their values (k,)."""
        moving = np.arange(len(X))
        for _ in range(_MAX_ROUNDS):
            Y, owner = self._neighbours(X[moving], limits.box, rng)
            allowed = self._allowed(Y, limits)
            Y = Y[allowed]
            owner = moving[owner[allowed]]
            if not len(Y):
                break

            # The best neighbour of each point, where it is better than the point itself.
            g = acquisition.value(Y)
            order = np.lexsort((-g, owner))
            best = order[np.flatnonzero(np.diff(owner[order], prepend=-1))]
            best = best[g[best] > f[owner[best]] + 1e-9]
            moving = owner[best]
            if not len(moving):
                break
            X[moving] = Y[best]
            f[moving] = g[best]
        return X, f

    def _neighbours(
        self, X: Array, box: Box | None, rng: np.random.Generator
    ) -> tuple[Array, Index]:
        """Return points (k, d) that differ from a row of X in one discrete parameter.

        And that row (k,).
        """
        space = self.space
        axes = self._discrete
        if len(axes) > _MAX_AXES:
            axes = sorted(rng.choice(axes, _MAX_AXES, replace=False))
        found = []
        owners = []
        for j in axes:
            values = self._other_values(j, X[:, j], box, rng)
            differs = np.abs(values - X[:, j, None]) > 1e-9
            row, place = np.nonzero(~np.isnan(X[:, j, None]) & differs)
            Y = X[row]
            Y[:, j] = values[row, place]
            found.append(Y)
            owners.append(row)

        Y = np.concatenate(found)
        if space.conditional or np.isnan(Y).any():
            # What a changed parameter switches on, or the point lacks, is drawn.
            fresh = rng.random(Y.shape)
            for j in space.unordered:
                fresh[:, j] = np.floor(fresh[:, j] * (space.dists[j].n_values or 1))
            Y = np.where(np.isnan(Y), fresh, Y)
        return space.settle(Y), np.concatenate(owners)

    def _other_values(self, j: int, x: Array, box: Box | None, rng: np.random.Generator) -> Array:
        """Return (n, v) unit values that points with x (n,) in a discrete column may take there."""
        p = self.space.dists[j]
        k = p.n_values or 1
        if j in self.space.unordered:
            many = k > _MAX_CHOICES
            choices = rng.choice(k, _MAX_CHOICES, replace=False) if many else np.arange(k)
            return np.broadcast_to(choices.astype(np.float64), (len(x), len(choices)))

        if isinstance(p, Categorical):
            first, step = 0.0, 1.0
        else:
            first, step = float(p.low), float(p.step or 1)
        if k <= _N_SWEPT:
            index = np.broadcast_to(np.arange(k), (len(x), k))
        else:
            own = np.rint((p.from_unit(x) - first) / step)
            index = np.clip(own[:, None] + [-2, -1, 1, 2], 0, k - 1)

        # To the unit interval and back and forth again, so that values are exact ones of the space.
        values: Array = p.to_unit(p.from_unit(p.to_unit(first + index * step)))
        if box is not None:
            values = p.to_unit(p.from_unit(np.clip(values, box.low[j], box.high[j])))
        return values
