"""Params of the next trial: from the sampler, completed where some are fixed."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import SpaceExhaustedError
from ..history.history import History
from ..models.obstacles import LATEST, find_obstacles
from ..numerics.random_streams import Streams
from ..samplers.base import Sampler, unseen_points
from ..space.discovery import discover_conditions
from ..space.space import Space
from ..trial.record import State, TrialRow
from ..typing import Array
from ..warn_once import WarnOnce
from .looks import Looks

_FEWEST_SAMPLED = 20  # points of a sampler before it is judged
_ATTEMPTS = 100  # to complete enqueued params so that they keep the constraints


def _equal_but_rounding(a: Any, b: Any) -> bool:
    return type(a) is type(b) is float and math.isclose(a, b, rel_tol=1e-9)


Proposed = tuple[dict[str, Any], dict[str, Any]]
"""Params of a new trial, and the tags that it begins with."""


class Proposals:
    """The proposals of one study.

    Args:
        history: The study's trials.
        declared: Whether the space was declared, so that it does not depend on what objectives ask
            for.
        warn: Gives warnings once.
    """

    def __init__(self, history: History, declared: bool, warn: WarnOnce) -> None:
        self.history = history
        self.declared = declared
        self._warn = warn
        self._streams = Streams(history.seed)
        self._looks = Looks()
        self._discovered = history.space
        self._has_said_used_up = False
        self._n_sampled = 0
        self._n_replaced = 0
        # The space with its reach, and the space and number of moved trials from which it follows.
        self._reachable = history.space
        self._reach_basis: tuple[Space, int] | None = None
        # The space, and how many trials there were in which its conditions were found.
        self._basis: tuple[Space, int] | None = None

    @property
    def space(self) -> Space:
        """The space, with the conditions that a define-by-run objective has shown so far."""
        return self._within_reach(self._space_after(self._looks.last(self.history)))

    def _within_reach(self, space: Space) -> Space:
        """Return a space with the knowledge of which points the objective's ranges have."""
        n_moved = self.history.n_moved
        if not n_moved:
            return space
        basis = (space, n_moved)
        if basis != self._reach_basis:
            reach = self.history.find_reach()
            self._reachable = space if reach is None else space.within(reach)
            self._reach_basis = basis
        return self._reachable

    def _space_after(self, n: int) -> Space:
        """Return the space with the conditions that the first n trials have shown."""
        space = self.history.space
        if self.declared:
            return space
        basis = (space, n)
        has_changed = self.history.take_first_stored() < n
        if basis == self._basis and not has_changed:
            return self._discovered

        self._basis = basis
        states = self.history.state[:n]
        has_run = states >= State.PAUSED
        absent = self.history.absent[:n][has_run]
        found = space
        if absent.any():
            X = self.history.X[:n][has_run]
            found = discover_conditions(space, X, absent, states[has_run] == State.FAILED)
        if found.params != self._discovered.params:  # else what was fitted to it still holds
            self._discovered = found
        return self._discovered

    def propose(
        self, sampler: Sampler, space: Space, number: int, attempt: int, n: int = 1
    ) -> list[Proposed]:
        """Params that the sampler proposes for trials, and their tags.

        They are fewer than n where fewer are left in a space that ends. Another attempt at the same
        number gives others.

        Args:
            sampler: What to try next.
            space: This object's `space`.
            number: Of the first of the trials.
            attempt: 0, 1, ...
            n: Number of trials.
        """
        try:
            X = self._sample(space, sampler, number, attempt, n)
        except SpaceExhaustedError:
            space = self._space_after(number)  # the latest trials may have shown more of it
            X = self._sample(space, sampler, number, attempt, n)
        self._warn_of_repeats(space, sampler, X)
        tags: list[dict[str, Any]] = [{} for _ in X]
        if self.history.info.memory:
            tags = [self._describe_memory(space, sampler, X[i : i + 1]) for i in range(len(X))]
        is_due = -number % LATEST < n  # each 20th trial is among them
        if is_due and sampler.learns:
            self._warn_of_obstacles()
        known = [use.get("from_memory") == "portfolio" for use in tags]
        params = (
            [space.decode(X[i : i + 1], short=is_known)[0] for i, is_known in enumerate(known)]
            if any(known)
            else space.decode(X)
        )
        return list(zip(params, tags, strict=True))

    def propose_ahead(
        self, sampler: Sampler, ended: TrialRow | None, number: int
    ) -> dict[str, Any] | None:
        """Params for a trial to come, where another one that ends now cannot change them.

        Args:
            sampler: What to try next.
            ended: The trial that ends; the history has it as it runs. None for none.
            number: The number of the trial to come.

        Returns:
            What `propose` gives once there are so many trials; None where that is not known yet.
        """
        history = self.history
        if ended is not None:  # the space may be another one then
            is_news = ended.proposal or ended.params != history.last_params(ended.number)
            if is_news or (not self.declared and ended.number < self._looks.last(history)):
                return None
        space = self.space
        if not space.d:
            return None
        X = sampler.sample_ahead(space, history, number, self._streams.at(number))
        return None if X is None else space.decode(X)[0]

    def _describe_memory(self, space: Space, sampler: Sampler, X: Array) -> dict[str, Any]:
        """Return the tags of a trial that earlier tasks had to do with."""
        from ..transfer.memory_use import describe_use

        use = describe_use(space, self.history, X, sampler.memory_weight, sampler.memory_tasks)
        return {"from_memory": use} if use else {}

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Params that somebody fixes, as a declared space takes them.

        Raises:
            UnknownParameterError: A declared space does not have such a parameter or value.
        """
        return self.history.space.check(params) if self.declared else dict(params)

    def complete(self, sampler: Sampler, number: int, fixed: Mapping[str, Any]) -> dict[str, Any]:
        """Sample the params that are not fixed.

        The fixed ones stay as they are; the whole keeps the constraints if that can be had.
        """
        space = self.space
        proposal = space.decode(self._sample(space, sampler, number, 0))[0]
        if not self.declared:
            return {**proposal, **fixed}
        known = {
            k: v
            for k, v in fixed.items()
            if k in space.params and space.params[k].find(v) is not None
        }
        if len(known) < len(fixed):
            self._warn(
                f"outside {number}",
                f"trial {number} was to run with {dict(fixed)!r:.500}; the space does not have "
                f"{', '.join(n for n in fixed if n not in known):.500} so, which are sampled or "
                "left out",
            )
        for attempt in range(_ATTEMPTS):
            X = space.encode({**proposal, **known})
            for j, p in enumerate(space.dists):  # a child that the fixed parent switches on
                if np.isnan(X[0, j]):
                    X[0, j] = np.floor(0.5 * (p.n_values or 1)) if j in space.unordered else 0.5
            X = space.settle(X)
            if space.feasible(X)[0]:
                break
            proposal = space.decode(space.sample(self._streams.at(number, 2**40 + attempt), 1))[0]
        decoded = space.decode(X)[0]  # may differ in the last digit of what is fixed
        return {
            k: known[k] if _equal_but_rounding(known.get(k), v) else v for k, v in decoded.items()
        }

    def _warn_of_repeats(self, space: Space, sampler: Sampler, X: Array) -> None:
        """Say once that all points of a finite space were tried, and that some come again."""
        history = self.history
        if self._has_said_used_up or not space.d or not space.finite or history.n < space.n_points:
            return
        if history.seen(X).any() and space.can_list and not len(unseen_points(space, history)):
            self._has_said_used_up = True
            self._warn(
                "used up",
                f"every point of the space has had its trial ({space.n_points:,.0f} in all); "
                f"{sampler!r} "
                "goes on with points that were tried, which helps only where the objective is "
                "noisy. Set a bound (n_trials, total), give parameters a finer step, or take "
                "sampler='grid', which ends here",
            )

    def _warn_of_obstacles(self) -> None:
        """Say what keeps the sampler from learning; who proposes each 20th trial looks for it."""
        for obstacle in find_obstacles(self.history):
            self._warn(f"{obstacle.kind} {obstacle.subject}", str(obstacle))

    def _sample(
        self, space: Space, sampler: Sampler, number: int, attempt: int, n: int = 1
    ) -> Array:
        """Return (k, d) points for trials, 1 <= k <= n."""
        if not space.d:
            return np.empty((n, 0))
        rng = self._streams.at(number, int.from_bytes(os.urandom(4)) + 1 if attempt else 0)
        X = sampler.sample(space, self.history, n, rng)
        self._n_sampled += len(X)
        missing = np.isnan(X)
        if missing.any() and (missing & space.active(X)).any():  # as in trials it starts from
            X = space.place(space.to_cube(X, rng))
        if space.constraints and (wrong := ~space.feasible(X)).any():  # which a sampler ignored
            X[wrong] = space.sample(rng, int(wrong.sum()))
            self._n_replaced += int(wrong.sum())
            self._warn_of_replaced(sampler)
        return X

    def _warn_of_replaced(self, sampler: Sampler) -> None:
        if self._n_sampled >= _FEWEST_SAMPLED and 2 * self._n_replaced > self._n_sampled:
            self._warn(
                "replaced",
                f"{self._n_replaced} of {self._n_sampled} points that {sampler!r} proposed violate "
                "a constraint of the space, and random points took their place: let its `sample` "
                "return points for which space.feasible(X) is true",
            )
