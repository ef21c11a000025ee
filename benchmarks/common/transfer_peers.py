"""Other ways to use earlier tasks, written for the comparison: all around one Gaussian process.

All but the portfolio and the box begin with three points of luthier's portfolio, and then maximise
the expected improvement of a process whose mean is mixed with what earlier tasks predict.

Notation: n trials with standardised losses y, m points, T tasks; F (m, T) are the predictions of
tasks, standardised over the space; mu and sd the target's own process.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec.structs import replace
from scipy.special import ndtri

from benchmarks.common.yahpo import Array
from luthier import Categorical, History, Space
from luthier.history.task import Task
from luthier.models.hyperparameters import Hyperparameters
from luthier.models.surrogate import WarpedOutcomes
from luthier.models.training_data import InputEncoder, transform_loss
from luthier.numerics import forest
from luthier.numerics.gp import Inputs, Posterior
from luthier.numerics.rank_tests import average_ranks
from luthier.numerics.threads import one_thread
from luthier.samplers.acquisition_search import AcquisitionSearch
from luthier.samplers.base import Sampler
from luthier.samplers.gp_acquisitions import Acquisition, LogEI
from luthier.samplers.startup import sample_startup
from luthier.transfer.matching import match
from luthier.transfer.portfolio import choose_portfolio
from luthier.transfer.source_models import SourceModels, kendall, learn_tasks

N_LED = 3  # points of the portfolio before a model
N_START = 6
TST_WEIGHT = 0.75
TST_BANDWIDTH = 0.2
N_BOOTSTRAPS = 64
N_DRAWS = 30  # trials that RGPE expects in all
BESTS = 3  # rows of each task that a box or a prior is made of


class Blended:
    """A process with another mean: own * mu + F @ others, or mu plus a fixed function.

    Args:
        posterior: The target's own process.
        sources: Earlier tasks.
        own: Weight of mu.
        others: (T,) weights of the tasks.
        base: A function of unit inputs that is added, without a slope; None for none.
    """

    def __init__(
        self,
        posterior: Posterior,
        sources: SourceModels | None,
        own: float = 1.0,
        others: Array | None = None,
        base: Any = None,
    ) -> None:
        self._posterior = posterior
        self._sources = sources
        self._own = own
        self._others = others
        self._base = base

    @property
    def rho(self) -> Array:
        """Of the target's own process."""
        return self._posterior.rho

    def predict(self, Z: Inputs) -> tuple[Array, Array]:
        """Return mean and variance (m,)."""
        mean, variance = self._posterior.predict(Z)
        mean = self._own * mean
        if self._others is not None and self._sources is not None:
            mean = mean + self._sources.predict(Z) @ self._others
        if self._base is not None:
            mean = mean + self._base(Z)
        return mean, variance

    def gradients(self, Z: Inputs) -> tuple[Array, Array, Array, Array]:
        """Return `predict` and its derivatives."""
        mean, variance = self.predict(Z)
        _, _, mean_by, variance_by = self._posterior.gradients(Z)
        mean_by = self._own * mean_by
        if self._others is not None and self._sources is not None:
            pull = self._sources.trace(Z)[1]
            mean_by = mean_by + pull(np.tile(self._others, (Z.n, 1)))
        return mean, variance, mean_by, variance_by

    def append(self, Z: Inputs, noise: float | None = None) -> None:
        """Add one point to the target's own process."""
        self._posterior.append(Z, noise)


class Peer(Sampler):
    """A search that uses earlier tasks in another way.

    Args:
        method: "portfolio", "rgpe", "tst" or "quantile".
        tasks: The earlier tasks.
    """

    def __init__(self, method: str, tasks: Sequence[Task]) -> None:
        self.method = method
        self._tasks = tasks
        self._models: SourceModels | None = None
        self._portfolio: Array | None = None
        self._pooled: Any = None

    @one_thread()
    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        """Propose one point."""
        if self._portfolio is None:
            matched = [match(task, space, history.objectives) for task in self._tasks]
            self._models = learn_tasks(space, matched)
            known = [] if self._models is None else [self._models]
            self._portfolio = choose_portfolio(space, known, 40) if known else np.empty((0, 0))
        i = history.n
        led = len(self._portfolio) if self.method == "portfolio" else N_LED
        if i < min(led, len(self._portfolio)):
            return self._portfolio[i : i + 1]
        if i < N_START or self._models is None:
            return sample_startup(space, history, n, rng)
        return self._propose(space, history, self._models, rng)

    def _propose(
        self, space: Space, history: History, sources: SourceModels, rng: np.random.Generator
    ) -> Array:
        encoder = InputEncoder(space)
        X, loss = history.X, history.losses[:, 0]
        Z = encoder.encode(X)
        y = transform_loss(loss)
        base = None
        if self.method == "quantile":
            base = self._pool(space, sources, encoder, rng)
            y = _copula(loss) - base(Z)
        theta = Hyperparameters(n_levels=1).estimate(WarpedOutcomes(Z, y, lambda v: v))[1]
        posterior = Posterior.of(theta, Z, y, room=4)
        process = Blended(posterior, sources, base=base)
        if self.method in ("rgpe", "tst"):
            weigh = weigh_rgpe if self.method == "rgpe" else weigh_tst
            own, others = weigh(sources.predict(Z), posterior, y, rng)
            process = Blended(posterior, sources, own, others)
        best = float(process.predict(Z)[0].min())
        gain = LogEI(process, best, 1.0)
        leaders = X[np.argsort(loss, kind="stable")[:5]]
        acquisition = Acquisition(space, encoder, gain)
        search = AcquisitionSearch(space)
        return search.maximise(acquisition, history, leaders, np.empty((0, space.d)), rng)

    def _pool(
        self, space: Space, sources: SourceModels, encoder: InputEncoder, rng: np.random.Generator
    ) -> Any:
        """Return the pooled regression of the normal quantiles of all tasks."""
        if self._pooled is None:
            X = np.concatenate([encoder_rows(encoder, m.X) for m in sources.matched])
            z = np.concatenate([_copula(m.losses) for m in sources.matched])
            n_choices = np.array([0] * len(encoder.numbers) + [8] * len(encoder.categories))
            trees = forest.fit(X, z, n_choices, rng, 20)
            self._pooled = lambda Z: forest.predict(trees, np.hstack([Z.N, Z.C + 1]))[0]
        return self._pooled


