"""S17, S18: workers that wait between trials.

Statistic: the share of the time of all workers in which they ran no trial, from when turns of
trials began and ended; the number of workers is the most trials that ever ran at a time, and times
in which nothing ran for long are rests of the study. Where the times of pauses were not stored,
nobody knows when each turn was: nothing is said where these are of more than a tenth of the trials.
Threshold: above 30 % with several workers, 20 % with one, and at least a minute; at least 20
trials. It is a count.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...typing import Array
from ..turn_times import find_turn_times
from ..worker_times import count_lanes, find_rests
from .case import Case
from .finding import Finding
from .wording import percent

_FEWEST = 20
_LEAST_S = 60.0
_UNKNOWN = 0.1  # share of the trials


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    turns = find_turn_times(case.history)
    over = ~np.isnan(turns.end_s)
    begin, end = turns.start_s[over], turns.end_s[over]
    n_trials = len(np.unique(turns.number[over]))
    n_unknown = len(np.unique(turns.number[turns.n_unknown > 0]))
    if n_trials < _FEWEST or n_unknown > _UNKNOWN * n_trials:
        return
    idle, n_workers, total = _measure_idle(begin, end)
    most = 0.3 if n_workers > 1 else 0.2
    if total > 0 and idle > most * total and idle >= _LEAST_S:
        yield Finding(
            name="idle-workers",
            severity="advice",
            title=f"{percent(idle / total)} of the time of {n_workers} workers passed between "
            "trials"
            if n_workers > 1
            else f"{percent(idle / total)} of the time passed between trials, {idle:.0f} s in all",
            advice="a slow proposal, a slow storage or workers that wait for each other: take a "
            "cheaper sampler, run more trials at a time, or leave reproducible=True out",
            evidence={"share idle": idle / total, "idle s": idle, "workers": n_workers},
            remedy="create_study(..., sampler=luthier.samplers.TPE())",
            doubt="workers that were stopped on purpose",
            figure="timeline",
        )


def _measure_idle(begin: Array, end: Array) -> tuple[float, int, float]:
    """Seconds in which workers ran nothing, number of workers, and their seconds in all."""
    n_workers = count_lanes(begin, end)
    rested = float(np.diff(find_rests(begin, end)).sum())
    total = n_workers * (float(end.max() - begin.min()) - rested)
    return total - float((end - begin).sum()), n_workers, total
