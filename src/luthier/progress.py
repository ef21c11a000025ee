"""What is seen while a study runs: a bar on a terminal, nothing elsewhere."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .trial import State, TrialRow

if TYPE_CHECKING:
    from .study import Callback, Study


@contextlib.contextmanager
def shown(study: Study, n_trials: int | None, timeout_s: float | None, progress: bool | None) -> Iterator[list[Callback]]:
    """A progress bar on stderr, as a callback; none unless `progress`, or stderr is a terminal and it is None."""
    if progress is False or (progress is None and not sys.stderr.isatty()):
        yield []
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns: list[Any] = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()]
    if n_trials is not None:
        columns.append(TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=False) as bar:
        task = bar.add_task(study.name.replace("[", r"\["), total=n_trials)
        counts = dict.fromkeys(State, 0)

        def tell(study: Study, row: TrialRow) -> None:
            counts[row.state] += 1
            best = study.history.best() if len(study.directions) == 1 else None
            text = "" if best is None else f"best {study.history.values[best, 0]:.6g}"
            for state in (State.PRUNED, State.FAILED):
                text += f", {counts[state]} {state.name.lower()}" if counts[state] else ""
            bar.update(task, advance=1, description=text or "first trials")

        yield [tell]