def encoder_rows(encoder: InputEncoder, X: Array) -> Array:
    """Return rows (n, p + q) as a forest sees them: an inactive category is choice 0."""
    Z = encoder.encode(X)
    return np.hstack([Z.N, Z.C + 1])


def _copula(loss: Array) -> Array:
    """Return normal quantiles of the ranks of losses (n,). Source: Salinas 2020."""
    return np.asarray(ndtri((average_ranks(loss) - 0.5) / len(loss)))


def weigh_tst(
    F: Array, posterior: Posterior, y: Array, rng: np.random.Generator
) -> tuple[float, Array]:
    """Return weights of the two-stage transfer surrogate. Source: Wistuba 2016."""
    disagreement = np.array([(1 - kendall(y, f)) / 2 for f in F.T])
    w = TST_WEIGHT * np.maximum(1 - (disagreement / TST_BANDWIDTH) ** 2, 0.0)
    total = TST_WEIGHT + w.sum()
    return TST_WEIGHT / total, w / total


def weigh_rgpe(
    F: Array, posterior: Posterior, y: Array, rng: np.random.Generator
) -> tuple[float, Array]:
    """Return weights of the ranking-weighted ensemble, with dilution. Source: Feurer 2018."""
    left_out, variance = posterior.left_out(y)
    i, k = np.tril_indices(len(y), -1)
    losses = np.empty((N_BOOTSTRAPS, F.shape[1] + 1))
    for b in range(N_BOOTSTRAPS):
        rows = rng.integers(len(y), size=len(y))
        truth = y[rows][i] < y[rows][k]
        own = left_out + np.sqrt(variance) * rng.standard_normal(len(y))
        losses[b, 0] = ((own[rows][i] < y[rows][k]) != truth).sum()
        losses[b, 1:] = ((F[rows][i] < F[rows][k]) != truth[:, None]).sum(axis=0)
    better = (losses[:, 1:] < losses[:, :1]).mean(axis=0)
    keep = rng.random(F.shape[1]) < better * max(1 - len(y) / N_DRAWS, 0.0)
    losses[:, 1:][:, ~keep] = np.inf
    first = losses == losses.min(axis=1, keepdims=True)
    shares = (first / first.sum(axis=1, keepdims=True)).mean(axis=0)
    return float(shares[0]), shares[1:]


def narrow(space: Space, tasks: Sequence[Task]) -> Space:
    """Return the hull of the best rows of earlier tasks. Source: Perrone 2019."""
    bests = _best_params(tasks)
    params: dict[str, Any] = {}
    for name, dist in space.params.items():
        values = [p[name] for p in bests if name in p]
        if isinstance(dist, Categorical) or not values:
            params[name] = dist
            continue
        params[name] = replace(dist, low=min(values), high=max(values))
    return Space(params)


def with_prior(space: Space, tasks: Sequence[Task]) -> Space:
    """Return the space with priors at the best rows of earlier tasks. Source: Hvarfner 2022."""
    bests = _best_params(tasks)
    params: dict[str, Any] = {}
    for name, dist in space.params.items():
        values = [p[name] for p in bests if name in p]
        if not values:
            params[name] = dist
        elif isinstance(dist, Categorical):
            shares = [1 + sum(v == c for v in values) for c in dist.choices]
            params[name] = Categorical(dist.choices, prior=shares, when=dist.when)
        else:
            u = np.array([float(dist.to_unit(float(v))) for v in values])
            middle = sorted(values)[len(values) // 2]
            params[name] = replace(dist, prior=(middle, max(float(u.std()), 0.05)))
    return Space(params)


def _best_params(tasks: Sequence[Task]) -> list[dict[str, Any]]:
    return [p for t in tasks for p in t.space.decode(t.X[np.argsort(t.losses[:, 0])[:BESTS]])]
