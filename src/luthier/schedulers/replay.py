"""Replay: one model is trained by the schedule that a population found."""

from __future__ import annotations

import bisect
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import StudyError
from ..history.history import History
from ..space.choices import to_choice
from ..trial.record import State, TrialRow
from ..validation import int_if_whole
from .base import Decision, Next, Resume, Scheduler


class Replay(Scheduler):
    """Trains one trial, whose params change at the steps of a schedule.

    `PBT.schedule` returns such a schedule. The trial pauses at its first report at or beyond each
    of the steps, and goes on from its checkpoint with the params from there on: so it reports
    checkpoints and asks `should_prune` as it did in the population. It needs a study of its own.
    Where a schedule names not all parameters, the sampler proposes the others.

    Args:
        schedule: Step to params, from 0 on; the steps may be text, as JSON has them. There is no
            default.

    Raises:
        ValueError: It does not start at 0, a step is not a finite number, or there are no params
            for one.

    Source: Jaderberg 2017, section 4 (schedules that PBT discovers); Ray Tune's
    PopulationBasedTrainingReplay.
    """

    def __init__(self, schedule: Mapping[Any, Mapping[str, Any]] | None = None) -> None:
        example = '{0: {"lr": 0.1}, 20: {"lr": 0.01}}'
        if not isinstance(schedule, Mapping) or not schedule:
            got = repr(schedule)[:200]
            raise ValueError(
                f"Replay needs a schedule, the params from each step on, such as {example}; got "
                f"{got}"
            )
        found: dict[float, dict[str, Any]] = {}
        for key, params in schedule.items():
            try:
                step = float(key)
            except (TypeError, ValueError):
                step = math.nan
            if not math.isfinite(step) or step < 0 or isinstance(key, bool):
                raise ValueError(f"the steps of a schedule are finite numbers >= 0, got {key!r}")
            if not isinstance(params, Mapping) or not all(isinstance(name, str) for name in params):
                raise ValueError(
                    f"a schedule gives names and values for step {key}, got {params!r:.200}"
                )
            found[int_if_whole(step)] = {name: to_choice(value) for name, value in params.items()}
        self.schedule = dict(sorted(found.items()))
        if 0 not in self.schedule:
            raise ValueError(
                f"a schedule starts at step 0, such as {example}; got steps {list(self.schedule)}"
            )

    def decide(self, history: History, number: int) -> Decision:
        """Pause the trial where other params are due."""
        due = self._at(history.last_step[number]) > self._at(history.granted[number])
        return Decision.PAUSE if due else Decision.CONTINUE

    def next(self, history: History) -> Next | Resume:
        """Begin the trial with the first params, and resume it with those that are due.

        Raises:
            StudyError: The study has other trials.
        """
        own = [m for m in range(history.n) if not history.confirming[m]]
        if len(own) > 1:
            raise StudyError(
                f"Replay trains one model in a study of its own, and this one has {len(own)} trials"
            )
        params = list(self.schedule.values())
        if not own:
            spent = history.budget is not None and history.n >= history.budget
            return Next.DONE if spent else Resume(history.n, params[0])
        [number] = own
        if number in history.paused:
            at = self._at(history.last_step[number])
            return Resume(number, params[at] if at > self._at(history.granted[number]) else None)
        return Next.DONE if history.state[number] >= State.COMPLETE else Next.WAIT

    def _at(self, step: float) -> int:
        """Index of the params of the schedule that hold at a step."""
        return max(bisect.bisect_right(list(self.schedule), np.nan_to_num(step) + 1e-9) - 1, 0)


def schedule(study: Any, number: int | None = None) -> dict[float, dict[str, Any]]:
    """Params that a trial was trained with, from each step on.

    Those of the trials that it was copied from are included.

    Args:
        study: A study, or its trials.
        number: Number of the trial; None for the study's best.

    Returns:
        Step to params, ascending from 0.

    Raises:
        NoCompletedTrialsError: No trial of the study is complete.
    """
    rows: dict[int, TrialRow] = {row.number: row for row in getattr(study, "trials", study)}
    row = rows[study.best_trial.number if number is None else number]
    found: list[tuple[float, dict[str, Any]]] = []  # the latest first
    until = math.inf
    while True:
        source = None
        for turn in reversed(row.turns):
            if turn.step >= until:
                continue
            found.append((turn.step, turn.params))
            until = turn.step  # what came before reaches up to here
            source = turn.source
            if source is not None:
                break
        if source is None:
            break
        row = rows[source]

    if until > 0:
        found.append((0.0, row.turns[0].params if row.turns else row.params))
    path: dict[float, dict[str, Any]] = {}
    now = None
    for step, params in reversed(found):
        if params != now:
            path[int_if_whole(step)] = now = dict(params)
    return path
