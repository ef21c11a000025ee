"""A study as this process knows it: spec, space and trials, in step with the storage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from ..history.history import History
from ..history.task import Task
from ..space.space import Space
from ..storages import Storage
from ..storages.base import Changes, StudyRecord
from ..storages.settings import Settings, StoredMemory, read_settings, read_space
from ..storages.transitions import lease_expired
from ..trial.record import State, TrialRow
from .bookkeeping import Bookkeeping, References
from .stored_tasks import read_tasks

_BLOCK = 2000  # trials that the history takes in at a time: what a processor keeps at hand


class Replica:
    """Spec, history and bookkeeping of one study, fed with what its storage reports as changed.

    It has no lock: its engine has one.

    Args:
        storage: Where the study lives.
        record: The study there.
        history: The trials as samplers and schedulers see them.
        space: The space that is stored; the history's own where that is the same.
        follows: Whether the history's space becomes what others store; not where another space
            was declared here.

    Attributes:
        name: The study's name.
        settings: The stored settings of the study, as of the last look.
        spec: The same in JSON's types, with what this version does not know.
        space: The stored space; the history's own where that is the same.
        books: Tokens, leases and checkpoints, which only the engine needs.
        held: Number -> token of the trials that this process runs.
        keeps_proposals: Whether running trials stay in the history as they began, whatever their
            objective has asked for since: for runs that must not depend on timing.
        n_met: How many trials others have begun between the last two of `turn_over`.
    """

    def __init__(
        self,
        storage: Storage,
        record: StudyRecord,
        history: History,
        space: Space,
        follows: bool,
    ) -> None:
        self.storage = storage
        self.name = record.name
        self.study = record.id
        self.history = history
        self.settings: Settings = read_settings(record)
        self.spec = dict(record.spec)
        self.space = space
        self._record = record
        self._follows = follows
        self.books = Bookkeeping()
        self.held: dict[int, int] = {}
        self.keeps_proposals = False
        self.n_met = 0
        self._memory: tuple[Task, ...] = ()
        self._stored_memory = StoredMemory()
        self._adopt(self.spec, space)

    def refresh(self) -> None:
        """Read what others have written since the last look."""
        since = self.history.revision
        if since:
            changes = self.storage.changes(self.study, since)
        else:
            changes = self.storage.read_all(self.study, self._put)
        if changes.revision == since:
            return
        self._take_in(changes)
        self.history.set_revision(changes.revision)

    def _take_in(self, changes: Changes) -> None:
        if changes.spec is not None:
            self._adopt(changes.spec)
        self._put(changes.rows)
        for r in changes.reports:
            self.history.put_report(r.number, r.step, r.value)

    def change_spec(self, changed: Mapping[str, Any], space: Space | None = None) -> bool:
        """Store some settings anew, unless others have stored theirs since the last look.

        In any case the latest are known then, so that the caller may try again.

        Args:
            changed: The settings.
            space: The space that they describe, if they do.

        Returns:
            Whether they were stored.
        """
        spec = {**self.spec, **changed}
        is_stored = self.storage.update_study(self.study, spec, self.history.revision)
        if is_stored:
            self._adopt(spec, space)
        self.refresh()
        return is_stored

    def edit_spec(
        self, edit: Callable[[Settings], Mapping[str, Any]], space: Space | None = None
    ) -> None:
        """Change settings by what they are, on top of what others have stored.

        Args:
            edit: Takes the settings; returns those that are to be changed. It is called again where
                others have stored theirs meanwhile.
            space: The space that they describe, if they do.
        """
        is_stored = False
        while not is_stored:
            self.refresh()
            changed = edit(self.settings)
            is_new = {**self.spec, **changed} != self.spec
            is_stored = not is_new or self.change_spec(changed, space)

    def _adopt(self, spec: Mapping[str, Any], space: Space | None = None) -> None:
        """Take over stored settings.

        Args:
            spec: The settings.
            space: The space that they describe, where it is at hand.

        Raises:
            StorageDamagedError: Others have stored what are no settings.
        """
        settings = read_settings(replace(self._record, spec=dict(spec)))
        is_shown = self.history.space is self.space and (self._follows or space is not None)
        if space is None and settings.space != self.settings.space:
            space = read_space(self.name, settings.space).made_of(self.space)

        self.settings = settings
        self.spec = dict(spec)
        if settings.memory != self._stored_memory:
            self._stored_memory = settings.memory
            self._memory = read_tasks(settings.memory, self.name)
        self.history.update_info(
            crash=settings.catch_as == "infeasible",
            hidden=settings.controls.hidden,
            comparisons=tuple((c.better, c.worse, c.equal) for c in settings.comparisons),
            memory=self._memory,
        )
        if space is not None:
            self.space = space
            if is_shown and space is not self.history.space:
                self.history.set_space(space)

    def apply(self, revision: int, *rows: TrialRow) -> None:
        """Follow an own write; what others wrote in between is read when somebody needs it.

        Args:
            revision: The study's revision after the write.
            rows: The trials as they were written, by number; none where others may have written.
        """
        if not rows or rows[0].number > self.history.n:
            self.refresh()
            return
        self._put(rows)
        if revision == self.history.revision + 1:
            self.history.set_revision(revision)

    def turn_over(self, row: TrialRow | None, offers: Sequence[TrialRow]) -> TrialRow | None:
        """Store the end of a trial, if there is one, and begin the next.

        Args:
            row: The trial that ends.
            offers: See `Storage.turn_over`.

        Returns:
            The offer that was begun; None where none was.
        """
        turned = self.storage.turn_over(self.study, row, offers, self.history.revision)
        begun = [offer for offer in offers if offer.number == turned.begun]
        n_known = self.history.n
        self._take_in(turned.others)
        known = turned.others.revision >= turned.revision and bool(begun)  # it stands there too
        self.n_met = self.history.n - n_known - known
        self._put([*begun] if row is None else [row, *begun])
        self.history.set_revision(turned.revision)
        return begun[0] if begun else None

    def rows(self, numbers: Sequence[int] | None = None) -> list[TrialRow]:
        """Rows of some trials, or of all, by number."""
        return self.storage.rows(self.study, numbers)

    def set_checkpoints(self, number: int, references: References) -> None:
        """Note what a trial can go on from."""
        self.books.set_checkpoints(number, references)
        self.history.set_checkpoint_step(number, references[-1]["step"] if references else None)

    def guess_expired(self, numbers: Iterable[int], now: float) -> list[int]:
        """Those running trials whose lease has run out at a time, as far as is known; ascending."""
        lease_s = self.storage.lease_s
        return sorted(i for i in numbers if lease_expired(self.books.lease_s(i), now, lease_s))

    def find_expired(self, numbers: Iterable[int]) -> list[int]:
        """Those running trials whose lease has run out, as the storage has it.

        Only trials are looked up whose lease was to end by now; a lease that turns out to have been
        extended is noted.
        """
        now = self.storage.now()
        due = self.guess_expired(numbers, now)
        expired = []
        for row in self.rows(due) if due else ():
            is_running = row.state == State.RUNNING
            if is_running and lease_expired(row.lease_s, now, self.storage.lease_s):
                expired.append(row.number)
            else:
                self.books.set_lease(row.number, row.lease_s)
        return expired

    def _put(self, rows: Sequence[TrialRow]) -> None:
        shown = rows
        if self.keeps_proposals:
            running = self.history.running
            shown = [r for r in rows if r.state != State.RUNNING or r.number not in running]
        for first in range(0, len(shown), _BLOCK):
            self.history.put(shown[first : first + _BLOCK])
        self.books.put(rows)
