"""Nested cross-validation: what a whole search is worth, on rows that it never saw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import numpy as np

from ..errors import EvaluationError
from ..numerics.resampling import corrected_t
from .evaluate import Evaluate
from .models import take_rows
from .nested_plans import NestedFold
from .split_plan import SplitPlan

Search = Callable[[Evaluate], tuple[Mapping[str, Any], float]]
"""Searches on the rows of an `Evaluate`; returns the params it chose, and the score it expects."""


class NestedScore(msgspec.Struct, frozen=True, kw_only=True):
    """What a search is worth.

    It measures the procedure; the final model comes from a search on all rows.

    Attributes:
        metric: Name of the metric.
        value: Mean score of the outer folds.
        low: Lower end of its interval, corrected for folds that share training rows.
        high: Upper end.
        level: Coverage of the interval.
        scores: (k,) score of each outer fold.
        expected: (k,) score that each search expected.
        params: (k,) what each search chose.
    """

    metric: str
    value: float
    low: float
    high: float
    level: float
    scores: tuple[float, ...]
    expected: tuple[float, ...]
    params: tuple[dict[str, Any], ...]

    @property
    def optimism(self) -> float:
        """By how much the searches expected other scores than came out, on average."""
        return float(np.mean(self.expected)) - self.value

    @property
    def agreement(self) -> dict[str, float]:
        """Name of a parameter to the share of outer folds that chose its most frequent value."""
        names = {name for params in self.params for name in params}
        shares = {}
        for name in sorted(names):
            values = [repr(params.get(name)) for params in self.params]
            shares[name] = max(values.count(value) for value in values) / len(values)
        return shares

    def __str__(self) -> str:
        return (
            f"{self.metric} {self.value:.4f} ({self.level:.0%} interval {self.low:.4f} to "
            f"{self.high:.4f}) over {len(self.scores)} outer folds; searches expected "
            f"{np.mean(self.expected):.4f}"
        )


def nest(
    evaluate: Evaluate,
    folds: tuple[NestedFold, ...],
    search: Search,
    level: float = 0.95,
) -> NestedScore:
    """Run a search on the train rows of each outer fold, and score what it chose on the test rows.

    Args:
        evaluate: Has the data, the metrics and how models are made; its plan is not used.
        folds: From `plan_nested`.
        search: Called with an `Evaluate` of the outer train rows and the inner plan.
        level: Coverage of the interval.

    Raises:
        EvaluationError: There are fewer than two outer folds, or a model cannot be measured.
    """
    if len(folds) < 2:
        raise EvaluationError(f"expected at least two outer folds, got {len(folds)}")
    scores, expected, params = [], [], []
    for fold in folds:
        chosen, score = search(_inner(evaluate, fold))
        outer = SplitPlan("outer fold", evaluate.plan.n, [(fold.train, fold.test)])
        scores.append(evaluate.run(chosen, outer).mean(evaluate.metrics[0].name))
        expected.append(float(score))
        params.append(dict(chosen))
    ratio = float(np.mean([len(fold.test) / len(fold.train) for fold in folds]))
    test = corrected_t(scores, ratio, level)
    return NestedScore(
        metric=evaluate.metrics[0].name,
        value=test.mean,
        low=test.low,
        high=test.high,
        level=level,
        scores=tuple(scores),
        expected=tuple(expected),
        params=tuple(params),
    )


def _inner(evaluate: Evaluate, fold: NestedFold) -> Evaluate:
    """Return an `Evaluate` of the outer train rows alone."""
    weight = evaluate.sample_weight
    return Evaluate(
        evaluate.build,
        take_rows(evaluate.X, fold.train),
        evaluate.y[fold.train],
        fold.inner,
        evaluate.metrics,
        sample_weight=None if weight is None else weight[fold.train],
        fit=evaluate.fit,
        patience=evaluate.scheduler.patience,
    )
