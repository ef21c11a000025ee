"""Ax's factories of models: Sobol points; the others say on use what to do instead."""

from __future__ import annotations

import secrets

import numpy as np

from .... import samplers
from ....history.history import History
from ....trial.record import State, TrialRow
from ..core.arm import Arm
from ..core.generator_run import GeneratorRun
from ..core.search_space import SearchSpace
from ..inside import refuse_names


class SobolPoints:
    """Points that fill a space, one after the other.

    Args:
        search_space: The space.
        seed: The same seed gives the same points.
    """

    def __init__(self, search_space: SearchSpace, seed: int | None = None) -> None:
        self._search_space = search_space
        space = search_space.to_space({})
        chosen = secrets.randbits(31) if seed is None else seed
        self._stream = samplers.QMC(seed=chosen)
        self._history = History(space, ["minimize"], seed=chosen)

    def gen(self, n: int) -> GeneratorRun:
        """Return n points that were not given before."""
        space = self._history.space
        rng = np.random.default_rng(self._history.seed)
        X = self._stream.sample(space, self._history, n, rng)
        params = space.decode(X)
        first = self._history.n
        self._history.put(
            TrialRow(number=first + i, state=State.RUNNING, params=p) for i, p in enumerate(params)
        )
        return GeneratorRun([Arm(self._search_space.complete(p)) for p in params], "Sobol")


def get_sobol(search_space: SearchSpace, seed: int | None = None) -> SobolPoints:
    """Return what gives points that fill a space.

    Args:
        search_space: The space.
        seed: The same seed gives the same points.
    """
    return SobolPoints(search_space, seed)


__getattr__ = refuse_names("ax.adapter.factory", "Make a GenerationStrategy of steps.")
