"""The scores of trials in each fold of their cross-validation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec
import numpy as np

from ..history.history import History
from ..trial.record import TrialRow
from ..typing import Array, Index
from ..validation import is_number

TAG = "folds"
"""The tag of a trial with one score for each fold, the folds in the same order for all trials.

`luthier.evaluation.cross_validate` sets it; an objective may as well, with `trial.set_tag`. Trials
of `luthier.evaluation.Evaluate` have the scores in their tag "evaluation".
"""


class FoldScores(msgspec.Struct, frozen=True, kw_only=True):
    """Scores of trials by fold.

    Attributes:
        numbers: (n,) trials that have all folds, by number.
        scores: (n, k) their scores, in the user's sign and unit.
    """

    numbers: Index
    scores: Array

    @property
    def effects(self) -> Array:
        """(k,) by how much each fold lies above the trials' own means, on average."""
        return np.asarray((self.scores - self.scores.mean(axis=1, keepdims=True)).mean(axis=0))


class _Noted(NamedTuple):
    """The scores of one trial, and which plan its folds are of; "" where nobody says."""

    plan: str
    scores: list[float]


def read_fold_scores(history: History, rows: Iterable[TrialRow]) -> FoldScores:
    """Return the scores by fold of the complete trials whose folds are those of most.

    What is no list of finite numbers is left out, and re-runs of `Study.confirm` are. No trial of
    at least two folds gives arrays (0,) and (0, 0).
    """
    eligible = history.eligible
    first = history.objectives[0]
    noted = {
        row.number: found
        for row in rows
        if row.number < len(eligible) and eligible[row.number] and (found := _read(row.tags, first))
    }
    if not noted:
        return FoldScores(numbers=np.empty(0, dtype=np.int64), scores=np.empty((0, 0)))
    kinds = Counter((found.plan, len(found.scores)) for found in noted.values())
    [(kind, _)] = kinds.most_common(1)
    kept = sorted(n for n, found in noted.items() if (found.plan, len(found.scores)) == kind)
    return FoldScores(
        numbers=np.array(kept, dtype=np.int64), scores=np.array([noted[n].scores for n in kept])
    )


def _read(tags: Mapping[str, Any], objective: str) -> _Noted | None:
    """What a trial noted of its folds; None where that is no list of finite numbers."""
    plan, scores = "", tags.get(TAG)
    evaluated = tags.get("evaluation")
    if scores is None and isinstance(evaluated, dict):
        by_metric = evaluated.get("scores")
        if isinstance(by_metric, dict) and by_metric:
            plan = str(evaluated.get("plan"))
            scores = by_metric.get(objective, next(iter(by_metric.values())))
    if not isinstance(scores, list) or len(scores) < 2:
        return None
    if not all(map(is_number, scores)) or not np.isfinite(scores).all():
        return None
    return _Noted(plan, [float(v) for v in scores])
