"""What the next trial's params are.

Asks the sampler, completes what was enqueued, keeps the space up to date.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from typing import Any

import numpy as np
from msgspec.structs import replace

from ..history.history import History
from ..numerics.random_streams import Streams
from ..samplers.base import Sampler
from ..space.distributions import Distribution, must_match, wider
from ..space.space import Space, discover_conditions
from ..trial.record import State
from ..typing import Array

_ATTEMPTS = 100  # to complete enqueued params so that they keep the constraints


def _same(a: Any, b: Any) -> bool:
    return type(a) is type(b) is float and math.isclose(a, b, rel_tol=1e-9)


class Proposals:
    """The proposals of one study.

    Args:
        history: The study's trials; its space grows here.
        declared: Whether the space was declared, so that it does not depend on what objectives ask
            for.
        settled: Names whose distributions this session has asked for: they are widened, not
            replaced.
    """

    def __init__(self, history: History, declared: bool, settled: set[str]) -> None:
        self.history = history
        self.declared = declared
        self._settled = settled
        self._streams = Streams(history.seed)
        self._shape: tuple[int, Space | None] = (
            0,
            None,
        )  # conditions found so far, and after how many trials

    @property
    def space(self) -> Space:
        """The space, with the conditions that a define-by-run objective has shown so far."""
        if self.declared:
            return self.history.space
        n, known = self._shape
        if (
            known is None
            or known.names != self.history.space.names
            or self.history.n >= max(n + 5, 1.2 * n)
        ):
            X = self.history.X[self.history.state == State.COMPLETE.value]
            space = (
                discover_conditions(self.history.space, X)
                if np.isnan(X).any()
                else self.history.space
            )
            if known is not None and space.params == known.params:
                space = known
            self._shape = (self.history.n, space)
            return space
        return known

    def params(self, sampler: Sampler, number: int, attempt: int) -> dict[str, Any]:
        """What the sampler proposes for a trial.

        For another attempt at the same number something else.
        """
        space = self.space
        return space.decode(self._sample(space, sampler, number, attempt))[0]

    def completed(self, sampler: Sampler, number: int, fixed: Mapping[str, Any]) -> dict[str, Any]:
        """Params that keep what is fixed, with the rest sampled."""
        space = self.space
        proposal = space.decode(self._sample(space, sampler, number, 0))[0]
        if not self.declared:
            return {**proposal, **fixed}
        known = {k: v for k, v in fixed.items() if k in space.params}
        for attempt in range(_ATTEMPTS):
            X = space.encode({**proposal, **known})
            for j, p in enumerate(space.dists):  # a child that the fixed parent switches on
                if np.isnan(X[0, j]):
                    X[0, j] = np.floor(0.5 * (p.n_values or 1)) if j in space.unordered else 0.5
            X = space.settle(X)
            if space.feasible(X)[0]:
                break
            proposal = space.decode(space.sample(self._streams.at(number, 2**40 + attempt), 1))[0]
        there_and_back = space.decode(X)[0]  # may differ in the last digit of what is fixed
        return {k: known[k] if _same(known.get(k), v) else v for k, v in there_and_back.items()}

    def _sample(self, space: Space, sampler: Sampler, number: int, attempt: int) -> Array:
        if not space.d:
            return np.empty((1, 0))
        rng = self._streams.at(number, secrets.randbits(32) + 1 if attempt else 0)
        X = sampler.sample(space, self.history, 1, rng)
        if (
            space.constraints and not space.feasible(X).all()
        ):  # the last line of defence, for foreign samplers
            X = space.sample(rng, 1)
        return X

    def learn(self, suggested: Mapping[str, Distribution]) -> bool:
        """Lets the space grow by what an objective asked for.

        A range that changed since an earlier run is replaced.

        Returns:
            Whether it changed.

        Raises:
            IncompatibleDistributionError: A name is already used for another kind of parameter.
        """
        new: dict[str, Distribution] = {}
        for name, dist in suggested.items():
            known = self.history.space.params.get(name)
            if known is not dist and known != dist:
                if known is not None:
                    must_match(name, known, dist)
                if known is not None and known.when:
                    dist = replace(dist, when=known.when)
                new[name] = (
                    dist if known is None or name not in self._settled else wider(known, dist)
                )
                if new[name] == known:
                    del new[name]
            self._settled.add(name)
        if new:
            self.history.set_space(self.history.space.changed(new))
        return bool(new)
