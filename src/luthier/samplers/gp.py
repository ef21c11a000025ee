"""Bayesian optimisation with a Gaussian process."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import numpy as np

from ..history.history import History
from ..history.resources import is_partial
from ..models.learning_curves import AtEnd, curves
from ..models.surrogate import (
    Columns,
    Hyperparameters,
    Limit,
    bound,
    centred,
    limits,
    results,
    transformed,
    transformed_beside,
)
from ..numerics.gp import Inputs, Posterior
from ..numerics.hypervolume import reference_point, subset
from ..numerics.pareto import non_dominated
from ..numerics.threads import one_thread
from ..numerics.trust_region import box, box_length
from ..numerics.warping import standardise
from ..space.space import Space
from ..trial.record import State
from ..typing import Array, Index, Mask
from .acquisition_search import Ascent, Box
from .base import Sampler
from .gp_acquisitions import Acquisition, Dear, Gain, LogEHVI, LogEI, LogPI, LogReach
from .startup import spread, trust

_N_LEADERS = 5  # best trials whose neighbourhood is looked at
_MAX_D = 20  # parameters beyond which the search stays in a box
_COOLING = (
    50  # finished trials after which cost counts half, where it is not known how many there will be
)
_MOST_LOST = 100  # failed trials, the latest, around which no gain is sought
_MOST_CENTRES = 25  # members of the front, around which a local model takes its trials
_DOUBT = (
    4.0  # how much a standard deviation is doubted where there are as many trials as parameters
)
_N_SPREAD = 8  # trials of a front whose neighbourhood is looked at
_MAX_EXACT = 4  # objectives beyond which a hypervolume has too many boxes
_SHARE_OF_DIRECTIONS = (
    0.5  # of proposals that go in a random direction, where there are fewer objectives
)
# how far a reference point lies beyond the worst: standard deviations, or widths of the front
_BEYOND = 0.1
_LEAST_WIDTH = 2.0  # of a front, in standard deviations of all losses


class GP(Sampler):
    """Models losses by Gaussian processes and proposes where most improvement is expected.

    A Matérn-5/2 kernel with a lengthscale for each parameter; categories differ or do not; an
    inactive parameter stands in the middle of its range. Losses are warped before they are
    modelled: beyond the median only their ranks count, and the scale is stretched near the best.
    Hyperparameters are estimates, so a model of few trials is too sure of itself: after n trials
    with d active parameters its standard deviation counts 1 + 4 d / n times. Running trials count
    as observed, without noise, to be what the model expects there, so workers and batches spread.
    With more than `n_local` trials or 20 parameters the search stays in a box around the best trial
    that grows with success and shrinks with failure, and with more than `n_local` the model learns
    from the trials nearest to it.

    Several losses are modelled apart, without the factor and without the ranks. Half of the
    proposals, at random, go where most hypervolume is expected beyond the front of the means,
    counted up to a little worse than that front, so that it gets better and denser; the others
    where a point is expected to reach furthest in a random direction, counted from the worst that
    was found, so that it gets wider. Of more than 4 losses all proposals do the latter.

    Constraints (`trial.set_constraint`, failures with `catch_as="infeasible"`) are modelled one by
    one, and the gain counts times the probability that all are kept; while no trial keeps them that
    probability alone. Failed trials that told of a constraint count as having come to the loss that
    is expected there, so no gain is sought around them. Curves of partly trained trials are
    modelled where there is one loss; of several, pruned trials count with their last report, see
    `luthier.models.surrogate.results`.

    Priors of the space steer as in TPE. Where trials report a cost (`trial.set_cost`), improvement
    is weighed against the cost expected: at first in full, at the end not at all.

    Args:
        n_startup_trials: Until so many are finished, trials come from a quasi-random sequence, led
            by the centre of the space, or its declared defaults.
        noise: Variance of the noise as a share of that of the warped losses; 0 for an objective
            without noise; None learns it.
        warp_inputs: Learns a monotone warp of each number, for parameters that should have had a
            log scale.
        n_local: With more finished trials the model is local.
        cost_exponent: How much cost counts at first: improvement / cost^exponent. 0 ignores it.

    Raises:
        ValueError: An argument out of range.

    Source: Snoek 2012; Ament 2023 (log of the expected improvement); Song 2024 (warps of the loss);
    Hvarfner 2024 (the priors of lengthscales grow with the dimension) and 2022 (steering); Eriksson
    2019 (the box); Lee 2020 (cost); Yang 2019 (the expected hypervolume, exact); Golovin & Zhang
    2020 (random directions); Gardner 2014 (constraints). Deviations: improvement over the best
    posterior mean, not the best draw; the factor on the standard deviation; both gains in turns;
    the search over mixed spaces, see `Ascent`.
    """

    def __init__(
        self,
        n_startup_trials: int = 8,
        noise: float | None = None,
        warp_inputs: bool = False,
        n_local: int = 500,
        cost_exponent: float = 1.0,
    ) -> None:
        self.n_startup_trials = n_startup_trials
        self.noise = noise
        self.warp_inputs = warp_inputs
        self.n_local = n_local
        self.cost_exponent = cost_exponent
        least = {"n_startup_trials": 1, "noise": 0, "n_local": 20, "cost_exponent": 0}
        for name, low in least.items():
            given = getattr(self, name)
            if given is not None and not low <= given < math.inf:
                raise ValueError(f"{name} must be a number of at least {low}, got {given!r}")
        self._fits: dict[str, Hyperparameters] = {"cost": Hyperparameters()}
        self._made: dict[str, tuple[bytes, Posterior]] = {}
        self._ascent: Ascent | None = None

    @one_thread()
    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        if len(history.directions) == 1 and is_partial(history):
            return self._from_curves(space, history, n, rng)
        columns, limited = Columns(space), limits(history)
        number, losses, good = results(history)
        known = np.unique(np.concatenate([number, *(limit.number for limit in limited.values())]))
        if len(known) < self.n_startup_trials or not columns.d:
            return spread(space, history, n, rng)
        hopeful = bool(good.any())
        if not hopeful:  # towards what keeps the constraints
            number = known
            told = (history.state[known] == State.COMPLETE) & ~np.isnan(
                history.constraints[known]
            ).all(axis=1)
            losses = np.where(told, history.violation[known], np.inf)[:, None]  # crashes come last
            good = np.ones(len(known), dtype=bool)
        near = nearest(columns.inputs(history.X[number]), losses, good, self.n_local)
        X = history.X[number[near]]
        L = losses[near]
        improvable = good[near]
        active = columns.d - float(np.isnan(X[:, columns.all]).sum(axis=1).mean())
        if not hopeful:
            leaders = np.argsort(L[:, 0], kind="stable")[:_N_LEADERS]
            gain, centre = None, leaders[0]
        elif L.shape[1] == 1:
            gain, leaders, centre = self._one(
                columns.inputs(X), L[:, 0], improvable, 1 + _DOUBT * active / len(number), n
            )
        else:
            gain, leaders, centre = self._several(columns.inputs(X), L, improvable, n, rng)
        dear = self._dear(columns, history, number) if self.cost_exponent else None
        kept = self._limits(columns, history, limited, active, n)
        acquisition = Acquisition(space, columns, gain, kept, dear, trust(space, len(known)))
        lost = np.setdiff1d(known, number) if hopeful else known[np.isinf(losses[:, 0])]
        for i in lost[-_MOST_LOST:]:  # nothing more is sought where they were
            if gain is not None:
                gain.expect(columns.inputs(history.X[[i]]), kept=False)
            else:
                acquisition.expect(history.X[[i]])
        length = None
        if len(near) < len(number) or columns.d > _MAX_D:
            length = box_length(progress(losses, good)[self.n_startup_trials :], columns.d)
        return self._climbed(acquisition, history, X[leaders], X[centre], length, n, rng)

    def _one(
        self, Z: Inputs, y: Array, good: Mask, doubt: float, room: int
    ) -> tuple[Gain, Index, int]:
        """What is expected of one loss (k,).

        Rows of the points whose neighbourhood is looked at, and of the best.
        """
        model = self._posterior("loss", Z, y, transformed, room)
        means = model.predict(Z)[0]
        leaders = np.lexsort((y, ~good))[:_N_LEADERS].astype(np.int64)
        return (
            LogEI(model, float(means[good].min()), doubt),
            leaders,
            int(np.lexsort((means, ~good))[0]),
        )

    def _several(
        self, Z: Inputs, L: Array, good: Mask, room: int, rng: np.random.Generator
    ) -> tuple[Gain, Index, int]:
        """What is expected of losses (k, m).

        Rows of points spread over the front, and of one of them.
        """
        models = [
            self._posterior(f"loss {j}", Z, L[:, j], transformed_beside, room)
            for j in range(L.shape[1])
        ]
        means = np.stack([model.predict(Z)[0] for model in models], axis=1)
        front = np.flatnonzero(good)
        front = front[non_dominated(means[front])]
        far = means.max(axis=0) + _BEYOND
        leaders = front[subset(means[front], far, _N_SPREAD)]
        gain: Gain
        if len(models) > _MAX_EXACT or rng.random() < _SHARE_OF_DIRECTIONS:
            gain = LogReach(models, means[front], far, rng)
        else:
            low, width = means[leaders].min(axis=0), np.ptp(means[leaders], axis=0)
            gain = LogEHVI(
                models, means[front], low + np.maximum((1 + _BEYOND) * width, _LEAST_WIDTH)
            )
        return gain, leaders, int(rng.choice(leaders))

    def _limits(
        self,
        columns: Columns,
        history: History,
        limited: dict[str, Limit],
        active: float,
        room: int,
    ) -> list[LogPI]:
        """Whether constraints are kept, each by a model of its own."""
        made = []
        for name, (number, value) in limited.items():
            latest = slice(max(0, len(number) - self.n_local) // 25 * 25, None)
            number, value = number[latest], value[latest]
            model = self._posterior(
                f"limit {name}", columns.inputs(history.X[number]), value, centred, room
            )
            made.append(LogPI(model, bound(value), 1 + _DOUBT * active / len(number)))
        return made

    def _from_curves(
        self, space: Space, history: History, n: int, rng: np.random.Generator
    ) -> Array:
        """Proposals by what partly trained trials are expected to come to."""
        model = curves(space, history)
        if model is None or len(model.number) < self.n_startup_trials:
            return spread(space, history, n, rng)
        columns = AtEnd(space)
        limited = limits(history)
        kept = self._limits(Columns(space), history, limited, columns.d, n)
        broken = ~history.feasible[model.number]
        Z = Columns(space).inputs(history.X[model.number])
        for name, limit in zip(limited, kept, strict=True):  # of those that did not come to tell
            told = history.constraints[model.number, history.constraint_names.index(name)]
            broken |= np.isnan(told) & (limit.models[0].predict(Z)[0] > limit.best)
        by_mean = np.lexsort((model.mean, broken))
        X = history.X[model.number[by_mean]]
        gain = LogEI(copy.copy(model.posterior), float(model.mean[by_mean[0]]), model.doubt)
        acquisition = Acquisition(
            space,
            columns,
            None if broken.all() and kept else gain,
            kept,
            trust=trust(space, len(X)),
        )
        length = box_length(model.mean, columns.d) if columns.d > _MAX_D else None
        return self._climbed(acquisition, history, X[:_N_LEADERS], X[0], length, n, rng)

    def _climbed(
        self,
        acquisition: Acquisition,
        history: History,
        leaders: Array,
        centre: Array,
        length: float | None,
        n: int,
        rng: np.random.Generator,
    ) -> Array:
        """N points (n, d) where the acquisition is largest.

        Each, as what runs, is taken for what the models expect.
        """
        space = acquisition.space
        if self._ascent is None or self._ascent.space is not space:
            self._ascent = Ascent(space)
        for i in history.pending:
            acquisition.expect(history.X[i : i + 1])
        bounds = None
        if length is not None:
            bounds = Box(
                *box(np.where(np.isnan(centre), 0.5, centre), acquisition.lengthscales, length)
            )
        proposed = np.empty((0, space.d))
        for i in range(n):
            x = self._ascent(acquisition, history, leaders, proposed, rng, bounds)
            proposed = np.concatenate([proposed, x])
            if i + 1 < n:
                acquisition.expect(x)
        return proposed

    def _posterior(
        self, what: str, Z: Inputs, y: Array, warp: Callable[[Array], Array], room: int
    ) -> Posterior:
        """The process given all of y.

        Its covariance is factored anew only when the hyperparameters are.
        """
        noise = self.noise if what.startswith("loss") else None
        m, theta = self._fits.setdefault(what, Hyperparameters(noise, self.warp_inputs)).at(
            Z, y, warp
        )
        key = theta.tobytes() + Z.N[:m].tobytes() + Z.C[:m].tobytes()
        if what not in self._made or self._made[what][0] != key:
            self._made[what] = (key, Posterior.of(theta, Z.rows(0, m), warp(y[:m]), room=room + 16))
        model = self._made[what][1]
        model.extend(m, Z)
        model.condition(warp(y))
        return model

    def _dear(self, columns: Columns, history: History, number: Index) -> Dear | None:
        """What cost counts now, by a model of its logarithm; None while too few told."""
        cost = history.cost[number]
        told = np.flatnonzero(cost >= 0)
        told = told[
            max(0, len(told) - self.n_local) // 25 * 25 :
        ]  # moves every 25 trials only, as in `nearest`
        if len(told) < self.n_startup_trials or not cost[told].max() > cost[told].min():
            return None
        log_cost = np.log(np.maximum(cost[told], 1e-6 * cost[told].max()))
        spent = (
            len(number) / history.budget
            if history.budget
            else len(number) / (len(number) + _COOLING)
        )
        share = self.cost_exponent * max(1 - spent, 0.0) * float(log_cost.std())
        return Dear(
            self._posterior(
                "cost", columns.inputs(history.X[number[told]]), log_cost, standardise, 0
            ),
            share,
        )


def nearest(Z: Inputs, L: Array, good: Mask, n: int) -> Index:
    """The n observations nearest to the best, or to the front, and those since the last multiple of 25, in order.

    They change every 25 observations only, so that hyperparameters last.
    """
    if len(L) <= n:
        return np.arange(len(L))
    m = max(len(L) - len(L) % 25, n)
    rows = np.flatnonzero(good[:m]) if good[:m].any() else np.arange(m)
    if L.shape[1] == 1:
        best = rows[[np.argmin(L[rows, 0])]]
    else:
        best = rows[non_dominated(L[rows])]
        best = best[subset(L[best], reference_point(L[best]), _MOST_CENTRES)]
    distance = np.full(m, np.inf)
    for b in best:
        np.minimum(
            distance,
            ((Z.N[:m] - Z.N[b]) ** 2).sum(axis=1) + (Z.C[:m] != Z.C[b]).sum(axis=1),
            out=distance,
        )
    return np.concatenate([np.sort(np.argsort(distance, kind="stable")[:n]), np.arange(m, len(L))])


def progress(L: Array, good: Mask) -> Array:
    """(k,) a loss that is the least so far whenever a trial was the best so far, or not dominated by those before."""
    if L.shape[1] == 1:
        return np.where(good, L[:, 0], np.inf)
    held = (L[:, None] >= L[None]).all(axis=2) & good  # whom anyone is dominated by
    better = good & ~np.tril(held, -1).any(axis=1)
    return np.where(better, -np.cumsum(better, dtype=np.float64), np.inf)
