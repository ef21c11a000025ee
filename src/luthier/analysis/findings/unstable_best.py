"""S7: the best params come to something else with every seed.

Statistic: the standard deviation of the re-runs of the best params. Threshold: above twice that of
the losses of the best tenth, and four times that of the re-runs of the other leaders, with at least
3 re-runs; or a re-run that failed. Source: Google's tuning playbook ("rerun the best").
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...trial.record import State
from ...typing import Array
from .case import Case
from .confirmed import list_confirmed
from .finding import Finding

_FEWEST = 3
_TIMES = 2.0
_TIMES_OTHERS = 4.0


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    if case.losses.shape[1] > 1 or len(case) < 20:
        return
    best = int(case.numbers[case.order[0]])
    leaders = list_confirmed(case.history, 1)
    again = [leader.losses for leader in leaders if leader.number == best]
    others = [leader.losses for leader in leaders if leader.number != best]
    runs = again[0] if again else np.empty(0)
    n_failed = _count_failed(case, best)
    if len(runs) + n_failed < _FEWEST:
        return
    sd, sd_top = _spread(runs), _spread(case.losses[case.top, 0])
    sd_others = float(np.median([_spread(losses) for losses in others])) if others else 0.0
    is_unsteady = len(runs) >= _FEWEST and sd > max(_TIMES * sd_top, _TIMES_OTHERS * sd_others) > 0
    if not n_failed and not is_unsteady:
        return
    if n_failed:
        title = f"trial {best}, the best, failed in {n_failed} of {len(runs) + n_failed} new runs"
    else:
        title = (
            f"{len(runs)} new runs of trial {best}, the best, differ by {sd:.3g} (standard "
            f"deviation), and the best {len(case.top)} trials among each other by {sd_top:.3g}"
        )
    yield Finding(
        name="unstable-best",
        severity="warning",
        title=title,
        advice="average over seeds, or make training steadier: a lower learning rate, warm-up",
        evidence={"sd of runs": sd, "sd of the best": sd_top, "failed": float(n_failed)},
        remedy="study.confirm(k=5, repeats=5).best",
        doubt="new runs that agree",
        figure="confirmation",
    )


def _count_failed(case: Case, best: int) -> int:
    """How many re-runs of a trial failed."""
    history = case.history
    failed = np.flatnonzero(history.confirming & (history.state == State.FAILED) & history.fits)
    [key] = case.space.keys(history.X[[best]])
    return sum(k == key for k in case.space.keys(history.X[failed]))


def _spread(losses: Array) -> float:
    return float(losses.std(ddof=1)) if len(losses) > 1 else 0.0
