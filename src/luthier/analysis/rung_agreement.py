"""How far early values foretell final ones: whether trials could be stopped at a rung."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..errors import TooFewResultsError
from ..history.history import History
from ..history.rungs import Rungs
from ..numerics.rank_tests import spearman, spearman_interval
from ..trial.record import State
from ..typing import Array, Index
from .arguments import takes_history
from .measured_trials import collect_measured

_MAX_RUNGS = 20
_FEWEST = 5  # trials, below which a correlation has no name
_NAMES = ((0.7, "very strong"), (0.4, "strong"), (0.3, "moderate"), (0.2, "weak"))


class RungAgreement(NamedTuple):
    """Agreement of values at each rung with the final values, over trials that have both.

    Trials that were stopped early have no final value, so where a scheduler kept only the best,
    these numbers are not those of all trials: too low where values agree well (0.82 in place of 0.9
    after `Percentile(50)` at each of 5 rungs), and too high where they agree badly (0.43 in place
    of 0.3, as who went on was good at every rung). To know, let some trials run to their ends.

    Attributes:
        objective: Name of the objective.
        step: (K,) steps at which trials reported, ascending; of more than 20 even ones on a log
            scale.
        n: (K,) number of complete trials that reported at the step or, failing that, next after it.
        rank_correlation: (K,) Spearman's, of the value there and the final one; NaN for fewer than
            three trials.
        low: (K,) and
        high: (K,) ends of its 95 % interval.
        label: (K,) "very strong" from .7 on, "strong" from .4, "moderate" from .3, "weak" from .2,
            else "none"; "too few trials" for fewer than five.
        regret: (K,) how much worse the final value of the best trial at this rung is than the best
            final value, never below 0: what stopping all others there would have cost.
        n_stopped: Number of trials that were pruned or are paused, which do not count.

    Source: the labels are those of DeepCAVE (Segel 2023); the interval is Bonett & Wright's.
    """

    objective: str
    step: Array
    n: Index
    rank_correlation: Array
    low: Array
    high: Array
    label: tuple[str, ...]
    regret: Array
    n_stopped: int


@takes_history
def rank_correlation(history: History, objective: str | None = None) -> RungAgreement:
    """Compare values at rungs with final ones.

    Args:
        history: All trials and reports.
        objective: Name of one; None for the first.

    Raises:
        NoCompletedTrialsError: No trial has a value.
        TooFewResultsError: No complete trial has reported an intermediate value.
        StudyError: There is no such objective.
    """
    trials = collect_measured(history, objective)
    j = history.objectives.index(trials.objective)
    has_value = np.zeros(history.n, dtype=bool)
    has_value[trials.number] = True
    steps = np.unique(history.report_step[has_value[history.report_number]])
    if not len(steps):
        raise TooFewResultsError(
            f"no complete trial has reported an intermediate value ({history}): call "
            "trial.report(value, step) in the objective"
        )
    steps = _choose_rungs(steps)
    rows = Rungs().rows(history, steps.tolist())[:, trials.number]
    early = history.report_losses[:, j]

    K = len(steps)
    n = np.zeros(K, dtype=np.int64)
    r, regret = np.full(K, np.nan), np.full(K, np.nan)
    ends = np.tile([-1.0, 1.0], (K, 1))
    for k in range(K):
        there = rows[k] >= 0
        seen, final = early[rows[k][there]], trials.loss[there]
        known = ~np.isnan(seen)
        seen, final = seen[known], final[known]
        n[k] = len(seen)
        if n[k] >= 3:
            r[k], _ = spearman(seen, final)
            ends[k] = spearman_interval(r[k], int(n[k]))
        if n[k]:
            chosen, best = final[np.argmin(seen)], trials.loss.min()
            regret[k] = 0.0 if chosen == best else chosen - best
    stopped = (history.state == State.PRUNED) | (history.state == State.PAUSED)
    return RungAgreement(
        objective=trials.objective,
        step=steps,
        n=n,
        rank_correlation=r,
        low=ends[:, 0],
        high=ends[:, 1],
        label=tuple(_label(a, b) for a, b in zip(r.tolist(), n.tolist(), strict=True)),
        regret=regret,
        n_stopped=int(stopped.sum()),
    )


def _choose_rungs(steps: Array) -> Array:
    """Return at most 20 of some steps, ascending: the first, the last, and even ones between."""
    if len(steps) <= _MAX_RUNGS:
        return steps
    if steps[0] > 0:
        wanted = np.geomspace(steps[0], steps[-1], _MAX_RUNGS)
        at = np.minimum(np.searchsorted(steps, wanted * (1 - 1e-9)), len(steps) - 1)
    else:
        at = np.linspace(0, len(steps) - 1, _MAX_RUNGS).round().astype(np.int64)
    return np.asarray(steps[np.unique(at)])


def _label(r: float, n: int) -> str:
    if n < _FEWEST:
        return "too few trials"
    return next((name for least, name in _NAMES if r >= least), "none")
