"""The sampler contract: a function of the space and the history, nothing else."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from ..argument_names import explain_constructor
from ..history.history import History
from ..space.space import Space
from ..typing import Array

_ATTEMPTS = 20  # random points that may replace one, before all points are listed


class Sampler(ABC):
    """Proposes the params of the next trials.

    A sampler holds its settings and at most a cache that can be rebuilt from the history: the same
    space, history and generator give the same proposals, in this process or another.

    Attributes:
        learns: Whether proposals depend on results.
        memory_weight: How much earlier tasks had to do with the last proposal, from 0 to 1; None
            where no model weighed them.
        memory_tasks: The tasks that had most to do with it, and the weight of each in the model,
            with its sign.
    """

    learns: ClassVar[bool] = True
    memory_weight: float | None = None
    memory_tasks: Sequence[tuple[str, float]] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        explain_constructor(cls)

    @abstractmethod
    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        """Propose n points.

        Args:
            space: The space to search; never empty.
            history: All trials so far, running ones too, under the same space.
            n: Number of points.
            rng: The only source of randomness, made from the study's seed and the trial's number.

        Returns:
            X (n, d) unit columns, feasible, NaN where inactive.

        Raises:
            SamplerError: This sampler cannot search this space or these objectives.
        """

    def sample_ahead(
        self, space: Space, history: History, number: int, rng: np.random.Generator
    ) -> Array | None:
        """Propose the point of a trial to come, if it depends on nothing but its number.

        So a worker can offer points for several numbers at once, without a look at what others
        begin meanwhile.

        Args:
            space: As in `sample`.
            history: The trials so far, fewer than the number or as many.
            number: The trial's.
            rng: As in `sample`, made for this number.

        Returns:
            X (1, d), which `sample` would return once there are so many trials; None where it
            depends on them.
        """
        return None

    def check_objectives(self, n: int) -> None:  # noqa: B027  (most take any number)
        """Refuse a number of objectives that this sampler cannot search for.

        Raises:
            SamplerError: It cannot.
        """

    def __repr__(self) -> str:
        settings = ", ".join(
            f"{k}={v!r}"
            for k, v in vars(self).items()
            if not k.startswith("_") and k not in ("memory_weight", "memory_tasks")
        )
        return f"{type(self).__name__}({settings})"


def replace_seen(space: Space, history: History, X: Array, rng: np.random.Generator) -> Array:
    """Return X (n, d) with new points in place of those that a trial has or that stand in X twice.

    Only in a finite space, and only while there are points that no trial has.
    """
    if not space.finite or not len(X):
        return X
    X = X.copy()
    taken = set[bytes]()
    for i in range(len(X)):
        for _ in range(_ATTEMPTS):
            if not history.seen(X[i : i + 1])[0] and space.keys(X[i : i + 1])[0] not in taken:
                break
            X[i] = space.sample(rng, 1)[0]
        else:
            left = unseen_points(space, history, taken)
            if not len(left):
                return X
            X[i] = left[rng.integers(len(left))]
        taken.update(space.keys(X[i : i + 1]))
    return X


def unseen_points(space: Space, history: History, taken: set[bytes] | None = None) -> Array:
    """Return (k, d) the points of a finite space that no trial has.

    An empty array where there are too many points to list.

    Args:
        space: A finite space.
        history: All trials so far.
        taken: Keys of points that are left out too.
    """
    if not space.can_list:
        return np.empty((0, space.d))
    grid = space.grid()
    fresh = ~history.seen(grid)
    if taken:
        free = (key not in taken for key in space.keys(grid))
        fresh &= np.fromiter(free, dtype=bool, count=len(grid))
    return grid[fresh]
