"""Tests that hold however often one looks at them, by e-values.

An e-value is evidence against a hypothesis: a number whose mean is at most 1 while the hypothesis
is true, whenever one stops. Rejecting where it reaches 1 / alpha errs with probability at most
alpha (Ville 1939). All functions return its logarithm after every block or observation, so that a
look is a row.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln, xlog1py, xlogy

from ..typing import Array

Alternative = Literal["different", "lower", "higher"]

_PRIOR = 0.18  # successes, and failures, that each arm has before the first block
_MIN_BET = 1e-3  # of the wealth, so that a long quiet time does not end all betting


def compare_rates(
    successes_a: ArrayLike,
    n_a: ArrayLike,
    successes_b: ArrayLike,
    n_b: ArrayLike,
    alternative: Alternative = "different",
) -> Array:
    """Log e-value, after each block, against two arms having one rate of success.

    Args:
        successes_a: (k,) successes of arm a in each block: whatever came since the last look.
        n_a: (k,) outcomes of arm a in each block.
        successes_b: (k,) of arm b.
        n_b: (k,) of arm b.
        alternative: What is looked for: a rate of b that is "lower" or "higher" than that of a, or
            "different".

    Returns:
        (k,) log e-value.

    Raises:
        ValueError: Blocks of unlike number, or more successes than outcomes.

    Source: Turner, Ly and Grunwald 2024, Generic E-variables for exact sequential k-sample tests,
        eq. 8 with the beta prior of section 4. Deviation: for a one-sided alternative both rates
        are the pooled one in a block before which the estimates point the other way: nothing is
        bet then.
    """
    blocks = np.array([successes_a, n_a, successes_b, n_b], dtype=np.float64)
    if blocks.ndim != 2 or (blocks < 0).any() or (blocks[::2] > blocks[1::2]).any():
        raise ValueError(
            "expected four columns of counts (k,), with no more successes than outcomes, got "
            f"{blocks.tolist()}"
        )
    a, b = blocks[:2], blocks[2:]  # rows: successes, outcomes
    earlier_a, earlier_b = (np.cumsum(arm, axis=1) - arm for arm in (a, b))

    theta_a = (earlier_a[0] + _PRIOR) / (earlier_a[1] + 2 * _PRIOR)
    theta_b = (earlier_b[0] + _PRIOR) / (earlier_b[1] + 2 * _PRIOR)
    theta_0 = (a[1] * theta_a + b[1] * theta_b) / np.maximum(a[1] + b[1], 1)
    if alternative != "different":
        other_way = theta_b >= theta_a if alternative == "lower" else theta_b <= theta_a
        theta_a = np.where(other_way, theta_0, theta_a)
        theta_b = np.where(other_way, theta_0, theta_b)

    increments = (
        _log_likelihood(a, theta_a) + _log_likelihood(b, theta_b) - _log_likelihood(a + b, theta_0)
    )
    return np.cumsum(increments)


def compare_share(n_b: ArrayLike, n: ArrayLike, share: float, weight: float = 1000.0) -> Array:
    """Log e-value, after each block, against arm b receiving a `share` of all units.

    Args:
        n_b: (k,) units of arm b in each block.
        n: (k,) units of both arms in each block.
        share: Share that arm b should receive, between 0 and 1.
        weight: How many units the alternative's prior is worth: larger for smaller deviations.

    Returns:
        (k,) log e-value.

    Raises:
        ValueError: A share that is not between 0 and 1.

    Source: Lindon and Malek 2022, Anytime-valid inference for multinomial count data, eq. 9, with
        two arms.
    """
    _check_rate("share", share)
    sum_b = np.cumsum(n_b, dtype=np.float64)
    sum_all = np.cumsum(n, dtype=np.float64)
    sum_a = sum_all - sum_b
    a, b = weight * (1 - share), weight * share
    marginal = betaln(a + sum_a, b + sum_b) - betaln(a, b)
    return np.asarray(marginal - sum_a * np.log1p(-share) - sum_b * np.log(share))


def compare_mean(x: ArrayLike, mean: float, alpha: float = 0.05) -> Array:
    """Log e-value, after each observation, against a mean of at most `mean`.

    Args:
        x: (k,) observations in [0, 1].
        mean: The largest mean under the hypothesis, between 0 and 1.
        alpha: The level for which bets are placed.

    Returns:
        (k,) log e-value. That against a mean of at least m is
        `compare_mean(1 - x, 1 - m)`.

    Raises:
        ValueError: Observations or a mean outside.

    Source: Waudby-Smith and Ramdas 2024, Estimating means of bounded random variables by betting,
        eq. 26 with the prior of one observation. Deviation: one-sided, and a bet is at least .1 %.
    """
    _check_rate("mean", mean)
    x = np.asarray(x, dtype=np.float64)
    if x.ndim != 1 or not ((x >= 0) & (x <= 1)).all():
        raise ValueError("expected observations (k,) in [0, 1]")

    t = np.arange(1, len(x) + 1)
    running = (0.5 + np.cumsum(x)) / (t + 1)
    variance = np.concatenate(
        [[0.25], (0.25 + np.cumsum((x - running) ** 2))[:-1] / t[1:]]
    )  # before each observation
    bet = np.sqrt(2 * np.log(1 / alpha) / np.maximum(variance * t * np.log1p(t), 1e-12))
    bet = np.clip(bet, _MIN_BET, 0.5 / mean)
    return np.cumsum(np.log1p(bet * (x - mean)))


def detect_harm(losses: ArrayLike, risk: float, log_start: Array | None = None) -> Array:
    """Logarithms (k, 4) of an e-detector's four parts, after each observation.

    The detector is the mean of its parts, `log_detector`. An alarm where it reaches A comes, while
    the mean loss stays at or below `risk`, once in A observations or more seldom; it forgets the
    good time before a change.

    Args:
        losses: (k,) losses in [0, 1], in the order in which they became known.
        risk: Largest mean loss that is no harm, between 0 and 1.
        log_start: (4,) the last row of an earlier call; None to begin.

    Returns:
        (k, 4) float64.

    Raises:
        ValueError: Losses or a risk outside.

    Source: Shin, Ramdas and Rinaldo 2024, E-detectors, eq. 13 (Shiryaev and Roberts) with a mixture
        of bets.
    """
    _check_rate("risk", risk)
    x = np.asarray(losses, dtype=np.float64)
    if x.ndim != 1 or not ((x >= 0) & (x <= 1)).all():
        raise ValueError("expected losses (k,) in [0, 1]")
    if not len(x):
        return np.empty((0, len(BETS)))

    # M_t = (M_{t-1} + 1) f_t, so with F_t = f_1 ... f_t
    # M_t = F_t (M_0 + sum over s <= t of 1 / F_{s-1})
    log_f = np.log1p(np.multiply.outer(x - risk, BETS * 0.95 / risk))
    log_product = np.cumsum(log_f, axis=0)
    log_terms = np.concatenate([np.zeros((1, len(BETS))), -log_product[:-1]])
    if log_start is not None:
        log_terms[0] = np.logaddexp(log_terms[0], log_start)
    return log_product + np.logaddexp.accumulate(log_terms, axis=0)


BETS = np.array([0.05, 0.125, 0.25, 0.5])
"""Shares of the largest bet that the parts of `detect_harm` place."""


def log_detector(log_parts: Array) -> Array:
    """Logarithm (k,) of the mean of a detector's parts (k, 4)."""
    return np.logaddexp.reduce(log_parts, axis=-1) - np.log(log_parts.shape[-1])  # type: ignore[no-any-return]


def _log_likelihood(arm: Array, theta: Array) -> Array:
    """(k,) of successes and outcomes (2, k) at rates (k,)."""
    return np.asarray(xlogy(arm[0], theta) + xlog1py(arm[1] - arm[0], -theta))


def _check_rate(name: str, rate: float) -> None:
    if not 0 < rate < 1:
        raise ValueError(f"{name} must lie between 0 and 1, got {rate}")
