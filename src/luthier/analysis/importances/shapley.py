"""Shapley values: fair shares of the variance, and what pairs of parameters add to it.

Notation: f is a function on the unit cube (d,). A game pays nu(S) to a coalition S of the d
parameters: here the variance of the expectation of f given the parameters in S. Coalitions are
numbers whose bit j says whether parameter j is in. phi_j is the mean of nu(S + j) - nu(S) over all
orders in which the parameters can join.

Source: Shapley 1953; Owen 2014 (the game of variances); Goda 2021 (values from single orders);
Grabisch & Roubens 1999 (interactions).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ...numerics.sobol import sobol
from ...typing import Array, Index, Mask

MAX_EXACT = 10  # parameters up to which all coalitions are paid out
_N_POINTS = 4096  # each with an order of its own
_N_EVALUATED = 2**19  # for all coalitions together

Function = Callable[[Array], Array]
"""Takes points of the unit cube (n, d), returns f there (n,)."""


def shapley_effects(f: Function, d: int, rng: np.random.Generator) -> Array:
    """Return the Shapley values (d,) of the game of variances; they sum to the variance of f.

    At each of many points the coordinates are exchanged for those of another one after the other,
    in an order of its own.

    Source: Goda 2021, algorithm 1.
    """
    U = sobol(0, _N_POINTS, 2 * d, int(rng.integers(2**31)))
    Z, other = U[:, :d].copy(), U[:, d:]
    order = rng.permuted(np.tile(np.arange(d), (_N_POINTS, 1)), axis=1)
    each = np.arange(_N_POINTS)
    at_start = before = f(Z.copy())
    values = np.zeros(d)
    for j in order.T:
        Z[each, j] = other[each, j]
        after = f(Z.copy())
        gain = (at_start - (before + after) / 2) * (before - after)
        values += np.bincount(j, gain, d)
        before = after
    return values / _N_POINTS


def pay_coalitions(f: Function, d: int, rng: np.random.Generator) -> Array:
    """Return the share (2^d,) of the variance of f that each coalition explains; 0 if it has none.

    Source: Owen 2014: the covariance of f at points that share the coalition's parameters.
    """
    n = max(_N_EVALUATED >> d, 1)
    n = min(n, _N_POINTS)
    A, B = rng.random((2, n, d))
    f_A = f(A.copy())
    off = f_A - f_A.mean()
    payoff = np.array([(off * f(np.where(in_it, A, B))).mean() for in_it in _members(d)])
    span = float(payoff[-1] - payoff[0])
    return np.asarray(payoff / span if span > 0 else np.zeros(len(payoff)))


def shapley_interactions(payoff: Array) -> Array:
    """Return the interaction indices (d, d) of a game; 0 where two only add up, and (j, j)."""
    d = (len(payoff) - 1).bit_length()
    size = _sizes(d)
    weight = np.array([1 / ((d - 1) * math.comb(d - 2, k)) for k in range(d - 1)])
    out = np.zeros((d, d))
    members = _members(d)
    for j in range(d):
        for k in range(j):
            without = np.flatnonzero(~members[:, j] & ~members[:, k])
            a, b = 1 << j, 1 << k
            gain = payoff[without | a | b] - payoff[without | a] - payoff[without | b]
            out[j, k] = out[k, j] = weight[size[without]] @ (gain + payoff[without])
    return out


def _members(d: int) -> Mask:
    """Return which parameters are in each coalition (2^d, d)."""
    return np.asarray((np.arange(1 << d)[:, None] >> np.arange(d) & 1).astype(bool))


def _sizes(d: int) -> Index:
    return np.asarray(_members(d).sum(axis=1))
