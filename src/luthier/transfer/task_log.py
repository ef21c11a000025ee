"""Where a knowledge base keeps tasks: short heads in a log, and their rows beside it.

Whoever opens a base reads the heads alone; the rows of a task are read when they are wanted. They
are written before the head that names them, so a process that is killed leaves a whole task, or
rows that nothing names. Rows wait, in the storage's words; those of a task that is forgotten have
ended, and are empty.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple
from uuid import uuid4

import msgspec

from ..errors import StudyNotFoundError, TaskError
from ..history.task import Task
from ..registry.log import Draft, Event, Log, make_place
from ..storages.base import LOG, Storage
from ..trial.record import State, TrialRow

FORM = 1
"""Version of what a head holds; one with a larger number is refused."""

_HEADS = "memory of tasks"
_ROWS = "memory of tasks: rows"
_N_TOGETHER = 100  # tasks that are written in one transaction


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """A task of a knowledge base, without its rows.

    Attributes:
        id: Hash of its content.
        name: What it is called.
        family: What was tuned, such as "xgboost"; "" where nobody said.
        n: Number of its rows.
        params: Names of its parameters.
        objectives: Names of its objectives.
        directions: "minimize" or "maximize", each.
        context: Numbers that say what the data are; see `luthier.transfer.describe`.
        tags: Free tags.
        data_hash: Hash of the data; "" where nobody said.
        fingerprint: Hash of what was searched.
        source: Hash that tells its study from all others; "" where it came from no study.
        tells: Whether its rows foretell each other, so that a model can learn from them.
        place: Where its rows are.
        form: The form in which this is written.
    """

    id: str
    name: str
    family: str
    n: int
    params: tuple[str, ...]
    objectives: tuple[str, ...]
    directions: tuple[str, ...]
    context: dict[str, float]
    tags: dict[str, Any]
    data_hash: str
    fingerprint: str
    source: str
    tells: bool
    place: int
    form: int = FORM


class Entry(NamedTuple):
    """A task that a base takes in.

    Attributes:
        task: The task.
        source: Hash that tells its study from all others; "" where it came from no study.
        tells: Whether its rows foretell each other.
        is_latest: Whether it comes from the study itself, and so is newer than what is known of it.
    """

    task: Task
    source: str
    tells: bool
    is_latest: bool


class Taken(NamedTuple):
    """What became of a task that a base was given.

    Attributes:
        how: It was "added", it has "replaced" others, or it was "known" already.
        head: The task as the base has it.
    """

    how: Literal["added", "replaced", "known"]
    head: Head


class TaskLog:
    """Heads and rows of tasks in a storage. It may be shared by threads and processes."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self._log = Log(storage, _HEADS)
        self._known = _Known()
        self._lock = threading.Lock()  # of what is known
        self._rows: int | None = None

    def heads(self) -> list[Head]:
        """Return the heads of all tasks, the oldest first.

        Raises:
            TaskError: A newer luthier wrote one of them.
            RegistryError: The log is damaged.
        """
        return list(self._read(self._log.read()).heads.values())

    def load(self, heads: Sequence[Head]) -> list[Task]:
        """Return tasks with their rows; those that were forgotten meanwhile are left out.

        Raises:
            TaskError: One cannot be read.
        """
        if not heads:
            return []
        rows = self.storage.rows(self._find_rows(), [head.place for head in heads])
        texts = [row.tags.get("task") for row in rows]
        return [Task.from_json(msgspec.json.decode(text)) for text in texts if text is not None]

    def take(self, entries: Sequence[Entry]) -> list[Taken]:
        """Take tasks in, each once.

        One with the content, the study, or the data and space of one that is there is the same. The
        one that comes from the study itself counts, else the one with most rows.
        """
        found: list[Taken] = []
        for first in range(0, len(entries), _N_TOGETHER):
            found += self._take_together(entries[first : first + _N_TOGETHER])
        return found

    def forget(self, ids: Sequence[str]) -> list[Head]:
        """Remove tasks and their rows, and return their heads. The log keeps that they were there.

        A task that is not there is left out. Rows that a process was killed before it could remove
        are removed as well.
        """
        gone: list[Head] = []

        def decide(events: Sequence[Event]) -> list[Draft]:
            known = self._read(events).heads
            gone[:] = [known[one] for one in dict.fromkeys(ids) if one in known]
            return [Draft(action="forgotten", subject=head.id) for head in gone]

        self._log.append(decide)
        self._read(self._log.read())
        self._empty(self._find_left_over())
        return gone

    def _take_together(self, entries: Sequence[Entry]) -> list[Taken]:
        known = self._read(self._log.read())
        new = [entry for entry in entries if not _keeps_old(entry, known.find_same(entry))]
        places = dict(zip(map(id, new), self._write_rows([e.task for e in new]), strict=True))
        taken: list[Taken] = []
        unused: list[int] = []

        def decide(events: Sequence[Event]) -> list[Draft]:
            known = self._read(events)
            drafts = []
            taken.clear()
            unused.clear()
            for entry in entries:
                same = known.find_same(entry)
                place = places.get(id(entry))
                if _keeps_old(entry, same):
                    taken.append(Taken("known", same[-1]))
                    unused.extend([] if place is None else [place])
                elif place is not None:
                    head = _describe(entry, place)
                    drafts += [Draft(action="forgotten", subject=old.id) for old in same]
                    drafts.append(
                        Draft(action="remembered", subject=head.id, after=msgspec.to_builtins(head))
                    )
                    unused.extend(known.remove(old.id).place for old in same)
                    known.add(head)
                    taken.append(Taken("replaced" if same else "added", head))
            return drafts

        self._log.append(decide)
        self._empty(unused)
        if len(taken) < len(entries):  # somebody has forgotten what was known a moment ago
            return self._take_together(entries)
        return taken

    def _read(self, events: Sequence[Event]) -> _Known:
        """What is known after some events, to be changed freely."""
        with self._lock:
            self._known.follow(events)
            return self._known.copy()

    def _write_rows(self, tasks: Sequence[Task]) -> range:
        if not tasks:
            return range(0)
        rows = [
            TrialRow(
                number=0,
                state=State.WAITING,
                tags={"task": msgspec.json.encode(task.to_json()).decode()},
            )
            for task in tasks
        ]
        first, _ = self.storage.add_trials(self._find_rows(), rows, None, uuid4().hex)
        return range(first, first + len(rows))

    def _find_left_over(self) -> list[int]:
        """Places of forgotten tasks whose rows are still there."""
        with self._lock:
            gone = sorted(self._known.gone)
        if not gone:
            return []
        rows = self.storage.rows(self._find_rows(), gone)
        return [row.number for row in rows if row.state == State.WAITING]

    def _empty(self, places: Sequence[int]) -> None:
        """Take away what rows hold, so that nothing of a forgotten task can be read."""
        study = self._find_rows() if places else -1
        for place in places:
            row, _ = self.storage.claim(study, place, "memory")
            if row is not None:
                ended = msgspec.structs.replace(row, state=State.COMPLETE, tags={}, values=(0.0,))
                self.storage.finish(study, ended)

    def _find_rows(self) -> int:
        """The id of what holds the rows in the storage, which is made where it is not there.

        Raises:
            TaskError: A study has its name.
        """
        if self._rows is None:
            try:
                record = self.storage.study(_ROWS)
            except StudyNotFoundError:
                record = make_place(self.storage, _ROWS)
            if LOG not in record.spec:
                raise TaskError(
                    f"a study of this storage is called {_ROWS!r}, so no base can be kept here; "
                    "use another storage"
                )
            self._rows = record.id
        return self._rows


