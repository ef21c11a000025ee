"""S10: most trials violate a constraint on their results.

Statistic: the share of complete trials that do. Threshold: 90 % a warning (Ax), 50 % a note; at
least 20 trials. It is a count.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...trial.record import State
from .case import Case
from .finding import Finding
from .wording import percent

_FEWEST = 20
_MOST = 0.9
_MANY = 0.5


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    history = case.history
    complete = (history.state == State.COMPLETE) & ~history.confirming
    n = int(complete.sum())
    if n < _FEWEST or not history.constraint_names:
        return
    share = 1 - float(history.feasible[complete].mean())
    if share < _MANY:
        return
    broken = (history.constraints[complete] > 0).mean(axis=0)
    worst = int(broken.argmax())
    name = history.constraint_names[worst]
    yield Finding(
        name="infeasibility",
        severity="warning" if share >= _MOST else "note",
        title=f"{percent(share)} of {n} complete trials violate a constraint; {name} is violated "
        f"by {percent(float(broken[worst]))}",
        advice=f"relax {name}, or leave out the part of the space where it is always violated",
        evidence={"share infeasible": share, "trials": n},
        doubt="a share that falls as the search goes on",
        figure="history",
    )
