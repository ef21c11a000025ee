"""What methods share: how they begin, how far priors steer, variations of points until one is legal and new."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..errors import SamplerError
from ..history.history import History
from ..space.space import Space
from ..typing import Array
from .base import unseen
from .qmc import QMC

_ATTEMPTS = 20
_BETA = 10.0  # how long a prior steers


def one_objective(method: str, history: History) -> None:
    """Raises SamplerError where there are several."""
    if len(history.directions) > 1:
        n = len(history.directions)
        raise SamplerError(
            f"{method} takes one objective, got {n}; use sampler=None, TPE, GP or NSGA2"
        )


def several_objectives(method: str, history: History) -> None:
    """Raises SamplerError where there is one."""
    if len(history.directions) < 2:
        raise SamplerError(
            f"{method} takes several objectives, got one; use sampler=None, CMAES or Evolution"
        )


def untried_centre(space: Space, history: History, n: int) -> Array | None:
    """(1, d) the declared defaults or the middle, for one of the first two trials of a study.

    None once it is known.
    """
    centre = space.centre() if history.n < 2 and n == 1 else None
    return None if centre is None or known(history.X, centre) else centre


def spread(space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
    """The centre, then quasi-random points, every other one from the priors if there are any.

    A start (n, d).
    """
    centre = untried_centre(space, history, n)
    if centre is not None:
        return centre
    X = QMC().sample(space, history, n, rng)
    if space.believed:
        odd = (history.n + np.arange(n)) % 2 == 1
        X = unseen(space, history, np.where(odd[:, None], space.from_prior(rng, n), X), rng)
    return X


def trust(space: Space, n: int) -> float:
    """Exponent of the density of the space's priors after n finished trials. Source.

    Hvarfner 2022, beta = 10.
    """
    return _BETA / n if space.believed else 0.0


def to_cube(space: Space, X: Array, rng: np.random.Generator) -> Array:
    """Unit columns (n, d) as points of the unit cube, which `Space.place` turns back.

    What is inactive is drawn.
    """
    U = X.copy()
    for j in space.unordered:
        U[:, j] = (U[:, j] + 0.5) / (space.dists[j].n_values or 1)
    gone = np.isnan(U)
    U[gone] = rng.random(int(gone.sum()))
    return U


def legal(
    space: Space,
    history: History,
    n: int,
    rng: np.random.Generator,
    vary: Callable[[int, int], Array],
) -> Array:
    """N points (n, d) that no constraint forbids and no trial has, unless a finite space is used up.

    Args:
        space: What may be proposed.
        history: All trials so far.
        n: How many.
        rng: For points that take the place of variations without success.
        vary: Number of the point and of the attempt -> a point of the unit cube (d,).
    """
    X = np.empty((0, space.d))
    for i in range(n):
        for attempt in range(_ATTEMPTS):
            x = space.place(vary(i, attempt)[None])
            if space.feasible(x)[0] and not known(history.X, x) and not known(X, x):
                break
        else:
            x = space.sample(rng, 1)
        X = np.concatenate([X, x])
    return unseen(space, history, X, rng)


def known(X: Array, x: Array) -> bool:
    """Whether x (1, d) is a row of X (n, d), as near as makes no difference."""
    return bool(((np.abs(X - x) < 1e-7) | (np.isnan(X) & np.isnan(x))).all(axis=1).any())
