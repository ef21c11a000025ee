"""T9: large batches do worse for the same number of epochs.

Statistic: Spearman's correlation of the batch size with the loss, over complete trials; the
parameter is one with "batch" in its name that is a whole number or has choices that are. Threshold:
above 0.5 and its p-value; at least 20 trials. Source: Google's tuning playbook (batch size).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...numerics.rank_tests import spearman
from ...space.distributions import Categorical
from .case import Case
from .finding import Finding

_FEWEST = 20
_LEAST = 0.5


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    for j, name, dist in case.parameters:
        if "batch" not in name.lower() or len(case) < _FEWEST:
            continue
        raw = dist.from_unit(case.X[:, j])
        if isinstance(dist, Categorical):
            if not all(type(choice) in (int, float) for choice in dist.choices):
                continue
            raw = np.array([dist.value(float(v)) if v == v else np.nan for v in raw])
        known = ~np.isnan(raw)
        rho, p = spearman(raw[known], case.rank[known])
        if rho <= _LEAST:
            yield None
            continue
        yield Finding(
            name="large-batches",
            severity="advice",
            subject=name,
            title=f"the larger {name} is, the worse the results (rank correlation {rho:.2f})",
            advice="take smaller batches, or raise the learning rate with them and train as many "
            "steps rather than as many epochs",
            evidence={"rank correlation": rho, "trials": float(known.sum())},
            p=p,
            doubt="large batches that win with more epochs",
            figure="slices",
        )
