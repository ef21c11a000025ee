"""What one screen shows of a study, in numbers and in sentences."""

from __future__ import annotations

import numpy as np

from ..analysis.axes import read_axis
from ..analysis.best_so_far import Incumbent, incumbent
from ..errors import NoCompletedTrialsError, TooFewResultsError
from ..history.history import History
from ..storages.codec import pack_number
from ..storages.controls import Course
from ..trial.record import State
from ..wording import count_of
from .page_schemas import BestTrial, Parameter, Summary

_MAX_STEPS = 60  # of the small line
_N_FOR_RATE = 100  # trials that ended last
_MAX_RUNNING = 200  # numbers


def summarize(
    history: History, study: int, name: str, created_s: float, course: Course = "running"
) -> Summary:
    """Summarise a study.

    Args:
        history: Its trials.
        study: Its id.
        name: Its name.
        created_s: When it was created, in seconds since 1970.
        course: Whether workers begin trials.
    """
    line = _follow(history)
    counts = np.bincount(history.state, minlength=len(State))
    n_complete = int(counts[State.COMPLETE])
    best = n_since = None
    if line is not None and len(line.x):
        number = int(line.number[-1])
        best = BestTrial(number=number, value=pack_number(float(line.value[-1])))
        n_since = int(np.sum(history.state[number + 1 :] == State.COMPLETE.value))
    rate = _rate(history)
    n_left = _count_left(history)
    n_front = len(history.front) if len(history.directions) > 1 else None
    return Summary(
        id=study,
        name=name,
        revision=history.revision,
        created_s=created_s,
        objectives=list(history.objectives),
        directions=list(history.directions),
        params=[_describe(history, parameter) for parameter in history.space.names],
        n_trials=history.n,
        counts={state.name.lower(): int(counts[state]) for state in State if counts[state]},
        running=sorted(history.running)[:_MAX_RUNNING],
        best=best,
        n_since=n_since,
        n_front=n_front,
        steps=[] if line is None else _thin(line),
        rate=rate,
        n_left=n_left,
        left_s=60 * n_left / rate if rate and n_left and history.running else None,
        constraints=list(history.constraint_names),
        text=[
            *([] if course == "running" else [f"The study is {course}: no trial begins."]),
            *_say(history, len(history.running), n_complete, best, n_since, n_front, rate),
        ],
    )


def _follow(history: History) -> Incumbent | None:
    """The best value of the first objective so far; None without any."""
    try:
        return incumbent(history)
    except (NoCompletedTrialsError, TooFewResultsError):
        return None


def _describe(history: History, name: str) -> Parameter:
    axis = read_axis(history.space, name)
    return Parameter(
        name=name, scale=axis.scale, low=axis.low, high=axis.high, choices=list(axis.choices)
    )


def _thin(line: Incumbent) -> list[tuple[int, float | str]]:
    """At most 60 steps of the line, the first and the last among them."""
    k = len(line.x)
    use = np.unique(np.linspace(0, k - 1, min(k, _MAX_STEPS)).round().astype(int))
    return [(int(line.number[i]), pack_number(float(line.value[i]))) for i in use]


def _count_left(history: History) -> int:
    """Trials that are yet to end: of the run's budget where it is known, else those begun or added.

    Who runs a study elsewhere tells nobody how many trials are to come.
    """
    n_open = len(history.running) + len(history.waiting)
    n_paused = int(np.sum(history.state == State.PAUSED))
    if history.budget is None:
        return n_open
    return max(n_open, history.budget - (history.n_begun - len(history.running) - n_paused))


def _rate(history: History) -> float | None:
    """Trials that ended in a minute, over the last hundred."""
    ended = history.finished_s[~np.isnan(history.finished_s)]
    if len(ended) < 2:
        return None
    k = min(len(ended), _N_FOR_RATE)
    last = np.sort(np.partition(ended, len(ended) - k)[len(ended) - k :])
    span_s = float(last[-1] - last[0])
    return 60 * (k - 1) / span_s if span_s > 0 else None


def _say(
    history: History,
    n_running: int,
    n_complete: int,
    best: BestTrial | None,
    n_since: int | None,
    n_front: int | None,
    rate: float | None,
) -> list[str]:
    """Whether it runs, how good it is, and whether it still improves."""
    pace = f"{rate:,.0f}" if rate is not None and rate >= 100 else f"{rate or 0:.3g}"
    pace = "" if rate is None else f"; lately {pace} trials ended in a minute"
    runs = f"{count_of(n_running, 'trial')} running" if n_running else "Nothing is running"
    said = [f"{runs}{pace}."]
    if best is None:
        feasible = " that keeps its constraints" if n_complete else ""
        return [*said, f"No trial{feasible} is complete yet."]
    value = best.value if isinstance(best.value, str) else f"{best.value:.4g}"
    said.append(f"The best {history.objectives[0]} is {value}, of trial {best.number}.")
    if n_front is not None:
        said.append(f"{count_of(n_front, 'trial')} on the front: no other beats them.")
    if n_since:
        said.append(f"{count_of(n_since, 'complete trial')} since then brought nothing better.")
    elif n_complete > 1:
        said.append("The last complete trial is the best.")
    return said
