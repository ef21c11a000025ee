"""Probabilities and thresholds put right by what models said of rows that they had not seen.

Notation: n rows, c classes; p (n, c) probabilities, out of fold; `is_true` (n, c) marks the true
class of each row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from ..errors import EvaluationError
from ..typing import Array, Mask
from ..validation import check_name

Calibration = Literal["sigmoid", "isotonic"]

_LEAST_P = 1e-12
_N_NEWTON = 50


class Calibrator:
    """A map from a model's probabilities to calibrated ones, class by class, then to a sum of 1.

    Args:
        kind: "sigmoid" fits a slope and an intercept to the logits, for a few hundred rows;
            "isotonic" any rising steps, for a thousand and more.
        p: (n, c) probabilities out of fold.
        is_true: (n, c) bools.
        weight: (n,) weights of the rows.

    Raises:
        ValueError: The kind is unknown.

    Source: Platt 1999 (sigmoid, with his targets); Zadrozny & Elkan 2002 (isotonic, one against the
    rest).
    """

    def __init__(self, kind: Calibration, p: Array, is_true: Mask, weight: Array) -> None:
        check_name("calibrate", kind, ("sigmoid", "isotonic"))
        self.kind = kind
        fit = fit_sigmoid if kind == "sigmoid" else fit_isotonic
        columns = range(1, 2) if p.shape[1] == 2 else range(p.shape[1])
        self._maps = [fit(p[:, j], is_true[:, j], weight) for j in columns]

    def __call__(self, p: Array) -> Array:
        """Return calibrated probabilities (n, c)."""
        apply = apply_sigmoid if self.kind == "sigmoid" else apply_isotonic
        if p.shape[1] == 2:
            second = apply(self._maps[0], p[:, 1])
            return np.column_stack([1 - second, second])
        each = np.column_stack([apply(m, p[:, j]) for j, m in enumerate(self._maps)])
        total = each.sum(axis=1, keepdims=True)
        return np.asarray(np.where(total > 0, each / np.where(total > 0, total, 1), 1 / p.shape[1]))


def _logit(p: Array) -> Array:
    p = np.clip(p, _LEAST_P, 1 - _LEAST_P)
    return np.asarray(np.log(p) - np.log1p(-p))


def fit_sigmoid(p: Array, is_true: Mask, weight: Array) -> Array:
    """Return slope and intercept (2,) of the logits of p (n,), by maximum likelihood.

    The targets are Platt's, which are not quite 0 and 1: the likelihood then has a maximum.
    """
    x = np.column_stack([_logit(p), np.ones(len(p))])
    n_true, n_false = float(weight[is_true].sum()), float(weight[~is_true].sum())
    target = np.where(is_true, (n_true + 1) / (n_true + 2), 1 / (n_false + 2))
    theta = np.array([1.0, 0.0])

    def loss(theta: Array) -> float:
        f = x @ theta
        return float((weight * (np.logaddexp(0, f) - target * f)).sum())

    for _ in range(_N_NEWTON):
        q = 1 / (1 + np.exp(-np.clip(x @ theta, -500, 500)))
        gradient = x.T @ (weight * (q - target))
        hessian = (x * (weight * q * (1 - q))[:, None]).T @ x + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        size = 1.0
        while loss(theta - size * step) > loss(theta) and size > 1e-6:
            size /= 2
        theta = theta - size * step
        if np.abs(size * step).max() < 1e-10:
            break
    return theta


def apply_sigmoid(theta: Array, p: Array) -> Array:
    """Return probabilities (n,) of the sigmoid that `fit_sigmoid` found."""
    f = theta[0] * _logit(p) + theta[1]
    return np.asarray(1 / (1 + np.exp(-np.clip(f, -500, 500))))


def fit_isotonic(p: Array, is_true: Mask, weight: Array) -> Array:
    """Return the corners (2, k) of the rising line that is nearest to the truth in least squares.

    Neighbours that fall are pooled until none does (pool adjacent violators).
    """
    values, at = np.unique(p, return_inverse=True)
    mass = np.bincount(at, weights=weight)
    level = np.bincount(at, weights=weight * is_true) / np.where(mass > 0, mass, 1)
    blocks: list[list[float]] = []  # mean, weight, number of values
    for mean, w in zip(level.tolist(), mass.tolist(), strict=True):
        blocks.append([mean, w, 1])
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            mean2, w2, n2 = blocks.pop()
            mean1, w1, n1 = blocks.pop()
            total = w1 + w2
            pooled = (mean1 * w1 + mean2 * w2) / total if total > 0 else mean1
            blocks.append([pooled, total, n1 + n2])
    fitted = np.repeat([b[0] for b in blocks], [int(b[2]) for b in blocks])
    return np.stack([values, fitted])


def apply_isotonic(corners: Array, p: Array) -> Array:
    """Return probabilities (n,) of the line that `fit_isotonic` found."""
    return np.asarray(np.interp(p, corners[0], corners[1]))


def choose_threshold(
    p: Array, is_true: Mask, score: Callable[[Mask], float] | str, weight: Array
) -> float:
    """Choose the probability from which on a row counts as of the second class.

    Args:
        p: (n,) probability of the second class, out of fold.
        is_true: (n,) whether rows are of it.
        score: "accuracy", "balanced_accuracy" or "f1"; or takes which rows would count as of the
            second class (n,) and returns a value, of which more is better, such as minus a cost.
        weight: (n,) weights of the rows, for the scores by name.

    Returns:
        A threshold between two values of p; where several are equally good the one nearest to 0.5.

    Raises:
        EvaluationError: The score is unknown, or one class is missing.
    """
    if not (callable(score) or (isinstance(score, str) and score in _SCORES)):
        raise EvaluationError(
            f"threshold is a function, or one of {', '.join(_SCORES)}, got {score!r}"
        )
    if is_true.all() or not is_true.any():
        raise EvaluationError("a threshold needs rows of both classes, and there is only one")
    values = np.unique(p)
    middle = (values[1:] + values[:-1]) / 2
    candidates = np.concatenate(
        [[min(values[0], 0.5)], middle, [max(0.5, np.nextafter(values[-1], 2))]]
    )
    if isinstance(score, str):
        found = _score_all(_SCORES[score], candidates, p, is_true, weight)
    else:
        found = np.array([float(score(p >= t)) for t in candidates])
    best = candidates[found >= np.nanmax(found) - 1e-12]
    return float(best[np.argmin(np.abs(best - 0.5))])


def _score_all(
    score: Callable[[Array, Array, float, float], Array],
    candidates: Array,
    p: Array,
    is_true: Mask,
    weight: Array,
) -> Array:
    """Return the score at each threshold, from counts of rows at and above it."""
    order = np.argsort(p, kind="stable")
    below = np.searchsorted(p[order], candidates, side="left")
    good = np.concatenate([[0], np.cumsum((weight * is_true)[order])])
    bad = np.concatenate([[0], np.cumsum((weight * ~is_true)[order])])
    return score(good[-1] - good[below], bad[-1] - bad[below], float(good[-1]), float(bad[-1]))


def _accuracy(hits: Array, alarms: Array, good: float, bad: float) -> Array:
    return np.asarray((hits + bad - alarms) / (good + bad))


def _balanced(hits: Array, alarms: Array, good: float, bad: float) -> Array:
    return np.asarray((hits / good + (bad - alarms) / bad) / 2)


def _f1(hits: Array, alarms: Array, good: float, bad: float) -> Array:
    return np.asarray(2 * hits / (hits + alarms + good))


_SCORES: dict[str, Any] = {"accuracy": _accuracy, "balanced_accuracy": _balanced, "f1": _f1}
