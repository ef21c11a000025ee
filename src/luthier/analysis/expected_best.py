"""The tuning curve: the best value to be expected after k trials, whatever their order was."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import gammaln

from ..errors import TooFewResultsError
from ..history.history import History
from ..typing import Array, Index
from ..validation import check_probability
from .arguments import takes_history
from .measured_trials import collect_measured

_MAX_POINTS = 100


class TuningCurve(NamedTuple):
    """The best of k trials drawn from all n without replacement.

    Of random trials it says what a study of k trials would have come to. A sampler that learns has
    better trials late; then the curve says how good its trials are, and not what k of them give.

    Attributes:
        objective: Name of the objective.
        direction: "minimize" or "maximize".
        k: (g,) numbers of trials, ascending from 1 to n; of more than 100 even ones on a log scale.
        value: (g,) the expected best; infinite where an infinite value may be the best.
        low: (g,) and
        high: (g,) the ends of the interval that holds the best of k with probability `level`.
        level: Of the interval.
        n: Number of feasible complete trials.
        trusted: The largest k that the curve can be trusted for, n / 2: beyond it the draws are
            nearly all of the trials, and the interval is too narrow.
    """

    objective: str
    direction: str
    k: Index
    value: Array
    low: Array
    high: Array
    level: float
    n: int
    trusted: int


@takes_history
def tuning_curve(history: History, objective: str | None = None, level: float = 0.8) -> TuningCurve:
    """Return the best value that is expected after each number of trials.

    Args:
        history: All trials.
        objective: Name of one; None for the first.
        level: Of the interval, between 0 and 1.

    Raises:
        NoCompletedTrialsError: No trial has a value.
        TooFewResultsError: None of them is feasible.
        StudyError: There is no such objective.
        ValueError: `level` is no probability.

    Source: Dodge 2019; here without replacement, P(the best of k is the i-th worst) =
    C(i - 1, k - 1) / C(n, k).
    """
    check_probability("level", level)
    trials = collect_measured(history, objective)
    trials = trials.take(trials.feasible)
    n = trials.n
    if not n:
        raise TooFewResultsError(f"no complete trial is feasible ({history})")
    order = np.argsort(-trials.loss, kind="stable")  # the worst first
    value = trials.value[order]
    k = np.unique(np.geomspace(1, n, min(n, _MAX_POINTS)).round().astype(np.int64))
    if n <= _MAX_POINTS:
        k = np.arange(1, n + 1)

    expected, low, high = np.empty(len(k)), np.empty(len(k)), np.empty(len(k))
    for g, draws in enumerate(k.tolist()):
        at_most = _share_of_draws(n, draws)
        weight = np.diff(at_most, prepend=0.0)
        expected[g] = _mean(value, weight)
        ends = np.searchsorted(at_most, [(1 - level) / 2, (1 + level) / 2])
        low[g], high[g] = np.sort(value[np.minimum(ends, n - 1)])
    return TuningCurve(
        trials.objective, trials.direction, k, expected, low, high, level, n, max(n // 2, 1)
    )


def _share_of_draws(n: int, k: int) -> Array:
    """Return (n,) the probability that the best of k of n is among the i worst, for i = 1..n.

    It is C(i, k) / C(n, k).
    """
    i = np.arange(1, n + 1, dtype=np.float64)
    share = np.zeros(n)
    enough = i >= k
    log_share = gammaln(i[enough] + 1) - gammaln(i[enough] - k + 1)
    share[enough] = np.exp(log_share - log_share[-1])
    return share


def _mean(value: Array, weight: Array) -> float:
    """Return the mean of values (n,), where those without weight do not count."""
    some = weight > 0
    value, weight = value[some], weight[some]
    infinite = value[np.isinf(value)]
    if len(infinite):  # of both signs the one with the better trials
        return float(infinite[-1])
    return float(value @ weight)
