"""S23: results get worse with time, whatever the params.

Statistic: Spearman's correlation of the number of a trial with its loss: of repeats less the mean
of their params where there are ten, else of all trials, where a search should get better.
Threshold: p below 0.001 and a correlation above 0.3; no parameter may go with the number as well
(above 0.5), as in a grid. At least 40 trials.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...numerics.rank_tests import spearman
from .case import Case
from .finding import Finding

_FEWEST = 40
_FEWEST_REPEATS = 10
_LEAST = 0.3


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    if case.losses.shape[1] > 1:
        return
    loss = case.history.losses[:, 0]
    own = ~case.history.confirming  # leaders run anew share random numbers, repeat by repeat
    repeats = [same[own[same]] for same in case.repeats if own[same].sum() > 1]
    if sum(map(len, repeats)) >= _FEWEST_REPEATS:
        number = np.concatenate(repeats)
        residual = np.concatenate([loss[same] - loss[same].mean() for same in repeats])
        rho, p = spearman(number, residual)
        rho, p = max((rho, p), (-rho, 1 - p), key=lambda found: found[0])
        p = min(1.0, 2 * p)
        what = f"{len(number)} repeats of the same params drift with time"
    elif len(case) >= _FEWEST and not _is_ordered(case):
        rho, p = spearman(case.numbers, case.rank)
        what = f"the results of {len(case)} trials get worse with time"
    else:
        return
    if rho <= _LEAST or p >= 0.001:
        yield None
        return
    yield Finding(
        name="drift",
        severity="warning",
        title=f"{what} (rank correlation {rho:.2f})",
        advice="look for what changed: data, a machine that is shared or hot, a cache that fills; "
        "run an early trial again to see",
        evidence={"rank correlation": rho},
        p=p,
        remedy="study.enqueue(study.trials[0].params)",
        doubt="an early trial that comes to the same value again",
        figure="history",
    )


def _is_ordered(case: Case) -> bool:
    """Whether some parameter goes with the number of the trial."""
    columns = [j for j, _, _ in case.parameters if not np.isnan(case.X[:, j]).any()]
    return any(abs(spearman(case.numbers, case.X[:, j])[0]) > 0.5 for j in columns)
