"""A search without a study: a sampler, a history, and workers that finish in random order."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from luthier import Space, State, TrialRow
from luthier.history.history import History
from luthier.numerics.random_streams import Streams
from luthier.samplers import Sampler


def search(
    f: Callable[[dict], float],
    space: Space,
    n: int,
    sampler: Sampler,
    seed: int = 0,
    workers: int = 1,
    check: Callable[[History], None] | None = None,
    history: History | None = None,
) -> History:
    """The history of n trials, `workers` at a time, that finish in random order.

    Args:
        f: The objective, of a trial's params.
        space: The space.
        n: How many trials.
        sampler: What proposes them.
        seed: Of the proposals and of the order.
        workers: How many trials run at a time.
        check: Called with the history before each proposal.
        history: Trials to go on from; None begins afresh.
    """
    h = History(space, ["minimize"], seed) if history is None else history
    streams = Streams(seed)
    rng = np.random.default_rng(seed)
    running: list[TrialRow] = []
    end = h.n + n
    while h.n < end or running:
        while len(running) < workers and h.n < end:
            if check is not None:
                check(h)
            params = space.decode(sampler.sample(space, h, 1, streams.at(h.n)))[0]
            running.append(TrialRow(number=h.n, state=State.RUNNING, params=params))
            h.put(running[-1:])
        row = running.pop(rng.integers(len(running)))
        h.put(
            [
                TrialRow(
                    number=row.number,
                    state=State.COMPLETE,
                    params=row.params,
                    values=(f(row.params),),
                )
            ]
        )
    return h


def best(h: History, start: int = 0) -> float:
    """The smallest loss from a trial on."""
    return float(np.nanmin(h.losses[start:, 0]))
