"""Shapley values: fair shares of what a game pays when parameters take part together.

Notation: a game pays nu(S) to a coalition S of the d parameters; coalitions are numbers whose bit j
says whether parameter j is in. phi_j is the mean of nu(S + j) - nu(S) over all orders in which the
parameters can join.

Source: Shapley 1953; Grabisch & Roubens 1999 (interactions); Owen 2014 (the game of variances).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ...typing import Array, Index, Mask

MAX_EXACT = 10  # parameters up to which all coalitions are paid out
_N_ORDERS = 128  # random orders beyond that, each with its reverse


def shapley_values(payoff: Array) -> Array:
    """Return the Shapley values (d,) of a game, given what each of the 2^d coalitions gets."""
    d = (len(payoff) - 1).bit_length()
    size = _sizes(d)
    weight = np.array([1 / (d * math.comb(d - 1, k)) for k in range(d)]) if d else np.ones(0)
    values = np.empty(d)
    for j in range(d):
        without = np.flatnonzero(~_members(d)[:, j])
        gain = payoff[without | (1 << j)] - payoff[without]
        values[j] = weight[size[without]] @ gain
    return values


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


def estimate_shapley(pay: Callable[[Array], float], d: int, rng: np.random.Generator) -> Array:
    """Return Shapley values (d,) from random orders, each with its reverse.

    Args:
        pay: Takes which parameters take part (d,), returns what they get.
        d: Number of parameters.
        rng: Source of the orders.
    """
    total = np.zeros(d)
    nothing = pay(np.zeros(d, dtype=bool))
    for _ in range(_N_ORDERS):
        order = rng.permutation(d)
        for joining in (order, order[::-1]):
            total[joining] += _gains(pay, joining, nothing)
    return total / (2 * _N_ORDERS)


def _gains(pay: Callable[[Array], float], order: Index, nothing: float) -> Array:
    """Return what each parameter (d,) adds as they join in an order."""
    in_it = np.zeros(len(order), dtype=bool)
    paid = [nothing]
    for j in order:
        in_it[j] = True
        paid.append(pay(in_it))
    return np.diff(paid)


def _members(d: int) -> Mask:
    """Return which parameters are in each coalition (2^d, d)."""
    return np.asarray((np.arange(1 << d)[:, None] >> np.arange(d) & 1).astype(bool))


def _sizes(d: int) -> Index:
    return np.asarray(_members(d).sum(axis=1))
