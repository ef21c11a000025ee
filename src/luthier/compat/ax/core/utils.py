"""What is known of the results of trials."""

from __future__ import annotations

import enum
from collections.abc import Iterable

from .experiment import Experiment


class MetricAvailability(enum.Enum):
    """Whether a trial has the results that the objective and the constraints need."""

    NOT_OBSERVED = "not observed"
    INCOMPLETE = "incomplete"
    COMPLETE = "complete"


def compute_metric_availability(
    experiment: Experiment, trial_indices: Iterable[int] | None = None
) -> dict[int, MetricAvailability]:
    """Return for each trial whether it has all results, some, or none."""
    config = experiment.optimization_config
    needed = set() if config is None else set(config.metric_names)
    wanted = experiment.trials if trial_indices is None else set(trial_indices)
    found = {}
    for index, trial in experiment.trials.items():
        if index in wanted:
            n_known = len(needed & set(trial.means))
            state = MetricAvailability.INCOMPLETE if n_known else MetricAvailability.NOT_OBSERVED
            found[index] = MetricAvailability.COMPLETE if needed <= set(trial.means) else state
    return found
