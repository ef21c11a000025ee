"""S4: a parameter without an effect that could be measured.

Statistic: the total effect of the parameter on the mean of a Gaussian process, over the part of the
space where it is active; with several objectives the largest of their effects. Threshold: below
0.5 % of the variance, where each trial is predicted from the others with a rank correlation of at
least 0.7; at least 100 trials that have it and 20 for each parameter. Of a parameter on which
others depend nothing is said. See `signal`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...errors import TooFewResultsError
from .case import Case
from .finding import Finding
from .signal import total_effects
from .wording import percent

_FEWEST = 100
_EACH = 20
_LEAST_RANK_CORRELATION = 0.7
_MOST = 0.005


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    d, m = case.space.d, case.losses.shape[1]
    if len(case) < max(_FEWEST, _EACH * d) or d < 2 or not np.ptp(case.losses, axis=0).all():
        return
    try:
        found = [total_effects(case, k) for k in range(m)]
    except TooFewResultsError:  # values of which no model can be made
        return
    effect = np.max([effects for effects, _ in found], axis=0)
    agreement = min(quality.rank_correlation for _, quality in found)
    if agreement < _LEAST_RANK_CORRELATION:
        return
    for j, name, dist in case.parameters:
        has_it = ~np.isnan(case.X[:, j])
        if not effect[j] < _MOST or dist.n_values == 1 or has_it.sum() < _FEWEST:
            continue
        best = case.order[has_it[case.order]][:1]
        value = case.space.decode(case.X[best])[0][name]
        shown = f"{value:.3g}" if isinstance(value, float) else repr(value)
        on = "" if m == 1 else f" on any of the {m} objectives"
        where = "" if has_it.all() else ", where it is active"
        yield Finding(
            name="flat-parameter",
            severity="note",
            subject=name,
            title=f"{name} has no effect that could be measured{on}: it takes part in "
            f"{percent(float(effect[j]))} of the variance that a model sees{where}",
            advice=f"fix it at {shown}, as in the best trial, and spend the trials on the others",
            evidence={
                "total effect": float(effect[j]),
                "rank correlation of the model": agreement,
            },
            remedy=f"{name!r}: [{shown}]",
            doubt="an effect among the best trials only, or in a wider range",
            figure="slices",
        )
