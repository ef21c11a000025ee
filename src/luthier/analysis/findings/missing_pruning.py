"""S12: early stopping would have saved training and kept the best.

Statistic: a replay of the median rule on the curves as they are stored: from the sixth trial on, a
trial stops after the first quarter where its best loss so far is worse than the median of the
earlier ones there. Threshold: at least 10 % of all reports saved, and the best not stopped; at
least 10 curves of one length, and no trial that was stopped. Source: Ax (early stopping health
check), Golovin 2017 (median rule).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...trial.record import State
from .action import Action
from .case import Case
from .finding import Finding
from .wording import percent

_FEWEST = 10
_MOST = 500
_WARM_UP = 5
_LEAST_SAVED = 0.1


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    if case.is_scheduled or (case.history.state == State.PRUNED).any():
        return
    if not case.curves or case.losses.shape[1] > 1:
        return
    length = int(np.bincount([len(curve.loss) for curve in case.curves]).argmax())
    curves = [curve for curve in case.curves if len(curve.loss) == length][:_MOST]
    if len(curves) < _FEWEST:
        return
    best_so_far = np.minimum.accumulate(
        np.nan_to_num(np.array([curve.loss for curve in curves]), nan=np.inf), axis=1
    )
    stopped_at = np.full(len(curves), length)
    begin = int(np.ceil(length / 4))
    for i in range(_WARM_UP, len(curves)):
        median = np.median(best_so_far[:i, begin:], axis=0)
        worse = np.flatnonzero(best_so_far[i, begin:] > median)
        if len(worse):
            stopped_at[i] = begin + worse[0] + 1
    saved = 1 - float(stopped_at.mean()) / length
    losses = case.history.losses[[curve.number for curve in curves], 0]
    if saved < _LEAST_SAVED or stopped_at[int(np.nanargmin(losses))] < length:
        return
    yield Finding(
        name="missing-pruning",
        severity="note",
        title=f"stopping trials that are worse than the median would have saved {percent(saved)} "
        f"of the training of {len(curves)} trials, and kept the best",
        advice="run with a scheduler, and let the objective ask trial.should_stop() after reports",
        evidence={"share saved": saved, "trials": len(curves)},
        action=Action(kind="schedule", scheduler={}),
        remedy="create_study(..., scheduler=luthier.schedulers.ASHA())",
        doubt="curves that cross late, of which the best began worst",
        figure="curves",
    )
