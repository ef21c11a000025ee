"""Retention of checkpoints: those that no trial needs any more are deleted."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import numpy as np
from msgspec.structs import replace

from ..checkpoints import Checkpoints, find_superseded
from ..errors import CheckpointError, StorageError
from ..history.leaders import find_leaders
from ..numerics.float_errors import default_errstate
from ..terminal import logger
from ..trial.record import State, TrialRow
from .bookkeeping import References
from .replica import Replica

_OLD_S = 3600.0  # a file that no trial refers to for so long was left behind by a process that died

_FAILED_S = 7 * 24 * 3600.0  # for how long a failed trial keeps its checkpoint, to be retried


class CheckpointRetention:
    """The checkpoints of one study.

    A file is deleted when no trial refers to it. While a trial runs or is paused, its row refers to
    its last checkpoint and to the one before, since a population may just be copying that; one that
    copied another's refers to that too, until it has made two of its own. What a finished trial
    refers to is a matter of `store.keep`. With "best", the best trials keep theirs, by the one
    definition of `history.leaders`, among those that have a checkpoint at all; while no trial is
    feasible, the one that comes nearest keeps its own. A failed trial can be retried, and keeps its
    last checkpoint for a week.

    Args:
        store: Where they are.
        replica: The study's trials.
    """

    def __init__(self, store: Checkpoints, replica: Replica) -> None:
        self.store = store
        self.replica = replica
        self._dropped: list[str] = []  # files that a row no longer refers to, once it is written
        self._due: list[tuple[float, str]] = []  # those of rows that are written, and from when on
        self._has_ended = False  # whether a trial with checkpoints is over, which may beat others

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
            may_go_on = row.state == State.FAILED or self.store.keep == "last"
            is_kept = may_go_on or self._is_among_best(row)
            stay = made[-1:] if is_kept else ()
            self._drop(made, stay)
            self._has_ended = True
        return replace(row, checkpoints=stay)

    def forget_dropped(self) -> None:
        """Keep what was dropped: the row that no longer refers to it was not stored."""
        self._dropped = []
        self._has_ended = False

    def delete_dropped(self) -> None:
        """Delete dropped files that nobody refers to, once the rows have been written.

        They are deleted when a loss of power cannot bring back rows that refer to them.
        """
        if self._has_ended:
            self._drop_beaten()
        if not self._dropped and not self._due:
            return
        now_s = time.monotonic()
        due_s = now_s + self.replica.storage.durable_after_s
        self._due += [(due_s, file) for file in self._dropped]
        self._dropped = []
        due = [file for due_s, file in self._due if due_s <= now_s]
        if due:
            self._due = [entry for entry in self._due if entry[0] > now_s]
            self.replica.refresh()  # another worker's trial may just have become a copy
            self._delete(due)

    def sweep(self) -> None:
        """Delete files that processes left behind which died while they saved or deleted one."""
        if self.store.keep == "all":
            return
        self._drop_beaten()
        self._drop_failed()
        dropped = set(self._dropped)
        old = time.time() - _OLD_S
        try:
            found = self.store.files()
        except CheckpointError as e:
            logger.warning("%s", e)
            return
        self._delete(
            file
            for file, changed_s in found.items()
            if changed_s < old and file not in dropped and not self._goes_on(file)
        )
        self.delete_dropped()

    def _delete(self, files: Iterable[str]) -> None:
        """Delete those files that no trial refers to."""
        unused = [file for file in files if not self.replica.books.is_used(file)]
        if not unused:
            return
        try:
            self.replica.storage.persist()
            self.store.delete(unused)
        except (CheckpointError, StorageError) as e:
            logger.warning("%s", e)

    def _goes_on(self, file: str) -> bool:
        """Whether a file is of a trial that is not over: its row may be older than the file."""
        number = int(file.lstrip(".").partition("-")[0])
        state = self.replica.history.state
        return number < len(state) and not State(int(state[number])).finished

    def _drop(self, made: References, stay: References) -> None:
        files = {r.get("file") for r in stay}
        self._dropped += [r["file"] for r in made if "file" in r and r["file"] not in files]

    def _drop_beaten(self) -> None:
        """Drop the checkpoints of complete trials that are not among the best any more."""
        self._has_ended = False
        if self.store.keep != "best":
            return
        complete = self._complete_with_checkpoints()
        for number in complete - self._find_best(complete):
            self._drop(self.replica.books.checkpoints[number], ())
            self.replica.set_checkpoints(number, ())

    def _drop_failed(self) -> None:
        """Drop the checkpoints of trials that failed long ago."""
        if self.store.keep != "best":
            return
        history = self.replica.history
        old = time.time() - _FAILED_S
        for number in [i for i in self.replica.books.checkpoints if history.finished_s[i] < old]:
            if history.state[number] == State.FAILED:
                self._drop(self.replica.books.checkpoints[number], ())
                self.replica.set_checkpoints(number, ())

    def _complete_with_checkpoints(self) -> set[int]:
        state = self.replica.history.state
        return {i for i in self.replica.books.checkpoints if state[i] == State.COMPLETE}

    @default_errstate()
    def _find_best(self, numbers: Iterable[int]) -> set[int]:
        """The best of some complete trials; of infeasible ones only where none is feasible."""
        history = self.replica.history
        if history.eligible.any():
            return set(history.leaders(np.array([*numbers], dtype=np.int64)).tolist())
        infeasible = [i for i in numbers if not history.confirming[i]]
        return {min(infeasible, key=self._distance)} if infeasible else set()

    def _distance(self, number: int) -> tuple[Any, ...]:
        """How far an infeasible trial is from the best, by what it noted alone.

        What other trials note must not change the order, or what was deleted could come to lead.
        """
        above = [v for v in self.replica.history.constraints_of(number).values() if v > 0]
        return len(above), sum(above), *self.replica.history.losses[number], number

    @default_errstate()
    def _is_among_best(self, row: TrialRow) -> bool:
        """Whether a trial that is not stored yet will be among the best that have checkpoints."""
        if row.state != State.COMPLETE or row.confirms is not None or row.values is None:
            return False
        history = self.replica.history
        if not row.feasible:
            return not history.eligible.any()
        best = history.leaders(np.array([*self._complete_with_checkpoints()], dtype=np.int64))
        losses = np.vstack([history.losses[best], history.losses_of(np.array(row.values))])
        return row.number in find_leaders(np.append(best, row.number), losses)
