"""S20: exactly the same value for different params.

Statistic: the share of trials whose loss another trial with other params has exactly; the most
frequent value is left to "crash-values". Threshold: above 20 % of at least 20 trials. It is a
count.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .case import Case
from .finding import Finding
from .wording import percent

_FEWEST = 20
_MOST = 0.2


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    if case.losses.shape[1] > 1 or not case.space.d:
        return
    first = {key: i for i, key in enumerate(case.space.keys(case.X))}
    loss = case.losses[sorted(first.values()), 0]
    if len(loss) < _FEWEST:
        return
    values, counts = np.unique(loss, return_counts=True)
    share = float(counts[counts > 1].sum()) / len(loss)
    if share <= _MOST:
        return
    most = int(counts.argmax())
    value = float(case.history.values_of(values[most]))
    yield Finding(
        name="tied-values",
        severity="advice",
        title=f"{percent(share)} of {len(loss)} different params have exactly the value of "
        f"others; {value:.6g} comes {counts[most]} times",
        advice="the metric is too coarse to rank them (a small validation set?), or it does not "
        "see the params (constant predictions, a cache): use a finer one, such as log-loss",
        evidence={"share tied": share, "most frequent": value, "times": float(counts[most])},
        doubt="a metric that can only take few values",
        figure="edf",
    )
