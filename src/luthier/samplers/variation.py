"""Variation of genetic methods: crossovers make a child of parents, mutations change it.

Notation: P (k, d) are parents, u (d,) is a child, both points of the unit cube. A child of a
crossover may lie outside the cube; a mutation takes some coordinates of a child and returns others,
inside.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np

from ..space.distributions import Categorical
from ..space.space import Space
from ..typing import Array

CrossoverName = Literal["uniform", "sbx", "vsbx", "blx_alpha", "spx", "undx"]
MutationName = Literal["polynomial", "gaussian", "resample"]

_MIN_DISTANCE = 1e-12  # of two parents, to divide by


class Crossover(NamedTuple):
    """A crossover, and the number of parents it takes."""

    n_parents: int
    cross: Callable[[Array, np.random.Generator], Array]


def uniform(P: Array, rng: np.random.Generator) -> Array:
    """Return a child with each coordinate from a parent drawn by lot. Source: Syswerda 1989."""
    columns = np.arange(P.shape[1])
    return np.asarray(P[rng.integers(len(P), size=P.shape[1]), columns])


def sbx(P: Array, rng: np.random.Generator, eta: float = 5.0) -> Array:
    """Return a child by simulated binary crossover of two parents.

    Half of the coordinates are a parent's own; the others lie about one of the parents, mostly as
    near to it as the parents are to each other. What would leave the cube is cut off the
    distribution, at both sides alike, so that children have the mean of their parents.

    Args:
        P: (2, d) parents.
        rng: Source of randomness.
        eta: Distribution index; the larger, the nearer to the parents.

    Source: Deb & Agrawal 1995, eq. 8; bounds as in Deb & Agrawal 1999. Deviation: one child, by
    lot.
    """
    low = P.min(axis=0)
    high = P.max(axis=0)
    apart = np.maximum(high - low, _MIN_DISTANCE)
    # beta is the distance of the children over that of the parents; alpha cuts it at the bounds.
    alpha = 2 - (1 + 2 * np.minimum(low, 1 - high) / apart) ** -(eta + 1)
    u = rng.random(len(low)) * alpha
    beta = np.where(u <= 1, u, 1 / (2 - u)) ** (1 / (eta + 1))
    beta[rng.random(len(low)) < 0.5] = 1
    side = np.where(rng.random(len(low)) < 0.5, -0.5, 0.5)
    return np.asarray((low + high) / 2 + side * beta * (high - low))


def vsbx(P: Array, rng: np.random.Generator, eta: float = 5.0) -> Array:
    """Return a child by SBX without bounds, to either side of one of two parents alike.

    So there is no gap between the parents. Half of the coordinates are a parent's own.

    Source: Ballester & Carter 2003. Deviation: one child, by lot.
    """
    beta = np.maximum(rng.random(P.shape[1]), 1e-10) ** (-1 / (eta + 1))
    side = rng.choice([-1.0, 0.0, 0.0, 1.0], P.shape[1])
    step = (beta - 1) / 2 * (P[0] - P[1]) * side
    return np.asarray(uniform(P, rng) + step)


def blx_alpha(P: Array, rng: np.random.Generator, alpha: float = 0.5) -> Array:
    """Return a child that is uniform in the box of two parents, widened on each side.

    By alpha times its length. Source: Eshelman & Schaffer 1993.
    """
    low = P.min(axis=0)
    high = P.max(axis=0)
    place = (1 + 2 * alpha) * rng.random(len(low)) - alpha
    return np.asarray(low + place * (high - low))


def spx(P: Array, rng: np.random.Generator) -> Array:
    """Return a child by simplex crossover: uniform in the simplex of k parents, widened.

    By sqrt(k + 1) about its centre, so that children have the mean and the covariance of the
    parents. Source: Tsutsui 1999.
    """
    k = len(P)
    weights = rng.dirichlet(np.ones(k))
    centre = P.mean(axis=0)
    return np.asarray(centre + np.sqrt(k + 1) * (weights @ P - centre))


def undx(
    P: Array, rng: np.random.Generator, sigma_xi: float = 0.5, sigma_eta: float = 0.35
) -> Array:
    """Return a child by unimodal normal distribution crossover: about the middle of two parents.

    Along the line through them the deviation is sigma_xi times their distance; across it, sigma_eta
    / sqrt(d) times the distance of a third parent from the line.

    Source: Ono & Kobayashi 1997.
    """
    a, b, c = P
    d = max(len(a), 1)
    e = (b - a) / max(float(np.linalg.norm(b - a)), _MIN_DISTANCE)  # along the line
    across = c - a - ((c - a) @ e) * e
    z = rng.standard_normal(len(a)) * (sigma_eta / np.sqrt(d))
    along = sigma_xi * rng.standard_normal() * (b - a)
    return np.asarray((a + b) / 2 + along + float(np.linalg.norm(across)) * (z - (z @ e) * e))


CROSSOVERS: dict[CrossoverName, Crossover] = {
    "uniform": Crossover(2, uniform),
    "sbx": Crossover(2, sbx),
    "vsbx": Crossover(2, vsbx),
    "blx_alpha": Crossover(2, blx_alpha),
    "spx": Crossover(3, spx),
    "undx": Crossover(3, undx),
}


def polynomial(u: Array, rng: np.random.Generator, eta: float = 5.0) -> Array:
    """Return coordinates after a step of about 1 / eta of the way to an end, drawn by lot.

    Source: Deb & Goyal 1996, with the bounds of the code of NSGA-II.
    """
    r = rng.random(len(u))
    down = r < 0.5
    room = np.where(down, u, 1 - u)
    r = np.where(down, r, 1 - r)
    step = 1 - (2 * r + (1 - 2 * r) * (1 - room) ** (eta + 1)) ** (1 / (eta + 1))
    return np.asarray(np.clip(np.where(down, u - step, u + step), 0, 1))


def gaussian(u: Array, rng: np.random.Generator, sigma: float = 0.1) -> Array:
    """Return coordinates after a normal step, reflected at the ends of the interval."""
    return reflect(u + sigma * rng.standard_normal(len(u)))


def resample(u: Array, rng: np.random.Generator) -> Array:
    """Return coordinates drawn anew."""
    return rng.random(len(u))


MUTATIONS: dict[MutationName, Callable[[Array, np.random.Generator], Array]] = {
    "polynomial": polynomial,
    "gaussian": gaussian,
    "resample": resample,
}


def reflect(u: Array) -> Array:
    """Return coordinates with those beyond an end of the unit interval reflected into it."""
    return np.asarray(1 - np.abs(np.mod(u, 2) - 1))


class Breeder:
    """Makes children of parents in one space.

    Args:
        space: The space of the parents.
        crossover: Name of the crossover of numbers; choices without an order are exchanged at
            random.
        crossover_rate: Share of the children that have several parents.
        mutation: Name of the mutation of numbers; choices without an order change to any other.
        mutation_rate: Share of the parameters that mutate; None is one in d.

    Attributes:
        n_parents: Number of parents of a child.
    """

    def __init__(
        self,
        space: Space,
        crossover: CrossoverName,
        crossover_rate: float,
        mutation: MutationName,
        mutation_rate: float | None,
    ) -> None:
        self.space = space
        self.crossover_rate = crossover_rate
        self.n_parents, self._cross = CROSSOVERS[crossover]
        self._mutate = MUTATIONS[mutation]
        self._unordered = np.isin(np.arange(space.d), space.unordered)
        self._varying = np.array([p.n_values != 1 for p in space.dists])
        one_in_d = 1 / max(int(self._varying.sum()), 1)
        self._rate = one_in_d if mutation_rate is None else mutation_rate

    def make_child(self, X: Array, attempt: int, rng: np.random.Generator) -> Array:
        """Return a child (d,), a point of the unit cube.

        Args:
            X: (n_parents, d) unit columns of the parents. What is inactive in one of them is taken
                from another.
            attempt: Number of children that were of no use already; from the fifth on, more and
                more parameters mutate.
            rng: Source of randomness.
        """
        P = self._complete(X, rng)
        u: Array = P[0].copy()
        if rng.random() < self.crossover_rate:
            numbers = ~self._unordered
            u[numbers] = reflect(self._cross(P[:, numbers], rng))
            u[self._unordered] = uniform(P[:, self._unordered], rng)

        rate = self._rate * (1 + attempt // 5)
        mutated = np.flatnonzero(self._varying & (rng.random(len(u)) < rate))
        anywhere = rng.random(len(mutated))
        new = np.where(self._unordered[mutated], anywhere, self._mutate(u[mutated], rng))
        for j, value in zip(mutated.tolist(), new.tolist(), strict=True):
            discrete = self.space.dists[j].n_values is not None
            u[j] = self._change_value(j, float(u[j]), value, rng) if discrete else value
        return u

    def _complete(self, X: Array, rng: np.random.Generator) -> Array:
        """Return parents in the unit cube, all parameters active.

        What is inactive in all of them is drawn.
        """
        active = ~np.isnan(X)
        first_active = X[active.argmax(axis=0), np.arange(X.shape[1])]
        return self.space.to_cube(np.where(active, X, first_active), rng)

    def _change_value(self, j: int, old: float, new: float, rng: np.random.Generator) -> float:
        """Return a coordinate of a discrete parameter that stands for another value than `old`.

        That is `new` if its value differs, else a neighbour, or any other choice.
        """
        p = self.space.dists[j]
        k = p.n_values or 1
        if j in self.space.unordered:
            if int(new * k) != int(old * k):
                return new
            return (int(old * k) + int(rng.integers(1, k)) + 0.5) / k % 1.0

        raw = float(p.from_unit(old))
        if p.from_unit(new) != raw:
            return new
        step = 1.0 if isinstance(p, Categorical) else float(p.step or 0)
        if rng.random() < 0.5:
            step = -step
        return float(p.to_unit(raw + step if p.contains(raw + step) else raw - step))
