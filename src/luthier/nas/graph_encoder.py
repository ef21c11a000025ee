"""What a kernel sees of an architecture: its parameters, and the paths through its graph.

Notation: n points, p of their parameters are numbers and q categories, v different paths, T
features.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..models.training_data import InputEncoder
from ..numerics.gp import Inputs
from ..space.space import Space
from ..typing import Array, Index
from .block import Block
from .graph import Path

_MAX_KEPT = 100_000  # architectures whose paths are remembered

Feature = Callable[[Array], Array]
"""Returns (n, T) features of points (n, d)."""


class PathReader:
    """Reads the paths of architectures from unit columns, each architecture once.

    A path is given a number where it is first read.

    Args:
        space: The space of the columns.
        block: The architecture, whose parameters the space has.

    Attributes:
        n_paths: Different paths so far.
    """

    def __init__(self, space: Space, block: Block) -> None:
        self.space = space
        self.block = block
        self._columns = [space.column[name] for name in block.params]
        self._numbers: dict[Path, int] = {}
        self._kept: dict[bytes, Index] = {}

    @property
    def n_paths(self) -> int:
        return len(self._numbers)

    def read(self, X: Array) -> list[Index]:
        """Return the numbers of the paths of each point (n, d), in the order of their names."""
        keys = [row.tobytes() for row in X[:, self._columns]]
        new = [i for i, key in enumerate(keys) if key not in self._kept]
        if len(self._kept) + len(new) > _MAX_KEPT:
            self._kept.clear()
            new = list(range(len(keys)))
        for i, params in zip(new, self.space.decode(X[new]), strict=True):
            if keys[i] not in self._kept:
                paths = sorted(self.block.graph(params).count_paths())
                numbers = [self._numbers.setdefault(path, len(self._numbers)) for path in paths]
                self._kept[keys[i]] = np.array(numbers, dtype=np.int64)
        return [self._kept[key] for key in keys]


class GraphEncoder:
    """Turns unit columns of a space into inputs: parameters, paths, and features.

    The paths of a point are a vector of length 1 that is the same for each of its paths, and 0 for
    others. Paths that no known point has are one number together: the distance from each known
    point is exact. Features are carried along, and the kernel does not see them.

    Args:
        reader: Reads the paths.
        known: (k, d) points whose paths are told apart.
        features: What is carried along; each returns some columns.

    Attributes:
        numbers: (p,) columns that a kernel sees as numbers.
        groups: (p + v + 1 + T + q,) which inputs have a lengthscale in common: see `gp.spread`.
        n_features: T.

    Source: White 2021 (BANANAS: paths describe a cell better than its matrix). Deviation: paths
    without the operations that change nothing; a kernel on them and on the parameters.
    """

    def __init__(self, reader: PathReader, known: Array, features: Sequence[Feature] = ()) -> None:
        self._reader = reader
        self._params = InputEncoder(reader.space)
        self._features = features
        columns: dict[int, int] = {}
        for paths in reader.read(known):
            for path in paths.tolist():
                columns.setdefault(path, len(columns))
        self._n_known = len(columns)
        self._column = np.full(reader.n_paths, self._n_known)  # of each path; of others the last
        self._column[list(columns)] = list(columns.values())
        self.numbers: Index = self._params.numbers
        self.n_features = self._find_features(known[:1]).shape[1]

        p, q = len(self.numbers), len(self._params.categories)
        paths = np.full(self._n_known + 1, p)
        unseen = np.full(self.n_features, -1)
        self.groups: Index = np.concatenate([np.arange(p), paths, unseen, p + 1 + np.arange(q)])

    def encode(self, X: Array) -> Inputs:
        """Return unit columns (n, d) as the inputs of a kernel."""
        Z = self._params.encode(X)
        found = self._reader.read(X)
        n_paths = np.array([len(paths) for paths in found])
        row = np.repeat(np.arange(len(X)), n_paths)
        path = np.concatenate([*found, np.empty(0, dtype=np.int64)])
        is_old = path < len(self._column)
        column = np.full(len(path), self._n_known)
        column[is_old] = self._column[path[is_old]]

        P = np.zeros((len(X), self._n_known + 1))
        np.add.at(P, (row, column), 1.0)
        P[:, -1] = np.sqrt(P[:, -1])
        P /= np.sqrt(np.maximum(n_paths, 1))[:, None]
        return Inputs(np.hstack([Z.N, P, self._find_features(X)]), Z.C)

    def narrow(self, Z: Inputs) -> tuple[Inputs, Index]:
        """Return inputs without the paths that none of them has, and their groups.

        These are the same to the last digit, whatever other points are known.
        """
        p = len(self.numbers)
        used = np.asarray(np.any(Z.N, axis=0))
        used[:p] = True
        used[p + self._n_known :] = True
        groups = np.concatenate([self.groups[: len(used)][used], self.groups[len(used) :]])
        return Inputs(np.ascontiguousarray(Z.N[:, used]), Z.C), groups

    def features_of(self, Z: Inputs) -> Array:
        """Return the features (n, T) that inputs carry along."""
        return Z.N[:, Z.N.shape[1] - self.n_features :]

    def _find_features(self, X: Array) -> Array:
        return np.hstack([np.empty((len(X), 0)), *(feature(X) for feature in self._features)])
