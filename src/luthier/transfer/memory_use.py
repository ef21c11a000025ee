"""What earlier tasks had to do with a trial, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..history.history import History
from ..space.space import Space
from ..typing import Array
from ..wording import count_of
from .comparable import collect_comparable
from .recall import recall
from .safe_start import find_drop, find_rows

_N_SHOWN = 3  # tasks that are named
_LITTLE = 0.05  # a weight below which earlier tasks have no say


def describe_use(
    space: Space,
    history: History,
    X: Array,
    weight: float | None,
    tasks: Sequence[tuple[str, float]] = (),
) -> str:
    """Return what earlier tasks have to do with a proposal: "portfolio", a weight, or nothing.

    A weight is followed by the three tasks with most influence, "w=0.83: old +61 %, other -20 %":
    the share of each in what all tasks explain, and whether it says the same or the contrary.

    Args:
        space: The space.
        history: All trials before it.
        X: (1, d) the proposal.
        weight: Of the model that knows the tasks; None where no model proposed it.
        tasks: Names and weights within that model, the largest first.
    """
    if weight is not None:
        total = sum(w * w for _, w in tasks)
        shares = [
            f"{name:.40} {'+' if w > 0 else '-'}{100 * w * w / total:.0f} %"
            for name, w in tasks[:_N_SHOWN]
            if total > 0
        ]
        return f"w={weight:.2f}" + (f": {', '.join(shares)}" if shares else "")
    recalled = recall(space, history)
    if recalled is not None and find_rows(recalled.portfolio, X)[0]:
        return "portfolio"
    return ""


def explain_memory(history: History, number: int, use: str) -> str:
    """Return a sentence on what earlier tasks had to do with a trial; "" where there are none.

    Args:
        history: All trials.
        number: The trial's.
        use: What its tag "from_memory" says; "" without.
    """
    recalled = recall(history.space, history) if history.info.memory else None
    if recalled is None:
        return ""
    n_tasks = max(len(m.matched) for m in recalled.models if m is not None)
    tasks = count_of(n_tasks, "earlier task")
    dropped = _find_drop(history, number)
    if use == "portfolio":
        place = int(np.argmax(find_rows(history.X[[number]], recalled.portfolio)))
        return f"it is number {place + 1} of the configurations that helped {tasks}"
    if use.startswith("w="):
        text, _, shares = use[2:].partition(": ")
        weight = float(text)
        if weight < _LITTLE:
            return f"{tasks} had no say: a model without them foretells the results better"
        named = f" ({shares})" if shares else ""
        return (
            f"{tasks} had a weight of {weight:.2f} in it, by how well they foretell the results"
            f"{named}"
        )
    if dropped is not None:
        return (
            f"memory was dropped after trial {dropped}: it ranked the first results the wrong way "
            "round"
        )
    return use


def summarise_use(history: History, uses: Mapping[int, str]) -> str:
    """Return what earlier tasks have to do with a study by now; "" where there are none.

    Args:
        history: All trials.
        uses: What the tag "from_memory" of each trial says, by number; "" without.
    """
    if not uses or not history.info.memory:
        return ""
    n_first = sum(use == "portfolio" for use in uses.values())
    parts = [f"{count_of(n_first, 'trial')} of their portfolio"] if n_first else []
    weighed = [number for number, use in uses.items() if use.startswith("w=")]
    dropped = _find_drop(history, max(uses) + 1)
    if weighed:
        weight = float(uses[max(weighed)][2:].partition(": ")[0])
        parts.append(f"weight {weight:.2f} in trial {max(weighed)}")
    if dropped is not None:
        parts.append(
            f"dropped for the first trials after trial {dropped}, as memory ranked them the wrong "
            "way round"
        )
    return ", ".join(parts)


def _find_drop(history: History, number: int) -> int | None:
    """Return the trial after which the start was without memory, before another; None for none."""
    recalled = recall(history.space, history)
    if recalled is None:
        return None
    known, losses = collect_comparable(history)
    before = known < number
    known, losses = known[before], losses[before]
    n = find_drop(history.space, history.X[known], losses, recalled, history.budget)
    return None if n is None else int(known[n - 1])
