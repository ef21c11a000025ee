"""S8: trials fail in one part of the space.

Statistic: the rule of at most two cuts that tells failed trials best from the others (a tree of
depth 2). Threshold: at least 5 failures, twice as frequent inside as overall, and Fisher's p times
the number of rules that were tried; or at least 3 failures and nothing else. Source: Google's
tuning playbook (infeasible trials).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from ...trial.record import State
from .action import Action
from .case import Case
from .finding import Finding
from .region import find_region
from .wording import percent

_FEWEST = 20
_FEWEST_FAILED = 5
_MOST = 0.3
_ALL_FAILED = 3  # so many suffice where no trial has come to a result


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    history = case.history
    counts = history.fits & ~history.confirming & ~history.disturbed
    ended = np.flatnonzero(counts & (history.state >= State.COMPLETE))
    failed = history.state[ended] == State.FAILED
    n_failed = int(failed.sum())
    if not _ALL_FAILED <= n_failed == len(ended) and (
        len(ended) < _FEWEST or n_failed < _FEWEST_FAILED
    ):
        return
    region = find_region(case, history.X[ended], failed)
    error = _find_frequent_error(case)
    because = f"; most of them with: {error}" if error else ""
    evidence = {"failed": float(n_failed), "trials": float(len(ended))}
    if region is not None:
        constraint = f"not ({_to_constraint(region.rule)})"
        yield Finding(
            name="failing-region",
            severity="warning" if region.share >= 0.5 else "advice",
            title=f"{percent(region.share)} of the trials with {region.rule} fail, and "
            f"{percent(n_failed / len(ended))} overall{because}",
            advice="forbid that part by a constraint, or narrow the range",
            evidence=evidence | {"share inside": region.share},
            p=region.p,
            remedy=f'Space(..., constraints=["{constraint}"])',
            action=Action(kind="constrain", constraint=constraint),
            doubt="the same error elsewhere",
            figure="slices",
        )
        return
    yield None
    where = "" if n_failed == len(ended) else ", and no simple rule says where"
    if n_failed > _MOST * len(ended):
        yield Finding(
            name="failing-region",
            severity="warning",
            title=f"{n_failed} of {len(ended)} trials failed{where}{because}",
            advice="look at the error first: it tells whether the program, the machine or params "
            "are the cause; a constraint forbids parts of the space that cannot work",
            evidence=evidence,
            doubt="failures that stopped since",
            figure="timeline",
        )


def _find_frequent_error(case: Case) -> str:
    lines = Counter(
        row.error.split("\n", 1)[0][:100]
        for row in case.rows.values()
        if row.error and row.state == State.FAILED and not row.disturbed
    )
    return lines.most_common(1)[0][0] if lines else ""


def _to_constraint(rule: str) -> str:
    return rule.replace(" = ", " == ").replace('"', "'")
