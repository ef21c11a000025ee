"""What the Gaussian-process sampler maximises.

The gain that is expected of a point, and what is held against it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from ..models.surrogate import Columns
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
from ..numerics.gp import Inputs, Posterior
from ..numerics.hypervolume import boxes
from ..space.space import Space
from ..typing import Array

_STEP = 1e-4  # of finite differences of a prior


class Term(Protocol):
    """One summand."""

    @property
    def models(self) -> Sequence[Posterior]:
        """What it asks; they may grow."""

    def value(self, Z: Inputs) -> Array:
        """(k,) at k points."""

    def slope(self, Z: Inputs) -> tuple[Array, Array]:
        """`value`, and its derivatives (k, p) by the numbers."""


class Gain(Term, Protocol):
    """What is expected of a point."""

    def expect(self, Z: Inputs, kept: bool) -> None:
        """Takes one point as if it had been found to be what the models expect.

        It counts if constraints are kept.
        """


class _One:
    """A term in one model, whose standard deviations count `doubt` times.

    Args:
        model: Of a loss or a constraint.
        best: The value that is compared with.
        doubt: Factor on the standard deviation.
    """

    def __init__(self, model: Posterior, best: float, doubt: float) -> None:
        self.models: Sequence[Posterior] = [model]
        self.best = best
        self.doubt = doubt

    def value(self, Z: Inputs) -> Array:
        mean, variance = self.models[0].predict(Z)
        return self._value(mean, self.doubt * np.sqrt(variance), self.best)

    def slope(self, Z: Inputs) -> tuple[Array, Array]:
        mean, variance, mean_by, variance_by = self.models[0].gradients(Z)
        sd = self.doubt * np.sqrt(variance)
        f, by_mean, by_sd = self._by(mean, sd, self.best)
        return f, by_mean[:, None] * mean_by + (by_sd * self.doubt**2 / (2 * sd))[
            :, None
        ] * variance_by

    def _value(self, mean: Array, sd: Array, best: float, /) -> Array:
        raise NotImplementedError

    def _by(self, mean: Array, sd: Array, best: float, /) -> tuple[Array, Array, Array]:
        """The value, and its derivatives (k,) by mean and by standard deviation."""
        raise NotImplementedError


class LogEI(_One):
    """The log of the expected improvement of one loss on `best`."""

    _value = staticmethod(log_expected_improvement)
    _by = staticmethod(log_expected_improvement_by)

    def expect(self, Z: Inputs, kept: bool) -> None:
        if kept:
            self.best = min(self.best, float(self.models[0].predict(Z)[0][0]))
        self.models[0].append(Z, noise=0.0)


class _Several:
    """A gain in several losses that are modelled apart.

    Args:
        models: One a loss.
        front: (f, m) losses to be improved on.
        reference: (m,) Beyond it nothing counts.
    """

    def __init__(self, models: Sequence[Posterior], front: Array, reference: Array) -> None:
        self.models = models
        self.front = front
        self.reference = reference

    def expect(self, Z: Inputs, kept: bool) -> None:
        if kept:
            means = [model.predict(Z)[0] for model in self.models]
            self.front = np.concatenate([self.front, np.stack(means, axis=1)])
        for model in self.models:
            model.append(Z, noise=0.0)

    def value(self, Z: Inputs) -> Array:
        mean, variance = (
            np.stack(a, axis=1) for a in zip(*(m.predict(Z) for m in self.models), strict=True)
        )
        return self._value(mean, np.sqrt(variance))

    def slope(self, Z: Inputs) -> tuple[Array, Array]:
        found = zip(*(model.gradients(Z) for model in self.models), strict=True)
        mean, variance, mean_by, variance_by = (np.stack(a, axis=1) for a in found)
        sd = np.sqrt(variance)
        f, by_mean, by_sd = self._by(mean, sd)
        by_variance = by_sd / (2 * sd)
        return f, np.einsum("km,kmp->kp", by_mean, mean_by) + np.einsum(
            "km,kmp->kp", by_variance, variance_by
        )

    def _value(self, mean: Array, sd: Array) -> Array:
        raise NotImplementedError

    def _by(self, mean: Array, sd: Array) -> tuple[Array, Array, Array]:
        """The value, and its derivatives (k, m) by mean and by standard deviation."""
        raise NotImplementedError


class LogEHVI(_Several):
    """The log of the hypervolume that a point is expected to add.

    Of up to four losses, see `_Several`.
    """

    def __init__(self, models: Sequence[Posterior], front: Array, reference: Array) -> None:
        super().__init__(models, front, reference)
        self._n = len(front)
        self._boxes = boxes(front, reference)

    def _value(self, mean: Array, sd: Array) -> Array:
        return log_expected_hypervolume(mean, sd, *self._cover())

    def _by(self, mean: Array, sd: Array) -> tuple[Array, Array, Array]:
        return log_expected_hypervolume_by(mean, sd, *self._cover())

    def _cover(self) -> tuple[Array, Array]:
        """The boxes beyond the front as it is now."""
        if len(self.front) > self._n:
            self._n = len(self.front)
            self._boxes = boxes(self.front, self.reference)
        return self._boxes


class LogReach(_Several):
    """The log of how much further a point is expected to reach in a random direction, which each proposal draws anew.

    Args:
        models: One a loss.
        front: (f, m) losses to be improved on.
        reference: (m,) Where the way begins.
        rng: For directions.
    """

    def __init__(
        self, models: Sequence[Posterior], front: Array, reference: Array, rng: np.random.Generator
    ) -> None:
        super().__init__(models, front, reference)
        self._rng = rng
        self._draw()

    def expect(self, Z: Inputs, kept: bool) -> None:
        super().expect(Z, kept)
        self._stale = True

    def _draw(self) -> None:
        """Draws a direction, and finds how far the front as it is reaches in it."""
        self._stale = False
        direction = np.abs(self._rng.standard_normal(len(self.reference))) + 1e-3
        self.direction = direction / np.linalg.norm(direction)
        self.best = float(((self.reference - self.front) / self.direction).min(axis=1).max())

    def _value(self, mean: Array, sd: Array) -> Array:
        if self._stale:
            self._draw()
        return log_expected_reach(mean, sd, self.reference, self.direction, self.best)

    def _by(self, mean: Array, sd: Array) -> tuple[Array, Array, Array]:
        if self._stale:
            self._draw()
        return log_expected_reach_by(mean, sd, self.reference, self.direction, self.best)


class LogPI(_One):
    """The log of the probability that a constraint is kept.

    That it is at most `best`, as the model sees values.
    """

    _value = staticmethod(log_probability_below)
    _by = staticmethod(log_probability_below_by)

    def expect(self, Z: Inputs) -> bool:
        """Takes one point as if it had been found to be what the model expects.

        Whether the constraint is kept.
        """
        kept = bool(self.models[0].predict(Z)[0][0] <= self.best)
        self.models[0].append(Z, noise=0.0)
        return kept


class Dear:
    """Minus the log of the cost that is expected.

    Args:
        model: Of the log of the cost.
        weight: How much it counts.
    """

    def __init__(self, model: Posterior, weight: float) -> None:
        self.models: Sequence[Posterior] = [model]
        self.weight = weight

    def value(self, Z: Inputs) -> Array:
        return np.asarray(-(self.weight * self.models[0].predict(Z)[0]))

    def slope(self, Z: Inputs) -> tuple[Array, Array]:
        log_cost, _, by, _ = self.models[0].gradients(Z)
        return -(self.weight * log_cost), -(self.weight * by)


class Acquisition:
    """The log of what is expected of a point and of the probability that it keeps all constraints, less its cost.

    Args:
        space: Whose priors steer.
        columns: Which of its columns the models know.
        gain: None while no point is known that keeps all constraints: then the search is for one.
        limits: One a constraint.
        dear: Of the cost.
        trust: Exponent of the prior's density.
    """

    def __init__(
        self,
        space: Space,
        columns: Columns,
        gain: Gain | None,
        limits: Sequence[LogPI] = (),
        dear: Dear | None = None,
        trust: float = 0.0,
    ) -> None:
        self.space = space
        self.columns = columns
        self.gain = gain
        self.limits = limits
        self.trust = trust
        first: list[Term] = [] if gain is None else [gain]
        self._terms: list[Term] = [*first, *limits, *([] if dear is None else [dear])]

    def expect(self, X: Array) -> None:
        """Takes one point (1, d) as if it had been found to be what the models expect."""
        Z = self.columns.inputs(X)
        kept = [limit.expect(self._plain(Z)) for limit in self.limits]
        if self.gain is not None:
            self.gain.expect(Z, all(kept))

    @property
    def lengthscales(self) -> Array:
        """(d,) of the numbers, in the geometric mean of the models.

        Their geometric mean for the rest.
        """
        numbers = self.columns.numbers
        own = np.mean([-0.5 * np.log(m.rho[: len(numbers)]) for m in self._terms[0].models], axis=0)
        scales = np.full(self.space.d, own.mean() if len(own) else 0.0)
        scales[numbers] = own
        return np.asarray(np.exp(scales))

    def value(self, X: Array) -> Array:
        """(k,) at unit columns (k, d)."""
        Z = self.columns.inputs(X)
        f = self.trust * self.space.log_prior(X) if self.trust else np.zeros(len(X))
        for term in self._terms:
            f += term.value(Z if term is self.gain else self._plain(Z))
        return f

    def slope(self, X: Array) -> tuple[Array, Array]:
        """`value`, and its derivatives (k, d) by the numbers."""
        Z, numbers = self.columns.inputs(X), self.columns.numbers
        f, by = np.zeros(len(X)), np.zeros(X.shape)
        if self.trust:
            believed = self.space.log_prior(X)
            f = self.trust * believed
            for j in numbers:
                near = X.copy()
                near[:, j] += np.where(X[:, j] > 0.5, -_STEP, _STEP)
                by[:, j] = (
                    self.trust * (self.space.log_prior(near) - believed) / (near[:, j] - X[:, j])
                )
        for term in self._terms:
            g, g_by = term.slope(Z if term is self.gain else self._plain(Z))
            f += g
            by[:, numbers] += g_by[:, : len(numbers)]
        return f, by

    def _plain(self, Z: Inputs) -> Inputs:
        """Points without what only a model of curves knows: how far they are trained."""
        return Inputs(Z.N[:, : len(self.columns.numbers)], Z.C)
