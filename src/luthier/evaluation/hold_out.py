"""A hold-out that no trial sees, and that counts how often somebody looks at it."""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from ..errors import EvaluationError
from ..numerics.resampling import wilson_interval
from ..numerics.stats import paired_bootstrap_interval
from ..terminal import logger
from ..typing import Array
from ..validation import check_probability
from .evaluate import score_rows
from .frozen_splits import count_rows
from .metrics import Metric, mean_of_rows, read_metrics
from .models import ask, check_model, take_rows
from .split_plan import SplitPlan

_N_BAGS = 2_000


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What one look at a hold-out has shown.

    Attributes:
        metric: Name of the metric.
        value: The score.
        low: Lower end of its interval.
        high: Upper end.
        level: Coverage of the interval, with all looks so far.
        n: Number of rows.
        number: Which look it is, from 1.
    """

    metric: str
    value: float
    low: float
    high: float
    level: float
    n: int
    number: int

    def __str__(self) -> str:
        looks = "the first look" if self.number == 1 else f"look {self.number}"
        return (
            f"{self.metric} {self.value:.4f} ({self.level:.0%} interval {self.low:.4f} to "
            f"{self.high:.4f}) on {self.n} rows that no trial has seen, {looks} at them"
        )


class HoldOut:
    """Rows that are set aside: the search gets the others, and each look is counted.

    Whoever looks again and again, and keeps what looks best, searches on the hold-out as well. So
    the interval of look i is that of the level 1 - (1 - level) / i, and a warning says how often
    the rows were looked at.

    Args:
        X: (n, ...) data.
        y: (n,) targets.
        plan: A hold-out, of which the test rows are set aside: `plan_holdout(n, 0.2)`.
        record: File in which looks are counted, so that they are known in other programs; None
            counts in this object alone.

    Attributes:
        rows: (k,) the rows that are set aside.
        rest: The rows that are left for the search.
        X: Data of the rest.
        y: Targets of the rest.

    Raises:
        EvaluationError: The plan has several folds, or is of other rows.
    """

    def __init__(
        self, X: Any, y: Any, plan: SplitPlan, record: str | os.PathLike[str] | None = None
    ) -> None:
        if len(plan) != 1 or plan.n != count_rows(X):
            raise EvaluationError(
                f"expected a hold-out of the {count_rows(X)} rows, one fold, got {plan}"
            )
        self.rest, self.rows = plan[0]
        targets = np.asarray(y)
        self.X = take_rows(X, self.rest)
        self.y = targets[self.rest]
        self._aside = take_rows(X, self.rows), targets[self.rows]
        self._hash = hashlib.blake2b(
            plan.hash.encode() + repr(targets.tolist()).encode(), digest_size=16
        ).hexdigest()
        self._record = None if record is None else Path(record)
        self._looks: list[dict[str, Any]] = []

    @property
    def looks(self) -> list[dict[str, Any]]:
        """What each look has shown, the first one first: metric, value and time."""
        if self._record is None:
            return list(self._looks)
        if not self._record.exists():
            return []
        lines = self._record.read_text(encoding="utf-8").splitlines()
        try:
            entries = [json.loads(line) for line in lines if line]
        except ValueError as e:
            raise EvaluationError(f"{self._record} is no record of looks: {e}") from e
        return [entry for entry in entries if entry.get("hold_out") == self._hash]

    def look(self, model: Any, metric: Any, level: float = 0.95, seed: int = 0) -> Look:
        """Score a fitted model on the rows that were set aside, and count that.

        Args:
            model: Fitted on nothing but the rest.
            metric: One metric, as in `Evaluate`.
            level: Coverage of the interval of the first look.
            seed: Of the bootstrap.

        Raises:
            EvaluationError: The model lacks what the metric needs, or there are several metrics.
        """
        level = check_probability("level", level)
        one = _one_of(read_metrics(metric))
        check_model(model, (one,))
        X, y = self._aside
        number = len(self.looks) + 1
        level = 1 - (1 - level) / number
        value, low, high = _measure(model, one, X, y, level, seed)
        entry = {"hold_out": self._hash, "metric": one.name, "value": value, "at_s": time.time()}
        self._looks.append(entry)
        if self._record is not None:
            with self._record.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
        if number > 1:
            logger.warning(
                "look %d at a hold-out of %d rows: its interval is widened, but what was chosen by "
                "looks at it is not measured by it any more",
                number,
                len(y),
            )
        return Look(
            metric=one.name,
            value=value,
            low=low,
            high=high,
            level=level,
            n=len(y),
            number=number,
        )

    def __repr__(self) -> str:
        return (
            f"HoldOut({len(self.rows)} rows aside, {len(self.rest)} left, {len(self.looks)} looks)"
        )


def _one_of(metrics: tuple[Metric, ...]) -> Metric:
    if len(metrics) != 1:
        raise EvaluationError(f"expected one metric a look, got {[m.name for m in metrics]}")
    return metrics[0]


def _measure(
    model: Any, metric: Metric, X: Any, y: Any, level: float, seed: int
) -> tuple[float, float, float]:
    """Return a score and its interval: Wilson's of a share, BCa of a mean, else of bags of rows."""
    if metric.score is not None:
        value = float(metric.score(model, X, y))
        totals = _bag_scores(model, metric, X, y, seed)
        low, high = np.quantile(totals, [(1 - level) / 2, (1 + level) / 2])
        return value, float(low), float(high)
    assert metric.total is not None
    classes = getattr(model, "classes_", np.unique(y))
    told = ask(model, metric.needs, X)
    rows, value = score_rows(metric, y, told, classes, np.ones(len(y)))
    if metric.total is mean_of_rows and np.isin(rows, (0.0, 1.0)).all():
        return (value, *wilson_interval(int(rows.sum()), len(rows), level))
    rng = np.random.default_rng(seed)
    if metric.total is mean_of_rows and len(y) > 1:
        return (value, *paired_bootstrap_interval(rows, np.zeros(len(y)), rng, level))
    share = np.full(len(y), 1 / len(y))
    bags = (rng.multinomial(len(y), share) for _ in range(_N_BAGS))
    found = [metric.total(rows[b > 0], y[b > 0], b[b > 0].astype(float)) for b in bags]
    low, high = np.nanquantile(found, [(1 - level) / 2, (1 + level) / 2])
    return value, float(low), float(high)


def _bag_scores(model: Any, metric: Metric, X: Any, y: Any, seed: int) -> Array:
    """Return the scores of bags of rows (100,), for a metric that needs model and data."""
    assert metric.score is not None
    rng = np.random.default_rng(seed)
    bags = (rng.integers(len(y), size=len(y)) for _ in range(100))
    return np.array([metric.score(model, take_rows(X, bag), y[bag]) for bag in bags])
