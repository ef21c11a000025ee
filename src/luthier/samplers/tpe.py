"""The tree-structured Parzen estimator."""

from __future__ import annotations

import math

import numpy as np

from ..distributions import Array, Categorical
from ..history import History
from ..numerics.parzen import Axes, Mixture
from ..space import Space
from ..trial import State
from .base import Sampler, remaining
from .qmc import QMC

_MAX_CELLS = 64  # discrete numbers with more values are treated as continuous
_MAX_KERNELS = 400  # of the bad density: beyond it, the newest and an even share of the rest


class TPE(Sampler):
    def __init__(
        self,
        n_startup_trials=10,
        n_candidates=24,
        beta=0.15,
        cap=25,
        floor=0.03,
        alpha=2.0,
        weights="ei",
        prior_weight=1.0,
        dup=True,
        gamma="linear",
        recency=True,
        startup="qmc",
    ):
        self.n_startup_trials, self.n_candidates, self.beta, self.cap = n_startup_trials, n_candidates, beta, cap
        self.floor, self.alpha, self.weights, self.prior_weight = floor, alpha, weights, prior_weight
        self.gamma, self.recency, self.startup = gamma, recency, startup
        self._qmc = QMC()
        self._axes = (None, None)

    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        order, n_done = ranked(history)
        if n_done < self.n_startup_trials:
            if self.startup == "random":
                return space.sample(rng, n)
            return self._qmc.sample(space, history, n, rng)
        if self.gamma == "linear":
            n_below = min(math.ceil(self.beta * n_done), self.cap)
        else:
            n_below = min(math.ceil(self.beta * math.sqrt(n_done)), self.cap)
        below, above = np.sort(order[:n_below]), np.sort(order[n_below:])
        X = history.X
        if self.weights == "ei":
            loss = history.losses[:, 0]
            b = loss[below]
            ref = (
                loss[order[n_below]]
                if n_below < n_done and history.state[order[n_below]] == State.COMPLETE
                else np.nanmax(b)
            )
            w = np.maximum(1e-12, ref - b)
            if not np.isfinite(w).all() or w.max() <= 1e-12:
                w = np.ones(len(below))
            w = w / w.mean()
        else:
            w = recency(len(below)) if self.recency else np.ones(len(below))
        wa = recency(len(above)) if self.recency else np.ones(len(above))
        if len(above) > _MAX_KERNELS:
            new = above[-_MAX_KERNELS // 2 :]
            old = above[: -_MAX_KERNELS // 2]
            pick = np.linspace(0, len(old) - 1, _MAX_KERNELS // 2).astype(int)
            share = len(old) / len(pick)
            wa = np.concatenate([wa[: len(old)][pick] * share, wa[len(old) :]])
            above = np.concatenate([old[pick], new])
        if self._axes[0] is not space:
            self._axes = (space, axes_of(space))
        axes = self._axes[1]
        lo = max(self.floor, (1 + len(below)) ** -self.alpha)
        hi = max(self.floor, (1 + len(above)) ** -self.alpha)
        good = Mixture(X[below], w, axes, self.prior_weight, lo)
        bad = Mixture(X[above], wa, axes, self.prior_weight, hi)
        out = np.empty((n, space.d))
        for i in range(n):
            C = space.settle(good.sample(rng, self.n_candidates))
            if space.constraints:
                C = C[space.feasible(C)]
            if space.finite:
                C = C[~history.seen(C)]
            if not len(C):
                C = remaining(space, history) if space.finite else space.sample(rng, self.n_candidates)
                if not len(C):
                    C = space.sample(rng, self.n_candidates)
                if len(C) > 512:
                    C = C[rng.choice(len(C), 512, replace=False)]
            score = good.log_pdf(C) - bad.log_pdf(C)
            out[i] = C[np.argmax(score)]
        return out


def ranked(history: History):
    state, fits = history.state, history.fits
    loss = history.losses[:, 0]
    complete = np.flatnonzero((state == State.COMPLETE) & fits)
    complete = complete[np.argsort(loss[complete], kind="stable")]
    pruned = np.flatnonzero((state == State.PRUNED) & fits)
    if len(pruned):
        pruned = pruned[np.lexsort((history.last_loss[pruned], -history.last_step[pruned]))]
    rest = np.flatnonzero(((state == State.FAILED) | (state == State.RUNNING)) & fits)
    return np.concatenate([complete, pruned, rest]), len(complete) + len(pruned)


def recency(n: int) -> Array:
    if n <= 25:
        return np.ones(n)
    return np.concatenate([np.linspace(1 / n, 1, n - 25), np.ones(25)])


def axes_of(space: Space) -> Axes:
    numeric, cells, choices = [], {}, {}
    for j, p in enumerate(space.dists):
        k = p.n_values
        if isinstance(p, Categorical) and not p.ordered:
            choices[j] = len(p.choices)
        elif k is not None and k <= _MAX_CELLS:
            i = np.arange(k, dtype=float)
            raw = i if isinstance(p, Categorical) else np.asarray(p.low + i * p.step)
            low, high = p.cells(raw) if k > 1 else (np.zeros(1), np.ones(1))
            cells[j] = (p.to_unit(raw), low, high)
        else:
            numeric.append(j)
    return Axes(np.array(numeric, dtype=np.int64), cells, choices)
