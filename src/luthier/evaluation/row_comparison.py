"""Comparison of two models, row by row, on the same untouched hold-out.

How much they differ, and whether that can be chance.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from ..numerics.stats import mcnemar, paired_bootstrap_interval, wilcoxon_signed_rank


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """A paired comparison of two models, row by row.

    Attributes:
        names: What the two are called, the one that is there first.
        direction: "maximize" when a larger score is better.
        n: Number of hold-out rows.
        scores: Mean of each over the rows.
        difference: Second minus first.
        low: Lower end of the interval of the difference.
        high: Upper end.
        level: Coverage of the interval.
        test: "McNemar" where rows are right or wrong, otherwise "Wilcoxon" (signed ranks).
        p: Its two-sided p-value.
        leaning: 1 if the test favours the second, -1 if the first, 0 if neither.
        n_won: Rows on which the second is better.
        n_lost: Rows on which it is worse.
    """

    names: tuple[str, str]
    direction: Literal["minimize", "maximize"]
    n: int
    scores: tuple[float, float]
    difference: float
    low: float
    high: float
    level: float
    test: str
    p: float
    leaning: int
    n_won: int
    n_lost: int

    @property
    def gain(self) -> float:
        """The difference, signed so that positive is better."""
        return self.difference if self.direction == "maximize" else -self.difference

    @property
    def significant(self) -> bool:
        """Whether the interval and the test agree that there is a difference, and on its sign."""
        apart = self.low > 0 or self.high < 0
        # Ranks and means can point in different directions: many tiny wins outvote a few large
        # losses.
        return apart and self.p < 1 - self.level and self.leaning * self.gain > 0

    @property
    def verdict(self) -> str:
        """The conclusion, in one sentence."""
        first, second = self.names
        if self.n_won == self.n_lost == 0:
            return f"No gain: {first} and {second} do equally well on each of the {self.n} rows."
        if self.significant:
            word = "better" if self.gain > 0 else "worse"
            return f"Significant: {second} is {word} than {first} on rows that neither has seen."
        if self.p < 1 - self.level or self.low > 0 or self.high < 0:
            return (
                f"Not clear: the interval and the test disagree, so {second} cannot be called "
                "better or worse."
            )
        if self.gain > 0:
            return (
                f"No significant gain: {second} is ahead of {first}, but by no more than chance "
                "could bring about."
            )
        return f"No gain: {second} is not ahead of {first} on rows that neither has seen."

    def __str__(self) -> str:
        first, second = self.scores
        return (
            f"{self.names[0]} {first:.4f}, {self.names[1]} {second:.4f}: {self.difference:+.4f} "
            f"({self.level:.0%} interval {self.low:+.4f} to {self.high:+.4f}; {self.test} p = "
            f"{self.p:.3g}). {self.verdict}"
        )


def compare(
    first: ArrayLike,
    second: ArrayLike,
    direction: Literal["minimize", "maximize"] | None = None,
    names: tuple[str, str] = ("the first", "the second"),
    level: float = 0.95,
    seed: int = 0,
) -> Comparison:
    """Compare two models by what each of them did on the same rows.

    The interval is the BCa bootstrap over rows. Rows that are right or wrong (bool) are tested by
    McNemar's test (mid-p), losses or scores by Wilcoxon's signed ranks. Both take rows as
    independent, and the two models as given: they say nothing about other training data.

    Args:
        first: (n,) right or wrong as bool, or a loss for each row.
        second: (n,) likewise, of the other model.
        direction: Where better values lie; None for "maximize" with bool rows and "minimize" with
            losses.
        names: What the two are called.
        level: Coverage of the interval; the test's level is 1 - level.
        seed: Of the bootstrap.

    Raises:
        ValueError: The two are not paired: other lengths, other kinds, fewer than two rows, or not
            finite.
    """
    a, b = np.asarray(first), np.asarray(second)
    right_or_wrong = a.dtype == bool
    if right_or_wrong != (b.dtype == bool):
        raise ValueError(
            f"expected two arrays of bool or two of numbers, got {a.dtype} and {b.dtype}"
        )
    if direction not in (None, "minimize", "maximize"):
        raise ValueError(f"direction must be 'minimize' or 'maximize', got {direction!r}")
    direction = direction or ("maximize" if right_or_wrong else "minimize")
    x, z = a.astype(float), b.astype(float)
    low, high = paired_bootstrap_interval(z, x, np.random.default_rng(seed), level)
    n_more, n_less = int((z > x).sum()), int((z < x).sum())
    won, lost = (n_more, n_less) if direction == "maximize" else (n_less, n_more)
    if right_or_wrong:
        test = "McNemar"
        p = mcnemar(won, lost)
        leaning = int(np.sign(won - lost))
    else:
        test, p = "Wilcoxon", wilcoxon_signed_rank(z, x)
        leaning = int(
            np.sign(wilcoxon_signed_rank(z, x, "less") - wilcoxon_signed_rank(z, x, "greater"))
        )
        leaning = leaning if direction == "maximize" else -leaning
    return Comparison(
        names=names,
        direction=direction,
        n=len(x),
        scores=(float(x.mean()), float(z.mean())),
        difference=float((z - x).mean()),
        low=low,
        high=high,
        level=level,
        test=test,
        p=p,
        leaning=leaning,
        n_won=won,
        n_lost=lost,
    )


def compare_models(
    first: Any,
    second: Any,
    X: Any,
    y: Any,
    loss: Callable[[Any, Any], ArrayLike] | None = None,
    names: tuple[str, str] = ("the first", "the second"),
    level: float = 0.95,
    seed: int = 0,
) -> Comparison:
    """Compare two fitted models on a hold-out that neither has seen, nor was chosen by.

    Args:
        first: Has `predict(X)`.
        second: Likewise.
        X: (n, ...) hold-out rows.
        y: (n,) their targets.
        loss: Takes y and predictions, gives a loss for each row; None counts right and wrong.
        names: What the two are called.
        level: Coverage of the interval.
        seed: Of the bootstrap.

    Raises:
        ValueError: As `compare`.
    """
    told = [np.asarray(model.predict(X)) for model in (first, second)]
    rows = [p == np.asarray(y) if loss is None else np.asarray(loss(y, p)) for p in told]
    return compare(rows[0], rows[1], None, names, level, seed)
