"""The state of an optimizer of the package `cmaes`, and copies of it.

The package publishes draws (`ask`) and updates (`tell`), but neither the distribution that it draws
from nor a way to copy an optimizer without its generator. Both are taken from its attributes here
and nowhere else, so that a change of the package is followed in one place.

Notation, as in Hansen 2016 and Hamano 2025: d numbers are drawn from N(m, sigma^2 A C A), where A
is diagonal, C = B D^2 B^T, and choice k of category i is drawn with probability q[i, k].
"""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import numpy as np

from ..typing import Array

Optimizer = Any
"""`cmaes.CMA`, or `cmaes.CatCMAwM` where anything is discrete; the package has no types."""


class Normal(NamedTuple):
    """The normal distribution of an optimizer's numbers.

    Attributes:
        mean: (d,) m.
        sd: (d,) standard deviation of each number.
        scale: sigma, or (d,) sigma A.
    """

    mean: Array
    sd: Array
    scale: float | Array


def read_normal(optimizer: Optimizer) -> Normal:
    """Return the distribution of an optimizer's numbers; it must have some."""
    state = vars(optimizer)
    sigma = state["_sigma"]
    margin = state.get("_A", 1.0)  # `CMA` has none
    sd = sigma * np.sqrt(np.diag(state["_C"])) * margin
    return Normal(state["_mean"], sd, margin * sigma)


def read_probabilities(optimizer: Optimizer) -> Array:
    """Return the probability (c, k) of each choice of an optimizer's categories."""
    return np.asarray(vars(optimizer)["_q"])


def standardised_length(optimizer: Optimizer, V: Array) -> Array:
    """Return the lengths (n,) of numbers V (n, d) in units of the distribution.

    That is |D^-1 B^T A^-1 (v - m) / sigma|. Like a draw, this decomposes C, and the optimizer keeps
    the result.
    """
    mean, _, scale = read_normal(optimizer)
    B, D = optimizer._eigen_decomposition()
    return np.asarray(np.linalg.norm(((V - mean) / scale @ B) / D, axis=1))


def is_finite(optimizer: Optimizer) -> bool:
    """Whether m, sigma, C and q are finite, as far as the optimizer has them."""
    state = vars(optimizer)
    parts = [state[name] for name in ("_mean", "_sigma", "_C", "_q") if name in state]
    return all(np.isfinite(part).all() for part in parts)


def copy_optimizer(optimizer: Optimizer) -> Optimizer:
    """Return a copy that shares the generator, which is seeded before each use."""
    new = object.__new__(type(optimizer))
    for name, value in vars(optimizer).items():
        changes = isinstance(value, np.ndarray | list)
        vars(new)[name] = copy.copy(value) if changes else value
    return new