class _Known:
    """Tasks that are known after some events.

    Attributes:
        heads: Heads by id, the oldest first.
        gone: Places of the rows of tasks that are forgotten.
    """

    def __init__(
        self,
        heads: Mapping[str, Head] | None = None,
        ids: Mapping[tuple[str, ...], str] | None = None,
    ) -> None:
        self.heads = dict(heads or {})
        self.gone = set[int]()
        self._ids = dict(ids or {})  # what tells a task -> its id
        self._n_events = 0

    def follow(self, events: Sequence[Event]) -> None:
        """Read the events after those that were read before.

        Raises:
            TaskError: A newer luthier wrote one of them.
        """
        for event in events[self._n_events :]:
            if event.action == "remembered":
                self.add(_read_head(event.after))
            elif event.subject in self.heads:
                self.gone.add(self.remove(event.subject).place)
            self._n_events += 1

    def copy(self) -> _Known:
        """Return a copy to be changed, which follows no events."""
        return _Known(self.heads, self._ids)

    def add(self, head: Head) -> None:
        """Add a task."""
        self.heads[head.id] = head
        for key in _tell(head.id, head.source, head.data_hash, head.fingerprint):
            self._ids[key] = head.id

    def remove(self, one: str) -> Head:
        """Remove a task, and return its head."""
        head = self.heads.pop(one)
        for key in _tell(head.id, head.source, head.data_hash, head.fingerprint):
            if self._ids.get(key) == one:
                del self._ids[key]
        return head

    def find_same(self, entry: Entry) -> list[Head]:
        """Return what is known of the task of an entry."""
        task = entry.task
        keys = _tell(task.content, entry.source, task.data_hash, task.fingerprint)
        ids = dict.fromkeys(self._ids[key] for key in keys if key in self._ids)
        return [self.heads[one] for one in ids]


def _tell(content: str, source: str, data_hash: str, fingerprint: str) -> list[tuple[str, ...]]:
    """Return keys of a task; tasks with one of them in common are the same."""
    keys: list[tuple[str, ...]] = [("content", content)]
    if source:
        keys.append(("source", source))
    if data_hash:
        keys.append(("data", data_hash, fingerprint))
    return keys


def _read_head(stored: Any) -> Head:
    form = stored.get("form") if isinstance(stored, Mapping) else None
    if isinstance(form, int) and form > FORM:
        raise TaskError(
            f"this base holds tasks of form {form}, and this luthier reads up to {FORM}: a newer "
            "one wrote them, so install that"
        )
    try:
        return msgspec.convert(stored, Head)
    except msgspec.ValidationError as e:
        raise TaskError(f"a task of this base cannot be read: {e}") from None


def _describe(entry: Entry, place: int) -> Head:
    task = entry.task
    return Head(
        id=task.content,
        name=task.name,
        family=task.family,
        n=task.n,
        params=task.space.names,
        objectives=tuple(task.objectives),
        directions=tuple(task.directions),
        context=dict(task.context),
        tags=dict(task.tags),
        data_hash=task.data_hash,
        fingerprint=task.fingerprint,
        source=entry.source,
        tells=entry.tells,
        place=place,
    )


def _keeps_old(entry: Entry, same: Sequence[Head]) -> bool:
    """Whether what is known of a task is at least as good as what comes."""
    if not same:
        return False
    if entry.is_latest and any(entry.source == head.source for head in same):
        return same == [_describe(entry, same[0].place)]
    return max(head.n for head in same) >= entry.task.n
