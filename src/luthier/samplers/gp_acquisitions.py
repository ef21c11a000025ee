"""The acquisition function of the Gaussian-process sampler: a sum of logarithms.

Notation: k points, p of their columns are numbers; m objectives or models. A point is worth
log gain + sum of log P(constraint satisfied) - weight * log cost + exponent * log prior.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from ..numerics.acquisition import (
    log_expected_hypervolume,
    log_expected_hypervolume_by,
    log_expected_improvement,
    log_expected_improvement_by,
    log_expected_reach,
    log_expected_reach_by,
    log_probability_below,
    log_probability_below_by,
)
from ..numerics.gp import Inputs
from ..numerics.hypervolume import boxes
from ..space.space import Space
from ..typing import Array, Index

_STEP = 1e-4  # of finite differences of a prior


class Encoder(Protocol):
    """What turns unit columns into the inputs of a kernel; see `InputEncoder`."""

    @property
    def numbers(self) -> Index:
        """(p,) columns that are the first numbers of an input."""

    def encode(self, X: Array) -> Inputs:
        """Return unit columns (n, d) as inputs."""


class Process(Protocol):
    """A process conditioned on observations; see `luthier.numerics.gp.Posterior`."""

    @property
    def rho(self) -> Array:
        """(d,) inverse squared lengthscales."""

    def predict(self, Z: Inputs) -> tuple[Array, Array]:
        """Return mean (k,) and variance (k,)."""

    def gradients(self, Z: Inputs) -> tuple[Array, Array, Array, Array]:
        """Return mean and variance (k,), and the derivatives (k, p) of both by the numbers."""

    def append(self, Z: Inputs, noise: float | None = None) -> None:
        """Add one point, observed as the mean there."""


class Term(Protocol):
    """One summand of the acquisition function."""

    @property
    def models(self) -> Sequence[Process]:
        """Models that it evaluates; they may grow."""

    def value(self, Z: Inputs) -> Array:
        """Return (k,) values at k points."""

    def slope(self, Z: Inputs) -> tuple[Array, Array]:
        """Return values (k,), and their derivatives (k, p) by the numbers."""


class Gain(Term, Protocol):
    """The gain that is expected of a point."""

    def pretend_observed(self, Z: Inputs, feasible: bool) -> None:
        """Take one point as observed, with the losses that the models expect there.

        It counts among what is to be improved on if it is feasible. Source: the kriging believer of
        Ginsbourger 2010.
        """


class _OneModel(ABC):
    """A term in one model, whose standard deviations are multiplied by `doubt`.

    Args:
        model: Of a loss or a constraint.
        best: The value that is compared with.
        doubt: Factor on the standard deviation.
    """

    def __init__(self, model: Process, best: float, doubt: float) -> None:
        self.models: Sequence[Process] = [model]
        self.best = best
        self.doubt = doubt

    def value(self, Z: Inputs) -> Array:
        mean, variance = self.models[0].predict(Z)
        return self._value(mean, self.doubt * np.sqrt(variance))

    def slope(self, Z: Inputs) -> tuple[Array, Array]:
        mean, variance, mean_by, variance_by = self.models[0].gradients(Z)
        sd = self.doubt * np.sqrt(variance)
        f, by_mean, by_sd = self._value_by(mean, sd)
        # Chain rule: sd = doubt * sqrt(variance), so d sd = doubt^2 / (2 sd) d variance.
        by_variance = by_sd * self.doubt**2 / (2 * sd)
        return f, by_mean[:, None] * mean_by + by_variance[:, None] * variance_by

    @abstractmethod
    def _value(self, mean: Array, sd: Array) -> Array:
        """Return (k,) values."""

    @abstractmethod
    def _value_by(self, mean: Array, sd: Array) -> tuple[Array, Array, Array]:
        """Return values (k,), and their derivatives (k,) by mean and by standard deviation."""


class LogEI(_OneModel):
    """The log of the expected improvement of one loss on `best`. Source: Ament 2023 (LogEI)."""

    def pretend_observed(self, Z: Inputs, feasible: bool) -> None:
        if feasible:
            self.best = min(self.best, float(self.models[0].predict(Z)[0][0]))
        self.models[0].append(Z, noise=0.0)

    def _value(self, mean: Array, sd: Array) -> Array:
        return log_expected_improvement(mean, sd, self.best)

    def _value_by(self, mean: Array, sd: Array) -> tuple[Array, Array, Array]:
        return log_expected_improvement_by(mean, sd, self.best)


class LogPI(_OneModel):
    """The log of the probability that a constraint is satisfied.

    That is, that its value is at most `best`, in units of the model. Source: Gardner 2014.
    """

    def pretend_observed(self, Z: Inputs) -> bool:
        """Take one point as observed, with the value that the model expects there.

        Returns:
            Whether that value satisfies the constraint.
        """
        satisfied = bool(self.models[0].predict(Z)[0][0] <= self.best)
        self.models[0].append(Z, noise=0.0)
        return satisfied

    def _value(self, mean: Array, sd: Array) -> Array:
        return log_probability_below(mean, sd, self.best)

    def _value_by(self, mean: Array, sd: Array) -> tuple[Array, Array, Array]:
        return log_probability_below_by(mean, sd, self.best)


class _SeveralModels(ABC):
    """A gain in several losses that are modelled apart.

    Args:
        models: One for each loss.
        front: (f, m) losses to be improved on.
        reference: (m,) losses beyond which nothing counts.
    """

    def __init__(self, models: Sequence[Process], front: Array, reference: Array) -> None:
        self.models = models
        self.front = front
        self.reference = reference

    def pretend_observed(self, Z: Inputs, feasible: bool) -> None:
        if feasible:
            means = [model.predict(Z)[0] for model in self.models]
            self.front = np.concatenate([self.front, np.stack(means, axis=1)])
        for model in self.models:
            model.append(Z, noise=0.0)

    def value(self, Z: Inputs) -> Array:
        predicted = zip(*(model.predict(Z) for model in self.models), strict=True)
        mean, variance = (np.stack(a, axis=1) for a in predicted)
        return self._value(mean, np.sqrt(variance))

    def slope(self, Z: Inputs) -> tuple[Array, Array]:
        gradients = zip(*(model.gradients(Z) for model in self.models), strict=True)
        mean, variance, mean_by, variance_by = (np.stack(a, axis=1) for a in gradients)
        sd = np.sqrt(variance)
        f, by_mean, by_sd = self._value_by(mean, sd)
        # Chain rule, summed over the models.
        by_variance = by_sd / (2 * sd)
        by_means = np.einsum("km,kmp->kp", by_mean, mean_by)
        return f, by_means + np.einsum("km,kmp->kp", by_variance, variance_by)

    @abstractmethod
    def _value(self, mean: Array, sd: Array) -> Array:
        """Return (k,) values."""

    @abstractmethod
    def _value_by(self, mean: Array, sd: Array) -> tuple[Array, Array, Array]:
        """Return values (k,), and their derivatives (k, m) by mean and by standard deviation."""


class LogEHVI(_SeveralModels):
    """The log of the hypervolume that a point is expected to add, for up to four losses.

    Args: as of `_SeveralModels`.

    Source: Yang 2019 (exact, over disjoint boxes), in logarithms as in Ament 2023.
    """

    def __init__(self, models: Sequence[Process], front: Array, reference: Array) -> None:
        super().__init__(models, front, reference)
        self._n_covered = len(front)
        self._boxes = boxes(front, reference)

    def _value(self, mean: Array, sd: Array) -> Array:
        return log_expected_hypervolume(mean, sd, *self._non_dominated())

    def _value_by(self, mean: Array, sd: Array) -> tuple[Array, Array, Array]:
        return log_expected_hypervolume_by(mean, sd, *self._non_dominated())

    def _non_dominated(self) -> tuple[Array, Array]:
        """Return corners (b, m), (b, m) of boxes that cover what the front does not dominate."""
        if len(self.front) > self._n_covered:
            self._n_covered = len(self.front)
            self._boxes = boxes(self.front, self.reference)
        return self._boxes


class LogReach(_SeveralModels):
    """The log of how much further a point is expected to reach in a random direction.

    Each proposal draws another direction. Source: Golovin & Zhang 2020.

    Args:
        models: One for each loss.
        front: (f, m) losses to be improved on.
        reference: (m,) losses where the way begins.
        rng: Source of the directions.
    """

    def __init__(
        self, models: Sequence[Process], front: Array, reference: Array, rng: np.random.Generator
    ) -> None:
        super().__init__(models, front, reference)
        self._rng = rng
        self._draw_direction()

    def pretend_observed(self, Z: Inputs, feasible: bool) -> None:
        super().pretend_observed(Z, feasible)
        self._stale = True

    def _draw_direction(self) -> None:
        """Draw a direction, and compute how far the present front reaches in it."""
        self._stale = False
        direction = np.abs(self._rng.standard_normal(len(self.reference))) + 1e-3
        self.direction = direction / np.linalg.norm(direction)
        reach = ((self.reference - self.front) / self.direction).min(axis=1)
        self.best = float(reach.max())

    def _value(self, mean: Array, sd: Array) -> Array:
        if self._stale:
            self._draw_direction()
        return log_expected_reach(mean, sd, self.reference, self.direction, self.best)

    def _value_by(self, mean: Array, sd: Array) -> tuple[Array, Array, Array]:
        if self._stale:
            self._draw_direction()
        return log_expected_reach_by(mean, sd, self.reference, self.direction, self.best)


class LogCost:
    """Minus the expected log of the cost. Source: Lee 2020 (improvement / cost^weight).

    Args:
        model: Of the log of the cost.
        weight: Exponent of the cost.
    """

    def __init__(self, model: Process, weight: float) -> None:
        self.models: Sequence[Process] = [model]
        self.weight = weight

    def value(self, Z: Inputs) -> Array:
        return np.asarray(-(self.weight * self.models[0].predict(Z)[0]))

    def slope(self, Z: Inputs) -> tuple[Array, Array]:
        log_cost, _, by, _ = self.models[0].gradients(Z)
        return -(self.weight * log_cost), -(self.weight * by)


class Acquisition:
    """The log of the gain that is expected of a point, times what stands for or against it.

    Args:
        space: Its priors steer the search.
        encoder: Which of its columns the models know.
        gain: None while no feasible point is known: then the search is for one.
        constraints: One term for each constraint.
        cost: None where cost does not count.
        prior_exponent: Exponent of the density of the space's priors.
        gain_inputs: What the model of the gain sees of a point, where it sees more than the
            others.
    """

    def __init__(
        self,
        space: Space,
        encoder: Encoder,
        gain: Gain | None,
        constraints: Sequence[LogPI] = (),
        cost: LogCost | None = None,
        prior_exponent: float = 0.0,
        gain_inputs: Callable[[Inputs], Inputs] | None = None,
    ) -> None:
        self.space = space
        self.encoder = encoder
        self.gain = gain
        self.constraints = constraints
        self.prior_exponent = prior_exponent
        self._gain_inputs = gain_inputs
        self._terms: list[Term] = [] if gain is None else [gain]
        self._terms += constraints
        if cost is not None:
            self._terms.append(cost)

    def pretend_observed(self, X: Array) -> None:
        """Take one point (1, d) as observed, with the outcomes that the models expect there.

        Proposals then avoid it.
        """
        Z = self.encoder.encode(X)
        satisfied = [constraint.pretend_observed(Z) for constraint in self.constraints]
        if self.gain is not None:
            self.gain.pretend_observed(self._inputs_of(self.gain, Z), all(satisfied))

    def pretend_failed(self, X: Array) -> None:
        """Take the point (1, d) of a failed trial as observed, so that proposals avoid it.

        It is nothing to improve on. The models of the constraints learn of it only while there is
        no gain.
        """
        if self.gain is None:
            self.pretend_observed(X)
        else:
            Z = self._inputs_of(self.gain, self.encoder.encode(X))
            self.gain.pretend_observed(Z, feasible=False)

    def _inputs_of(self, term: Term, Z: Inputs) -> Inputs:
        """Return the points as a term sees them."""
        return self._gain_inputs(Z) if self._gain_inputs and term is self.gain else Z

    @property
    def lengthscales(self) -> Array:
        """(d,) of the numbers, in the geometric mean of the models.

        Other columns have the geometric mean of these.
        """
        numbers = self.encoder.numbers
        models = self._terms[0].models
        log_scale = np.mean([-0.5 * np.log(m.rho[: len(numbers)]) for m in models], axis=0)
        scales = np.full(self.space.d, log_scale.mean() if len(log_scale) else 0.0)
        scales[numbers] = log_scale
        return np.asarray(np.exp(scales))

    def value(self, X: Array) -> Array:
        """Return (k,) values at unit columns (k, d)."""
        Z = self.encoder.encode(X)
        f = self.prior_exponent * self.space.log_prior(X) if self.prior_exponent else np.zeros(Z.n)
        for term in self._terms:
            f += term.value(self._inputs_of(term, Z))
        return f

    def slope(self, X: Array) -> tuple[Array, Array]:
        """Return values (k,), and their derivatives (k, d) by the columns that are numbers.

        X may lie between discrete values.
        """
        Z = self.encoder.encode(X)
        numbers = self.encoder.numbers
        f = np.zeros(Z.n)
        by = np.zeros(X.shape)
        if self.prior_exponent:
            log_priors = self.space.log_priors(X)
            f = self.prior_exponent * log_priors.sum(axis=1)
            near = X + np.where(X > 0.5, -_STEP, _STEP)  # stays inside the space
            near = np.where(np.isin(np.arange(X.shape[1]), numbers), near, X)
            difference = self.space.log_priors(near) - log_priors  # each term has its own column
            step = (near - X)[:, numbers]
            by[:, numbers] = self.prior_exponent * difference[:, numbers] / step
        for term in self._terms:
            term_f, term_by = term.slope(self._inputs_of(term, Z))
            f += term_f
            by[:, numbers] += term_by[:, : len(numbers)]
        return f, by
