"""Which trials are better than which: by loss or front, by constraints, by how far they came."""

from __future__ import annotations

import numpy as np

from ..history.history import History
from ..numerics.hypervolume import reference_point, subset
from ..numerics.pareto import non_dominated
from ..trial.record import State
from ..typing import Array, Index


def ranked(
    history: History,
    most: int | None = None,
    among: Index | None = None,
    memory: dict[bytes, Index] | None = None,
) -> tuple[Index, int]:
    """Numbers of the trials that fit the space, the best first, and how many of them are complete, pruned or paused.

    Feasible complete trials by loss, or with several objectives as in `best_first`; then infeasible
    ones by how far they are from feasible; then pruned and paused ones by the step they reached and
    the loss there; then failed and running ones.

    Args:
        history: All trials.
        most: How many of the best are needed, where there are several objectives; None: all. See
            `best_first`.
        among: Ascending numbers of those to rank; None: all.
        memory: See `best_first`.
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
    complete = complete[best_first(history.losses[complete], most, memory)]
    stopped = history.has_result[rest] & (history.state[rest] != State.FAILED)
    pruned = rest[stopped]
    if len(pruned):
        pruned = pruned[np.lexsort((history.last_loss[pruned], -history.last_step[pruned]))]
    n_finished = len(complete) + len(infeasible) + len(pruned)
    return np.concatenate([complete, infeasible, pruned, rest[~stopped]]), n_finished


def finished(history: History) -> int:
    """How many trials that fit the space are complete, pruned or paused, as `ranked` counts them."""
    state = history.state
    counts = history.fits & history.has_result & (state != State.FAILED) & (state != State.WAITING)
    return int(np.count_nonzero(counts))


def best_first(
    losses: Array, most: int | None = None, memory: dict[bytes, Index] | None = None
) -> Index:
    """(n,) Which of some losses (n, m) come first.

    The smaller, or with several objectives those of better fronts.

    Inside a front each is chosen for the hypervolume that it adds to those before. Given `most`,
    only that many are chosen: fronts that are among them as a whole stay in the order in which they
    came, and so does all the rest.

    Args:
        losses: (n, m), smaller is better.
        most: How many of the best are needed; None: all, in order.
        memory: Who was chosen from the front of the last call; changed.

    Source: Ozaki 2022 (fronts, the last one cut by hypervolume subset selection).
    """
    if losses.shape[1] == 1:
        return np.argsort(losses[:, 0], kind="stable")
    left, wanted = np.arange(len(losses)), len(losses) if most is None else most
    order = list[Index]()
    while wanted > 0 and len(left):
        first = non_dominated(losses[left])
        first |= not first.any()  # nothing but NaN
        of, left = left[first], left[~first]
        if most is None or len(of) > wanted:
            chosen = _chosen(losses[of], wanted, {} if memory is None else memory)
            of = np.concatenate([of[chosen], np.delete(of, chosen)])
        order.append(of)
        wanted -= len(of)
    return np.concatenate([*order, left])


def _chosen(front: Array, k: int, memory: dict[bytes, Index]) -> Index:
    """(min(k, f),) Who is chosen from a front (f, m), the first pick first.

    Taken from memory if it is the last one.
    """
    key = k.to_bytes(4) + front.tobytes()
    if key not in memory:
        memory.clear()
        memory[key] = subset(depths(front), np.zeros(front.shape[1]), k)
    return memory[key]


def depths(losses: Array) -> Array:
    """(n, m) losses as distances from their reference point in units of the deepest.

    -1 is the best, 0 the reference.

    What is infinite stays so; what is nearly so counts as 1e300, so that no volume overflows.
    """
    finite = np.isfinite(losses)
    losses = np.where(finite, np.clip(losses, -1e300, 1e300), losses)
    reference = reference_point(losses)
    lowest = np.where(finite, losses, np.inf).min(axis=0, initial=np.inf)
    unit = np.where(np.isinf(lowest), 1.0, reference - lowest)
    return np.asarray((losses - reference) / unit)
