"""S5: nothing that was searched explains the results.

Statistic: out-of-bag R2 and rank correlation of a forest, and where these are small Kendall's
tau of a Gaussian process, each trial predicted from the others. Threshold: R2 < 0.1, rank
correlation < 0.25 and tau < 0.3; at least 50 trials and 5 for each parameter. Source: Ax
(predictability).
"""

from __future__ import annotations

from collections.abc import Iterator

from ...models.surrogate import rank_correlation
from .case import Case
from .finding import Finding
from .signal import measure_signal

_FEWEST = 50
_EACH = 5
_MOST_MODELLED = 200
_LEAST_R2 = 0.1
_LEAST_RANK_CORRELATION = 0.25
_LEAST_TAU = 0.3  # of noise it is up to 0.25: the model has seen each trial


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    d = case.space.d
    if len(case) < max(_FEWEST, _EACH * d) or not d or case.spread == 0:
        return
    quality = measure_signal(case)
    if quality.r2 >= _LEAST_R2 or quality.rank_correlation >= _LEAST_RANK_CORRELATION:
        return
    last = slice(-_MOST_MODELLED, None)
    tau = rank_correlation(case.space, case.X[last], case.rank[last])
    if tau >= _LEAST_TAU:
        return
    yield Finding(
        name="no-signal",
        severity="warning",
        title=f"nothing that was searched explains the results of {len(case)} trials: a model of "
        f"them predicts the others with R2 {quality.r2:.2f}",
        advice="either noise is larger than any effect, the metric does not depend on the params "
        "(are they used?), or the ranges miss what matters; run one trial five times to know",
        evidence={"R2": quality.r2, "rank correlation": quality.rank_correlation, "tau": tau},
        remedy="study.confirm(k=2, repeats=5)",
        doubt="leaders that are confirmed to differ",
        figure="slices",
    )
