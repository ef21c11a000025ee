"""The end of a trial: what was told, and whether it counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..logging import get_logger
from ..marks import warn
from ..trial.frozen import FrozenTrial
from ..trial.live import Trial
from ..trial.state import TrialState

if TYPE_CHECKING:
    from .shape import StudyLike

_logger = get_logger("optuna.study")

Told = tuple[TrialState, list[float] | None, str | None]


def find_told(study: StudyLike, trial: Trial | int) -> FrozenTrial:
    """Return the record of a trial that is told of.

    Raises:
        TypeError: It is neither a trial nor a number.
        ValueError: There is no trial of that number.
    """
    if isinstance(trial, Trial):
        return study.storage.get_trial(trial.trial_id)
    if not isinstance(trial, int):
        raise TypeError("Trial must be a trial object or trial number.")
    try:
        trial_id = study.storage.get_trial_id_from_study_id_trial_number(study.study_id, trial)
    except KeyError as e:
        raise ValueError(
            f"Cannot tell for trial with number {trial} since it has not been created."
        ) from e
    return study.storage.get_trial(trial_id)


def find_fault(values: Sequence[Any], n_objectives: int) -> str | None:
    """Say why values do not count; None where they do."""
    faults = []
    for value in values:
        try:
            number = float(value)
        except (ValueError, TypeError):
            faults.append(f"The value {value!r} could not be cast to float")
            continue
        if math.isnan(number):
            faults.append(f"The value {value} is not acceptable")
    if faults:
        return "; ".join(faults)
    if len(values) != n_objectives:
        return (
            f"The number of the values {len(values)} did not match the number of the objectives "
            f"{n_objectives}"
        )
    return None


def end_trial(
    study: StudyLike,
    trial: Trial | int,
    value: Any = None,
    state: TrialState | None = None,
    skip_if_finished: bool = False,
    quiet: bool = False,
) -> Told:
    """End a trial.

    Args:
        study: The study.
        trial: The trial or its number.
        value: Its value, or one for each objective.
        state: COMPLETE, PRUNED or FAIL; None for what the value says.
        skip_if_finished: Whether a trial that is over is left as it is.
        quiet: Whether a value that does not count is returned as text and not warned of.

    Returns:
        The state, the values, and why the values do not count.

    Raises:
        ValueError: The trial does not run, or the state and the value do not go together.
        TypeError: See `find_told`.
    """
    record = find_told(study, trial)
    if record.state.is_finished() and skip_if_finished:
        _logger.info(
            f"Skipped telling trial {record.number} with values {value} and state {state} since "
            f"trial was already finished. Finished trial has values {record.values} and state "
            f"{record.state}."
        )
        return record.state, record.values, None
    if record.state is not TrialState.RUNNING:
        raise ValueError(f"Cannot tell a {record.state.name} trial.")

    values: Any = None
    if value is not None:
        values = value if isinstance(value, Sequence) else [value]
    _check_state(state, values)
    fault = None
    if state is TrialState.COMPLETE:
        fault = find_fault(values, len(study.directions))
        if fault is not None:
            raise ValueError(fault)
    elif state is TrialState.PRUNED:
        values = _last_report(record)
    elif state is None:
        state, values, fault = _judge(values, len(study.directions))
        if fault is not None and not quiet:
            warn(fault, stacklevel=3)

    assert state is not None
    values = None if values is None else [float(v) for v in values]
    try:
        study.sampler.after_trial(study.seen_for(record), record, state, values)
    finally:
        study.storage.set_trial_state_values(record.trial_id, state, values)
    return state, values, fault


def _check_state(state: TrialState | None, values: Any) -> None:
    if state is TrialState.COMPLETE and values is None:
        raise ValueError(
            "No values were told. Values are required when state is TrialState.COMPLETE."
        )
    if state in (TrialState.PRUNED, TrialState.FAIL) and values is not None:
        raise ValueError(
            "Values were told. Values cannot be specified when state is TrialState.PRUNED or "
            "TrialState.FAIL."
        )
    if state in (TrialState.RUNNING, TrialState.WAITING):
        raise ValueError(f"Cannot tell with state {state}.")


def _last_report(record: FrozenTrial) -> list[float] | None:
    step = record.last_step
    if step is None or math.isnan(record.intermediate_values[step]):
        return None
    return [record.intermediate_values[step]]


def _judge(values: Any, n_objectives: int) -> tuple[TrialState, Any, str | None]:
    """The state that values mean."""
    if values is None:
        fault: str | None = "The value None could not be cast to float."
    else:
        fault = find_fault(values, n_objectives)
    if fault is None:
        return TrialState.COMPLETE, values, None
    return TrialState.FAIL, None, fault
