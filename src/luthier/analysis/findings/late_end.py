"""S16: the search had converged long before it ended.

Statistic: the last half of the trials improved the best by less than 0.1 % of the median of the
first third minus the best, and three quarters of the last third came within 2 % of it: the search
has nowhere better to go. Threshold: at least 40 trials. Random search never shows this. The rule is
ours, after Makarova 2022 (stop where the remaining gain is below the noise).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .action import Action
from .case import Case
from .finding import Finding

_FEWEST = 40
_LEAST_GAIN = 1e-3
_NEAR = 0.02


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    n = len(case)
    if n < _FEWEST or case.losses.shape[1] > 1:
        return
    loss = case.losses[:, 0]
    best = np.minimum.accumulate(loss)
    scale = float(np.median(loss[: n // 3]) - best[-1])
    near = np.quantile(loss[2 * n // 3 :], 0.75) - best[-1]
    if scale <= 0 or best[n // 2] - best[-1] > _LEAST_GAIN * scale or near > _NEAR * scale:
        return
    at = int(np.argmax(best <= best[-1] + _LEAST_GAIN * scale))
    yield Finding(
        name="late-end",
        severity="note",
        title=f"the best has not improved since trial {case.numbers[at]} of {n}, and most of the "
        f"last {n - 2 * n // 3} trials came within 2 % of it",
        advice="stop earlier next time, and confirm the leaders with what is saved",
        evidence={"trials without gain": n - at - 1, "scale": scale},
        remedy="study.optimize(objective, stop=luthier.stopping.RegretBound())",
        action=Action(kind="stop"),
        doubt="a better trial elsewhere in the space",
        figure="history",
    )
