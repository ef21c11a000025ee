"""How genetic methods make a point of others: crossovers of parents, and mutations.

Points of the unit cube.

A crossover takes parents (k, d) and makes a child (d,), which may lie outside the cube; a mutation
takes some coordinates (d,) of a child and makes others, inside.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np

from ..space.distributions import Categorical
from ..space.space import Space
from ..typing import Array
from .startup import to_cube

CrossoverName = Literal["uniform", "sbx", "vsbx", "blx_alpha", "spx", "undx"]
MutationName = Literal["polynomial", "gaussian", "resample"]


class Crossover(NamedTuple):
    """A crossover, and how many parents it takes."""

    n_parents: int
    cross: Callable[[Array, np.random.Generator], Array]


def uniform(P: Array, rng: np.random.Generator) -> Array:
    """Each coordinate from a parent drawn by lot. Source: Syswerda 1989."""
    return np.asarray(P[rng.integers(len(P), size=P.shape[1]), np.arange(P.shape[1])])


def sbx(P: Array, rng: np.random.Generator, eta: float = 5.0) -> Array:
    """Simulated binary crossover.

    As near to either of two parents as they are to each other, or nearer.

    Half of the coordinates are a parent's own. The larger eta, the nearer to the parents. What
    would leave the cube is cut off the distribution, at both sides alike, so that the mean of the
    parents is that of their children.

    Source: Deb & Agrawal 1995; bounds as in Deb & Agrawal 1999. Deviation: one child, by lot.
    """
    low, high = P.min(axis=0), P.max(axis=0)
    apart = np.maximum(high - low, 1e-12)
    alpha = 2 - (1 + 2 * np.minimum(low, 1 - high) / apart) ** -(eta + 1)
    u = rng.random(len(low)) * alpha
    beta = np.where(u <= 1, u, 1 / (2 - u)) ** (1 / (eta + 1))
    beta[rng.random(len(low)) < 0.5] = 1
    return np.asarray(
        (low + high) / 2 + np.where(rng.random(len(low)) < 0.5, -0.5, 0.5) * beta * (high - low)
    )


def vsbx(P: Array, rng: np.random.Generator, eta: float = 5.0) -> Array:
    """SBX without bounds that goes from one of two parents to either side alike, so that there is no gap between them.

    Half of the coordinates are a parent's own. Source: Ballester & Carter 2003. Deviation: one
    child, by lot.
    """
    beta = np.maximum(rng.random(P.shape[1]), 1e-10) ** (-1 / (eta + 1))
    step = (beta - 1) / 2 * (P[0] - P[1]) * rng.choice([-1.0, 0.0, 0.0, 1.0], P.shape[1])
    return np.asarray(uniform(P, rng) + step)


def blx_alpha(P: Array, rng: np.random.Generator, alpha: float = 0.5) -> Array:
    """Uniform in the box that two parents span, widened on each side by alpha times its length.

    Source: Eshelman & Schaffer 1993.
    """
    low, high = P.min(axis=0), P.max(axis=0)
    return np.asarray(low + ((1 + 2 * alpha) * rng.random(len(low)) - alpha) * (high - low))


def spx(P: Array, rng: np.random.Generator) -> Array:
    """Simplex crossover: uniform in the simplex of k parents, widened by sqrt(k + 1) about its centre.

    Children have the mean and the covariance of the parents. Source: Tsutsui 1999.
    """
    k = len(P)
    weights = rng.dirichlet(np.ones(k))
    centre = P.mean(axis=0)
    return np.asarray(centre + np.sqrt(k + 1) * (weights @ P - centre))


def undx(
    P: Array, rng: np.random.Generator, sigma_xi: float = 0.5, sigma_eta: float = 0.35
) -> Array:
    """Unimodal normal distribution crossover: normal about the middle of two parents.

    Along the line through them the deviation is sigma_xi times their distance; across it, sigma_eta
    / sqrt(d) times the distance of a third parent from the line.

    Source: Ono & Kobayashi 1997.
    """
    a, b, c = P
    length = float(np.linalg.norm(b - a))
    e = (b - a) / max(length, 1e-12)
    side = c - a - ((c - a) @ e) * e
    z = rng.standard_normal(len(a)) * (sigma_eta / np.sqrt(max(len(a), 1)))
    return np.asarray(
        (a + b) / 2
        + sigma_xi * rng.standard_normal() * (b - a)
        + float(np.linalg.norm(side)) * (z - (z @ e) * e)
    )


CROSSOVERS: dict[CrossoverName, Crossover] = {
    "uniform": Crossover(2, uniform),
    "sbx": Crossover(2, sbx),
    "vsbx": Crossover(2, vsbx),
    "blx_alpha": Crossover(2, blx_alpha),
    "spx": Crossover(3, spx),
    "undx": Crossover(3, undx),
}


def polynomial(u: Array, rng: np.random.Generator, eta: float = 5.0) -> Array:
    """A step of about 1 / eta of the way to the end of the interval on its side.

    Source: Deb & Goyal 1996, with the bounds of the code of NSGA-II.
    """
    r = rng.random(len(u))
    down = r < 0.5
    room = np.where(down, u, 1 - u)
    r = np.where(down, r, 1 - r)
    step = 1 - (2 * r + (1 - 2 * r) * (1 - room) ** (eta + 1)) ** (1 / (eta + 1))
    return np.asarray(np.clip(np.where(down, u - step, u + step), 0, 1))


def gaussian(u: Array, rng: np.random.Generator, sigma: float = 0.1) -> Array:
    """A normal step, reflected at the ends of the interval."""
    return reflected(u + sigma * rng.standard_normal(len(u)))


def resample(u: Array, rng: np.random.Generator) -> Array:
    """Anywhere."""
    return rng.random(len(u))


MUTATIONS: dict[MutationName, Callable[[Array, np.random.Generator], Array]] = {
    "polynomial": polynomial,
    "gaussian": gaussian,
    "resample": resample,
}


def reflected(u: Array) -> Array:
    """Coordinates beyond an end of the unit interval, thrown back into it."""
    return np.asarray(1 - np.abs(np.mod(u, 2) - 1))


class Breeding:
    """Makes children of parents in one space.

    Args:
        space: Whose points they are.
        crossover: Name of it; for numbers, as choices without an order are exchanged at random.
        crossover_rate: Share of the children that have several parents.
        mutation: Name of it; for numbers, as choices without an order change to any other.
        mutation_rate: Share of the parameters that mutate; None is one in d.
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
        self._choice = np.isin(np.arange(space.d), space.unordered)
        self._free = np.array([p.n_values != 1 for p in space.dists])
        self._rate = 1 / max(int(self._free.sum()), 1) if mutation_rate is None else mutation_rate

    def child(self, X: Array, attempt: int, rng: np.random.Generator) -> Array:
        """A point of the unit cube (d,).

        Args:
            X: Unit columns of the parents (n_parents, d); what one has inactive is taken from
                another.
            attempt: How many children were of no use already; from the fifth on, more and more
                parameters mutate.
            rng: The chance.
        """
        P = self._joined(X, rng)
        u: Array = P[0].copy()
        if rng.random() < self.crossover_rate:
            numbers = ~self._choice
            u[numbers] = reflected(self._cross(P[:, numbers], rng))
            u[self._choice] = uniform(P[:, self._choice], rng)
        hit = np.flatnonzero(self._free & (rng.random(len(u)) < self._rate * (1 + attempt // 5)))
        new = np.where(self._choice[hit], rng.random(len(hit)), self._mutate(u[hit], rng))
        for j, v in zip(hit.tolist(), new.tolist(), strict=True):
            u[j] = (
                v if self.space.dists[j].n_values is None else self._other(j, float(u[j]), v, rng)
            )
        return u

    def _joined(self, X: Array, rng: np.random.Generator) -> Array:
        """Parents in the unit cube, all parameters active.

        What is inactive in all of them is drawn.
        """
        active = ~np.isnan(X)
        return to_cube(
            self.space, np.where(active, X, X[active.argmax(axis=0), np.arange(X.shape[1])]), rng
        )

    def _other(self, j: int, old: float, new: float, rng: np.random.Generator) -> float:
        """Of a discrete parameter.

        `new` if that is another value than `old`, else a neighbour, or any other choice.
        """
        p, k = self.space.dists[j], self.space.dists[j].n_values or 1
        if j in self.space.unordered:
            return (
                new
                if int(new * k) != int(old * k)
                else (int(old * k) + int(rng.integers(1, k)) + 0.5) / k % 1.0
            )
        raw = float(p.from_unit(old))
        if p.from_unit(new) != raw:
            return new
        step = (1.0 if isinstance(p, Categorical) else float(p.step or 0)) * (
            -1 if rng.random() < 0.5 else 1
        )
        return float(p.to_unit(raw + step if p.contains(raw + step) else raw - step))
