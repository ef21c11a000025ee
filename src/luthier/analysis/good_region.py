"""The good region of a space in short rules: what the best tenth has in common."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..history.history import History
from ..numerics import rule_tree
from ..numerics.forest import columns
from ..space.distributions import Categorical
from ..space.space import Space
from ..terminal import escape_lines
from ..typing import Array, Mask
from ..validation import check_real
from ..wording import count_of
from .arguments import takes_history
from .axes import read_axis
from .fill_ins import spread
from .fitted_surrogate import FittedSurrogate, fit_surrogate
from .importances.ranking import count_choices
from .model_quality import ModelQuality

_N_POINTS = 4_000
_DEPTH = 4
_MIN_LEAF = 40
_MAX_RULES = 3
_LEAST_PURITY = 0.5
_SPARE = 0.02  # of the purity, that a shorter rule may cost


class Rule(NamedTuple):
    """A part of the space in which good points lie close together.

    Attributes:
        conditions: What params have in common there, as "lr from 0.0003 to 0.002"; none where all
            of the space is good.
        coverage: Share of the good points that lie there.
        purity: Share of the points there that are good.
        n_trials: Number of feasible complete trials there.
        median: Median of what these came to, in the user's sign; NaN without any.
    """

    conditions: tuple[str, ...]
    coverage: float
    purity: float
    n_trials: int
    median: float

    def __str__(self) -> str:
        what = " and ".join(self.conditions) or "anywhere"
        tried = "no trials there yet: only the model says so"
        if self.n_trials:
            trials = count_of(self.n_trials, "trial")
            tried = f"{trials}, median {self.median:.6g}"
        shares = f"{self.coverage:.0%} of the good region, {self.purity:.0%} of it good"
        return escape_lines(f"{what}: {shares} ({tried})")


class GoodRegion(NamedTuple):
    """Rules of the best part of a space, as a surrogate sees it.

    Attributes:
        objective: Name of the objective.
        direction: "minimize" or "maximize".
        share: Share of the space that counts as good: the part of the best expected values.
        threshold: The value from which on a point is good.
        rules: At most three, the one that covers most first.
        coverage: Share of the good points that any rule covers.
        purity: Share of the points covered by any rule that are good.
        quality: How well the surrogate predicts trials that it has not seen.

    Source: Breiman 1984 (the tree); Friedman & Fisher 1999 (leaving out cuts that cost nothing).
    """

    objective: str
    direction: str
    share: float
    threshold: float
    rules: tuple[Rule, ...]
    coverage: float
    purity: float
    quality: ModelQuality

    def __str__(self) -> str:
        sign = ">=" if self.direction == "maximize" else "<="
        head = (
            f"the best {self.share:.0%} of the space, with an expected {self.objective} {sign} "
            f"{self.threshold:.4g}:"
        )
        return escape_lines("\n".join([head, *(f"  {rule}" for rule in self.rules)]))


@takes_history
def explain_best(history: History, objective: str | None = None, share: float = 0.1) -> GoodRegion:
    """Describe where the good values are, in short rules.

    Args:
        history: All trials.
        objective: Name of one; None for the first.
        share: Share of the space that counts as good, above 0 and at most 0.5.

    Raises:
        NoCompletedTrialsError: No trial has a value.
        TooFewResultsError: The trials are too few for a model, or it does not predict them.
        StudyError: There is no such objective.
        ValueError: `share` is out of its range.
    """
    check_real("share", share, 0, 0.5, above=True)
    space = history.space
    fitted = fit_surrogate(history, objective)
    X = spread(space, _N_POINTS, np.random.default_rng(history.seed))
    expected = fitted.model.predict(X)[0]
    threshold = float(np.quantile(expected, share))
    good = expected <= threshold

    n_choices = count_choices(space)
    V, tried = (columns(points, n_choices).T for points in (X, fitted.X))
    is_category = n_choices > 0
    boxes = rule_tree.grow(V, good, is_category, _DEPTH, _MIN_LEAF)
    boxes = [_shorten(box, V, good) for box in _choose(boxes, V, good)]
    inside = [box.contains(V) for box in boxes]
    order = sorted(range(len(boxes)), key=lambda i: -int((inside[i] & good).sum()))
    rules = [
        _describe(space, fitted, boxes[i], V, inside[i], good, boxes[i].contains(tried))
        for i in order
    ]
    any_ = np.any(inside, axis=0)
    return GoodRegion(
        objective=fitted.trials.objective,
        direction=fitted.trials.direction,
        share=share,
        threshold=fitted.sign * threshold,
        rules=tuple(dict.fromkeys(rules)),
        coverage=float((any_ & good).sum() / good.sum()),
        purity=float(good[any_].mean()),
        quality=fitted.quality,
    )


def _choose(boxes: list[rule_tree.Box], V: Array, good: Mask) -> list[rule_tree.Box]:
    """Return up to three boxes of mostly good points that hold most of these, else the purest."""
    held = {i: good[box.contains(V)] for i, box in enumerate(boxes)}
    pure = [i for i, inside in held.items() if len(inside) and inside.mean() >= _LEAST_PURITY]
    if not pure:
        pure = [max(held, key=lambda i: held[i].mean() if len(held[i]) else 0.0)]
    pure.sort(key=lambda i: -int(held[i].sum()))
    return [boxes[i] for i in pure[:_MAX_RULES]]


def _shorten(box: rule_tree.Box, V: Array, good: Mask) -> rule_tree.Box:
    """Return a box without the cuts that its purity hardly needs."""
    purity = good[box.contains(V)].mean()
    for column in box.columns:
        wider = box.without(column)
        if good[wider.contains(V)].mean() >= purity - _SPARE:
            box = wider
    return box


def _describe(
    space: Space,
    fitted: FittedSurrogate,
    box: rule_tree.Box,
    V: Array,
    inside: Mask,
    good: Mask,
    tried: Mask,
) -> Rule:
    values = fitted.trials.value[tried]
    conditions = [_condition(space, box, column, V[inside, column]) for column in box.columns]
    return Rule(
        conditions=tuple(text for text in conditions if text),
        coverage=float((inside & good).sum() / good.sum()),
        purity=float(good[inside].mean()),
        n_trials=len(values),
        median=float(np.median(values)) if len(values) else math.nan,
    )


def _condition(space: Space, box: rule_tree.Box, column: int, units: Array) -> str:
    """Return in words what a box says of a parameter; "" where it only says that it is active."""
    name, dist = space.names[column], space.dists[column]
    if column in box.allowed:
        choices = read_axis(space, name).choices
        known = [choices[int(i)] for i in box.allowed[column] if i < len(choices)]
        inactive = len(known) < len(box.allowed[column])
        words = [*known, *(["inactive"] if inactive else [])]
        return f"{name} is {' or '.join(words)}"
    low, high = float(box.low[column]), float(box.high[column])
    active = units[units >= 0]
    if not len(active):
        return f"{name} is inactive"
    if dist.n_values is not None:  # of discrete values those that are there
        ends = dist.from_unit(np.array([active.min(), active.max()]))
    else:
        ends = dist.from_unit(np.clip(np.array([low, high]), 0.0, 1.0))
    first, last = (_format(dist, end) for end in ends.tolist())
    also = " or inactive" if (units < 0).any() else ""
    if low >= 0 and high < 1:
        text = f"is {first}" if first == last else f"from {first} to {last}"
    elif high < 1:
        text = f"up to {last}"
    elif low >= 0:
        text = f"from {first} on"
    else:
        return ""
    return f"{name} {text}{also}"


def _format(dist: object, raw: float) -> str:
    if isinstance(dist, Categorical):
        return str(dist.choices[int(raw)])
    return f"{raw:.3g}" if not float(raw).is_integer() or abs(raw) < 1 else f"{raw:g}"
