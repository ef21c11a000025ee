"""A log that only grows: events under a hash chain, appended by compare-and-set.

A log lives in any storage, as rows that are added and never changed. What holds now is read off the
events, so an event is the change itself: there is no second place that could disagree with it, and
a process that is killed leaves either all of a change or none.
"""

from __future__ import annotations

import getpass
import hashlib
import platform
import threading
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

import msgspec
import numpy as np

from ..errors import RegistryError, StorageDamagedError, StudyExistsError, StudyNotFoundError
from ..space.space import Space
from ..storages.base import LOG, Storage, StudyRecord
from ..trial.record import State, TrialRow
from ..validation import show

_BEGIN = ""  # the hash before the first event
_UNREADABLE = "its row cannot be read"
_FORM = 1  # of what an event holds; raised where an older luthier would misread it


class Draft(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A change that somebody wants to make.

    Attributes:
        action: What is done: "registered", "promoted", ...
        subject: To what: the name of a version, an alias, a roll-out.
        before: What held before, in JSON's types.
        after: What holds from now on, in JSON's types, NumPy's, or as a struct; an event that was
            read has JSON's.
        reason: Why, in the words of whoever does it.
        evidence: The figures that led to it, in JSON's types.
    """

    action: str
    subject: str
    before: Any = None
    after: Any = None
    reason: str = ""
    evidence: dict[str, Any] = {}


class Event(Draft, frozen=True, kw_only=True, omit_defaults=True):
    """A change that was made.

    Attributes:
        number: 0, 1, 2, ... within the log.
        at_s: When, in seconds since 1970, by the storage's clock.
        actor: Who did it.
        form: The form in which the event is written.
        sha256: Hash of the event and of all events before it.
    """

    number: int
    at_s: float
    actor: str
    form: int
    sha256: str = ""


class Damage(msgspec.Struct, frozen=True):
    """What is wrong with a log.

    Attributes:
        number: The first event that does not hold.
        what: What is wrong with it, in words.
    """

    number: int
    what: str


class Log:
    """One log of a storage. It may be shared by threads, processes and machines.

    Args:
        storage: Where it is kept.
        name: Its name there, such as "model churn".
        actor: Who makes changes; None for the user of this process at this machine.
    """

    def __init__(self, storage: Storage, name: str, actor: str | None = None) -> None:
        self.storage = storage
        self.name = name
        self.actor = actor or _this_user()
        self._study: int | None = None
        self._revision = 0
        self._events: list[Event] = []
        self._lock = threading.Lock()

    def read(self) -> Sequence[Event]:
        """Return all events, the oldest first; none where the log was never written to.

        Raises:
            RegistryError: An event does not hold (see `verify`), or a newer luthier wrote it.
        """
        with self._lock:
            self._read_new()
            return tuple(self._events)

    def append(self, decide: Callable[[Sequence[Event]], Sequence[Draft]]) -> list[Event]:
        """Append the events that a decision on all earlier ones calls for, in one transaction.

        Where another process appends first, `decide` is asked again, with its events.

        Args:
            decide: Returns the changes; none to make none. What it raises ends the call.

        Returns:
            The events.
        """
        while True:
            with self._lock:
                self._read_new()
                before = tuple(self._events)
            drafts = decide(before)
            if not drafts:
                return []
            if events := self._add(drafts, before):
                return events

    def verify(self) -> Damage | None:
        """Walk the chain anew from the storage; None where every event holds.

        Who can write to the storage can also write the whole chain again: keep the last hash
        elsewhere to notice that.
        """
        study = self._find()
        if study is None:
            return None
        record = self.storage.study(self.name)
        previous, number = _BEGIN, 0
        while record.damage is not None or number < record.n_trials:
            row = self._salvage(study, number)
            if row is None:
                return Damage(number, _UNREADABLE)
            text, sha256 = str(row.tags.get("event")), row.tags.get("sha256")
            if sha256 != _chain(previous, text):
                return Damage(number, "it does not fit its hash")
            previous, number = str(sha256), number + 1
        try:
            self.storage.changes(study, 0)
        except StorageDamagedError:  # there were more
            return Damage(number, _UNREADABLE)
        return None

    def _salvage(self, study: int, number: int) -> TrialRow | None:
        try:
            return self.storage.salvage(study, number)[0]
        except StorageDamagedError:  # the database itself cannot read it
            return None

    def _add(self, drafts: Sequence[Draft], before: Sequence[Event]) -> list[Event]:
        """Append events after those that the caller knows; none where there are others by now."""
        study = self._find() or self._create()
        sha256 = before[-1].sha256 if before else _BEGIN
        events, rows = [], []
        for number, draft in enumerate(drafts, len(before)):
            event = Event(
                **msgspec.structs.asdict(draft),
                number=number,
                at_s=self.storage.now(),
                actor=self.actor,
                form=_FORM,
            )
            text = msgspec.json.encode(event, enc_hook=to_plain).decode()
            sha256 = _chain(sha256, text)
            events.append(_decode(text, sha256))
            rows.append(
                TrialRow(
                    number=0,
                    state=State.COMPLETE,
                    values=(0.0,),
                    tags={"event": text, "sha256": sha256},
                    finished_s=event.at_s,
                )
            )
        first, _ = self.storage.add_trials(study, rows, len(before), uuid4().hex)
        return events if first >= 0 else []

    def _read_new(self) -> None:
        study = self._find()
        if study is None:
            return
        try:
            found = self.storage.changes(study, self._revision)
        except StorageDamagedError as e:
            damage = self.verify()
            which = "" if damage is None else f": event {damage.number}, {damage.what}"
            raise RegistryError(f"the log {self.name!r} is damaged{which} ({e})") from e
        for row in sorted(found.rows, key=lambda row: row.number):
            self._events.append(self._decode(row))
        self._revision = found.revision

    def _decode(self, row: TrialRow) -> Event:
        previous = self._events[-1].sha256 if self._events else _BEGIN
        text, sha256 = str(row.tags.get("event")), str(row.tags.get("sha256"))
        if row.number != len(self._events) or sha256 != _chain(previous, text):
            raise RegistryError(
                f"event {row.number} of the log {self.name!r} does not fit its hash: somebody has "
                "changed the storage beside luthier; see 'luthier audit verify'"
            )
        event = _decode(text, sha256)
        if event.form > _FORM:
            raise RegistryError(
                f"event {row.number} of the log {self.name!r} was written by a newer luthier (form "
                f"{event.form}, this one reads up to {_FORM}); upgrade luthier"
            )
        return event

    def _find(self) -> int | None:
        if self._study is None:
            try:
                self._study = self.storage.study(self.name).id
            except StudyNotFoundError:
                return None
        return self._study

    def _create(self) -> int:
        self._study = make_place(self.storage, self.name).id
        return self._study


def make_place(storage: Storage, name: str) -> StudyRecord:
    """Make a place for rows that are no trials, or return the one that has the name already."""
    spec = {"directions": ["minimize"], "seed": 0, "space": Space().to_json(), LOG: True}
    try:
        return storage.create_study(name, spec)
    except StudyExistsError:  # another process was quicker
        return storage.study(name)


def to_plain(value: Any) -> Any:
    """Return a number or array of NumPy's in JSON's types.

    Raises:
        RegistryError: It is something else.
    """
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise RegistryError(f"expected numbers, texts, lists and dicts, got {show(value)}")


def _decode(text: str, sha256: str) -> Event:
    return msgspec.structs.replace(msgspec.json.decode(text, type=Event), sha256=sha256)


def _chain(previous: str, text: str) -> str:
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()


def _this_user() -> str:
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):  # a process without a name, as in some containers
        user = "unknown"
    return f"{user}@{platform.node()}"
