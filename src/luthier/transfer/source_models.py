"""Models of earlier tasks, over the space of a later one.

Each task has a Gaussian process of its own. What it predicts is standardised over an even sample of
the later space, and not over the task's own rows: so it does not matter that an earlier search
looked mostly where losses are small. Then all predictions are written in one set of kernels, so
that all tasks together cost as much as one.

Notation: T tasks; u points of the even sample, v centres of kernels, m points to predict at, p
numbers of a point. f_t is the standardised prediction of task t.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from ..models.hyperparameters import Hyperparameters
from ..models.surrogate import WarpedOutcomes
from ..models.training_data import InputEncoder
from ..numerics.gp import Inputs, Posterior, matern, matern_slope, squared_distances
from ..numerics.sobol import sobol
from ..numerics.threads import one_thread
from ..numerics.warping import half_rank, standardise
from ..space.space import Space
from ..typing import Array, Index, Mask
from .matching import Matched

N_EVEN = 1024
_N_CENTRES = 128
_LEAST_TAU = 0.2  # rank correlation of left-out rows, below which a task is dropped
_RIDGE = 1e-4  # of the least squares
_N_GOOD = 5  # rows of each task that are centres


class SourceModels(NamedTuple):
    """Predictions of T earlier tasks at any point of a later space.

    Attributes:
        matched: (T,) the tasks.
        U: (u, d) unit columns of an even sample of the space.
        F: (u, T) predictions there: mean 0 and standard deviation 1 in each column.
        centres: v points.
        rho: (p + q,) inverse squared lengthscales of the kernels at the centres.
        weights: (v, T) of the kernels.
        shift: (T,) what is taken off.
    """

    matched: tuple[Matched, ...]
    U: Array
    F: Array
    centres: Inputs
    rho: Array
    weights: Array
    shift: Array

    def select(self, tasks: Index) -> SourceModels:
        """Return the predictions of some of the tasks."""
        return self._replace(
            matched=tuple(self.matched[t] for t in tasks.tolist()),
            F=self.F[:, tasks],
            weights=self.weights[:, tasks],
            shift=self.shift[tasks],
        )

    def predict(self, Z: Inputs) -> Array:
        """Return (m, T) predictions at m points; smaller is better."""
        return np.asarray(
            matern(squared_distances(self.rho, Z, self.centres)) @ self.weights - self.shift
        )

    def trace(self, Z: Inputs) -> tuple[Array, Callable[[Array], Array]]:
        """Return predictions (m, T), and what turns derivatives by them into those by the numbers.

        That is, from (m, T) to (m, p), by the chain rule.
        """
        k, slope = matern_slope(squared_distances(self.rho, Z, self.centres))
        scale = 2 * self.rho[: Z.N.shape[1]]

        def pull(by: Array) -> Array:
            # dr²/dx = 2 rho (x - c), summed over the centres c.
            g = slope * (by @ self.weights.T)
            return np.asarray(scale * (Z.N * g.sum(axis=1)[:, None] - g @ self.centres.N))

        return k @ self.weights - self.shift, pull


class _Source(NamedTuple):
    """The process of one task.

    Attributes:
        posterior: Over the known columns, and the task's other parameters.
        known: Columns of the kernel's inputs that it knows: numbers (p,), categories (q,).
        at: Where the others stand.
        rho: (p + q,) inverse squared lengthscales; NaN where it knows nothing.
        tau: Rank correlation of its left-out rows.
    """

    posterior: Posterior
    known: tuple[Mask, Mask]
    at: Inputs
    rho: Array
    tau: float

    @property
    def tells(self) -> bool:
        """Whether its rows foretell each other, so that it is of use."""
        return self.tau >= _LEAST_TAU

    def predict(self, Z: Inputs) -> Array:
        """Return (m,) means at points of the later space."""
        N = [Z.N[:, self.known[0]], np.repeat(self.at.N, Z.n, axis=0)]
        C = [Z.C[:, self.known[1]], np.repeat(self.at.C, Z.n, axis=0)]
        return self.posterior.predict(Inputs(np.hstack(N), np.hstack(C)))[0]


def _fit(encoder: InputEncoder, matched: Matched) -> _Source:
    Z = encoder.encode(matched.X)
    known = matched.known[encoder.numbers], matched.known[encoder.categories]
    N = np.hstack([Z.N[:, known[0]], matched.others.N])
    C = np.hstack([Z.C[:, known[1]], matched.others.C])
    inputs = Inputs(N, C)
    y = standardise(half_rank(matched.losses))
    _, theta = Hyperparameters(n_levels=1, interval=len(y)).estimate(
        WarpedOutcomes(inputs, matched.losses, half_rank)
    )
    posterior = Posterior.of(theta, inputs, y)
    left_out, _ = posterior.left_out(y)
    rho = np.full(encoder.d, np.nan)
    own = np.exp(theta[: N.shape[1] + C.shape[1]])
    n_known = int(known[0].sum())
    rho[: len(known[0])][known[0]] = own[:n_known]
    rho[len(known[0]) :][known[1]] = own[N.shape[1] : N.shape[1] + int(known[1].sum())]
    return _Source(posterior, known, matched.at, rho, kendall(y, left_out))


def kendall(x: Array, y: Array) -> float:
    """Return Kendall's tau of two (n,); pairs of equal x do not count."""
    from scipy.stats import kendalltau  # takes long to load

    untied_x, untied_y = _count_untied(x), _count_untied(y)
    if not untied_x or not untied_y:
        return 0.0
    tau_b = float(kendalltau(x, y).statistic)
    return round(tau_b * math.sqrt(untied_x * untied_y)) / untied_x


