"""PB2: a population that explores by a model of the progress that params brought over time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, final

import numpy as np

from ..history.history import History
from ..history.rungs import WORST
from ..space.distributions import Categorical
from ..trial.record import State
from ..typing import Array
from ..validation import check_whole
from .pbt import Population, loss_at, losses_of

_FEWEST = 3  # least number of intervals that a model is fitted to


class _Stretch(NamedTuple):
    """A stretch of training with params that did not change.

    Attributes:
        step: First step.
        reward: The reward there, minus the loss.
        params: Params of the stretch.
        end: Last step; infinite for one that goes on.
        rate: Reward gained per step; NaN while it goes on.
    """

    step: float
    reward: float
    params: dict[str, Any]
    end: float = math.inf
    rate: float = math.nan


@final
class PB2(Population):
    """Population-based bandits: exploits as `PBT`, and explores numbers by a Gaussian process.

    Each interval that a member was trained tells how quickly its loss fell, by where it stood
    (step, loss) and with which params. A process over these, whose past counts less the older it
    is, gives the params with the highest upper confidence bound on the next fall; those that train
    now are taken into account. Choices are explored by the rule of `PBT`; so are numbers, while
    fewer than three intervals are known or where all maxima break a constraint.

    Args:
        population_size: As for `PBT`; small ones, of 4 to 8, are what it is made for.
        interval: As for `PBT`.
        max_resource: As for `PBT`.
        quantile: As for `PBT`.
        resample_probability: As for `PBT`, of ordered choices.
        factors: As for `PBT`, while there is no model.
        synchronous: As for `PBT`.
        mutate: As for `PBT`.
        window: Number of the latest intervals that the model is fitted to.

    Raises:
        ValueError: An argument is out of its range.

    Source: Parker-Holder 2020. Deviation: params lie on their own scales, logarithms included; the
    bound adds the standard deviation, where the published code adds the variance; the model is
    fitted once, to what is known; an interval's time and loss are those at its beginning; time is
    counted in intervals.
    """

    def __init__(
        self,
        population_size: int = 8,
        interval: float = 5,
        max_resource: float | None = None,
        quantile: float = 0.25,
        resample_probability: float = 0.25,
        factors: Sequence[float] = (1.2, 0.8),
        synchronous: bool = False,
        mutate: Iterable[str] | None = None,
        window: int = 1000,
    ) -> None:
        super().__init__(
            population_size,
            interval,
            max_resource,
            quantile,
            resample_probability,
            factors,
            synchronous,
            mutate,
        )
        check_whole("window", window, _FEWEST)
        self.window = window

    def _explore(
        self, history: History, number: int, donor: int, rng: np.random.Generator
    ) -> dict[str, Any]:
        """Another member's params with the numbers that promise most."""
        space = history.space
        params = self._perturb(history, donor, rng)
        given = history.params(donor)
        mutated = self._mutated(space)
        names = [
            name
            for name, dist in space.params.items()
            if name in given
            and name in params
            and not isinstance(dist, Categorical)
            and dist.n_values != 1
            and name in mutated
        ]

        step = float(history.checkpoint_step[donor])
        if math.isnan(step):
            step = float(history.last_step[donor])
        loss = loss_at(history, donor, step)
        if not names or loss is None:
            return params

        # The most promising numbers that keep the conditions and satisfy the constraints.
        columns = [space.column[name] for name in names]
        X = space.encode({name: v for name, v in params.items() if name in space.params})
        for x in self._promising(history, number, columns, step, -float(loss[0]), rng):
            near = X.copy()
            near[0, columns] = x
            near = space.settle(near)
            if (np.isnan(near) == np.isnan(X)).all() and space.feasible(near)[0]:
                [found] = space.decode(near)
                return params | {name: found[name] for name in names}
        return params

    def _promising(
        self,
        history: History,
        number: int,
        columns: list[int],
        step: float,
        reward: float,
        rng: np.random.Generator,
    ) -> Array:
        """Numbers (k, d) with a high bound on the rate of their reward, the best first.

        Args:
            history: All trials and all reports so far.
            number: The member that explores.
            columns: (d,) columns of the numbers in the space.
            step: Step at which the member begins.
            reward: Reward at which it begins.
            rng: Draws the starts of the search.
        """
        from ..numerics.threads import one_thread
        from ..numerics.time_gp import Process, best_bounds, confidence, fit, standardise_and_clip

        known, pending = self._experience(history, number)
        known, Z = encode_stretches(history, known[-self.window :], columns)
        if len(known) < _FEWEST:
            return np.empty((0, len(columns)))
        pending, Z_pending = encode_stretches(history, pending, columns)

        # Rewards are scaled to [0, 1], times are counted in intervals.
        rewards = np.array([s.reward for s in known])
        low = rewards.min()
        span = rewards.max() - low + 1e-8

        def points(stretches: list[_Stretch], Z: Array) -> tuple[Array, Array]:
            R = np.array([[(s.reward - low) / span] for s in stretches]).reshape(-1, 1)
            return np.array([s.step / self.interval for s in stretches]), np.hstack([R, Z])

        t, P = points(known, Z)
        y = standardise_and_clip(np.array([s.rate for s in known]))
        t_all, P_all = points(known + pending, np.concatenate([Z, Z_pending]))
        fixed = np.array([(reward - low) / span])
        beta = confidence(len(known))
        with one_thread():
            theta = fit(t, P, y)
            now = Process.of(theta, t, P, y)
            expected = Process.of(theta, t_all, P_all, np.zeros(len(t_all)))
            return best_bounds(now, expected, step / self.interval, fixed, len(columns), beta, rng)

    def _experience(self, history: History, number: int) -> tuple[list[_Stretch], list[_Stretch]]:
        """Finished stretches of all members, by their end, and those of members that train now."""
        known: list[_Stretch] = []
        pending: list[_Stretch] = []
        for m in self._members(history):
            past, now = self._stretches(history, m)
            known += past
            if m != number and now is not None and history.state[m] == State.RUNNING:
                pending.append(now)
        return sorted(known, key=lambda s: s.end), pending

    def _stretches(self, history: History, number: int) -> tuple[list[_Stretch], _Stretch | None]:
        """Finished stretches of a member, and the one that it is in."""
        steps, losses = losses_of(history, number)
        turns = history.turns.get(number, ())
        params = turns[0].params if turns else history.params(number)
        parts = [(-math.inf, params, None), *((t.step, t.params, t.source) for t in turns)]
        past: list[_Stretch] = []
        before: tuple[float, float] | None = None
        for (begin, params, source), end in zip(
            parts, [*(p[0] for p in parts[1:]), math.inf], strict=True
        ):
            if source is not None:
                copied = loss_at(history, source, begin)
                before = None if copied is None else (begin, float(copied[0]))
            for step, loss in zip(steps.tolist(), losses[:, 0].tolist(), strict=True):
                if not begin < step <= end or (
                    before is not None and self._round(step) <= self._round(before[0])
                ):
                    continue
                if before is not None and max(abs(loss), abs(before[1])) < WORST:
                    rate = (before[1] - loss) / (step - before[0])
                    past.append(_Stretch(before[0], -before[1], params, step, rate))
                before = step, loss
        return past, None if before is None or before[1] >= WORST else _Stretch(
            before[0], -before[1], params
        )


def encode_stretches(
    history: History, stretches: list[_Stretch], columns: list[int]
) -> tuple[list[_Stretch], Array]:
    """Stretches that have numbers in all columns, and these numbers (k, d)."""
    known = history.space.params
    rows = [
        {k: v for k, v in s.params.items() if k in known and known[k].find(v) is not None}
        for s in stretches
    ]
    X = history.space.encode(rows)[:, columns]
    whole = np.asarray(~np.isnan(X).any(axis=1))
    return [s for s, good in zip(stretches, whole.tolist(), strict=True) if good], X[whole]
