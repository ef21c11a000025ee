"""What the trials of an experiment have shown: results as users pass them, the best, the front."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...numerics.pareto import is_non_dominated
from ..remarks import heed_others, refuse
from .core.experiment import Experiment
from .core.trial import Trial
from .exceptions.core import UserInputError
from .history import find_violations, logger, read_values

Results = dict[str, tuple[float, float]]
_EXPECTED = (
    "Raw data does not conform to the expected structure. Expected a number, a (mean, sem) pair, "
    "or a dict of metric names to these"
)


def read_number(value: Any) -> float:
    """Return a number of any library as a float.

    Raises:
        UserInputError: It is none.
    """
    if isinstance(value, str | bool | bytes) or value is None:
        raise UserInputError(f"{_EXPECTED}, got {value!r:.200}.")
    try:
        return float(value.item() if hasattr(value, "item") else value)
    except (TypeError, ValueError):
        raise UserInputError(f"{_EXPECTED}, got {value!r:.200}.") from None


def read_result(value: Any) -> tuple[float, float]:
    """Return a result and its standard error, NaN where that is not known.

    Raises:
        UserInputError: It is neither a number nor a pair.
    """
    if isinstance(value, tuple | list):
        if len(value) != 2:
            raise UserInputError(f"{_EXPECTED}, got {value!r:.200}.")
        mean, sem = value
        return read_number(mean), math.nan if sem is None else read_number(sem)
    return read_number(value), math.nan


def read_results(raw: Any, objective_names: list[str]) -> Results:
    """Return results by name, from what a user passed.

    Args:
        raw: A number or a pair, where there is one objective; or a dict of these.
        objective_names: Names of the objectives.

    Raises:
        UserInputError: It is none of these.
    """
    if isinstance(raw, Mapping):
        return {str(n): read_result(v) for n, v in raw.items()}
    if len(objective_names) != 1:
        raise UserInputError(f"{_EXPECTED}; of {len(objective_names)} objectives it must be a dict")
    return {objective_names[0]: read_result(raw)}


def read_steps(raw: Any, objective_names: list[str]) -> list[tuple[float, Results]]:
    """Return (step, results) pairs, from what a user passed; without steps NaN.

    Raises:
        UserInputError: It is not of the expected form.
    """
    if not isinstance(raw, list):
        return [(math.nan, read_results(raw, objective_names))]
    found = []
    for entry in raw:
        if not isinstance(entry, tuple) or len(entry) != 2:
            raise UserInputError(f"{_EXPECTED}, or a list of (step, dict) pairs, got {raw!r:.200}.")
        step, results = entry
        if isinstance(step, Mapping):
            step = next(iter(step.values()), math.nan)
        found.append((read_number(step), read_results(results, objective_names)))
    return found


def find_measured(experiment: Experiment) -> list[tuple[Trial, tuple[float, ...], float]]:
    """Return trials with a result of all objectives, with the values and the violation.

    The values are larger where they are better; the violation is 0 where no constraint is broken,
    and infinity where a constraint has no result.
    """
    config = experiment.optimization_config
    found = []
    for trial in experiment.trials.values():
        if config is None or not (trial.status.is_completed or trial.status.is_early_stopped):
            continue
        values = read_values(config, trial.means)
        if values is None:
            continue
        broken = find_violations(experiment, trial)
        is_known = set(config.metric_names) <= set(trial.means)
        excess = sum(max(v, 0.0) for v in broken.values()) if is_known else math.inf
        found.append((trial, values, excess))
    return found


def find_best(experiment: Experiment) -> Trial | None:
    """Return the best trial that keeps all constraints.

    Where none keeps them, it is the one that breaks them least, which is logged. None without
    results.
    """
    measured = find_measured(experiment)
    if not measured:
        return None
    trial, _, excess = min(measured, key=lambda m: (m[2], -m[1][0]))
    if excess > 0:
        logger.warning("no trial keeps all outcome constraints; trial %d is nearest", trial.index)
    return trial


def find_front(experiment: Experiment) -> list[Trial]:
    """Return the trials that keep all constraints and that no other one beats."""
    feasible = [(t, v) for t, v, excess in find_measured(experiment) if excess <= 0]
    if not feasible:
        return []
    marked = is_non_dominated(-np.array([v for _, v in feasible]))
    return [t for (t, _), is_best in zip(feasible, marked, strict=True) if is_best]


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


def refuse_subsets(given: Mapping[str, Any]) -> None:
    """Refuse what would make another trial the best one.

    Raises:
        CompatError: A subset of the trials or another objective is asked for.
        TypeError: An argument is not known.
    """
    for name in ("trial_indices", "optimization_config"):
        if given.get(name) is not None:
            raise refuse(f"{name} of AxClient", "Take trials from get_trials_data_frame().")
    heed_others("AxClient", given, dict.fromkeys(("trial_indices", "optimization_config"), ""))
