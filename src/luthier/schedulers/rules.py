"""What the policies agree on.

How losses rank, at which steps a trial is judged.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..history.history import History
from ..history.rungs import WORST, ranked
from ..typing import Array

__all__ = ["WORST", "due", "nobody_beyond", "parts", "ranked"]

_N_PART = 32_768


def parts(n: int) -> Iterator[slice]:
    """Slices that cover n rows.

    What is computed of one at a time stays in the processor's cache.
    """
    return (slice(begin, begin + _N_PART) for begin in range(0, n, _N_PART))


def due(steps: Array, n_warmup_steps: float, interval_steps: float) -> bool:
    """Whether the latest report is the first since the warm-up, or since another interval was over.

    Args:
        steps: (k,) Steps reported so far, ascending.
        n_warmup_steps: Step before which nothing is due.
        interval_steps: Steps between two times, counted from the warm-up.
    """
    if not len(steps) or steps[-1] < n_warmup_steps:
        return False
    begin = n_warmup_steps + (float(steps[-1]) - n_warmup_steps) // interval_steps * interval_steps
    return len(steps) == 1 or bool(steps[-2] < begin)


def nobody_beyond(history: History, number: int) -> bool:
    """Whether no trial has been trained further.

    A trial that pauses there may have nothing left to do.
    """
    return not bool((history.last_step > history.last_step[number]).any())
