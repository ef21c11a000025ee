"""Figures along the trials of a study: values, reports, distributions, times."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ....numerics.hypervolume import growing_hypervolume
from ....typing import Array
from ..study.direction import StudyDirection
from ..trial.result_constraints import is_feasible
from ..trial.state import TrialState
from .picture import Panel, Picture, Series
from .shown_trials import Target, as_list, check_target, complete, describe

if TYPE_CHECKING:
    from ..study.search import Study

_COLORS = {
    TrialState.COMPLETE: "blue",
    TrialState.FAIL: "red",
    TrialState.PRUNED: "orange",
    TrialState.RUNNING: "green",
    TrialState.WAITING: "gray",
}
_N_EDF = 100  # points of a line


def optimization_history(
    study: Study | Sequence[Study],
    *,
    target: Target | None = None,
    target_name: str = "Objective Value",
    error_bar: bool = False,
) -> Picture:
    """The value of each trial, and the best so far.

    Args:
        study: A study or several.
        target: What is shown of a trial; None for its value.
        target_name: Its name.
        error_bar: Whether several studies are shown as mean and spread.
    """
    studies = as_list(study)
    check_target(studies, target, target_name)
    series: list[Series] = []
    runs: list[tuple[list[int], Array, Array | None]] = []
    for one in studies:
        found = complete(one, target)
        if not found:
            continue
        values = np.array([v for _, v in found])
        best: Array | None = None
        if target is None:
            is_max = one.direction == StudyDirection.MAXIMIZE
            shown = np.array([is_feasible(t.constraints) for t, _ in found])
            limited = np.where(shown, values, -np.inf if is_max else np.inf)
            best = (np.maximum if is_max else np.minimum).accumulate(limited)
            best = np.where(np.isfinite(best), best, np.nan)
        runs.append(([t.number for t, _ in found], values, best))
        if not error_bar:
            suffix = f" of {one.study_name}" if len(studies) > 1 else ""
            texts = [describe(t) for t, _ in found]
            x = runs[-1][0]
            series.append(Series("markers", x, list(values), f"{target_name}{suffix}", texts=texts))
            if best is not None:
                series.append(Series("lines", x, list(best), f"Best Value{suffix}"))
    if error_bar and runs:
        n = min(len(x) for x, _, _ in runs)
        table = np.stack([values[:n] for _, values, _ in runs])
        x = list(range(n))
        error = list(table.std(axis=0))
        series.append(Series("markers", x, list(table.mean(axis=0)), target_name, error=error))
        tops = [best[:n] for _, _, best in runs if best is not None]
        if tops:
            series.append(Series("lines", x, list(np.stack(tops).mean(axis=0)), "Best Value"))
    return Picture("Optimization History Plot", [[Panel(series, "Trial", target_name)]])


def intermediate_values(study: Study) -> Picture:
    """The reports of each trial.

    Args:
        study: The study.
    """
    shown = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)
    series = []
    for trial in study.get_trials(deepcopy=False, states=shown):
        steps = sorted(trial.intermediate_values)
        if steps:
            values = [trial.intermediate_values[s] for s in steps]
            series.append(Series("both", steps, values, f"Trial{trial.number}"))
    return Picture("Intermediate Values Plot", [[Panel(series, "Step", "Intermediate Value")]])


def edf(
    study: Study | Sequence[Study],
    *,
    target: Target | None = None,
    target_name: str = "Objective Value",
) -> Picture:
    """The share of trials with a value of at most x.

    Args:
        study: A study or several.
        target: What is shown of a trial; None for its value.
        target_name: Its name.
    """
    studies = as_list(study)
    check_target(studies, target, target_name)
    samples = [(s.study_name, [v for _, v in complete(s, target)]) for s in studies]
    everything = [v for _, values in samples for v in values]
    series = []
    if everything:
        x = np.linspace(min(everything), max(everything), _N_EDF)
        for name, values in samples:
            if values:
                share = np.searchsorted(np.sort(values), x, side="right") / len(values)
                series.append(Series("lines", list(x), list(share), name))
    title = "Empirical Distribution Function Plot"
    return Picture(title, [[Panel(series, target_name, "Cumulative Probability")]])


def hypervolume_history(study: Study, reference_point: Sequence[float]) -> Picture:
    """The hypervolume that the trials so far dominate.

    Args:
        study: The study.
        reference_point: Up to where it is measured.

    Raises:
        ValueError: The study has one objective, or the point another number of them.
    """
    if len(study.directions) < 2:
        raise ValueError(
            "Study must be multi-objective. For single-objective optimization, please use "
            "plot_optimization_history instead."
        )
    if len(reference_point) != len(study.directions):
        raise ValueError(
            "The dimension of the reference point must be the same as the number of objectives."
        )
    signs = np.array([-1.0 if d == StudyDirection.MAXIMIZE else 1.0 for d in study.directions])
    reference = np.asarray(reference_point) * signs
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    losses = np.array([t.values for t in trials]).reshape(-1, len(signs)) * signs
    is_kept = np.array([is_feasible(t.constraints) for t in trials], dtype=bool)
    volumes = growing_hypervolume(losses[is_kept], reference, np.cumsum(is_kept))
    series = [Series("both", [t.number for t in trials], list(volumes))] if trials else []
    return Picture("Hypervolume History Plot", [[Panel(series, "Trial", "Hypervolume")]])


def timeline(study: Study, n_recent_trials: int | None = None) -> Picture:
    """When trials ran.

    Args:
        study: The study.
        n_recent_trials: How many of the last ones; None for all.

    Raises:
        ValueError: There are to be none.
    """
    if n_recent_trials is not None and n_recent_trials <= 0:
        raise ValueError("n_recent_trials must be a positive integer or None.")
    now = datetime.datetime.now()
    trials = study.get_trials(deepcopy=False)
    trials = [t for t in trials[-(n_recent_trials or len(trials)) :] if t.datetime_start]
    series = []
    for state, color in _COLORS.items():
        own = [t for t in trials if t.state is state]
        if own:
            starts = [t.datetime_start or now for t in own]
            ends = [t.datetime_complete or max(now, t.datetime_start or now) for t in own]
            numbers = [t.number for t in own]
            series.append(Series("spans", ends, numbers, state.name, color, starts))
    return Picture("Timeline Plot", [[Panel(series, "Datetime", "Trial")]])
