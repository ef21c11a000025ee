"""Rules that end a search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .base import Trials


def no_progress_loss(
    iteration_stop_count: int = 20, percent_increase: float = 0.0
) -> Callable[..., tuple[bool, list[Any]]]:
    """Return a rule that ends a search after some trials in a row without a better loss.

    Args:
        iteration_stop_count: How many.
        percent_increase: By how many percent of its size a loss must be better to count.
    """

    def stop(
        trials: Trials, best_loss: float | None = None, n_without: int = 0
    ) -> tuple[bool, list[Any]]:
        loss = trials.trials[-1]["result"].get("loss")
        if best_loss is None:
            return False, [loss, n_without + 1]
        is_better = loss is not None and loss < best_loss - abs(best_loss) * percent_increase / 100
        if is_better:
            best_loss, n_without = loss, 0
        else:
            n_without += 1
        return n_without >= iteration_stop_count, [best_loss, n_without]

    return stop
