"""PASHA: ASHA that trains no further than needed for a stable ranking of the trials."""

from __future__ import annotations

from typing import final

import numpy as np

from ..history.history import History
from ..typing import Index
from .asha import AsynchronousHalving

_N_CURVES = 50  # curves that are compared in pairs


@final
class PASHA(AsynchronousHalving):
    """`ASHA` by promotion, with a top rung that rises only while the ranking below it is unstable.

    At first the second rung is the top: no trial is promoted from there. Where the trials at the
    top rung rank otherwise than they did at the rung before, the next rung becomes the top, and so
    on. A trial may change places with others whose loss at the lower rung differs by at most
    epsilon: the 90th percentile of the differences between trials whose curves cross more than
    once, which is noise. When all trials of the study have been started and none runs, the best go
    on whatever the top, so that some trial comes to its end.

    The best is trained to its end once no further trial may begin, so give `n_trials`: a study that
    only its time bounds may have nothing complete.

    Args:
        min_resource: The first rung, in steps.
        max_resource: The step at which trials end; None if there is no such step.
        reduction_factor: One in so many goes on.
        n_min: How many trials must be counted at a rung before one is promoted there.

    Raises:
        ValueError: An argument is out of its range.

    Source: Bohdal 2023, section 4, and Syne Tune for epsilon. Deviations: the top rung is read anew
    from the history, as the lowest whose ranking is stable, so it can fall again; epsilon is taken
    from the best 50 curves at the top, each standing at its latest report; of several objectives
    the first tells whether a ranking is stable.
    """

    def __init__(
        self,
        min_resource: float = 1,
        max_resource: float | None = None,
        reduction_factor: float = 3,
        n_min: int = 1,
    ) -> None:
        super().__init__(min_resource, max_resource, reduction_factor, n_min)

    def _top(self, history: History, steps: list[float], most: int) -> int:
        """The lowest rung, from the second on, whose ranking is stable."""
        top = 1
        while top < min(most, self._end(steps)) and not self._stable(history, steps, top):
            top += 1
        return top

    def _stable(self, history: History, steps: list[float], top: int) -> bool:
        """Whether the trials at a rung rank as they did at the rung before, but for noise."""
        here = self._rungs.at(history, steps, top)
        before = self._rungs.at(history, steps, top - 1, here.numbers).losses[:, 0]
        loss = here.losses[:, 0]
        n = len(here.numbers)
        if n < 2:
            return True
        with np.errstate(over="ignore"):
            # Noise cannot be larger than the range of the best losses.
            last = min(_N_CURVES, n) - 1
            most = np.partition(loss, last)[last] - loss.min()
            # Those that are equal here have kept the ranks they had before.
            if before[loss == loss.min()].min() - before.min() > most:
                return False

            # The largest change that reordering by the lower rung would make there.
            order = np.lexsort((before, loss))
            moved = np.abs(before[order] - np.sort(before)).max()
        if moved == 0 or moved > most:
            return bool(moved == 0)
        return bool(moved <= noise(history, here.numbers[order[:_N_CURVES]], steps[top]))


def noise(history: History, numbers: Index, step: float) -> float:
    """Noise of losses at a step, as the trials' curves show it.

    It is the 90th percentile of the differences there between trials whose curves have crossed more
    than once before; 0 where there are none.

    Args:
        history: All trials and all reports so far.
        numbers: Trials that are compared.
        step: The step.
    """
    curves = [history.reports_of(int(i)) for i in numbers]
    grid = np.unique(np.concatenate([s for s, _ in curves]))
    grid = grid[: np.searchsorted(grid, step) + 1]  # up to the first report there
    L = np.stack(
        [y[np.maximum(np.searchsorted(s, grid, side="right") - 1, 0)] for s, y in curves], axis=1
    )

    # L (steps, trials) are the losses on a common grid; count for all pairs how often they cross.
    above = L[:, :, None] > L[:, None, :]
    crossings = np.count_nonzero(above[1:] != above[:-1], axis=0)
    i, j = np.nonzero(np.triu(crossings > 1, 1))
    gaps = np.abs(L[-1, i] - L[-1, j])
    gaps = gaps[np.isfinite(gaps)]
    return float(np.percentile(gaps, 90)) if len(gaps) else 0.0
