"""Comparison of models by their scores on the same folds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from ..errors import EvaluationError
from ..numerics.count_tests import holm
from ..numerics.resampling import Posterior, corrected_t, correlated_t_posterior
from ..typing import Array
from ..validation import check_name, check_probability, check_real
from .split_plan import SplitPlan


class FoldComparison(msgspec.Struct, frozen=True, kw_only=True):
    """A paired comparison of two models, fold by fold.

    Attributes:
        names: What the two are called, the one that was there first.
        direction: Where better scores lie.
        scores: Mean of each over the folds.
        gain: By how much the second is better, on average; negative where it is worse.
        low: Lower end of the interval of the gain.
        high: Upper end.
        level: Coverage of the interval.
        p: Two-sided p-value of the corrected t test.
        p_adjusted: The same, corrected for the number of comparisons (Holm).
        region: Half width of the gains that do not matter.
        worse: Probability that the second is worse by more than that.
        equal: Probability that the difference does not matter.
        better: Probability that the second is better by more than that.
        n_folds: Number of folds.
    """

    names: tuple[str, str]
    direction: Literal["minimize", "maximize"]
    scores: tuple[float, float]
    gain: float
    low: float
    high: float
    level: float
    p: float
    p_adjusted: float
    region: float
    worse: float
    equal: float
    better: float
    n_folds: int

    @property
    def significant(self) -> bool:
        """Whether the two differ by more than chance, given all comparisons that were made."""
        return self.p_adjusted < 1 - self.level

    @property
    def verdict(self) -> str:
        """The conclusion, in one sentence."""
        first, second = self.names
        if self.equal >= self.level:
            return f"{second} and {first} are as good as equal (probability {self.equal:.0%})."
        if not self.significant:
            return f"{second} cannot be told from {first} on these folds."
        word = "better" if self.gain > 0 else "worse"
        return f"{second} is {word} than {first}."

    def __str__(self) -> str:
        first, second = self.scores
        return (
            f"{self.names[0]} {first:.4f}, {self.names[1]} {second:.4f}: gain {self.gain:+.4f} "
            f"({self.level:.0%} interval {self.low:+.4f} to {self.high:+.4f}, "
            f"p = {self.p_adjusted:.2g}). {self.verdict}"
        )


def compare_folds(
    first: ArrayLike,
    second: ArrayLike,
    plan: SplitPlan | float,
    direction: Literal["minimize", "maximize"] = "maximize",
    *,
    names: tuple[str, str] = ("the first", "the second"),
    region: float = 0.0,
    level: float = 0.95,
) -> FoldComparison:
    """Compare two models by their scores on the same folds.

    The t test is corrected for folds that share training rows (Nadeau & Bengio 2003); the
    probabilities are of the Bayesian correlated t test (Benavoli 2017).

    Args:
        first: (m,) scores, m >= 2.
        second: (m,) scores on the same folds.
        plan: The folds; or the rows tested over those trained on, 1 / (k - 1) for k folds.
        direction: Where better scores lie.
        names: What the two are called.
        region: Gains up to this size do not matter, >= 0.
        level: Coverage of the interval; the test's level is 1 - level.

    Raises:
        EvaluationError: Scores are not finite, not paired, or of folds in time, for which the test
            is not.
        ValueError: A number is out of its range.
    """
    scores = {names[0]: first, names[1]: second}
    return compare_all(scores, plan, direction, region=region, level=level)[0]


def compare_all(
    scores: Mapping[str, ArrayLike],
    plan: SplitPlan | float,
    direction: Literal["minimize", "maximize"] = "maximize",
    *,
    region: float = 0.0,
    level: float = 0.95,
) -> list[FoldComparison]:
    """Compare several models with the first of them, all on the same folds.

    p-values are corrected for the number of comparisons (Holm 1979).

    Args:
        scores: Name to scores (m,), of at least two models; the first is the one to beat.
        plan: As in `compare_folds`.
        direction: As in `compare_folds`.
        region: As in `compare_folds`.
        level: As in `compare_folds`.

    Returns:
        One comparison for each model but the first.

    Raises:
        EvaluationError: As `compare_folds`.
        ValueError: As `compare_folds`.
    """
    check_name("direction", direction, ("minimize", "maximize"))
    level = check_probability("level", level)
    region = check_real("region", region, 0)
    ratio = _read_ratio(plan)
    tables = {name: np.asarray(values, dtype=np.float64) for name, values in scores.items()}
    _check_scores(tables)
    (base, baseline), *others = tables.items()
    sign = 1.0 if direction == "maximize" else -1.0
    gains = [sign * (values - baseline) for _, values in others]
    tests = [corrected_t(gain, ratio, level) for gain in gains]
    adjusted = holm([test.p for test in tests])
    found = []
    for (name, values), gain, test, p in zip(others, gains, tests, adjusted, strict=True):
        where: Posterior = correlated_t_posterior(gain, ratio, region)
        found.append(
            FoldComparison(
                names=(base, name),
                direction=direction,
                scores=(float(baseline.mean()), float(values.mean())),
                gain=test.mean,
                low=test.low,
                high=test.high,
                level=level,
                p=test.p,
                p_adjusted=float(p),
                region=region,
                worse=where.below,
                equal=where.inside,
                better=where.above,
                n_folds=len(gain),
            )
        )
    return found


def _read_ratio(plan: SplitPlan | float) -> float:
    if not isinstance(plan, SplitPlan):
        return check_real("plan", plan, 0, above=True)
    if plan.ordered:
        raise EvaluationError(
            "the corrected t test is not for folds in time, which follow each other; compare row "
            "by row with `compare`, or fold by fold in a figure"
        )
    return plan.ratio


def _check_scores(tables: Mapping[str, Array]) -> None:
    shapes = {name: values.shape for name, values in tables.items()}
    first = next(iter(shapes.values()), ())
    if len(tables) < 2 or len(first) != 1 or first[0] < 2 or set(shapes.values()) != {first}:
        raise EvaluationError(
            f"expected scores of two models or more on the same folds, at least 2, got {shapes}"
        )
    for name, values in tables.items():
        if not np.isfinite(values).all():
            at = int(np.flatnonzero(~np.isfinite(values))[0])
            raise EvaluationError(f"the score of {name} in fold {at} is {values[at]}")


def choose_within_error(
    scores: Mapping[str, ArrayLike],
    order: Mapping[str, float],
    plan: SplitPlan | float,
    direction: Literal["minimize", "maximize"] = "maximize",
) -> str:
    """Choose the cheapest model that is no more than a standard error worse than the best.

    The error is that of the difference to the best, fold by fold, corrected for folds that share
    training rows (the one-standard-error rule of Breiman 1984, on paired differences).

    Args:
        scores: Name to scores (m,), of at least one model.
        order: Name to what is to be small: cost, size, seconds.
        plan: As in `compare_folds`.
        direction: As in `compare_folds`.

    Raises:
        EvaluationError: Scores are not finite or paired, or a name has no place in the order.
    """
    check_name("direction", direction, ("minimize", "maximize"))
    ratio = _read_ratio(plan)
    tables = {name: np.asarray(values, dtype=np.float64) for name, values in scores.items()}
    missing = [name for name in tables if not math.isfinite(order.get(name, math.nan))]
    if missing:
        raise EvaluationError(f"the order says nothing of {missing[0]!r}; give a finite number")
    if len(tables) == 1:
        return next(iter(tables))
    _check_scores(tables)
    sign = 1.0 if direction == "maximize" else -1.0
    best = max(tables, key=lambda name: sign * tables[name].mean())
    near = []
    for name, values in tables.items():
        lost = corrected_t(sign * (tables[best] - values), ratio)
        if lost.mean <= lost.error:
            near.append(name)
    return min(near, key=lambda name: (order[name], -sign * tables[name].mean()))
