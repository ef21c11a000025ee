"""Check of a sampler against its contract."""

from __future__ import annotations

import math
import pickle
from collections.abc import Sequence

import numpy as np

from ..history.history import History
from ..samplers.base import Sampler
from ..space.distributions import Categorical, Float, Int
from ..space.normal import Normal
from ..space.space import Space
from ..typing import Array
from .histories import random_history, rebuild

SPACES = {
    "mixed": Space(
        {
            "x": Float(1e-4, 1, scale="log"),
            "m": Float(0.5, 0.999, scale="reverse_log"),
            "k": Int(1, 100, scale="log"),
            "c": ["a", "b", "c"],
            "o": Categorical(("s", "m", "l"), ordered=True),
            "step": Float(0, 1, step=0.1),
            "n": Normal(2, 1, scale="log"),
            "q": Normal(0, 3, step=1),
        }
    ),
    "conditional": Space(
        {
            "m": ["a", "b", "c"],
            "x": Float(0, 1, when={"m": "a"}),
            "k": Categorical((1, 2), when={"m": ["a", "b"]}),
            "deg": Int(2, 5, when={"k": 2}),
            "y": Float(0, 1),
        }
    ),
    "constrained": Space({"a": Int(0, 20), "b": Int(0, 20), "x": Float(0, 1)}, ["a + b <= 12"]),
}
"""Spaces that a sampler should be able to search, by name."""


def check_sampler(
    sampler: Sampler,
    n_objectives: int = 1,
    spaces: Sequence[Space] | None = None,
    sizes: Sequence[int] = (0, 1, 9, 40),
) -> None:
    """Check that a sampler keeps its contract, on histories of several spaces and sizes.

    Its proposals have the right shape, are values of the space, and depend on nothing but the
    arguments: not on what it was asked before, nor on the process. It changes neither the history
    nor its own settings, and it copes with values that are not finite.

    Args:
        sampler: The sampler, with settings that suit small histories.
        n_objectives: Number of objectives; all are minimised.
        spaces: The spaces; None for `SPACES`.
        sizes: Numbers of trials.

    Raises:
        AssertionError: It does not; the message says where, and how.
    """
    for space in SPACES.values() if spaces is None else spaces:
        for n in sizes:
            _check_proposals(sampler, random_history(space, n, n_objectives, seed=n))
        for value in (0.0, math.inf, -math.inf):
            given = random_history(space, max(sizes), n_objectives, value=value)
            _check_legal(space, _sample(sampler, given), f"{sampler!r}, all values {value}")


def _sample(sampler: Sampler, history: History) -> Array:
    return sampler.sample(history.space, history, 3, np.random.default_rng(history.n))


def _check_proposals(sampler: Sampler, given: History) -> None:
    space = given.space
    where = f"{sampler!r}, {given.n} trials of {list(space.names)}"
    settings = repr(sampler)
    before = [given.X.copy(), given.values.copy(), given.state.copy()]

    X = _sample(sampler, given)
    _check_legal(space, X, where)
    again = {
        "asked again": _sample(sampler, given),
        "asked about the history as it is read from a storage": _sample(sampler, rebuild(given)),
        "as a copy in another process": _sample(pickle.loads(pickle.dumps(sampler)), given),
    }
    for how, answer in again.items():
        same = answer.shape == X.shape and np.array_equal(answer, X, equal_nan=True)
        assert same, f"{where}: {how}, it proposes something else"

    assert repr(sampler) == settings, f"{where}: its settings have changed"
    for old, new in zip(before, [given.X, given.values, given.state], strict=True):
        unchanged = np.array_equal(np.asarray(old), np.asarray(new), equal_nan=True)
        assert unchanged, f"{where}: it has changed the history"


def _check_legal(space: Space, X: Array, where: str) -> None:
    assert isinstance(X, np.ndarray), f"{where}: expected an array, got {type(X).__name__}"
    assert X.shape == (3, space.d), f"{where}: expected shape (3, {space.d}), got {X.shape}"
    inactive = ~space.active(X)
    assert np.array_equal(np.isnan(X), inactive), f"{where}: NaN must stand where inactive, got {X}"
    assert space.feasible(X).all(), f"{where}: a proposal violates a constraint, got {X}"
    for params in space.decode(X):
        try:
            space.check(params)
        except ValueError as e:
            raise AssertionError(f"{where}: a proposal is no value of the space: {e}") from e
