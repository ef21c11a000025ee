"""Which trials are better than which: by loss or front, by constraints, by how far they came."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..distributions import Array
from ..history import History
from ..numerics.hypervolume import reference_point, subset
from ..numerics.pareto import fronts
from ..trial import State

Numbers = NDArray[np.int64]


def ranked(history: History, most: int | None = None, among: Numbers | None = None) -> tuple[Numbers, int]:
    """Numbers of the trials that fit the space, the best first, and how many of them are complete, pruned or paused.

    Feasible complete trials by loss, or with several objectives as in `best_first`; then infeasible ones by how far
    they are from feasible; then pruned and paused ones by the step they reached and the loss there; then failed and
    running ones.

    Args:
        history: All trials.
        most: How many of the best are needed in order, where there are several objectives; None: all.
        among: Ascending numbers of those to rank; None: all.
    """
    numbers = history.number if among is None else among
    numbers = numbers[history.fits[numbers]]
    state = history.state[numbers]
    complete = numbers[state == State.COMPLETE]
    rest = numbers[(state != State.COMPLETE) & (state != State.WAITING)]
    infeasible = complete[:0]
    if history.constraint_names:
        violation = history.violation[complete]
        infeasible = complete[violation > 0][np.argsort(violation[violation > 0], kind="stable")]
        complete = complete[violation == 0]
    complete = complete[best_first(history.losses[complete], most)]
    stopped = history.has_result[rest] & (history.state[rest] != State.FAILED)
    pruned = rest[stopped]
    if len(pruned):
        pruned = pruned[np.lexsort((history.last_loss[pruned], -history.last_step[pruned]))]
    n_finished = len(complete) + len(infeasible) + len(pruned)
    return np.concatenate([complete, infeasible, pruned, rest[~stopped]]), n_finished


def best_first(losses: Array, most: int | None = None) -> Numbers:
    """(n,) Which of some losses (n, m) come first: the smaller, or with several objectives those of better fronts.

    Inside a front each is chosen for the hypervolume that it adds to those before. Only the first `most` are in that
    order; of the front that they end in, the others follow as they stand, and so do those of worse fronts.

    Source: Ozaki 2022 (fronts, the last one cut by hypervolume subset selection).
    """
    if losses.shape[1] == 1:
        return np.argsort(losses[:, 0], kind="stable")
    front = fronts(losses)
    order = np.argsort(front, kind="stable")
    begin, end = 0, min(len(order) if most is None else most, len(order))
    while begin < end:
        of = order[begin : begin + np.count_nonzero(front == front[order[begin]])]
        chosen = subset(depths(losses[of]), np.zeros(losses.shape[1]), end - begin)
        of[:] = np.concatenate([of[chosen], np.delete(of, chosen)])
        begin += len(of)
    return order


def depths(losses: Array) -> Array:
    """(n, m) losses as distances from their reference point in units of the deepest: -1 is the best, 0 the reference.

    What is infinite stays so; what is nearly so counts as 1e300, so that no volume overflows.
    """
    finite = np.isfinite(losses)
    losses = np.where(finite, np.clip(losses, -1e300, 1e300), losses)
    reference = reference_point(losses)
    lowest = np.where(finite, losses, np.inf).min(axis=0, initial=np.inf)
    unit = np.where(np.isinf(lowest), 1.0, reference - lowest)
    return np.asarray((losses - reference) / unit)
