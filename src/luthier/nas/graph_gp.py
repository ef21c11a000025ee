"""Bayesian optimisation with a Gaussian process that knows the graphs of architectures.

Notation: k observed trials, m objectives, T features. X holds unit columns, Z the same points as a
kernel sees them, L (k, m) losses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import SamplerError
from ..history.history import History
from ..models.hyperparameters import Hyperparameters, TrainingSet, lengthscale_prior
from ..models.training_data import (
    collect_constraints,
    collect_objectives,
    constraint_threshold,
    standardise_constraint,
    transform_loss,
    transform_multi_objective_loss,
)
from ..numerics import feature_gp
from ..numerics.gp import Inputs, Posterior, spread
from ..numerics.pareto import is_non_dominated
from ..numerics.threads import one_thread
from ..numerics.warping import standardise
from ..samplers.acquisition_search import AcquisitionSearch
from ..samplers.base import Sampler
from ..samplers.gp_acquisitions import Acquisition, Gain, LogEI, LogPI, LogReach
from ..samplers.gp_memory import log_evidence, mix
from ..samplers.memory_start import see_tasks, start_length
from ..samplers.startup import prior_exponent, sample_startup
from ..space.space import Space
from ..typing import Array, Index, Mask
from ..validation import check_whole, show
from .block import Block
from .graph_encoder import Feature, GraphEncoder, PathReader
from .limit import Measure
from .proxies import Proxies

_N_LEADERS = 5  # best trials whose neighbourhood is searched
_MAX_KNOWN = 500  # finished trials, the latest, that a model learns from
_BEYOND = 0.1  # how far the reference point of a front lies beyond the worst


@dataclass(frozen=True, slots=True)
class _Outcomes:
    """Outcomes of points, and how a model sees them.

    Attributes:
        X: (k, d) unit columns.
        Z: The same as inputs.
        encoder: That made them.
        y: (k,) losses, or values of a constraint.
        warp: Transform of outcomes.
    """

    X: Array
    Z: Inputs
    encoder: GraphEncoder
    y: Array
    warp: Callable[[Array], Array]

    def __len__(self) -> int:
        return len(self.y)

    def key(self, m: int) -> bytes:
        return self.X[:m].tobytes() + self.y[:m].tobytes()

    def first(self, m: int) -> TrainingSet:
        Z, groups = self.encoder.narrow(self.Z.rows(0, m))
        prior = lengthscale_prior(int(max(groups)) + 1)
        return TrainingSet(Z, standardise(self.warp(self.y[:m])), prior, groups=groups)


class _FeatureProcess:
    """A process that knows features, which its inputs carry along."""

    def __init__(self, encoder: GraphEncoder, process: feature_gp.FeaturePosterior) -> None:
        self._encoder = encoder
        self.process = process

    @property
    def rho(self) -> Array:
        return self.process.rho

    def predict(self, Z: Inputs) -> tuple[Array, Array]:
        return self.process.predict(Z, self._encoder.features_of(Z))

    def gradients(self, Z: Inputs) -> tuple[Array, Array, Array, Array]:
        found = self.process.gradients(Z, self._encoder.features_of(Z))
        return found.mean, found.variance, found.mean_by, found.variance_by

    def append(self, Z: Inputs, noise: float | None = None) -> None:
        self.process.append(Z, self._encoder.features_of(Z))


class GraphGP(Sampler):
    """Bayesian optimisation of architectures: a Gaussian process over graphs and other parameters.

    Its kernel compares two architectures by the paths of operations through their graphs, as well
    as by their parameters, so that graphs which compute the same are alike. Each
    parameter that is no architecture, such as a learning rate, has a lengthscale of its own.

    Proxies are numbers that are known of an architecture before it is trained: how many weights it
    has, how it answers untrained. They enter as earlier tasks do: a second process may lean on
    them, with any sign, and has its say by how well it foretells each trial from all others. So a
    proxy that misleads costs little. Earlier tasks of a study's memory are used in the same way.

    Takes one or several objectives and constraints on results.

    When to use: for up to some hundreds of trials of architectures, alone or with other parameters.

    Args:
        block: The architecture; the space of a study has its parameters.
        proxies: Name -> what tells a number from the params of an architecture, quickly: it is
            asked for some hundred architectures a proposal.
        n_startup_trials: Finished trials before the first model, at least 1.

    Raises:
        ValueError: An argument is out of range.

    Source: White 2021 (paths); Ru 2021 (kernels on graphs); Ament 2023 (log of the expected
    improvement). Deviation: features mixed in by evidence.
    """

    def __init__(
        self,
        block: Block,
        proxies: Mapping[str, Measure] | None = None,
        n_startup_trials: int = 8,
    ) -> None:
        if not isinstance(block, Block):
            raise SamplerError(f"GraphGP searches a block such as nas.Cell, got {show(block)}")
        check_whole("n_startup_trials", n_startup_trials, least=1)
        self.block = block
        self.proxies = dict(proxies or {})
        self.n_startup_trials = n_startup_trials
        self._hyperparameters: dict[str, Hyperparameters] = {}
        self._fitted: tuple[bytes, Array] = (b"", np.empty(0))  # the process with features
        self._tools: tuple[Space, PathReader, Proxies, AcquisitionSearch] | None = None

    @one_thread()
    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        check_space(self, self.block, space)
        self.memory_weight = None
        number, L, improvable = collect_objectives(history)
        n_start = self.n_startup_trials
        if history.info.memory:
            n_start = start_length(space, history, n_start)
        if len(number) < n_start or all(p.n_values == 1 for p in space.dists):
            return sample_startup(space, history, n, rng)

        number, L, improvable = number[-_MAX_KNOWN:], L[-_MAX_KNOWN:], improvable[-_MAX_KNOWN:]
        X = history.X[number]
        encoder, search = self._prepare(space, history, X)
        leaders = np.lexsort((L[:, 0], ~improvable))[:_N_LEADERS]
        gain: Gain | None = None
        if improvable.any() and L.shape[1] == 1:
            gain = self._improvement(encoder, X, L[:, 0], improvable)
        elif improvable.any():
            gain, leaders = self._front_gain(encoder, X, L, improvable, rng)
        acquisition = Acquisition(
            space,
            encoder,
            gain,
            constraints=self._constraint_terms(encoder, history),
            prior_exponent=prior_exponent(space, len(number)),
        )

        for i in history.pending:
            acquisition.pretend_observed(history.X[i : i + 1])
        proposed = np.empty((0, space.d))
        for _ in range(n):
            x = search.maximise(acquisition, history, X[leaders], proposed, rng)
            proposed = np.concatenate([proposed, x])
            if len(proposed) < n:
                acquisition.pretend_observed(x)
        return proposed

    def _prepare(
        self, space: Space, history: History, known: Array
    ) -> tuple[GraphEncoder, AcquisitionSearch]:
        """Return what encodes points, knowing the paths of some (k, d), and what searches."""
        if self._tools is None or self._tools[0] is not space:
            reader = PathReader(space, self.block)
            proxies = Proxies(space, self.block.params, self.proxies)
            self._tools = (space, reader, proxies, AcquisitionSearch(space))
        _, reader, proxies, search = self._tools
        features: list[Feature] = [proxies.measure] if self.proxies else []
        if (tasks := see_tasks(space, history)) is not None:
            features.append(lambda X: tasks(X)[:, space.d :])
        return GraphEncoder(reader, known, features), search

    def _improvement(self, encoder: GraphEncoder, X: Array, y: Array, improvable: Mask) -> Gain:
        """Return the gain in one loss (k,) of points (k, d), mixed where there are features."""
        outcomes = _Outcomes(X, encoder.encode(X), encoder, y, transform_loss)
        plain = self._condition("loss", outcomes)
        best = float(plain.predict(outcomes.Z)[0][improvable].min())
        if not encoder.n_features:
            return LogEI(plain, best, 1.0)

        knowing = self._condition_on_features(encoder, outcomes)
        target = transform_loss(y)
        D = log_evidence(knowing.process.left_out(target), target)
        D -= log_evidence(plain.left_out(target), target)
        weight = float(1 / (1 + np.exp(-np.clip(D, -700, 700))))
        self.memory_weight = weight
        best_knowing = float(knowing.predict(outcomes.Z)[0][improvable].min())
        return mix(LogEI(knowing, best_knowing, 1.0), LogEI(plain, best, 1.0), weight)

    def _front_gain(
        self,
        encoder: GraphEncoder,
        X: Array,
        L: Array,
        improvable: Mask,
        rng: np.random.Generator,
    ) -> tuple[Gain, Index]:
        """Return the gain in several losses (k, m) of points (k, d), and the rows of the front."""
        Z = encoder.encode(X)
        warp = transform_multi_objective_loss
        models = [
            self._condition(f"loss {j}", _Outcomes(X, Z, encoder, y, warp))
            for j, y in enumerate(L.T)
        ]
        means = np.stack([model.predict(Z)[0] for model in models], axis=1)
        front = np.flatnonzero(improvable)
        front = front[is_non_dominated(means[front])]
        gain = LogReach(models, means[front], means.max(axis=0) + _BEYOND, rng)
        return gain, rng.permutation(front)[: 2 * _N_LEADERS]

    def _constraint_terms(self, encoder: GraphEncoder, history: History) -> list[LogPI]:
        """Return one term for each constraint on results, with a model of its own."""
        terms = []
        for name, (number, value) in collect_constraints(history).items():
            X = history.X[number[-_MAX_KNOWN:]]
            value = value[-_MAX_KNOWN:]
            Z = encoder.encode(X)
            outcomes = _Outcomes(X, Z, encoder, value, standardise_constraint)
            model = self._condition(f"constraint {name}", outcomes)
            terms.append(LogPI(model, constraint_threshold(value), 1.0))
        return terms

    def _condition(self, what: str, outcomes: _Outcomes) -> Posterior:
        """Return the process given outcomes; `what` is the key of its hyperparameters."""
        fitting = self._hyperparameters.setdefault(what, Hyperparameters())
        _, theta = fitting.estimate(outcomes)
        y = outcomes.warp(outcomes.y)
        return Posterior.of(spread(theta, outcomes.encoder.groups), outcomes.Z, y, room=16)

    def _condition_on_features(self, encoder: GraphEncoder, outcomes: _Outcomes) -> _FeatureProcess:
        """Return the process that knows features too, fitted where the plain one was."""
        fitting = self._hyperparameters["loss"]
        m, start = fitting.estimate(outcomes)
        F = encoder.features_of(outcomes.Z)
        key = outcomes.key(m) + F[:m].tobytes()
        if self._fitted[0] != key:
            data = outcomes.first(m)
            found = feature_gp.fit(
                data.Z, F[:m], data.y, data.prior, start, fitting.bounds(data), data.groups
            )
            self._fitted = (key, found)
        theta = spread(self._fitted[1], encoder.groups)
        y = outcomes.warp(outcomes.y)
        return _FeatureProcess(encoder, feature_gp.FeaturePosterior.of(theta, outcomes.Z, F, y))


def check_space(sampler: Sampler, block: Block, space: Space) -> None:
    """Raise SamplerError where a space lacks parameters of an architecture."""
    if missing := [name for name in block.params if name not in space.params]:
        raise SamplerError(
            f"{type(sampler).__name__} searches the architecture {block!r}, and the space has no "
            f"{missing[:5]}; make the space with {type(block).__name__}.space()"
        )
