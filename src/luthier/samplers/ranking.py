"""The order of trials from best to worst: by loss or front, by constraints, by step reached."""

from __future__ import annotations

import numpy as np

from ..history.fold_means import estimate_stopped
from ..history.history import History
from ..numerics.hypervolume import reference_point, subset
from ..numerics.pareto import is_non_dominated
from ..trial.record import State
from ..typing import Array, Index


def rank_trials(
    history: History,
    most: int | None = None,
    among: Index | None = None,
    cache: dict[bytes, Index] | None = None,
) -> tuple[Index, int]:
    """Return the numbers of trials, the best first, and how many of them are finished.

    Trials that do not fit the space are left out, and failures that say nothing of their params.
    The order is: feasible complete trials by loss (with several objectives as in `order_losses`);
    infeasible ones by how far they are from feasible; pruned and paused ones by the step they
    reached and the loss there; failed and running ones. Finished are all but the last. Trials that
    were pruned among the folds of a cross-validation stand among the complete ones, by the estimate
    of `estimate_stopped`.

    Args:
        history: All trials.
        most: Number of the best that are needed; None: all. See `order_losses`.
        among: Ascending numbers of the trials to rank; None: all.
        cache: See `order_losses`.

    Source: Deb 2000 (infeasible trials behind feasible ones, by violation).
    """
    state = history.state
    counts = history.fits & ~history.unblamed
    if among is not None:
        counts[np.setdiff1d(history.number, among)] = False
    is_complete = counts & (state == State.COMPLETE.value)
    complete = np.flatnonzero(is_complete)
    rest = np.flatnonzero(counts & ~is_complete & (state != State.WAITING.value))

    infeasible = complete[:0]
    if history.constraint_names:
        violation = history.violation[complete]
        violates = violation > 0
        infeasible = complete[violates][np.argsort(violation[violates], kind="stable")]
        complete = complete[violation == 0]
    losses = history.losses
    estimates = estimate_stopped(history) if losses.shape[1] == 1 else None
    if estimates is not None:
        told = rest[np.isfinite(estimates[rest])]
        if history.constraint_names:
            told = told[history.violation[told] == 0]
        losses = np.where(np.isfinite(estimates), estimates, losses[:, 0])[:, None]
        complete = np.sort(np.concatenate([complete, told]))
        rest = np.setdiff1d(rest, told)
    if len(complete) == history.n:  # nothing is picked from a million
        complete = order_losses(losses, most, cache)
    else:
        complete = complete.take(order_losses(losses.take(complete, axis=0), most, cache))

    stopped = history.has_result[rest] & (history.state[rest] != State.FAILED)
    pruned = rest[stopped]
    if len(pruned):
        pruned = pruned[np.lexsort((history.last_loss[pruned], -history.last_step[pruned]))]
    n_finished = len(complete) + len(infeasible) + len(pruned)
    return np.concatenate([complete, infeasible, pruned, rest[~stopped]]), n_finished


def count_finished(history: History) -> int:
    """Return the number of finished trials, as `rank_trials` counts them."""
    state = history.state
    ended = (state != State.FAILED) & (state != State.WAITING)
    return int(np.count_nonzero(history.fits & history.has_result & ended))


def order_losses(
    losses: Array, most: int | None = None, cache: dict[bytes, Index] | None = None
) -> Index:
    """Return the order (n,) of losses (n, m), the best first.

    One objective: the smaller. Given `most`, that many and the next are in their places.

    Several: the better front; inside a front, greedily by the hypervolume that each adds to those
    before it. Given `most`, only that many are chosen: fronts that are among them as a whole stay
    in the order in which they came, and so does all the rest.

    Args:
        losses: (n, m), smaller is better.
        most: Number of the best that are needed; None: all, in order.
        cache: Holds the choice from the front of the last call; changed.

    Source: Ozaki 2022 (fronts, the last one cut by hypervolume subset selection).
    """
    if losses.shape[1] == 1:
        return _order_first(losses[:, 0], len(losses) if most is None else most)
    left = np.arange(len(losses))
    wanted = len(losses) if most is None else most
    order = list[Index]()
    while wanted > 0 and len(left):
        first = is_non_dominated(losses[left])
        first |= not first.any()  # nothing but NaN
        front = left[first]
        left = left[~first]
        if most is None or len(front) > wanted:
            chosen = _choose_subset(losses[front], wanted, {} if cache is None else cache)
            front = np.concatenate([front[chosen], np.delete(front, chosen)])
        order.append(front)
        wanted -= len(front)
    return np.concatenate([*order, left])


def _order_first(loss: Array, most: int) -> Index:
    """Return an order (n,) of losses (n,) whose first entries, `most` and one more, are sorted.

    Equal ones stay in the order in which they came.
    """
    if most >= len(loss):
        return np.argsort(loss, kind="stable")
    worse = loss > np.partition(loss, most)[most]
    first = np.flatnonzero(~worse)
    return np.concatenate([first[np.argsort(loss[first], kind="stable")], np.flatnonzero(worse)])


def _choose_subset(front: Array, k: int, cache: dict[bytes, Index]) -> Index:
    """Return the rows (min(k, f),) chosen from a front (f, m), the first choice first."""
    key = k.to_bytes(4) + front.tobytes()
    if key not in cache:
        cache.clear()
        cache[key] = subset(scale_to_reference(front), np.zeros(front.shape[1]), k)
    return cache[key]


def scale_to_reference(losses: Array) -> Array:
    """Return losses (n, m) in each objective from -1, the best, to 0, the reference point.

    Infinite losses stay infinite. Nearly infinite ones count as 1e300, so that no volume overflows.
    """
    finite = np.isfinite(losses)
    losses = np.where(finite, np.clip(losses, -1e300, 1e300), losses)
    reference = reference_point(losses)
    lowest = np.where(finite, losses, np.inf).min(axis=0, initial=np.inf)
    unit = np.where(np.isinf(lowest), 1.0, reference - lowest)
    return np.asarray((losses - reference) / unit)
