"""S19: a parameter that never varied, though its range has several values.

Threshold: one distinct value in at least 10 trials that have it. It is a count.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .case import Case
from .finding import Finding

_FEWEST = 10


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    history = case.history
    for j, name, dist in case.parameters:
        u = history.X[history.has_result, j]
        u = u[~np.isnan(u)]
        if len(u) < _FEWEST or dist.n_values == 1 or np.ptp(u) > 0:
            continue
        value = dist.value(float(dist.from_unit(u[:1])[0]))
        shown = f"{value:.4g}" if isinstance(value, float) else repr(value)
        yield Finding(
            name="constant-parameter",
            severity="advice",
            subject=name,
            title=f"all {len(u)} trials had {name} = {shown}",
            advice="look whether it is enqueued or fixed somewhere; leave it out of the space if "
            "so",
            evidence={"trials": len(u)},
            doubt="another value in any trial",
            figure="slices",
        )