def _count_untied(x: Array) -> int:
    """Return the number of pairs of unequal values."""
    counts = np.unique(x, return_counts=True)[1]
    return int(math.comb(len(x), 2) - (counts * (counts - 1) // 2).sum())


@one_thread()
def tells_of(space: Space, matched: Matched) -> bool:
    """Whether the rows of a task foretell each other, so that a model can learn from them."""
    return not matched.refused and _fit(InputEncoder(space), matched).tells


@one_thread()
def learn_tasks(space: Space, matched: Sequence[Matched]) -> SourceModels | None:
    """Return the predictions of tasks; None where none is of use.

    Args:
        space: The space of the later study.
        matched: Tasks in it.
    """
    encoder = InputEncoder(space)
    fitted = [(m, _fit(encoder, m)) for m in matched if not m.refused]
    fitted = [(m, source) for m, source in fitted if source.tells]
    if not fitted:
        return None

    # Least squares at the even sample and the centres, which are half of it and half good rows.
    U = even_sample(space)
    good = np.concatenate([m.X[np.argsort(m.losses, kind="stable")[:_N_GOOD]] for m, _ in fitted])
    good = good[np.linspace(0, len(good) - 1, min(len(good), _N_CENTRES // 2)).astype(np.int64)]
    Z = encoder.encode(np.concatenate([good, U]))
    centres = Z.rows(0, _N_CENTRES)
    rho = _common_scale(np.stack([source.rho for _, source in fitted]))
    F = np.stack([source.predict(Z) for _, source in fitted], axis=1)
    even = slice(len(good), None)
    F = (F - F[even].mean(axis=0)) / np.maximum(F[even].std(axis=0), 1e-12)
    K = matern(squared_distances(rho, Z, centres))
    ridge = _RIDGE * K[:_N_CENTRES]
    ridge.reshape(-1)[:: _N_CENTRES + 1] += 1e-8
    weights = cho_solve(cho_factor(K.T @ K + ridge), K.T @ F)
    F = (K @ weights)[even]
    shift, spread = F.mean(axis=0), np.maximum(F.std(axis=0), 1e-12)
    return SourceModels(
        matched=tuple(m for m, _ in fitted),
        U=U,
        F=(F - shift) / spread,
        centres=centres,
        rho=rho,
        weights=weights / spread,
        shift=shift / spread,
    )


def _common_scale(rho: Array) -> Array:
    """Return (p + q,) inverse squared lengthscales for all tasks, from those of each (T, p + q)."""
    known = ~np.isnan(rho)
    log_rho = np.where(known, np.log(np.where(known, rho, 1.0)), 0.0)
    mean = log_rho.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.asarray(0.5 * np.exp(mean))


def even_sample(space: Space, n: int = N_EVEN) -> Array:
    """Return (n, d) points that are spread evenly over a space and keep its constraints."""
    U = space.place(sobol(0, n, space.d, 0))
    bad = ~space.feasible(U)
    if bad.any():
        U[bad] = space.sample(np.random.default_rng(0), int(bad.sum()))
    return U
