"""Bayesian optimisation with a Gaussian process.

Notation: k observed trials, m objectives, d parameters that vary. X holds unit columns, Z the same
points as a kernel sees them, L (k, m) losses. A leader is a good trial whose neighbourhood is
searched.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..history.history import History
from ..history.resources import is_partial
from ..models.hyperparameters import Hyperparameters
from ..models.learning_curves import append_resource, fit_curves
from ..models.surrogate import WarpedOutcomes
from ..models.training_data import (
    InputEncoder,
    ObservedConstraint,
    collect_constraints,
    collect_objectives,
    constraint_threshold,
    standardise_constraint,
    transform_loss,
    transform_multi_objective_loss,
)
from ..numerics.gp import Inputs, Posterior
from ..numerics.hypervolume import reference_point, subset
from ..numerics.pareto import is_non_dominated
from ..numerics.threads import one_thread
from ..numerics.trust_region import box, box_length
from ..numerics.warping import standardise
from ..space.space import Space
from ..transfer.closest import find_closest
from ..transfer.recall import recall
from ..transfer.source_models import SourceModels
from ..trial.record import State
from ..typing import Array, Index, Mask
from ..validation import check_real, check_whole
from .acquisition_search import AcquisitionSearch, Box
from .base import Sampler
from .gp_acquisitions import (
    Acquisition,
    Gain,
    LogCost,
    LogEHVI,
    LogEI,
    LogPI,
    LogReach,
    Process,
)
from .gp_memory import (
    TaskProcess,
    TaskProcessFitter,
    condition_on,
    mix,
    relieve_doubt,
    weigh,
)
from .memory_start import lead_bracket, start_length
from .startup import prior_exponent, sample_startup

_N_LEADERS = 5  # best trials whose neighbourhood is searched
_N_FRONT_LEADERS = 8  # trials of a front whose neighbourhood is searched
_MAX_D = 20  # parameters beyond which the search stays in a box
# failures in a row after which it halves: d as in Eriksson 2019, at least 4; or 10 beyond 20 of d
_LEAST_PATIENCE = 4
_PATIENCE = 10
_SIDE = 0.8  # of the box at first, on the unit interval, in up to 20 dimensions
# finished trials after which cost counts half, where it is not known how many there will be
_COOLING = 50
_MAX_FAILED = 100  # failed trials, the latest, that proposals avoid
_MAX_CENTRES = 25  # trials of the front around which a local model takes its observations
# how much a standard deviation is doubted where there are as many trials as parameters
_DOUBT = 4.0
_UPDATE_EVERY = 25  # observations between two changes of what a local model learns from
_MAX_EXACT = 4  # objectives beyond which a hypervolume has too many boxes
# of proposals that go in a random direction, where the hypervolume can be computed
_SHARE_OF_DIRECTIONS = 0.5
# how far a reference point lies beyond the worst: standard deviations, or widths of the front
_BEYOND = 0.1
_MIN_WIDTH = 2.0  # of a front, in standard deviations of all losses


class _Targets(NamedTuple):
    """Observed trials, and the losses that are to be improved on.

    Attributes:
        observed: (o,) numbers of the trials with a loss or a constraint.
        number: (k,) those with losses.
        losses: (k, m) of them; infinite where a trial crashed and violation is the loss.
        improvable: (k,) trials whose losses can be improved on.
        any_feasible: Whether any trial satisfies all constraints. If not, the only loss is the
            violation of the constraints.
    """

    observed: Index
    number: Index
    losses: Array
    improvable: Mask
    any_feasible: bool

    @classmethod
    def of(cls, history: History, constraints: dict[str, ObservedConstraint]) -> _Targets:
        number, losses, improvable = collect_objectives(history)
        numbers = [number, *(constraint.number for constraint in constraints.values())]
        observed = np.unique(np.concatenate(numbers))
        if improvable.any():
            return cls(observed, number, losses, improvable, True)

        reported = ~np.isnan(history.constraints[observed]).all(axis=1)
        complete = history.state[observed] == State.COMPLETE
        violation = np.where(complete & reported, history.violation[observed], np.inf)
        everyone = np.ones(len(observed), dtype=bool)
        return cls(observed, observed, violation[:, None], everyone, False)

    @property
    def failed(self) -> Index:
        """Numbers of the latest trials without a loss, which proposals avoid."""
        if self.any_feasible:
            failed = np.setdiff1d(self.observed, self.number)
        else:
            failed = self.observed[np.isinf(self.losses[:, 0])]
        return failed[-_MAX_FAILED:]


class GP(Sampler):
    """Bayesian optimisation: models losses by Gaussian processes, maximises expected improvement.

    The kernel is a Matérn-5/2 with a lengthscale for each parameter; categories differ or do not;
    an inactive parameter stands in the middle of its range. Losses are warped before they are
    modelled: beyond the median only their ranks count, and the scale is stretched near the best.
    Hyperparameters are estimates, so a model of few trials is too sure of itself: after n trials
    with d active parameters its standard deviation is multiplied by 1 + 4 min(d, 20) / n. Running
    trials count as observed, without noise, with the loss that the model expects (kriging
    believer), so workers and batches spread. With more than `n_local` trials or 20 parameters the
    search stays in a box around the best trial that grows with success and shrinks with failure;
    with one loss, no constraint and d > 20 it begins with 20 / d of its usual side, and shrinks
    after ten failures instead of d. With more than `n_local` trials the model learns from those
    nearest to the best.

    Several losses are modelled apart, without the factor and without the ranks. Half of the
    proposals, at random, maximise the expected hypervolume beyond the front of the means, up to
    a reference point a little worse than that front, so that the front gets better and denser. The
    others maximise how far a point is expected to reach in a random direction, counted from the
    worst that was found, so that the front gets wider. With more than 4 losses all proposals do the
    latter.

    Constraints (`trial.set_constraint`, failures with `catch_as="infeasible"`) are modelled one by
    one. The gain is multiplied by the probability that all are satisfied; while no trial satisfies
    them, that probability counts alone. Failed trials that reported a constraint count as having
    the loss that is expected there, so that proposals avoid them. Learning curves of partly trained
    trials are modelled where there is one loss. With several losses, pruned trials count with their
    last report; see `luthier.models.training_data.collect_objectives`.

    Where the study has memory of earlier tasks, a second process knows what they predict as well.
    The improvements that both expect are mixed by how well each foretells the trials that have
    ended. With several losses, the process with more weight is taken. See
    `luthier.samplers.gp_memory`.

    Priors of the space steer as in TPE. Where trials report a cost (`trial.set_cost`), improvement
    is divided by the expected cost: at first in full, at the end not at all.

    When to use: for up to some hundreds of trials that take a second or more each, whatever the
    parameters are. Set `noise=0` for an objective without noise, `warp_inputs=True` where you are
    not sure of the scales of the parameters.

    Args:
        n_startup_trials: Finished trials before the first model, at least 1. Until then, trials
            come from a quasi-random sequence, led by the centre of the space or its declared
            defaults.
        noise: Variance of the noise as a share of that of the warped losses, at least 0; 0 for an
            objective without noise; None learns it.
        warp_inputs: Learns a monotone warp of each number, for parameters that should have had a
            log scale.
        n_local: Finished trials beyond which the model is local, at least 20.
        cost_exponent: How much cost counts at first: improvement / cost^exponent. At least 0, which
            ignores the cost.

    Raises:
        ValueError: An argument is out of range.

    Source: Snoek 2012; Ament 2023 (log of the expected improvement); Song 2024 (warps of the loss);
    Hvarfner 2024 (the priors of lengthscales grow with the dimension) and 2022 (steering); Eriksson
    2019 (TuRBO: the box); Lee 2020 (cost); Yang 2019 (the expected hypervolume, exact); Golovin &
    Zhang 2020 (random directions); Gardner 2014 (constraints). Deviations: improvement over the
    best posterior mean, not the best draw; the factor on the standard deviation; both gains in
    turns; the search over mixed spaces, see `AcquisitionSearch`.
    """

    def __init__(
        self,
        n_startup_trials: int = 8,
        noise: float | None = None,
        warp_inputs: bool = False,
        n_local: int = 500,
        cost_exponent: float = 1.0,
    ) -> None:
        check_whole("n_startup_trials", n_startup_trials, least=1)
        if noise is not None:
            check_real("noise", noise, least=0)
        check_whole("n_local", n_local, least=20)
        check_real("cost_exponent", cost_exponent, least=0)
        self.n_startup_trials = n_startup_trials
        self.noise = noise
        self.warp_inputs = warp_inputs
        self.n_local = n_local
        self.cost_exponent = cost_exponent
        # by what is modelled: "loss", "loss 1", "constraint c", "cost"
        self._hyperparameters: dict[str, Hyperparameters] = {"cost": Hyperparameters()}
        self._posteriors: dict[str, tuple[bytes, Posterior]] = {}
        self._task_fitters: dict[str, TaskProcessFitter] = {}
        self._search: AcquisitionSearch | None = None

    @one_thread()
    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        self.memory_weight = None
        self.memory_tasks = ()
        if len(history.directions) == 1 and is_partial(history):
            return self._sample_by_curves(space, history, n, rng)

        encoder = InputEncoder(space)
        constraints = collect_constraints(history)
        targets = _Targets.of(history, constraints)
        if len(targets.observed) < self._start_length(space, history) or not encoder.d:
            return sample_startup(space, history, n, rng)

        # The observations that the model of the gain learns from.
        number = targets.number
        Z = encoder.encode(history.X[number])
        near = select_nearest(Z, targets.losses, targets.improvable, self.n_local)
        X = history.X[number[near]]
        Z = encoder.encode(X)
        L = targets.losses[near]
        improvable = targets.improvable[near]
        d_active = encoder.d - float(np.isnan(X[:, encoder.all]).sum(axis=1).mean())

        gain: Gain | None
        sources = self._recall(space, history)
        if not targets.any_feasible:
            gain = None
            leaders = np.argsort(L[:, 0], kind="stable")[:_N_LEADERS]
            centre = int(leaders[0])
        elif L.shape[1] == 1:
            doubt = factor_of_doubt(d_active, len(number))
            gain, leaders, centre = self._improvement(Z, L[:, 0], improvable, doubt, n, sources[0])
        else:
            gain, leaders, centre = self._front_gain(Z, L, improvable, n, rng, sources)

        acquisition = Acquisition(
            space,
            encoder,
            gain,
            constraints=self._constraint_terms(encoder, history, constraints, d_active, n),
            cost=self._cost_term(encoder, history, number) if self.cost_exponent else None,
            prior_exponent=prior_exponent(space, len(targets.observed)),
        )
        # Pretend that failed trials were observed, so that proposals avoid them.
        for i in targets.failed:
            acquisition.pretend_failed(history.X[[i]])

        length = None
        if len(near) < len(number) or encoder.d > _MAX_D:
            successes = progress(targets.losses, targets.improvable)
            successes = successes[self.n_startup_trials :]
            if d_active > _MAX_D and L.shape[1] == 1 and not constraints:
                length = box_length(successes, _PATIENCE, first_side(d_active))
            else:
                length = box_length(successes, max(_LEAST_PATIENCE, encoder.d))
        return self._maximise(acquisition, history, X[leaders], X[centre], length, n, rng)

    def _improvement(
        self,
        Z: Inputs,
        y: Array,
        improvable: Mask,
        doubt: float,
        room: int,
        sources: SourceModels | None = None,
    ) -> tuple[Gain, Index, int]:
        """Return the gain in one loss.

        Args:
            Z: k points.
            y: (k,) losses there.
            improvable: (k,) points whose losses can be improved on.
            doubt: Factor on standard deviations.
            room: Points that may be appended to the model.
            sources: Earlier tasks; None without.

        Returns:
            The gain, the rows of the leaders, and the row of the point with the best mean.
        """
        model = self._posterior("loss", Z, y, transform_loss, room)
        means = model.predict(Z)[0]
        leaders = np.lexsort((y, ~improvable))[:_N_LEADERS].astype(np.int64)
        best = int(np.lexsort((means, ~improvable))[0])
        best_mean = float(means[improvable].min())
        if sources is None:
            return LogEI(model, best_mean, doubt), leaders, best

        process, weight = self._weigh_tasks("loss", sources, model, Z, y, transform_loss)
        self.memory_weight = weight
        self.memory_tasks = process.list_weights()
        doubt = relieve_doubt(doubt, weight)
        knowing = LogEI(process, float(process.predict(Z)[0][improvable].min()), doubt)
        gain = mix(knowing, LogEI(model, best_mean, doubt), weight)
        return gain, leaders, best

    def _start_length(self, space: Space, history: History) -> int:
        """Return after how many finished trials the model takes over."""
        if not history.info.memory:
            return self.n_startup_trials
        return start_length(space, history, self.n_startup_trials)

    def _recall(self, space: Space, history: History) -> tuple[SourceModels | None, ...]:
        """Return what earlier tasks predict of each objective; None where none does."""
        recalled = recall(space, history) if history.info.memory else None
        if recalled is None or self.warp_inputs:
            return (None,) * len(history.directions)
        return find_closest(space, history, recalled)

    def _weigh_tasks(
        self,
        what: str,
        sources: SourceModels,
        plain: Posterior,
        Z: Inputs,
        y: Array,
        warp: Callable[[Array], Array],
    ) -> tuple[TaskProcess, float]:
        """Return a process that knows earlier tasks, and its weight beside one that does not.

        Args:
            what: What is modelled, as the key of a cache.
            sources: The earlier tasks.
            plain: The process that does not know them.
            Z: k points.
            y: (k,) losses there.
            warp: Transform of losses.
        """
        fitting = self._hyperparameters[what]
        observations = WarpedOutcomes(Z, y, warp)
        m, theta = fitting.estimate(observations)
        data = observations.first(m)
        fitter = self._task_fitters.setdefault(what, TaskProcessFitter())
        knowing = fitter.fit(sources, data, theta, fitting.bounds(data))
        process = condition_on(sources, knowing, Z, warp(y))
        return process, weigh(process, plain, warp(y))

    def _front_gain(
        self,
        Z: Inputs,
        L: Array,
        improvable: Mask,
        room: int,
        rng: np.random.Generator,
        sources: tuple[SourceModels | None, ...],
    ) -> tuple[Gain, Index, int]:
        """Return the gain in several losses.

        Args:
            Z: k points.
            L: (k, m) losses there.
            improvable: (k,) points whose losses can be improved on.
            room: Points that may be appended to the models.
            rng: Source of the kind of gain, its direction and the centre.
            sources: Earlier tasks for each loss; None where there are none. A model that knows them
                stands for one that does not where it has more weight.

        Returns:
            The gain, the rows of leaders that are spread over the front, and the row of one of
            them, by lot.
        """
        warp = transform_multi_objective_loss
        models: list[Process] = []
        weights = []
        for j, (y, known) in enumerate(zip(L.T, sources, strict=True)):
            plain = self._posterior(f"loss {j}", Z, y, warp, room)
            models.append(plain)
            if known is not None:
                process, weight = self._weigh_tasks(f"loss {j}", known, plain, Z, y, warp)
                models[j] = process if weight > 0.5 else plain
                weights.append(weight)
        if weights:
            self.memory_weight = float(np.mean(weights))
        means = np.stack([model.predict(Z)[0] for model in models], axis=1)
        front = np.flatnonzero(improvable)
        front = front[is_non_dominated(means[front])]
        worst = means.max(axis=0) + _BEYOND
        leaders = front[subset(means[front], worst, _N_FRONT_LEADERS)]

        gain: Gain
        if len(models) > _MAX_EXACT or rng.random() < _SHARE_OF_DIRECTIONS:
            gain = LogReach(models, means[front], worst, rng)
        else:
            low = means[leaders].min(axis=0)
            width = np.ptp(means[leaders], axis=0)
            reference = low + np.maximum((1 + _BEYOND) * width, _MIN_WIDTH)
            gain = LogEHVI(models, means[front], reference)
        return gain, leaders, int(rng.choice(leaders))

    def _constraint_terms(
        self,
        encoder: InputEncoder,
        history: History,
        constraints: dict[str, ObservedConstraint],
        d_active: float,
        room: int,
    ) -> list[LogPI]:
        """Return one term for each constraint, with a model of its own.

        Args:
            encoder: Of the space.
            history: All trials.
            constraints: What trials reported, by name.
            d_active: Mean number of active parameters.
            room: Points that may be appended to the models.
        """
        terms = []
        for name, (number, value) in constraints.items():
            latest = _latest(len(number), self.n_local)
            number = number[latest]
            value = value[latest]
            Z = encoder.encode(history.X[number])
            model = self._posterior(f"constraint {name}", Z, value, standardise_constraint, room)
            doubt = factor_of_doubt(d_active, len(number))
            terms.append(LogPI(model, constraint_threshold(value), doubt))
        return terms

    def _cost_term(self, encoder: InputEncoder, history: History, number: Index) -> LogCost | None:
        """Return the term of the cost; None while too few trials reported one.

        The exponent falls to 0 at the end of the budget. Source: Lee 2020 (cost cooling).
        """
        cost = history.cost[number]
        reported = np.flatnonzero(cost >= 0)
        reported = reported[_latest(len(reported), self.n_local)]
        cost = cost[reported]
        if len(reported) < self.n_startup_trials or not cost.max() > cost.min():
            return None

        log_cost = np.log(np.maximum(cost, 1e-6 * cost.max()))
        total = history.budget or len(number) + _COOLING
        left = max(1 - len(number) / total, 0.0)
        Z = encoder.encode(history.X[number[reported]])
        model = self._posterior("cost", Z, log_cost, standardise, room=0)
        return LogCost(model, self.cost_exponent * left * float(log_cost.std()))

    def _sample_by_curves(
        self, space: Space, history: History, n: int, rng: np.random.Generator
    ) -> Array:
        """Propose n points (n, d) by what partly trained trials are expected to come to."""
        model = fit_curves(space, history)
        if model is None or len(model.number) < self.n_startup_trials:
            return sample_startup(space, history, n, rng)
        if (led := lead_bracket(space, history, n)) is not None:
            return led

        encoder = InputEncoder(space)
        constraints = collect_constraints(history)
        terms = self._constraint_terms(encoder, history, constraints, encoder.d, n)

        # A trial that did not report a constraint is judged by the model of the constraint.
        violates = ~history.feasible[model.number]
        Z = encoder.encode(history.X[model.number])
        for name, term in zip(constraints, terms, strict=True):
            column = history.constraint_names.index(name)
            unknown = np.isnan(history.constraints[model.number, column])
            violates |= unknown & (term.models[0].predict(Z)[0] > term.best)

        best_first = np.lexsort((model.mean, violates))
        X = history.X[model.number[best_first]]
        # The copy counts its own points: what it appends lies beyond those of the cached model.
        posterior = copy.copy(model.posterior)
        gain = LogEI(posterior, float(model.mean[best_first[0]]), model.doubt)
        acquisition = Acquisition(
            space,
            encoder,
            None if violates.all() and terms else gain,
            constraints=terms,
            prior_exponent=prior_exponent(space, len(X)),
            gain_inputs=lambda Z: append_resource(Z, 1.0),
        )
        length = None
        if encoder.d > _MAX_D:
            length = box_length(model.mean, max(_LEAST_PATIENCE, encoder.d))
        return self._maximise(acquisition, history, X[:_N_LEADERS], X[0], length, n, rng)

    def _maximise(
        self,
        acquisition: Acquisition,
        history: History,
        leaders: Array,
        centre: Array,
        length: float | None,
        n: int,
        rng: np.random.Generator,
    ) -> Array:
        """Propose n points (n, d) where the acquisition function is largest.

        Running trials and earlier points of the batch count as observed.

        Args:
            acquisition: The function to maximise; changed.
            history: All trials.
            leaders: (l, d) trials whose neighbourhood is searched.
            centre: (d,) centre of the box.
            length: Side of the box in lengthscales; None searches the whole space.
            n: Number of points.
            rng: Source of candidates.
        """
        space = acquisition.space
        if self._search is None or self._search.space is not space:
            self._search = AcquisitionSearch(space)
        for i in history.pending:
            acquisition.pretend_observed(history.X[i : i + 1])

        bounds = None
        if length is not None:
            bounds = reachable_box(space, centre, acquisition.lengthscales, length)
        proposed = np.empty((0, space.d))
        for i in range(n):
            x = self._search.maximise(acquisition, history, leaders, proposed, rng, bounds)
            proposed = np.concatenate([proposed, x])
            if i + 1 < n:
                acquisition.pretend_observed(x)
        return proposed

    def _posterior(
        self, what: str, Z: Inputs, y: Array, warp: Callable[[Array], Array], room: int
    ) -> Posterior:
        """Return the process given outcomes y (k,) at k points.

        Its covariance is factored again only when the hyperparameters are; points that came later
        are appended.

        Args:
            what: What is modelled, as the key of a cache.
            Z: k points.
            y: (k,) outcomes.
            warp: Transform of outcomes.
            room: Points that may be appended to the model.
        """
        noise = self.noise if what.startswith("loss") else None
        if what not in self._hyperparameters:
            self._hyperparameters[what] = Hyperparameters(noise, self.warp_inputs)
        m, theta = self._hyperparameters[what].estimate(WarpedOutcomes(Z, y, warp))

        key = theta.tobytes() + Z.N[:m].tobytes() + Z.C[:m].tobytes()
        if what not in self._posteriors or self._posteriors[what][0] != key:
            fitted = Posterior.of(theta, Z.rows(0, m), warp(y[:m]), room=room + 16)
            self._posteriors[what] = (key, fitted)
        model = self._posteriors[what][1]
        model.extend(m, Z)
        model.condition(warp(y))
        return model


def _latest(n: int, most: int) -> slice:
    """Return the latest of n observations, at least `most`.

    The first of them changes every 25 observations only, so that hyperparameters last.
    """
    return slice(max(0, n - most) // _UPDATE_EVERY * _UPDATE_EVERY, None)


def factor_of_doubt(d: float, n: int) -> float:
    """Return what standard deviations are multiplied by after n trials with d parameters each.

    More than 20 parameters count as 20: of so many, few matter, and the longer the model doubts
    itself, the longer the search only explores.
    """
    return 1 + _DOUBT * min(d, _MAX_D) / n


def first_side(d: float) -> float:
    """Return the side of the box at first, with d parameters in each trial.

    A point may differ from the centre in all of them, so the more there are, the nearer it has to
    stay in each: in a wide box of many dimensions proposals lie at its edges and teach little.
    """
    return _SIDE * min(1.0, _MAX_D / d)


def reachable_box(space: Space, centre: Array, lengthscales: Array, length: float) -> Box:
    """Return a box around a point (d,) in which each parameter can change.

    At least the next value of a discrete number is inside, and the whole range of a number that the
    point does not have.
    """
    inactive = np.isnan(centre)
    middle = np.where(inactive, 0.5, centre)
    low, high = box(middle, lengthscales, length)
    step = np.array([1.0 / (p.n_values or math.inf) for p in space.dists])
    step[inactive] = 1.0
    return Box(
        np.minimum(low, np.maximum(middle - step, 0.0)),
        np.maximum(high, np.minimum(middle + step, 1.0)),
    )


def select_nearest(Z: Inputs, L: Array, improvable: Mask, n: int) -> Index:
    """Return the rows of the n observations nearest to the best one, or to the front, ascending.

    And the rows since the last multiple of 25. So the choice changes every 25 observations only,
    and hyperparameters last.

    Args:
        Z: k points, in the order of the trials.
        L: (k, m) losses.
        improvable: (k,) points whose losses can be improved on.
        n: Number of observations.
    """
    if len(L) <= n:
        return np.arange(len(L))
    m = max(len(L) - len(L) % _UPDATE_EVERY, n)
    rows = np.flatnonzero(improvable[:m]) if improvable[:m].any() else np.arange(m)
    if L.shape[1] == 1:
        centres = rows[[np.argmin(L[rows, 0])]]
    else:
        front = rows[is_non_dominated(L[rows])]
        centres = front[subset(L[front], reference_point(L[front]), _MAX_CENTRES)]

    distance = np.full(m, np.inf)
    for i in centres:
        numbers = ((Z.N[:m] - Z.N[i]) ** 2).sum(axis=1)
        categories = (Z.C[:m] != Z.C[i]).sum(axis=1)
        np.minimum(distance, numbers + categories, out=distance)
    nearest = np.sort(np.argsort(distance, kind="stable")[:n])
    return np.concatenate([nearest, np.arange(m, len(L))])


def progress(L: Array, improvable: Mask) -> Array:
    """Return (k,) numbers that reach a new minimum whenever a trial improved on those before it.

    With one loss it improves by being the best so far, with several by not being dominated.

    Args:
        L: (k, m) losses.
        improvable: (k,) trials that count.
    """
    if L.shape[1] == 1:
        return np.where(improvable, L[:, 0], np.inf)
    # [i, j]: trial j is no worse than trial i in any loss
    no_worse = (L[:, None] >= L[None]).all(axis=2) & improvable
    better = improvable & ~np.tril(no_worse, -1).any(axis=1)
    return np.where(better, -np.cumsum(better, dtype=np.float64), np.inf)
