"""Classic meta-features of a table: statistics, information, and what simple models reach.

Notation: n rows, d columns, c classes. T (n, c) are targets as columns: one for each class, or the
numbers themselves.

Source: Brazdil 2022 (Metalearning, chapter 4); Bensusan 2000 (landmarks). Deviation: numbers are
cut into ten bins of equal counts for entropies; landmarks are tried once, on two halves of at most
1,000 rows.
"""

from __future__ import annotations

import numpy as np

from ..typing import Array, Index
from .data_columns import Columns

META_FEATURES = (
    "skewness",
    "skewness_sd",
    "kurtosis",
    "kurtosis_sd",
    "correlation",
    "entropy_target",
    "entropy_columns",
    "mutual_information",
    "mutual_information_max",
    "smallest_class",
    "landmark_nearest",
    "landmark_stump",
    "landmark_linear",
)
"""Names of the meta-features, beside the five numbers of a context."""

_N_BINS = 10
_MOST_COLUMNS = 200  # that are looked at, spread evenly
_N_TRIED = 1_000  # rows of the landmarks
_RIDGE = 1e-3


def measure_columns(columns: Columns, rng: np.random.Generator) -> dict[str, float]:
    """Return meta-features by name. All are finite; of a constant column they are 0.

    - "skewness" and "kurtosis" (0 for a normal distribution): mean over numeric columns, and
      "..._sd", their standard deviation;
    - "correlation": mean absolute value over pairs of columns;
    - "entropy_target", and "entropy_columns", their mean: from 0 to 1, of classes or bins;
    - "mutual_information", "mutual_information_max": of a column and the target, as a share of the
      target's entropy;
    - "smallest_class": its share, where there are classes;
    - "landmark_nearest", "landmark_stump", "landmark_linear": accuracy, or R² from 0, of the
      nearest neighbour, of one split of the best column, and of a linear model.
    """
    kept = np.unique(np.linspace(0, columns.X.shape[1] - 1, _MOST_COLUMNS).round().astype(np.int64))
    columns = columns._replace(X=columns.X[:, kept], is_category=columns.is_category[kept])
    Z = _standardise(columns.X)
    found = _measure_shapes(Z[:, ~columns.is_category])
    found["correlation"] = _measure_correlation(Z)
    found |= _measure_information(columns)
    if columns.classes:
        counts = np.bincount(columns.y.astype(np.int64), minlength=columns.classes)
        found["smallest_class"] = float(counts.min() / len(columns.y))
    return found | _try_models(Z, columns, rng)


def _standardise(X: Array) -> Array:
    """Return columns of mean 0 and standard deviation 1; constant and missing values are 0."""
    known = ~np.isnan(X)
    n = np.maximum(known.sum(axis=0), 1)
    largest = np.max(np.abs(X), axis=0, where=known, initial=0.0)
    X = np.where(known, X, 0.0) / np.where(largest > 0, largest, 1.0)  # so that squares are finite
    X = np.where(known, X - X.sum(axis=0) / n, 0.0)
    spread = np.sqrt((X**2).sum(axis=0) / n)
    is_constant = spread < 1e-12
    return np.asarray(np.where(is_constant, 0.0, X / np.where(is_constant, 1.0, spread)))


def _measure_shapes(Z: Array) -> dict[str, float]:
    varies = Z[:, (Z != 0).any(axis=0)]
    skewness = (varies**3).mean(axis=0)
    kurtosis = (varies**4).mean(axis=0) - 3.0
    return {
        f"{name}{end}": float(of(x)) if len(x) else 0.0
        for name, x in (("skewness", skewness), ("kurtosis", kurtosis))
        for end, of in (("", np.mean), ("_sd", np.std))
    }


def _measure_correlation(Z: Array) -> float:
    n, d = Z.shape
    if d < 2:
        return 0.0
    R = np.abs(Z.T @ Z) / n
    return float((R.sum() - np.trace(R)) / (d * (d - 1)))


