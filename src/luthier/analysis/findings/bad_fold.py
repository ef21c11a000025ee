"""E4: one fold of the cross-validation is unlike the others.

Statistic: Grubbs' test of the effects of the folds, which are the mean differences of a fold's
score from the mean of its trial. Threshold: its p-value, the fold is at that end in more than half
of the trials, and it lies apart from the mean of the others by more than half of the median minus
the best; at least 10 trials with the tag "folds", which `cross_validate` sets, of at least 3 folds.
The rule is ours.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...numerics.outliers import grubbs
from ..fold_scores import read_fold_scores
from .case import Case
from .finding import Finding
from .wording import count_in

_FEWEST = 10
_FEWEST_FOLDS = 3


def find(case: Case) -> Iterator[Finding | None]:
    """Look for it in a study."""
    found = read_fold_scores(case.history, case.rows.values())
    n, k = found.scores.shape
    if n < _FEWEST or k < _FEWEST_FOLDS or case.losses.shape[1] > 1:
        return
    at, p = grubbs(found.effects)
    others = np.delete(found.scores, at, axis=1)
    apart = float(found.effects[at] * k / (k - 1))  # from the mean of the others
    sign = 1.0 if apart > 0 else -1.0
    n_same = int((sign * found.scores[:, at] > (sign * others).max(axis=1)).sum())
    if n_same <= n / 2 or abs(apart) <= case.spread / 2:
        yield None
        return

    is_worse = (apart > 0) == (case.history.directions[0] == "minimize")
    means = others.mean(axis=0)
    yield Finding(
        name="bad-fold",
        severity="advice",
        title=f"fold {at + 1} of {k} is {'worse' if is_worse else 'better'} than all others in "
        f"{count_in(n_same, n, 'trials')}: {found.scores[:, at].mean():.3g} on average, and the "
        f"others {means.min():.3g} to {means.max():.3g}",
        advice="look at its rows: a group, a class or a time that the other folds do not have; "
        "stratify, and keep groups together"
        if is_worse
        else "look at its rows: copies of rows in the other folds, or easy ones only; remove "
        "copies, stratify, and keep groups together",
        evidence={
            "fold": at + 1,
            "apart from the others": apart,
            "trials": n_same,
            "median minus best": case.spread,
        },
        p=p,
        doubt="another split of the rows that has such a fold again",
        figure="folds",
    )
