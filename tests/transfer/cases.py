"""Spaces and tasks that the tests of this room share."""

import numpy as np

from luthier import Categorical, Float, Int, Space
from luthier.history.task import Task

SPACE = Space(
    {"x": Float(0, 1), "lr": Float(1e-5, 1.0, scale="log"), "kind": Categorical(("a", "b"))}
)
NAMES = ("value",)


def bowl(X, shift=0.0):
    """(n,) losses of unit columns: a bowl whose bottom moves, and a worse kind."""
    return (X[:, 0] - 0.3 - shift) ** 2 + (X[:, 1] - 0.6) ** 2 + 0.3 * X[:, 2]


def make(n=25, seed=0, shift=0.0, space=SPACE, **changed):
    X = space.sample(np.random.default_rng(seed), n)
    fields = {"name": f"task {seed}", "space": space, "X": X, "losses": bowl(X, shift)[:, None]}
    return Task(**(fields | changed))


def make_noise(n=25, seed=0):
    return make(n, seed, losses=np.random.default_rng(seed + 1).standard_normal((n, 1)))


__all__ = ["NAMES", "SPACE", "Float", "Int", "Space", "bowl", "make", "make_noise"]
