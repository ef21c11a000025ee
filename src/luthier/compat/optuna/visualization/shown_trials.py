"""Which trials a figure shows, and where on its axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..distributions import CategoricalDistribution
from ..logging import get_logger
from ..marks import warn
from ..trial.frozen import FrozenTrial
from ..trial.state import TrialState

if TYPE_CHECKING:
    from ..study.search import Study

_logger = get_logger("optuna.visualization")

Target = Callable[[FrozenTrial], float]


def check_target(studies: Sequence[Study], target: Target | None, target_name: str) -> None:
    """Refuse several objectives without a target.

    Raises:
        ValueError: There are several, and none.
    """
    if target is None and any(len(s.directions) > 1 for s in studies):
        raise ValueError(
            "If the `study` is being used for multi-objective optimization, please specify the "
            "`target`."
        )
    if target is not None and target_name == "Objective Value":
        warn(
            "`target` is specified, but `target_name` is the default value, 'Objective Value'.",
            stacklevel=4,
        )


def value_of(trial: FrozenTrial, target: Target | None) -> float:
    """What a figure shows of a trial; NaN for nothing."""
    value = trial.value if target is None else target(trial)
    return math.nan if value is None else float(value)


def complete(study: Study, target: Target | None) -> list[tuple[FrozenTrial, float]]:
    """The complete trials whose value is finite, with it."""
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    found = [(t, value_of(t, target)) for t in trials]
    kept = [(t, v) for t, v in found if math.isfinite(v)]
    if len(kept) < len(found):
        _logger.warning("trials whose value is infinite or NaN are not shown")
    if not kept:
        _logger.warning("there are no complete trials in the study")
    return kept


def as_list(studies: Study | Sequence[Study]) -> list[Study]:
    """One study or several as a list."""
    return list(studies) if isinstance(studies, Sequence) else [studies]


def choose_params(trials: Sequence[FrozenTrial], params: Sequence[str] | None) -> list[str]:
    """The names of the parameters that are shown.

    Raises:
        ValueError: No trial has one of those that are named.
    """
    known = sorted({name for t in trials for name in t.params})
    if params is None:
        return known
    for name in params:
        if trials and name not in known:
            raise ValueError(f"Parameter {name} does not exist in your study.")
    return list(params) if trials else []


def is_log(trials: Sequence[FrozenTrial], name: str) -> bool:
    """Whether a parameter has a logarithmic scale."""
    return any(getattr(t.distributions.get(name), "log", False) for t in trials)


def place(trials: Sequence[FrozenTrial], name: str) -> list[Any]:
    """Where trials lie on the axis of a parameter: numbers, or texts of choices."""
    dists = [t.distributions[name] for t in trials if name in t.distributions]
    is_choice = any(isinstance(d, CategoricalDistribution) for d in dists)
    values = [t.params.get(name) for t in trials]
    if not is_choice:
        return values
    if all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
        return values
    return [str(v) for v in values]


def describe(trial: FrozenTrial) -> str:
    """What is said of a trial where one points at it."""
    params = ", ".join(f"{k}: {v}" for k, v in trial.params.items())
    return f"Trial {trial.number}<br>{trial.values}<br>{params}"
