"""Tests on counts, and the correction for many tests at once."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..typing import Array


def binomial_tail(k: int, n: int, p: float) -> float:
    """P(X >= k) of a binomial with n draws of probability p."""
    if k <= 0 or (p >= 1 and k <= n):
        return 1.0
    if p <= 0:
        return 0.0
    masses = (
        math.exp(_log_choose(n, i) + i * math.log(p) + (n - i) * math.log1p(-p))
        for i in range(k, n + 1)
    )
    return min(1.0, sum(masses))


def hypergeometric_tail(k: int, n: int, n_good: int, n_all: int) -> float:
    """P(X >= k) of the number of good ones among n that are drawn of n_all, of which n_good are.

    It is Fisher's exact test, one-sided, of a table of two by two.
    """
    most = min(n, n_good)
    log_all = _log_choose(n_all, n)
    masses = (
        math.exp(_log_choose(n_good, i) + _log_choose(n_all - n_good, n - i) - log_all)
        for i in range(max(k, n - (n_all - n_good), 0), most + 1)
    )
    return min(1.0, sum(masses))


def poisson_tail(k: int, mean: float) -> float:
    """P(X >= k) of a Poisson variable."""
    below = sum(math.exp(i * math.log(mean) - mean - math.lgamma(i + 1)) for i in range(k))
    return max(0.0, 1.0 - below)


def holm(p: Sequence[float], n_tests: int | None = None) -> Array:
    """Return p-values (n,) that are corrected for their number, so that one level holds for all.

    Args:
        p: (n,) p-values.
        n_tests: How many tests there were, those whose p-values nobody kept because they were
            larger than all of `p` included; None for n.

    Source: Holm 1979.
    """
    order = np.argsort(p, kind="stable")
    factor = (len(p) if n_tests is None else max(n_tests, len(p))) - np.arange(len(p))
    found = np.empty(len(p))
    found[order] = np.minimum(1.0, np.maximum.accumulate(np.asarray(p)[order] * factor))
    return found


def _log_choose(n: int, k: int) -> float:
    if k < 0 or k > n:
        return -math.inf
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
