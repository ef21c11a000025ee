"""The models cannot be used, so that the search is quietly random.

Statistic: in how many of the latest 20 trials a parameter had a value more than a tenth of its
range away from the proposed one, or a name was asked for that was not proposed; and how many trials
tell a model anything. Threshold: more than half of the trials that have it, at least 10; fewer than
8 of at least 20 trials. It is a count. The rule is ours.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...models.obstacles import find_obstacles
from .case import Case
from .finding import Finding


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    for obstacle in find_obstacles(case.history):
        if obstacle.kind == "equal results":  # "tied-values" says so
            continue
        yield Finding(
            name="unused-models",
            severity="warning",
            title=obstacle.title,
            advice=obstacle.advice,
            subject=obstacle.subject,
            evidence={"times": float(obstacle.times), "trials": float(obstacle.n)},
            doubt="a search that was meant to be random",
            figure="history",
        )
