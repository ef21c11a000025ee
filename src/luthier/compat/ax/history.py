"""The trials of an experiment as luthier's history, and proposals that follow from it."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ...history.history import History
from ...samplers.base import Sampler
from ...space.space import Space
from ...trial.record import ReportValue, State, TrialRow
from .core.data import Measurement
from .core.experiment import Experiment
from .core.optimization_config import OptimizationConfig
from .core.trial import Trial
from .core.trial_status import TrialStatus
from .exceptions.core import SearchSpaceExhausted

logger = logging.getLogger("ax.api.client")
_STATES = {
    TrialStatus.COMPLETED: State.COMPLETE,
    TrialStatus.EARLY_STOPPED: State.PRUNED,
    TrialStatus.RUNNING: State.RUNNING,
}


def find_baseline(experiment: Experiment) -> dict[str, float] | None:
    """Return the results of the baseline; None without any."""
    arm = experiment.status_quo
    if arm is None:
        return None
    backfill = experiment.search_space.backfill
    for trial in experiment.trials.values():
        if trial.measurements and backfill(trial.params) == arm.parameters:
            return trial.means
    return None


def find_violations(
    config: OptimizationConfig, trial: Trial, baseline: Mapping[str, float] | None
) -> dict[str, float]:
    """Return by how much a trial breaks each constraint: at most 0 where it keeps it.

    Args:
        config: Has the constraints.
        trial: The trial.
        baseline: Results of the baseline, as `find_baseline` returns them.

    Raises:
        ValueError: A constraint is relative to a baseline without results.
    """
    constraints = config.all_constraints if config.is_moo_problem else config.outcome_constraints
    means = trial.means
    return {
        f"constraint_{i}": c.excess(means, baseline)
        for i, c in enumerate(constraints)
        if set(c.metric_names) <= set(means)
    }


def read_values(config: OptimizationConfig, means: Mapping[str, float]) -> tuple[float, ...] | None:
    """Return the values of the objectives, where more is better; None where one is missing."""
    if not set(config.objective.metric_names) <= set(means):
        return None
    values = tuple(config.objective.values(means))
    return values if all(map(math.isfinite, values)) else None


def read_reports(
    config: OptimizationConfig, measurements: Iterable[Measurement]
) -> list[tuple[float, ReportValue]]:
    """Return (step, value) pairs of the steps that have a result of each objective."""
    by_step: dict[float, dict[str, float]] = {}
    for m in measurements:
        if not math.isnan(m.step):
            by_step.setdefault(m.step, {})[m.metric_name] = m.mean
    reports: list[tuple[float, ReportValue]] = []
    for step in sorted(by_step):
        found = read_values(config, by_step[step])
        if found is not None:
            reports.append((step, found[0] if len(found) == 1 else found))
    return reports


def has_all_results(config: OptimizationConfig, trial: Trial) -> bool:
    """Whether a trial has a result of each objective and constraint."""
    return set(config.metric_names) <= set(trial.means)


def read_history(experiment: Experiment, space: Space, numbers: dict[int, int]) -> History:
    """Return the trials whose params lie in a space as a history.

    Args:
        experiment: The experiment; it has an objective.
        space: The space, or a part of it.
        numbers: Filled with index of a trial to its number in the history.
    """
    config = experiment.optimization_config
    assert config is not None
    search_space, baseline = experiment.search_space, find_baseline(experiment)
    history = History(space, ["maximize"] * len(config.objective.sums))
    rows: list[TrialRow] = []
    for index, trial in experiment.trials.items():
        if not trial.arms:
            continue
        whole = search_space.backfill(trial.params)
        if not search_space.check_membership(whole, check_all_parameters_present=False):
            continue
        params = {n: v for n, v in whole.items() if n in space.params}
        if not space.feasible(space.encode(params))[0]:
            continue
        numbers[index] = len(rows)
        rows.append(_to_row(config, trial, len(rows), params, baseline))
    history.put(rows)
    for row in rows:
        for step, value in row.reports:
            history.put_report(row.number, step, value)
    return history


def _to_row(
    config: OptimizationConfig,
    trial: Trial,
    number: int,
    params: dict[str, Any],
    baseline: Mapping[str, float] | None,
) -> TrialRow:
    values = read_values(config, trial.means)
    state = _STATES.get(trial.status, State.FAILED)
    if trial.status in (TrialStatus.CANDIDATE, TrialStatus.STAGED):
        state = State.RUNNING
    if state in (State.COMPLETE, State.PRUNED) and values is None:
        state = State.FAILED
    ended = state in (State.COMPLETE, State.PRUNED)
    return TrialRow(
        number=number,
        state=state,
        params=params,
        values=values if ended else None,
        reports=tuple(read_reports(config, trial.measurements)),
        constraints=find_violations(config, trial, baseline) if ended else {},
    )


def propose(
    experiment: Experiment, sampler: Sampler, fixed: Mapping[str, Any], seed: Any
) -> dict[str, Any]:
    """Return the params of a new trial.

    Args:
        experiment: The experiment; it has an objective.
        sampler: What proposes.
        fixed: Params that are set, name to value.
        seed: Of this proposal: what `numpy.random.default_rng` takes.

    Raises:
        SearchSpaceExhausted: All points of the space were tried.
    """
    search_space = experiment.search_space
    space = search_space.to_space(fixed)
    if not space.d:
        return search_space.complete(fixed)
    history = read_history(experiment, space, {})
    if space.finite and space.can_list and history.n_seen >= space.n_points:
        raise SearchSpaceExhausted(
            f"All {int(space.n_points)} points of the search space were tried."
        )
    X = sampler.sample(space, history, 1, np.random.default_rng(seed))
    return search_space.complete({**space.decode(X)[0], **fixed})
