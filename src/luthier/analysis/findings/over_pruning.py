"""S11: early values do not tell who is best in the end, so that stopping by them loses the best.

Statistic: Spearman's correlation of the loss at the step where trials are typically stopped with
the final loss, over trials with both. Threshold: below 0.2 with an upper 95 % limit below 0.5, or
below 0.5 with one below 0.7 where the best in the end was in the worse half then; at least 15
trials that were trained to their ends. Survivors alone correlate less than
all would where values agree well, and more where they agree badly; see `rank_correlation`. Source:
DeepCAVE (correlation of fidelities).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ...history.resources import losses_at
from ...numerics.rank_tests import average_ranks, spearman
from ...trial.record import State
from .action import Action
from .case import Case
from .finding import Finding

_FEWEST = 15
_FEWEST_STOPPED = 5


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    history = case.history
    stopped = (history.state == State.PRUNED) & (history.last_step > 0)
    if int(stopped.sum()) < _FEWEST_STOPPED:
        return
    step = float(np.median(history.last_step[stopped]))
    at, reported = losses_at(history, step)
    both = reported & history.eligible & (history.last_step > step) & np.isfinite(at)
    both &= np.isfinite(history.losses[:, 0])
    n = int(both.sum())
    if n < _FEWEST:
        return
    early, final = at[both], history.losses[both, 0]
    rho, _ = spearman(early, final)
    upper = math.tanh(math.atanh(min(max(rho, -0.999), 0.999)) + 1.96 / math.sqrt(n - 3))
    place = (average_ranks(early)[int(final.argmin())] - 1) / (n - 1)
    if not ((rho < 0.2 and upper < 0.5) or (rho < 0.5 and upper < 0.7 and place > 0.5)):
        return
    last = float(np.max(history.last_step[both]))
    least = math.ceil(3 * step)
    is_late = 3 * step >= last
    yield Finding(
        name="over-pruning",
        severity="advice",
        title=f"values at step {step:g}, where trials are typically stopped, say little of the "
        f"end: rank correlation {round(rho, 2) + 0.0:.2f} over {n} trials that went on, and the "
        f"best of these was in place {round(place * (n - 1)) + 1} of {n} then",
        advice="train all trials to their ends: there is no step early enough to save much"
        if is_late
        else "compare trials later (a larger min_resource) or stop fewer (a smaller "
        "reduction_factor)",
        evidence={"rank correlation": rho, "upper limit": upper, "step": step, "trials": n},
        remedy="study.scheduler = None"
        if is_late
        else f"study.scheduler = luthier.schedulers.ASHA(min_resource={least}, reduction_factor=2)",
        action=Action(
            kind="schedule",
            scheduler=None if is_late else {"min_resource": least, "reduction_factor": 2},
        ),
        doubt="a high correlation among trials that were all trained to their ends",
        figure="curves",
    )
