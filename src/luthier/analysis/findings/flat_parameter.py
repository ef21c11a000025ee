"""S4: a parameter without an effect that could be measured.

Statistic: the total effect of the parameter on the mean of a Gaussian process, over the space.
Threshold: below 0.5 % of the variance, where each trial is predicted from the others with a rank
correlation of at least 0.7; at least 100 trials and 20 for each parameter. See `signal`.
"""

from __future__ import annotations

from collections.abc import Iterator

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
    d = case.space.d
    if len(case) < max(_FEWEST, _EACH * d) or d < 2 or case.spread == 0:
        return
    if case.losses.shape[1] > 1 or case.space.conditional:
        return
    try:
        effect, quality = total_effects(case)
    except TooFewResultsError:  # values of which no model can be made
        return
    if quality.rank_correlation < _LEAST_RANK_CORRELATION:
        return
    best = case.space.decode(case.X[case.order[:1]])[0]
    for j, name, dist in case.parameters:
        if effect[j] >= _MOST or dist.n_values == 1:
            continue
        value = best[name]
        shown = f"{value:.3g}" if isinstance(value, float) else repr(value)
        yield Finding(
            name="flat-parameter",
            severity="note",
            subject=name,
            title=f"{name} has no effect that could be measured: it takes part in "
            f"{percent(float(effect[j]))} of the variance that a model sees",
            advice=f"fix it at {shown}, as in the best trial, and spend the trials on the others",
            evidence={
                "total effect": float(effect[j]),
                "rank correlation of the model": quality.rank_correlation,
            },
            remedy=f"{name!r}: [{shown}]",
            doubt="an effect among the best trials only, or in a wider range",
            figure="slices",
        )
