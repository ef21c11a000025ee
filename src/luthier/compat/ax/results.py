"""What the trials of an experiment have shown: the best, the front, its hypervolume."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...numerics.hypervolume import growing_hypervolume
from ...numerics.pareto import is_non_dominated
from .core.experiment import Experiment
from .core.optimization_config import OptimizationConfig
from .core.trial import Trial
from .history import find_baseline, find_violations, logger, read_values

_BEYOND = 0.1  # how far behind the front the reference lies, as a share of its range
Measured = tuple[Trial, tuple[float, ...], float]


def find_measured(
    experiment: Experiment,
    config: OptimizationConfig | None = None,
    trial_indices: Iterable[int] | None = None,
) -> list[Measured]:
    """Return trials with a result of all objectives, with the values and the violation.

    The values are larger where they are better; the violation is 0 where no constraint is broken,
    and infinity where a constraint has no result.

    Args:
        experiment: The experiment.
        config: What counts as better; None for what the experiment optimises.
        trial_indices: Which trials; None for all.
    """
    config = config or experiment.optimization_config
    wanted = experiment.trials if trial_indices is None else set(trial_indices)
    baseline = find_baseline(experiment)
    found: list[Measured] = []
    for trial in experiment.trials.values():
        ended = trial.status.is_completed or trial.status.is_early_stopped
        if config is None or not ended or trial.index not in wanted:
            continue
        values = read_values(config, trial.means)
        if values is None:
            continue
        broken = find_violations(config, trial, baseline)
        is_known = set(config.metric_names) <= set(trial.means)
        excess = sum(max(v, 0.0) for v in broken.values()) if is_known else math.inf
        found.append((trial, values, excess))
    return found


def choose_best(measured: list[Measured]) -> Trial | None:
    """Return the best trial that keeps all constraints.

    Where none keeps them, it is the one that breaks them least, which is logged. None without
    results.
    """
    if not measured:
        return None
    trial, _, excess = min(measured, key=lambda m: (m[2], -m[1][0]))
    if excess > 0:
        logger.warning("no trial keeps all outcome constraints; trial %d is nearest", trial.index)
    return trial


def choose_front(measured: list[Measured]) -> list[Trial]:
    """Return the trials that keep all constraints and that no other one beats."""
    feasible = [(t, v) for t, v, excess in measured if excess <= 0]
    if not feasible:
        return []
    marked = is_non_dominated(-np.array([v for _, v in feasible]))
    return [t for (t, _), is_best in zip(feasible, marked, strict=True) if is_best]


def measure_hypervolumes(
    config: OptimizationConfig, measured: list[Measured], ends: Iterable[int]
) -> list[float]:
    """Return the volume between the front and the thresholds of the objectives, for some moments.

    An objective without a threshold has its reference behind the front, by a tenth of its range.

    Args:
        config: Has the thresholds.
        measured: Trials as they ended.
        ends: After how many trials each volume is measured.
    """
    kept = np.array([excess <= 0 for _, _, excess in measured], dtype=bool)
    if not kept.any():
        return [0.0 for _ in ends]
    losses = -np.array([v for _, v, _ in measured])
    front = losses[kept][is_non_dominated(losses[kept])]
    reference = -_find_reference(config, -front)
    counts = np.concatenate([[0], np.cumsum(kept)])  # of those that count, after each trial
    return list(map(float, growing_hypervolume(losses[kept], reference, counts[list(ends)])))


def _find_reference(config: OptimizationConfig, front: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the reference (m,) of a front (n, m), larger being better."""
    worst, best = front.min(axis=0), front.max(axis=0)
    reference: NDArray[np.float64] = worst - _BEYOND * np.maximum(
        best - worst, np.abs(worst) * 1e-6 + 1e-12
    )
    bounds = {t.metric_names[0]: t.bound for t in config.objective_thresholds}
    for j, total in enumerate(config.objective.sums):
        name = next(iter(total.weights))
        if len(total.weights) == 1 and name in bounds:
            reference[j] = total.value({name: bounds[name]})
    return reference


def list_outcome(trial: Trial, names: list[str]) -> dict[str, Any]:
    """Return the results of a trial, each a (mean, sem) pair."""
    means, sems = trial.means, trial.sems
    return {n: (means[n], sems[n]) for n in names if n in means}


def list_covariances(
    trial: Trial, names: list[str]
) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Return the means of a trial, and their covariances: squared errors, 0 between metrics."""
    means, sems = trial.means, trial.sems
    known = [n for n in names if n in means]
    covariances = {a: {b: sems[a] ** 2 if a == b else 0.0 for b in known} for a in known}
    return {n: means[n] for n in known}, covariances
