"""Bayesian optimisation with a Gaussian process."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..curves import AtEnd, curves
from ..distributions import Array
from ..extent import is_partial
from ..history import History
from ..numerics.acquisition import log_expected_improvement, log_expected_improvement_by
from ..numerics.gp import Inputs, Posterior
from ..numerics.threads import one_thread
from ..numerics.trust_region import box, box_length
from ..numerics.warp import standardise
from ..space import Space
from ..surrogate import Columns, Hyperparameters, outcomes, transformed
from .ascent import Ascent, Box
from .base import Sampler
from .population import one_objective, spread, trust

_N_LEADERS = 5  # best trials whose neighbourhood is looked at
_MAX_D = 20  # parameters beyond which the search stays in a box
_COOLING = 50  # finished trials after which cost counts half, where it is not known how many there will be
_DOUBT = 4.0  # how much a standard deviation is doubted where there are as many trials as parameters
_STEP = 1e-4  # of finite differences of a prior


class GP(Sampler):
    """Models the loss by a Gaussian process and proposes where most improvement is expected.

    A Matérn-5/2 kernel with a lengthscale for each parameter; categories differ or do not; an inactive parameter stands
    in the middle of its range. Losses are warped before they are modelled: beyond the median only their ranks count,
    and the scale is stretched near the best. Hyperparameters are estimates, so a model of few trials is too sure of
    itself: after n trials with d active parameters its standard deviation counts 1 + 4 d / n times. Running trials
    count as observed, without noise, to be what the model expects there, so workers and batches spread. With more than
    `n_local` trials or 20 parameters the search stays in a box around the best trial that grows with success and
    shrinks with failure, and with more than `n_local` the model learns from the trials nearest to it.

    Priors of the space steer as in TPE. Where trials report a cost (`trial.set_cost`), improvement is weighed against
    the cost expected: at first in full, at the end not at all.

    Args:
        n_startup_trials: Until so many are finished, trials come from a quasi-random sequence, led by the centre of the
            space, or its declared defaults.
        noise: Variance of the noise as a share of that of the warped losses; 0 for an objective without noise; None
            learns it.
        warp_inputs: Learns a monotone warp of each number, for parameters that should have had a log scale.
        n_local: With more finished trials the model is local.
        cost_exponent: How much cost counts at first: improvement / cost^exponent. 0 ignores it.

    Raises:
        ValueError: An argument out of range.

    Source: Snoek 2012; Ament 2023 (log of the expected improvement); Song 2024 (warps of the loss); Hvarfner 2024 (the
    priors of lengthscales grow with the dimension) and 2022 (steering); Eriksson 2019 (the box); Lee 2020 (cost).
    Deviations: improvement over the best posterior mean, not the best draw; the factor on the standard deviation; the
    search over mixed spaces, see `Ascent`.
    """

    def __init__(
        self,
        n_startup_trials: int = 8,
        noise: float | None = None,
        warp_inputs: bool = False,
        n_local: int = 500,
        cost_exponent: float = 1.0,
    ) -> None:
        self.n_startup_trials, self.noise, self.warp_inputs = n_startup_trials, noise, warp_inputs
        self.n_local, self.cost_exponent = n_local, cost_exponent
        least = {"n_startup_trials": 1, "noise": 0, "n_local": 20, "cost_exponent": 0}
        for name, low in least.items():
            given = getattr(self, name)
            if given is not None and not low <= given < math.inf:
                raise ValueError(f"{name} must be a number of at least {low}, got {given!r}")
        self._fits = {"loss": Hyperparameters(noise, warp_inputs), "cost": Hyperparameters()}
        self._made: dict[str, tuple[bytes, Posterior]] = {}
        self._ascent: Ascent | None = None

    @one_thread()
    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        one_objective("GP", history)
        columns = Columns(space)
        number, loss = outcomes(history)
        if is_partial(history):
            return self._from_curves(space, history, n, rng)
        if len(number) < self.n_startup_trials or not columns.d:
            return spread(space, history, n, rng)
        near = nearest(columns.inputs(history.X[number]), loss, self.n_local)
        X, y = history.X[number[near]], loss[near]
        Z = columns.inputs(X)
        model = self._posterior("loss", Z, y, transformed, n)
        means = model.predict(Z)[0]
        active = columns.d - float(np.isnan(X[:, columns.all]).sum(axis=1).mean())
        acquisition = LogEI(space, columns, model, float(means.min()), 1 + _DOUBT * active / len(number))
        if self.cost_exponent:
            acquisition.dear = self._dear(columns, history, number)
        length = None
        if len(near) < len(number) or columns.d > _MAX_D:
            length = box_length(loss[self.n_startup_trials :], columns.d)
        acquisition.trust = trust(space, len(number))
        by_mean, by_loss = np.argsort(means, kind="stable"), np.argsort(y, kind="stable")
        return self._climbed(acquisition, history, X[by_loss[:_N_LEADERS]], X[by_mean[0]], length, n, rng)

    def _from_curves(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        """Proposals by what partly trained trials are expected to come to."""
        model = curves(space, history)
        if model is None or len(model.number) < self.n_startup_trials:
            return spread(space, history, n, rng)
        by_mean = np.argsort(model.mean, kind="stable")
        columns, X = AtEnd(space), history.X[model.number[by_mean]]
        posterior = copy.copy(model.posterior)
        acquisition = LogEI(space, columns, posterior, float(model.mean[by_mean[0]]), model.doubt)
        acquisition.trust = trust(space, len(X))
        length = box_length(model.mean, columns.d) if columns.d > _MAX_D else None
        return self._climbed(acquisition, history, X[:_N_LEADERS], X[0], length, n, rng)

    def _climbed(
        self, acquisition: LogEI, history: History, leaders: Array, centre: Array, length: float | None, n: int,
        rng: np.random.Generator,
    ) -> Array:  # fmt: skip
        """N points (n, d) where the acquisition is largest; each, as what runs, is taken for what the model expects."""
        space, columns = acquisition.space, acquisition.columns
        if self._ascent is None or self._ascent.space is not space:
            self._ascent = Ascent(space)
        running = columns.inputs(history.X[history.pending])
        for i in range(running.n):
            acquisition.expect(running.rows(i, i + 1))
        bounds = None
        if length is not None:
            bounds = Box(*box(np.where(np.isnan(centre), 0.5, centre), acquisition.lengthscales, length))
        proposed = np.empty((0, space.d))
        for i in range(n):
            x = self._ascent(acquisition, history, leaders, proposed, rng, bounds)
            proposed = np.concatenate([proposed, x])
            if i + 1 < n:
                acquisition.expect(columns.inputs(x))
        return proposed

    def _posterior(self, what: str, Z: Inputs, y: Array, warp: Callable[[Array], Array], room: int) -> Posterior:
        """The process given all of y; its covariance is factored anew only when the hyperparameters are."""
        m, theta = self._fits[what].at(Z, y, warp)
        key = theta.tobytes() + Z.N[:m].tobytes() + Z.C[:m].tobytes()
        if what not in self._made or self._made[what][0] != key:
            self._made[what] = (key, Posterior.of(theta, Z.rows(0, m), warp(y[:m]), room=room + 16))
        model = self._made[what][1]
        model.extend(m, Z)
        model.condition(warp(y))
        return model

    def _dear(self, columns: Columns, history: History, number: NDArray[np.int64]) -> tuple[float, Posterior] | None:
        """How much cost counts now, in units of its model, and the model of its logarithm; None while too few told."""
        cost = history.cost[number]
        told = np.flatnonzero(cost >= 0)
        told = told[max(0, len(told) - self.n_local) // 25 * 25 :]  # moves every 25 trials only, as in `nearest`
        if len(told) < self.n_startup_trials or not cost[told].max() > cost[told].min():
            return None
        log_cost = np.log(np.maximum(cost[told], 1e-6 * cost[told].max()))
        spent = len(number) / history.budget if history.budget else len(number) / (len(number) + _COOLING)
        share = self.cost_exponent * max(1 - spent, 0.0) * float(log_cost.std())
        return share, self._posterior("cost", columns.inputs(history.X[number[told]]), log_cost, standardise, 0)


def nearest(Z: Inputs, y: Array, n: int) -> NDArray[np.int64]:
    """The n observations nearest to the best and those since the last multiple of 25, in order.

    They change every 25 observations only, so that hyperparameters last.
    """
    if len(y) <= n:
        return np.arange(len(y))
    m = len(y) - len(y) % 25
    best = int(np.argmin(y[:m]))
    distance = ((Z.N[:m] - Z.N[best]) ** 2).sum(axis=1) + (Z.C[:m] != Z.C[best]).sum(axis=1)
    return np.concatenate([np.sort(np.argsort(distance, kind="stable")[:n]), np.arange(m, len(y))])


class LogEI:
    """The log of the expected improvement over a loss, steered by the space's priors and weighed against cost.

    Args:
        space: Whose priors steer.
        columns: Which of its columns the models know.
        model: Of the loss; may grow.
        best: Loss to be improved on.
        doubt: Factor on the standard deviation.

    Attributes:
        trust: Exponent of the prior's density.
        dear: Weight of the logarithm of the cost, and a model of it.
    """

    def __init__(self, space: Space, columns: Columns, model: Posterior, best: float, doubt: float) -> None:
        self.space, self.columns, self.model, self.best, self.doubt = space, columns, model, best, doubt
        self.trust = 0.0
        self.dear: tuple[float, Posterior] | None = None

    def expect(self, Z: Inputs) -> None:
        """Takes one point as if it had been found to be what the model expects."""
        self.best = min(self.best, float(self.model.predict(Z)[0][0]))
        self.model.append(Z, noise=0.0)

    @property
    def lengthscales(self) -> Array:
        """(d,) of the numbers; their geometric mean for the rest."""
        numbers = self.columns.numbers
        own = -0.5 * np.log(self.model.rho[: len(numbers)])
        scales = np.full(self.space.d, own.mean() if len(own) else 0.0)
        scales[numbers] = own
        return np.asarray(np.exp(scales))

    def value(self, X: Array) -> Array:
        """(m,) at unit columns (m, d)."""
        Z = self.columns.inputs(X)
        mean, variance = self.model.predict(Z)
        f = log_expected_improvement(mean, self.doubt * np.sqrt(variance), self.best)
        if self.trust:
            f += self.trust * self.space.log_prior(X)
        if self.dear:
            f -= self.dear[0] * self.dear[1].predict(Z)[0]
        return f

    def slope(self, X: Array) -> tuple[Array, Array]:
        """`value`, and its derivatives (m, d) by the numbers."""
        Z, numbers = self.columns.inputs(X), self.columns.numbers
        p = len(numbers)  # an input beyond these stands still
        mean, variance, mean_by, variance_by = self.model.gradients(Z)
        sd = self.doubt * np.sqrt(variance)
        f, by_mean, by_sd = log_expected_improvement_by(mean, sd, self.best)
        by, by_variance = np.zeros(X.shape), by_sd * self.doubt**2 / (2 * sd)
        by[:, numbers] = by_mean[:, None] * mean_by[:, :p] + by_variance[:, None] * variance_by[:, :p]
        if self.trust:
            believed = self.space.log_prior(X)
            f += self.trust * believed
            for j in numbers:
                near = X.copy()
                near[:, j] += np.where(X[:, j] > 0.5, -_STEP, _STEP)
                by[:, j] += self.trust * (self.space.log_prior(near) - believed) / (near[:, j] - X[:, j])
        if self.dear:
            log_cost, _, cost_by, _ = self.dear[1].gradients(Z)
            f -= self.dear[0] * log_cost
            by[:, numbers] -= self.dear[0] * cost_by
        return f, by