def _measure_information(columns: Columns) -> dict[str, float]:
    y = columns.y.astype(np.int64) if columns.classes else _bin(columns.y)
    of_target = _entropy(y)
    shares, entropies = [], []
    for x, is_category in zip(columns.X.T, columns.is_category, strict=True):
        bins = _bin(x) if not is_category else np.where(np.isnan(x), -1, x).astype(np.int64) + 1
        entropy = _entropy(bins)
        joint = _entropy(bins * (y.max() + 1) + y)
        shares.append(max(entropy + of_target - joint, 0.0) / of_target if of_target else 0.0)
        entropies.append(entropy / np.log(max(bins.max() + 1, 2)))
    return {
        "entropy_target": of_target / float(np.log(max(y.max() + 1, 2))),
        "entropy_columns": float(np.mean(entropies)),
        "mutual_information": float(np.mean(shares)),
        "mutual_information_max": float(np.max(shares)),
    }


def _bin(x: Array) -> Index:
    """Return the bin (n,) of each number; missing ones have a bin of their own."""
    known = ~np.isnan(x)
    out = np.zeros(len(x), dtype=np.int64)
    if known.any():
        edges = np.quantile(x[known], np.linspace(0, 1, _N_BINS + 1)[1:-1], method="lower")
        out[known] = 1 + np.searchsorted(np.unique(edges), x[known], side="right")
    return out


def _entropy(labels: Index) -> float:
    counts = np.bincount(labels)
    p = counts[counts > 0] / len(labels)
    return float(-(p * np.log(p)).sum())


def _try_models(Z: Array, columns: Columns, rng: np.random.Generator) -> dict[str, float]:
    """Return what simple models that learn from one half of the rows reach on the other."""
    order = rng.permutation(len(Z))[:_N_TRIED]
    learn, test = order[: len(order) // 2], order[len(order) // 2 :]
    if not len(learn):
        return dict.fromkeys(("landmark_nearest", "landmark_stump", "landmark_linear"), 0.0)
    y = columns.y
    T = np.eye(columns.classes)[y.astype(np.int64)] if columns.classes else _standardise(y[:, None])

    A, B = Z[learn], Z[test]
    nearest = np.argmin((A**2).sum(axis=1) - 2 * B @ A.T, axis=1)
    ones = np.ones((len(A), 1)), np.ones((len(B), 1))
    A1, B1 = np.hstack([A, ones[0]]), np.hstack([B, ones[1]])
    gram = A1.T @ A1 + _RIDGE * len(A) * np.eye(A1.shape[1])
    guesses = {
        "nearest": T[learn][nearest],
        "stump": _split_once(A, T[learn], B),
        "linear": B1 @ np.linalg.solve(gram, A1.T @ T[learn]),
    }
    return {f"landmark_{name}": _score(T[test], guess) for name, guess in guesses.items()}


def _split_once(A: Array, T: Array, B: Array) -> Array:
    """Return predictions at B (k, d) of the best split at a median of a column of A (n, d)."""
    medians = np.median(A, axis=0)
    right = medians < A
    n_right = right.sum(axis=0)[:, None]
    sum_right = right.T @ T
    sum_left = T.sum(axis=0) - sum_right
    mean_right = sum_right / np.maximum(n_right, 1)
    mean_left = sum_left / np.maximum(len(A) - n_right, 1)
    j = int(np.argmax((sum_right * mean_right + sum_left * mean_left).sum(axis=1)))
    return np.asarray(np.where((B[:, j] > medians[j])[:, None], mean_right[j], mean_left[j]))


def _score(T: Array, guess: Array) -> float:
    """Return the accuracy where there are several columns, else R², at least 0."""
    if T.shape[1] > 1:
        return float((T.argmax(axis=1) == guess.argmax(axis=1)).mean())
    rest = ((T - guess) ** 2).sum()
    total = ((T - T.mean()) ** 2).sum()
    return float(max(1.0 - rest / total, 0.0)) if total > 0 else 0.0
