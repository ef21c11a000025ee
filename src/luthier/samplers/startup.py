"""Steps that samplers share: first trials, weight of priors, variation until a point is new."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..errors import SamplerError
from ..history.history import History
from ..space.distributions import Categorical, Distribution
from ..space.space import Space
from ..typing import Array
from .base import replace_seen
from .qmc import QMC

_ATTEMPTS = 20
_TRIALS_FOR_FIRST = 10  # for each first row, after which it is too late for them
_PRIOR_BETA = 10.0  # beta of Hvarfner 2022: how long a prior steers
_SAME = 1e-7  # largest difference of two unit columns that count as equal


def require_one_objective(method: str, n: int) -> None:
    """Raise SamplerError where there are several objectives."""
    if n > 1:
        raise SamplerError(
            f"{method} takes one objective, got {n}; use sampler=None, TPE, GP or NSGA2"
        )


def require_several_objectives(method: str, n: int) -> None:
    """Raise SamplerError where there is one objective."""
    if n < 2:
        raise SamplerError(
            f"{method} takes several objectives, got one; use sampler=None, CMAES or Evolution"
        )


def untried_centre(space: Space, history: History, n: int) -> Array | None:
    """Return (1, d) the declared defaults, or the middle, for the first or second trial of a study.

    None once a trial has that point, and where n is not 1.
    """
    centre = space.centre() if history.n < 2 and n == 1 else None
    return None if centre is None or contains_point(history.X, centre) else centre


def untried_first(space: Space, history: History) -> Array:
    """Return (k, d) the first points of the space that no trial has, in their order.

    None are left once there are ten trials for each of them, whoever has added those.
    """
    X = space.first_points.X if space.first else np.empty((0, space.d))
    if not len(X) or history.n >= _TRIALS_FOR_FIRST * len(X):
        return X[:0]
    return X[[not contains_point(history.X, x[None]) for x in X]]


def sample_startup(space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
    """Return n points (n, d) for the first trials of a study.

    The centre of the space, then its first rows, then quasi-random points; every second one of
    these is drawn from the priors of the space if it has any. Where the study has earlier tasks to
    learn from, they lead: see `luthier.transfer.safe_start`.
    """
    if history.info.memory:
        from .memory_start import lead_by_memory  # its models take long to load

        def sample_evenly(k: int) -> Array:
            return _sample_evenly(space, history, k, rng)

        return lead_by_memory(space, history, n, rng, sample_evenly)
    return _sample_evenly(space, history, n, rng)


def _sample_evenly(space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
    centre = untried_centre(space, history, n)
    if centre is not None:
        return centre
    first = untried_first(space, history)[:n]
    if len(first) == n:
        return first
    n -= len(first)
    X = QMC().sample_sequence(space, history, n, rng)
    if space.has_prior:
        odd = (history.n + np.arange(n)) % 2 == 1
        X = np.where(odd[:, None], space.from_prior(rng, n), X)
        X = replace_seen(space, history, X, rng)
    return np.concatenate([first, X])


def prior_exponent(space: Space, n: int) -> float:
    """Return the exponent of the density of the space's priors after n finished trials: 10 / n.

    0 where the space has no priors. Source: Hvarfner 2022 (beta / n, with beta = 10).
    """
    return _PRIOR_BETA / n if space.has_prior else 0.0


def raw_values(p: Distribution) -> Array:
    """Return the values (k,) of a discrete distribution, ascending; of a category its index."""
    raw = np.arange(p.n_values or 0, dtype=np.float64)
    if isinstance(p, Categorical):
        return raw
    rounded: Array = p.from_unit(p.to_unit(p.low + raw * (p.step or 0)))
    return rounded


def vary_until_new(
    space: Space,
    history: History,
    n: int,
    rng: np.random.Generator,
    vary: Callable[[int, int], Array],
) -> Array:
    """Return n points (n, d) that no constraint forbids and no trial has.

    Where 20 variations are of no use, a random point takes their place. In a finite space that is
    used up, points repeat.

    Args:
        space: The space to search.
        history: All trials so far.
        n: Number of points.
        rng: Source of random points.
        vary: Number of the point and of the attempt -> a point of the unit cube (d,).
    """
    X = np.empty((0, space.d))
    for i in range(n):
        for attempt in range(_ATTEMPTS):
            x = space.place(vary(i, attempt)[None])
            new = not contains_point(history.X, x) and not contains_point(X, x)
            if new and space.feasible(x)[0]:
                break
        else:
            x = space.sample(rng, 1)
        X = np.concatenate([X, x])
    return replace_seen(space, history, X, rng)


def contains_point(X: Array, x: Array) -> bool:
    """Whether x (1, d) is a row of X (n, d), up to rounding."""
    same = (np.abs(X - x) < _SAME) | (np.isnan(X) & np.isnan(x))
    return bool(same.all(axis=1).any())
