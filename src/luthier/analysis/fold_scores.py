"""The scores of trials in each fold of their cross-validation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np

from ..history.history import History
from ..trial.record import TrialRow
from ..typing import Array, Index

TAG = "folds"
"""The tag of a trial with one score for each fold, the folds in the same order for all trials.

`luthier.evaluation.cross_validate` sets it; an objective may as well, with `trial.set_tag`.
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


def read_fold_scores(history: History, rows: Iterable[TrialRow]) -> FoldScores:
    """Return the scores by fold of the complete trials that note as many folds as most do.

    What is no list of finite numbers is left out, and re-runs of `Study.confirm` are. No trial of
    at least two folds gives arrays (0,) and (0, 0).
    """
    eligible = history.eligible
    noted = {
        row.number: scores
        for row in rows
        if row.number < len(eligible) and eligible[row.number] and (scores := _read(row.tags))
    }
    if not noted:
        return FoldScores(numbers=np.empty(0, dtype=np.int64), scores=np.empty((0, 0)))
    [(k, _)] = Counter(map(len, noted.values())).most_common(1)
    kept = sorted(number for number, scores in noted.items() if len(scores) == k)
    return FoldScores(
        numbers=np.array(kept, dtype=np.int64), scores=np.array([noted[n] for n in kept])
    )


def _read(tags: Any) -> list[float] | None:
    scores = tags.get(TAG) if tags else None
    if not isinstance(scores, list) or len(scores) < 2:
        return None
    is_number = all(isinstance(v, int | float) and not isinstance(v, bool) for v in scores)
    if not is_number or not np.isfinite(scores).all():
        return None
    return [float(v) for v in scores]
