"""What early stopping has saved."""

from __future__ import annotations

import math

from ..core.experiment import Experiment
from ..core.trial import Trial


def estimate_early_stopping_savings(experiment: Experiment) -> float:
    """Return the share of steps that early stopping has saved.

    A trial that was stopped would have come as far as completed ones do on average. The share is
    what is saved, divided by the sum of that and of what was used.

    Args:
        experiment: The experiment; 0 where nothing was stopped or no result has a step.
    """
    last = {t.index: _last_step(t) for t in experiment.trials.values()}
    used = {i: step for i, step in last.items() if not math.isnan(step)}
    trials = [experiment.trials[i] for i in used]
    completed = [used[t.index] for t in trials if t.status.is_completed]
    stopped = [used[t.index] for t in trials if t.status.is_early_stopped]
    if not completed or not stopped:
        return 0.0
    usual = sum(completed) / len(completed)
    saved = sum(max(usual - step, 0.0) for step in stopped)
    return saved / (saved + sum(used.values())) if saved else 0.0


def _last_step(trial: Trial) -> float:
    steps = [m.step for m in trial.measurements if not math.isnan(m.step)]
    return max(steps, default=math.nan)
