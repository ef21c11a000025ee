"""Retention of checkpoints: those that no trial needs any more are deleted."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from ..checkpoints import Checkpoints, superseded
from ..errors import CheckpointError
from ..history.history import History
from ..trial.record import State, TrialRow

logger = logging.getLogger("luthier")

_OLD_S = 3600.0  # a file that no trial refers to for so long was left behind by a process that died


class CheckpointRetention:
    """The checkpoints of one study.

    A file is deleted when no trial refers to it. While a trial runs or is paused, its row refers to its
    last checkpoint and to the one before, since a population may just be copying that; one that
    copied another's refers to that too, until it has made two of its own. What a finished trial
    refers to is a matter of `store.keep`.

    Args:
        store: Where they are.
        history: The study's trials.
    """

    def __init__(self, store: Checkpoints, history: History) -> None:
        self.store = store
        self.history = history
        self._dropped: list[str] = []  # files that a row no longer refers to, once it is written

    def add(self, number: int, reference: dict[str, Any]) -> tuple[dict[str, Any], ...]:
        """Add a checkpoint to a trial; return the references that its row then holds."""
        made = (*self.history.checkpoints.get(number, ()), reference)
        self._dropped += superseded(made, self.store.keep)
        return made if self.store.keep == "all" else made[-2:]

    def end(self, row: TrialRow) -> TrialRow:
        """Return the row of a trial whose turn is over with the references that stay."""
        made = self.history.checkpoints.get(row.number, ())
        if not made:
            return row
        stay = made
        if row.state.finished and self.store.keep != "all":
            best = self._best() if self.store.keep == "best" else None
            is_kept = self.store.keep == "last" or (
                row.state == State.COMPLETE and row.confirms is None and self._beats(row, best)
            )
            stay = made[-1:] if is_kept else ()
            self._drop(made, stay)
            if self.store.keep == "best" and is_kept and best is not None:
                self._drop(self.history.checkpoints.get(best, ()), ())
                self.history.set_checkpoints(best, ())
        return replace(row, checkpoints=stay)

    def delete_dropped(self, refresh: Callable[[], None]) -> None:
        """Delete dropped files that nobody refers to, once the rows have been written.

        Args:
            refresh: Brings the history up to date: another worker's trial may just have become a
                copy.
        """
        if self._dropped:
            refresh()
        unused = [f for f in self._dropped if not self.history.users[f]]
        self._dropped = []
        if unused:
            try:
                self.store.delete(unused)
            except CheckpointError as e:
                logger.warning("%s", e)

    def sweep(self) -> None:
        """Delete files of processes that died between writing a file, noting it, and deleting it."""
        if self.store.keep == "all":
            return
        h, best = self.history, self._best() if self.store.keep == "best" else None
        needed = {
            r["file"]
            for i, made in h.checkpoints.items()
            for r in made
            if "file" in r and (best is None or i == best or h.state[i] < State.COMPLETE)
        }
        old = time.time() - _OLD_S
        try:
            self.store.delete(
                [f for f, s in self.store.files().items() if s < old and f not in needed]
            )
        except CheckpointError as e:
            logger.warning("%s", e)

    def _drop(self, made: tuple[dict[str, Any], ...], stay: tuple[dict[str, Any], ...]) -> None:
        files = {r.get("file") for r in stay}
        self._dropped += [r["file"] for r in made if "file" in r and r["file"] not in files]

    def _best(self) -> int | None:
        return self.history.best() if len(self.history.directions) == 1 else None

    def _beats(self, row: TrialRow, best: int | None) -> bool:
        """Whether a complete trial is the best so far; with several objectives all may be."""
        if best is None or row.values is None:
            return True
        return float(self.history.values_of(row.values[0])) < float(self.history.losses[best, 0])
