"""Retention of checkpoints: those that no trial needs any more are deleted."""

from __future__ import annotations

import logging
import time
from typing import Any

from msgspec.structs import replace

from ..checkpoints import Checkpoints, find_superseded
from ..errors import CheckpointError
from ..trial.record import State, TrialRow
from .bookkeeping import References
from .replica import Replica

logger = logging.getLogger("luthier")

_OLD_S = 3600.0  # a file that no trial refers to for so long was left behind by a process that died


class CheckpointRetention:
    """The checkpoints of one study.

    A file is deleted when no trial refers to it. While a trial runs or is paused, its row refers to
    its last checkpoint and to the one before, since a population may just be copying that; one that
    copied another's refers to that too, until it has made two of its own. What a finished trial
    refers to is a matter of `store.keep`.

    Args:
        store: Where they are.
        replica: The study's trials.
    """

    def __init__(self, store: Checkpoints, replica: Replica) -> None:
        self.store = store
        self.replica = replica
        self._dropped: list[str] = []  # files that a row no longer refers to, once it is written

    def add(self, number: int, reference: dict[str, Any]) -> References:
        """Add a checkpoint to a trial; return the references that its row then holds."""
        made = (*self.replica.books.checkpoints.get(number, ()), reference)
        self._dropped += find_superseded(made, self.store.keep)
        return made if self.store.keep == "all" else made[-2:]

    def end(self, row: TrialRow) -> TrialRow:
        """Return the row of a trial whose turn is over with the references that stay."""
        made = self.replica.books.checkpoints.get(row.number, ())
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
                self._drop(self.replica.books.checkpoints.get(best, ()), ())
                self.replica.set_checkpoints(best, ())
        return replace(row, checkpoints=stay)

    def delete_dropped(self) -> None:
        """Delete dropped files that nobody refers to, once the rows have been written."""
        if self._dropped:
            self.replica.refresh()  # another worker's trial may just have become a copy
        unused = [f for f in self._dropped if not self.replica.books.is_used(f)]
        self._dropped = []
        if unused:
            try:
                self.store.delete(unused)
            except CheckpointError as e:
                logger.warning("%s", e)

    def sweep(self) -> None:
        """Delete files that processes left behind which died while they saved or deleted one."""
        if self.store.keep == "all":
            return
        state = self.replica.history.state
        best = self._best() if self.store.keep == "best" else None
        needed = {
            r["file"]
            for i, made in self.replica.books.checkpoints.items()
            for r in made
            if "file" in r and (best is None or i == best or state[i] < State.COMPLETE)
        }
        old = time.time() - _OLD_S
        try:
            self.store.delete(
                [f for f, s in self.store.files().items() if s < old and f not in needed]
            )
        except CheckpointError as e:
            logger.warning("%s", e)

    def _drop(self, made: References, stay: References) -> None:
        files = {r.get("file") for r in stay}
        self._dropped += [r["file"] for r in made if "file" in r and r["file"] not in files]

    def _best(self) -> int | None:
        return self.replica.history.best() if len(self.replica.history.directions) == 1 else None

    def _beats(self, row: TrialRow, best: int | None) -> bool:
        """Whether a complete trial is the best so far; with several objectives all may be."""
        if best is None or row.values is None:
            return True
        return float(self.replica.history.values_of(row.values[0])) < float(
            self.replica.history.losses[best, 0]
        )
