"""The search for the best proposal: where an acquisition function is largest over any space."""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

import numpy as np
from scipy.optimize import fmin_l_bfgs_b

from ..history.history import History
from ..numerics.sobol import sobol
from ..space.distributions import Categorical
from ..space.space import Space
from ..typing import Array, Index, Mask
from .base import remaining, unseen
from .startup import known

_N_SCREENED = 512
_N_NEAR = 60
_N_STARTS = 10
# discrete numbers with up to so many values are tried at each of them, others near where they stand
_N_SWEPT = 16
_MAX_CHOICES = 64
_MAX_AXES = 48
_MAX_ROUNDS = 8
_MAX_LISTED = 5000  # points that are scored when few of a finite space are left


class Acquisition(Protocol):
    """What is maximised."""

    def value(self, X: Array) -> Array:
        """(m,) at unit columns (m, d)."""

    def slope(self, X: Array) -> tuple[Array, Array]:
        """`value`, and its derivatives (m, d) by the columns that are numbers.

        X may lie between discrete values.
        """

    @property
    def lengthscales(self) -> Array:
        """(d,) over which distance it changes; only those of numbers are read."""


class Box(NamedTuple):
    """What numbers stay in: corners (d,) in unit columns."""

    low: Array
    high: Array


class Ascent:
    """Screens the space and the neighbourhood of the best trials, climbs from the ten best, sweeps what is discrete.

    All climbs are one L-BFGS on the sum of the acquisitions, in units of the lengthscales; numbers
    with many values are climbed as if continuous and then rounded. A sweep tries every other choice
    of one parameter at a time, the neighbours where there are many, until nothing gets better.

    Args:
        space: What is searched.

    Source: the stages of Optuna's GPSampler (`optuna._gp.optim_mixed`), with neighbours of the
    incumbents among the candidates and all climbs in one, as in Wu 2025 (arXiv 2511.13625).
    """

    def __init__(self, space: Space) -> None:
        self.space = space
        several = [j for j, p in enumerate(space.dists) if p.n_values != 1]
        self._numbers = np.array(
            [j for j in several if j not in self.space.unordered], dtype=np.int64
        )
        self._discrete = [j for j in several if space.dists[j].n_values is not None]
        self._smooth = np.array(
            [j for j in self._numbers if not (space.dists[j].n_values or math.inf) <= _N_SWEPT],
            dtype=np.int64,
        )

    def __call__(
        self,
        acquisition: Acquisition,
        history: History,
        leaders: Array,
        taken: Array,
        rng: np.random.Generator,
        box: Box | None = None,
    ) -> Array:
        """The best point found (1, d).

        Args:
            acquisition: What is maximised.
            history: In a finite space, its points are left out.
            leaders: (k, d) trials whose neighbourhood is looked at.
            taken: (j, d) points of a finite space that are left out too.
            rng: For candidates.
            box: Where numbers stay; None for the whole space.
        """
        space = self.space
        X = space.place(sobol(0, _N_SCREENED, space.d, int(rng.integers(2**62))))
        near = self._near(leaders, rng)
        if box is not None:
            j = self._numbers
            X[:, j] = (box.low + X * (box.high - box.low))[:, j]
            near[:, j] = np.clip(near, *box)[:, j]
        X = space.settle(np.concatenate([X, near]))
        X = X[self._allowed(X, history, taken)]
        if space.finite and len(X) < _N_STARTS:
            left = remaining(space, history, set(space.keys(taken)))
            if len(left):
                X = (
                    left
                    if len(left) <= _MAX_LISTED
                    else left[rng.choice(len(left), _MAX_LISTED, replace=False)]
                )
        if not len(X):
            return unseen(space, history, space.sample(rng, 1), rng)
        f = acquisition.value(X)
        start = np.argsort(-f, kind="stable")[:_N_STARTS]
        X, f = X[start], f[start]
        if len(self._smooth):
            X, f = self._climbed(acquisition, X, f, box, history, taken)
        if self._discrete:
            X, f = self._swept(acquisition, X, f, box, history, taken, rng)
        for best in np.argsort(-f, kind="stable"):
            x = X[best : best + 1]
            if not known(history.X, x) and not known(taken, x):
                return x
        return unseen(space, history, space.sample(rng, 1), rng)

    def _allowed(self, X: Array, history: History, taken: Array) -> Mask:
        space = self.space
        ok = space.feasible(X)
        if space.finite:
            ok &= ~history.seen(X)
            if len(taken):
                gone = set(space.keys(taken))
                ok &= np.fromiter((k not in gone for k in space.keys(X)), dtype=bool, count=len(X))
        return ok

    def _near(self, leaders: Array, rng: np.random.Generator) -> Array:
        """Copies of the leaders in which some parameters are changed.

        Numbers a little, choices anyhow.
        """
        X = np.repeat(leaders, _N_NEAR, axis=0)
        m, d = X.shape
        fresh = self.space.place(rng.random((m, d)))
        step = rng.standard_normal((m, d))
        at = np.arange(m)
        fresh = np.where(np.isnan(fresh), rng.random((m, d)), fresh)
        changed = (
            rng.random((m, d)) < max(0.3, min(1.0, 20 / d))
            if d > 1
            else np.ones((m, d), dtype=bool)
        )
        changed[at, rng.integers(d, size=m)] = True
        sigma = np.exp(rng.uniform(math.log(0.02), math.log(0.3), size=(m, 1)))
        moved = np.abs(X + sigma * step)
        moved = np.clip(np.where(moved > 1, 2 - moved, moved), 0.0, 1.0)
        moved[:, self.space.unordered] = fresh[:, self.space.unordered]
        changed[:, self.space.unordered] &= rng.random((m, len(self.space.unordered))) < 0.3
        X = np.where(changed, moved, X)
        return np.where(np.isnan(X), fresh, X)

    def _climbed(
        self,
        acquisition: Acquisition,
        X: Array,
        f: Array,
        box: Box | None,
        history: History,
        taken: Array,
    ) -> tuple[Array, Array]:
        at = self._smooth
        active = ~np.isnan(X[:, at])
        scale = np.clip(acquisition.lengthscales[at], 1e-3, 10.0)
        Y = np.where(np.isnan(X), 0.5, X)
        hidden = np.isnan(X)

        def negative(u: Array) -> tuple[float, Array]:
            Y[:, at] = u.reshape(active.shape) * scale
            g, by = acquisition.slope(np.where(hidden, np.nan, Y))
            return -float(g.sum()), -np.where(active, by[:, at] * scale, 0.0).ravel()

        ends = (np.zeros(Y.shape[1]), np.ones(Y.shape[1])) if box is None else box
        low, high = (np.tile(end[at] / scale, len(X)) for end in ends)
        start = np.clip((Y[:, at] / scale).ravel(), low, high)
        u, _, _ = fmin_l_bfgs_b(
            negative,
            start,
            bounds=list(zip(low, high, strict=True)),
            maxiter=24,
            factr=1e10,
            pgtol=1e-4,
        )
        Y[:, at] = np.clip(u.reshape(active.shape) * scale, 0.0, 1.0)
        Y = self.space.settle(np.where(hidden, np.nan, Y))
        g = acquisition.value(Y)
        better = (g > f) & self._allowed(Y, history, taken)
        return np.where(better[:, None], Y, X), np.where(better, g, f)

    def _swept(
        self,
        acquisition: Acquisition,
        X: Array,
        f: Array,
        box: Box | None,
        history: History,
        taken: Array,
        rng: np.random.Generator,
    ) -> tuple[Array, Array]:
        moving = np.arange(len(X))
        for _ in range(_MAX_ROUNDS):
            Y, owner = self._neighbours(X[moving], box, rng)
            ok = self._allowed(Y, history, taken)
            Y, owner = Y[ok], moving[owner[ok]]
            if not len(Y):
                break
            g = acquisition.value(Y)
            order = np.lexsort((-g, owner))
            first = order[np.flatnonzero(np.diff(owner[order], prepend=-1))]
            first = first[g[first] > f[owner[first]] + 1e-9]
            moving = owner[first]
            if not len(moving):
                break
            X[moving], f[moving] = Y[first], g[first]
        return X, f

    def _neighbours(
        self, X: Array, box: Box | None, rng: np.random.Generator
    ) -> tuple[Array, Index]:
        """(k, d) points that differ from a row of X in one discrete parameter, and (k,) which row."""
        space, rows = self.space, np.arange(len(X))
        axes = self._discrete
        if len(axes) > _MAX_AXES:
            axes = sorted(rng.choice(axes, _MAX_AXES, replace=False))
        found, owners = [], []
        for j in axes:
            p, here = space.dists[j], X[:, j]
            k = p.n_values or 1
            if j in self.space.unordered:
                values = (
                    np.arange(k)
                    if k <= _MAX_CHOICES
                    else rng.choice(k, _MAX_CHOICES, replace=False)
                )
                other = np.broadcast_to(values.astype(np.float64), (len(X), len(values)))
            else:
                raw = p.from_unit(here)
                if isinstance(p, Categorical):
                    first, step = 0.0, 1.0
                else:
                    first, step = float(p.low), float(p.step or 1)
                i = (
                    np.arange(k)
                    if k <= _N_SWEPT
                    else np.rint((raw - first) / step)[:, None] + [-2, -1, 1, 2]
                )
                i = np.broadcast_to(np.clip(i, 0, k - 1), (len(X), np.shape(i)[-1]))
                other = p.to_unit(p.from_unit(p.to_unit(first + i * step)))
                if box is not None:
                    other = p.to_unit(p.from_unit(np.clip(other, box.low[j], box.high[j])))
            use = ~np.isnan(here)[:, None] & (np.abs(other - here[:, None]) > 1e-9)
            row, place = np.nonzero(use)
            Y = X[row]
            Y[:, j] = other[row, place]
            found.append(Y)
            owners.append(rows[row])
        Y, owner = np.concatenate(found), np.concatenate(owners)
        if space.conditional:
            fresh = rng.random(Y.shape)
            for j in self.space.unordered:
                fresh[:, j] = np.floor(fresh[:, j] * (space.dists[j].n_values or 1))
            Y = np.where(np.isnan(Y), fresh, Y)
        return space.settle(Y), owner
