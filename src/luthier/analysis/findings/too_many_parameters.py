"""S22: too few trials for the number of parameters.

Threshold: fewer than 3 trials for each parameter, of the budget if it is known, else of those that
are complete, from 10 on. It is a count; the threshold is ours.
"""

from __future__ import annotations

from collections.abc import Iterator

from .case import Case
from .finding import Finding

_FEWEST = 10
_EACH = 3


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    d = sum(dist.n_values != 1 for _, _, dist in case.parameters)
    n = max(case.history.budget or 0, len(case))
    if len(case) < _FEWEST or n >= _EACH * d:
        return
    yield Finding(
        name="too-many-parameters",
        severity="advice",
        title=f"{n} trials are few for {d} parameters",
        advice=f"run {_EACH * d} trials or more, or fix parameters at what is known to work and "
        f"search the {max(2, n // 10)} that matter most",
        evidence={"trials": n, "parameters": d},
        doubt="a search that improves all the same",
        figure="slices",
    )
