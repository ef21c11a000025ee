"""BBC: what the best of many configurations is worth on new data, from results out of fold.

The best score of a cross-validation is too good: of many, it was also the luckiest. Bootstrap bags
of rows choose the best configuration anew, and rows outside of a bag say what the choice is worth.

Notation: C configurations, n rows, B bags.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from ..errors import EvaluationError, TooFewResultsError
from ..trial.record import State, TrialRow
from ..typing import Array, Index
from ..validation import check_probability, check_whole
from .evaluate import Evaluate
from .fold_results import kept_rows, unpack_rows
from .metrics import Metric, mean_of_rows, read_metric, root_mean_of_rows
from .row_labels import number_labels

_WIDTH = 0.85
_MOST = 400  # configurations that are used, half of them the best, half of them others
_MOST_SLOW = 40  # where each bag takes a call for each configuration
_N_SLOW = 200  # bags there


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """What a model is expected to score on new data.

    Attributes:
        metric: Name of the metric.
        value: The expected score.
        low: Lower end of its interval.
        high: Upper end.
        level: Coverage of the interval.
        seen: The score that was seen, of the best configuration.
        n_configurations: From how many the best was taken.
        n: Number of rows.
    """

    metric: str
    value: float
    low: float
    high: float
    level: float
    seen: float
    n_configurations: int
    n: int

    @property
    def optimism(self) -> float:
        """By how much the score that was seen differs from the one that is expected."""
        return self.seen - self.value

    def __str__(self) -> str:
        return (
            f"{self.metric} {self.value:.4f} ({self.level:.0%} interval {self.low:.4f} to "
            f"{self.high:.4f}); the best of {self.n_configurations} had {self.seen:.4f}"
        )


def bbc(
    rows: ArrayLike,
    y: Any,
    metric: Metric | str,
    *,
    groups: Any = None,
    weight: ArrayLike | None = None,
    n_resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Promise:
    """Estimate what the best of some configurations scores on new data, without any more training.

    Args:
        rows: (C, n) what the metric gave each row, out of fold, of each configuration.
        y: (n,) targets.
        metric: Puts the numbers of rows together; a `Metric`, or the name of one of ours.
        groups: (n,) groups that are drawn as a whole; None where rows are independent.
        weight: (n,) weights; None for equal ones.
        n_resamples: Number of bags. Metrics that are no mean of rows, such as auc, take 200 at
            most, and 40 configurations.
        level: Coverage of the interval, between 0 and 1.
        seed: Of the bags.

    Raises:
        EvaluationError: The metric is not known, or not had row by row; or rows and targets do not
            fit.

    Source: Tsamardinos 2018. Deviation: the ends of the interval are 0.85 times as far from the
    value as the quantiles of the bags. Rows outside of a bag are 37 % of all, and alone would make
    it 1.3 times as wide as it should be; that it then covered 98 to 100 % was measured.
    """
    table = np.atleast_2d(np.asarray(rows, dtype=np.float64))
    targets = np.asarray(y)
    n = len(targets)
    metric = read_metric(metric)
    if metric.rows is None or metric.total is None:
        raise EvaluationError(f"{metric.name} is not had row by row, so bags cannot be scored")
    if table.shape[1] != n or n < 2 or not np.isfinite(table).all():
        raise EvaluationError(
            f"expected finite rows of shape (C, {n}) for {n} targets, got {table.shape}"
        )
    n_resamples = check_whole("n_resamples", n_resamples)
    level = check_probability("level", level)
    weights = np.ones(n) if weight is None else np.asarray(weight, dtype=np.float64)
    sign = metric.sign()
    seen = np.array([metric.total(row, targets, weights) for row in table])

    rng = np.random.default_rng(seed)
    if not _is_mean(metric):
        table = table[_take_part(sign * seen, _MOST_SLOW, rng)]
        n_resamples = min(n_resamples, _N_SLOW)
    counts = _draw_bags(n, groups, n_resamples, rng)
    worth = _score_choices(table, targets, metric, counts, weights)
    worth = worth[np.isfinite(worth)]
    value = float(worth.mean())
    low, high = np.quantile(worth, [(1 - level) / 2, (1 + level) / 2])
    return Promise(
        metric=metric.name,
        value=value,
        low=value + _WIDTH * (float(low) - value),
        high=value + _WIDTH * (float(high) - value),
        level=level,
        seen=float(sign * (sign * seen).min()),
        n_configurations=len(seen),
        n=n,
    )


class ExpectedGain(NamedTuple):
    """By how much the best of some configurations is better than a given one.

    Positive where it is, whatever the direction of the metric.

    Attributes:
        expected: The mean over bags, on the rows outside.
        seen: The gain on all rows, which the best was chosen by.
    """

    expected: float
    seen: float

    @property
    def optimism(self) -> float:
        """How much of the gain that was seen is the luck of the choice, at least 0."""
        return max(0.0, self.seen - self.expected)


def expect_gain(
    rows: ArrayLike,
    base: ArrayLike,
    y: Any,
    metric: Metric,
    *,
    groups: Any = None,
    weight: ArrayLike | None = None,
    n_resamples: int = 300,
    seed: int = 0,
) -> ExpectedGain:
    """Estimate by how much the best of some configurations is better than a given one.

    As `bbc`, bags choose and the rows outside judge, so that what only suits the rows it was chosen
    by is no gain.

    Args:
        rows: (C, n) as in `bbc`.
        base: (n,) what the metric gave each row of the given configuration.
        y: (n,) targets.
        metric: As in `bbc`.
        groups: As in `bbc`.
        weight: As in `bbc`.
        n_resamples: Number of bags.
        seed: Of the bags.
    """
    table = np.atleast_2d(np.asarray(rows, dtype=np.float64))
    targets = np.asarray(y)
    weights = np.ones(len(targets)) if weight is None else np.asarray(weight, dtype=np.float64)
    rng = np.random.default_rng(seed)
    assert metric.total is not None
    sign = metric.sign()
    given = np.asarray(base, dtype=np.float64)
    loss = sign * np.array([metric.total(row, targets, weights) for row in table])
    seen = sign * metric.total(given, targets, weights) - float(loss.min())
    if not _is_mean(metric):
        table = table[_take_part(loss, _MOST_SLOW, rng)]
        n_resamples = min(n_resamples, _N_SLOW)
    counts = _draw_bags(len(targets), groups, n_resamples, rng)
    worth = _score_choices(table, targets, metric, counts, weights)
    base_worth = _score_choices(given[None], targets, metric, counts, weights)
    return ExpectedGain(float(np.nanmean(sign * (base_worth - worth))), seen)


def judge_gain(
    rows: ArrayLike,
    base: ArrayLike,
    y: Any,
    metric: Metric,
    optimism: float = 0.0,
    *,
    groups: Any = None,
    weight: ArrayLike | None = None,
    n_resamples: int = 300,
    seed: int = 0,
) -> float:
    """Test whether a configuration is better than a given one by more than it was flattered.

    Both were run on the same folds. The gain less the optimism is compared with the standard
    deviation of the gain over bags of rows.

    Args:
        rows: (n,) what the metric gave each row.
        base: (n,) that of the given configuration.
        y: As in `bbc`.
        metric: As in `bbc`.
        optimism: By how much the choice among many makes a gain too large, at least 0.
        groups: As in `bbc`.
        weight: As in `bbc`.
        n_resamples: Number of bags.
        seed: Of the bags.

    Returns:
        The one-sided p-value; 1 where the gain is not above the optimism.
    """
    pair = np.array([rows, base], dtype=np.float64)
    targets = np.asarray(y)
    weights = np.ones(len(targets)) if weight is None else np.asarray(weight, dtype=np.float64)
    total, sign = metric.total, metric.sign()
    assert total is not None
    better, given = (sign * total(row, targets, weights) for row in pair)
    gain = given - better - max(0.0, optimism)
    if not gain > 0:
        return 1.0
    counts = _draw_bags(len(targets), groups, n_resamples, np.random.default_rng(seed))
    better_in, given_in = _score_bags(pair, targets, metric, counts * weights)
    error = float(np.nanstd(given_in - better_in, ddof=1))
    return math.erfc(gain / error / math.sqrt(2)) / 2 if error > 0 else 0.0


def _is_mean(metric: Metric) -> bool:
    """Whether a metric rises with the mean of its rows, so that bags are scored at once."""
    return metric.total in (mean_of_rows, root_mean_of_rows)


def _score_choices(table: Array, y: Any, metric: Metric, counts: Array, weight: Array) -> Array:
    """Return what the best of each bag is worth outside of it (B,)."""
    if not _is_mean(metric):
        return _score_totals(table, y, metric, counts, weight)
    worth = _score_means(table, metric.sign(), counts, weight)
    return np.sqrt(worth) if metric.total is root_mean_of_rows else worth


def _score_bags(table: Array, y: Any, metric: Metric, weight: Array) -> Array:
    """Return what each configuration scores in each bag, of weights (B, n), as (C, B)."""
    if _is_mean(metric):
        means = np.asarray((weight @ table.T / weight.sum(axis=1, keepdims=True)).T)
        return means if metric.total is mean_of_rows else np.sqrt(means)
    assert metric.total is not None
    found = np.empty((len(table), len(weight)))
    for j, w in enumerate(weight):
        bag = w > 0
        found[:, j] = [metric.total(row[bag], y[bag], w[bag]) for row in table]
    return found


def _take_part(loss: Array, most: int, rng: np.random.Generator) -> Index:
    """Return which of C configurations are used: half the best, half others at random, in order.

    Of the best alone the choice would look harder than it was.
    """
    if len(loss) <= most:
        return np.arange(len(loss))
    order = np.argsort(loss, kind="stable")
    best, others = order[: most // 2], order[most // 2 :]
    return np.sort(np.concatenate([best, rng.choice(others, most - len(best), replace=False)]))


def _draw_bags(n: int, groups: Any, n_resamples: int, rng: np.random.Generator) -> Array:
    """Return how often each row is in each bag (B, n); groups are drawn as a whole.

    Every bag leaves at least one row out.
    """
    members = np.arange(n) if groups is None else number_labels("groups", groups, n)
    n_units = int(members.max()) + 1
    if n_units < 2:
        raise EvaluationError("there is one group only, so no bag can leave one out")
    counts = rng.multinomial(n_units, np.full(n_units, 1 / n_units), size=n_resamples)
    counts = counts[(counts == 0).any(axis=1)]
    return np.asarray(counts[:, members], dtype=np.float64)


def _score_means(table: Array, sign: float, counts: Array, weight: Array) -> Array:
    """Return what the best of each bag is worth outside of it (B,), for a mean of rows."""
    inside, outside = counts * weight, (counts == 0) * weight
    bag = inside @ table.T
    chosen = (sign * bag).argmin(axis=1)
    total = outside.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        worth = (outside * table[chosen]).sum(axis=1) / total
    return np.asarray(worth)


def _score_totals(table: Array, y: Any, metric: Metric, counts: Array, weight: Array) -> Array:
    """Return what the best of each bag is worth outside of it (B,), for any metric."""
    assert metric.total is not None
    sign = metric.sign()
    worth = np.full(len(counts), np.nan)
    for i, count in enumerate(counts):
        bag, out = count > 0, count == 0
        w = count * weight
        loss = np.array([sign * metric.total(row[bag], y[bag], w[bag]) for row in table])
        if np.isfinite(loss).any() and weight[out].any():
            chosen = table[int(np.nanargmin(loss))]
            worth[i] = metric.total(chosen[out], y[out], weight[out])
    return worth


def promise_best(
    trials: Sequence[TrialRow],
    evaluate: Evaluate,
    *,
    level: float = 0.95,
    n_resamples: int = 1000,
    seed: int = 0,
) -> Promise:
    """Estimate what the best trial scores on new data, by what trials noted row by row.

    Args:
        trials: `study.trials`: of the complete ones at most the 200 best and 200 others are used.
        evaluate: What they were run by.
        level: Coverage of the interval.
        n_resamples: Number of bags.
        seed: Of the bags.

    Raises:
        TooFewResultsError: No complete trial has noted its rows, or they had other folds.
        EvaluationError: As `bbc`.
    """
    usable = find_usable(trials, evaluate)
    metric = evaluate.metrics[0]
    rng = np.random.default_rng(seed)
    loss = np.array([metric.sign() * (row.value or 0.0) for row in usable])
    part = _take_part(loss, _MOST, rng)
    kept = tested_rows(evaluate)
    weight = evaluate.sample_weight
    groups = evaluate.plan.groups
    found = bbc(
        np.array([unpack_rows(usable[i].tags["evaluation"]["rows"]) for i in part]),
        evaluate.y[kept],
        metric,
        groups=None if groups is None else groups[kept],
        weight=None if weight is None else weight[kept],
        n_resamples=n_resamples,
        level=level,
        seed=seed,
    )
    return msgspec.structs.replace(
        found, n_configurations=len(usable), seen=usable[int(loss.argmin())].value or 0.0
    )


def find_usable(trials: Sequence[TrialRow], evaluate: Evaluate) -> list[TrialRow]:
    """Return the complete trials that noted what the first metric gave each row of these folds.

    Raises:
        TooFewResultsError: There is none.
    """
    usable = [
        row
        for row in trials
        if row.state == State.COMPLETE
        and row.confirms is None
        and row.value is not None
        and row.tags.get("evaluation", {}).get("rows")
        and row.tags["evaluation"]["plan"] == evaluate.plan.hash
        and not evaluate.plan.reshuffled
    ]
    if not usable:
        raise TooFewResultsError(
            "no complete trial has noted what it gave each row with these folds; that needs folds "
            "that all trials share, and a metric that is had row by row"
        )
    return usable


def tested_rows(evaluate: Evaluate) -> Index:
    """Return the rows of which trials note what the first metric gave them."""
    tested = np.concatenate([fold.test for fold in evaluate.plan])
    return np.intersect1d(kept_rows(evaluate.plan.n), tested)
