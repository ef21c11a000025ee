"""The storage contract: what survives a crash. Every verb that writes is one transaction.

A study is addressed by an id that its storage gives it; trials by their number, 0, 1, 2, ...
without gaps. Each write to its trials or its spec raises the study's revision by one, so that
`changes(study, since)` returns what is new and nothing else. (`extend` does not raise it: a longer
lease is nothing new.)

A running trial belongs to the worker that holds its token, for as long as the lease lasts. `extend`
prolongs leases. A trial whose lease has expired may be claimed by anyone, which changes the token.
`report`, `finish` and `release` compare the token and raise LeaseLostError when it is not the
latest, so a trial is finished exactly once. `transitions` has these rules as functions of a row.

A verb may be called again by a caller whose answer was lost: `add_trials` recognises the name of
its `call`, `finish` the result. The other verbs answer as they answer anybody; `Retrying` knows
what that means.
"""

from __future__ import annotations

import os
import platform
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from ..errors import (
    LeaseLostError,
    StorageDamagedError,
    StudyError,
    StudyNotFoundError,
    TrialError,
    find_closest,
)
from ..passwords import hide_passwords
from ..trial.record import ReportValue, State, TrialRow, Turn
from .paging import STUDIES

SCHEMA = 4  # raised with every change of what storages hold; one with a larger number is refused
COPYING = "copying"  # key in the spec of a study that is being copied: from where
LOG = "log"  # key in the spec of what is no study, but a log of events


class StudyRecord(msgspec.Struct, frozen=True):
    """A study without its trials.

    Attributes:
        id: Its id in the storage.
        name: Its name.
        spec: Directions, seed, space and notes, in JSON's types.
        created_s: When it was created, in seconds since 1970.
        counts: Number of trials in each state, by `State`.
        damage: What of this cannot be read, and is left out; None where all is whole.
    """

    id: int
    name: str
    spec: dict[str, Any]
    created_s: float
    counts: dict[int, int] = {}
    damage: str | None = None

    @property
    def n_trials(self) -> int:
        """Number of trials in all states."""
        return sum(self.counts.values())


class Report(msgspec.Struct, frozen=True):
    """One intermediate value.

    Attributes:
        number: The trial's.
        step: How far the trial was trained.
        value: The value, or one for each of several objectives.
    """

    number: int
    step: float
    value: ReportValue


class HeldReport(msgspec.Struct, frozen=True):
    """One intermediate value that a worker hands in, of a trial that it holds.

    Attributes:
        number: The trial's.
        token: The trial's token.
        step: How far it was trained.
        value: The value, or one for each of several objectives.
        checkpoints: References to checkpoints, in place of its own; None to leave them.
        params: Its params, in place of those before; empty to leave them.
    """

    number: int
    token: int
    step: float
    value: ReportValue
    checkpoints: tuple[dict[str, Any], ...] | None = None
    params: dict[str, Any] = {}


class Changes(msgspec.Struct, frozen=True):
    """Changes since a revision.

    Attributes:
        revision: Pass this as `since` the next time.
        rows: Trials that were added or changed, by number, without their reports.
        reports: Reports that were added or changed, in that order.
        spec: The study's spec, where it was replaced since; None where it was not.
        is_last: Whether there is nothing newer; only a page has more behind it.
    """

    revision: int
    rows: Sequence[TrialRow]
    reports: Sequence[Report]
    spec: dict[str, Any] | None = None
    is_last: bool = True


class TurnedOver(msgspec.Struct, frozen=True):
    """What came of `Storage.turn_over`.

    Attributes:
        begun: The number of the trial that was begun; None where none was.
        revision: The revision as of which the caller knows the study now.
        others: What others have written since the revision that it knew before; what this call has
            written may stand there as well.
    """

    begun: int | None
    revision: int
    others: Changes


class Storage(ABC):
    """Home of studies.

    Args:
        lease_s: How long a worker may be silent before its trials are offered again, in seconds.
        max_retries: How often a trial is offered again before it counts as failed.

    Attributes:
        shared: Whether other processes may write to it.
        on_server: Whether the answer of a verb may be lost on its way.
        url: The URL by which another process opens it; None where it cannot. It may hold a
            password: see `passwords.hide_password`.
        folder: Path or URL of the folder for checkpoints, in which each study has a folder of its
            own; None for a temporary one.
        file: Path of the file that holds the studies; None where there is none.
        database: What tells the database on its server from all others, a copy of it included; None
            where the storage is a file, or nothing tells.
        durable_after_s: For how long a loss of power may undo what was written, where `persist`
            cannot wait for that; in seconds.
    """

    shared: bool = True
    on_server: bool = True
    url: str | None = None
    folder: str | None = None
    file: str | None = None
    database: str | None = None
    durable_after_s: float = 0.0

    def __init__(self, lease_s: float = 60.0, max_retries: int = 2) -> None:
        if not lease_s > 0:
            raise ValueError(f"lease_s must be > 0 seconds, got {lease_s!r}")
        if max_retries < 0:
            raise ValueError(f"max_retries must be >= 0, got {max_retries!r}")
        self.lease_s = float(lease_s)
        self.max_retries = int(max_retries)

    def now(self) -> float:
        """Return the time by which leases are measured, in seconds since 1970.

        Where there is a server, it is the server's.
        """
        return time.time()

    @abstractmethod
    def create_study(self, name: str, spec: Mapping[str, Any]) -> StudyRecord:
        """Add a study.

        Raises:
            StudyExistsError: The name is taken.
        """

    @abstractmethod
    def study(self, name: str) -> StudyRecord:
        """Return a study by its name.

        Raises:
            StudyNotFoundError: There is none of that name.
        """

    @abstractmethod
    def studies(self) -> list[StudyRecord]:
        """Return all studies, the oldest first."""

    def page_of_studies(self, first: int = 0, limit: int = STUDIES) -> list[StudyRecord]:
        """Return some studies, the oldest first; none after the last.

        Args:
            first: The lowest id.
            limit: How many at most.
        """
        return [record for record in self.studies() if record.id >= first][:limit]

    @abstractmethod
    def update_study(
        self, study: int, spec: Mapping[str, Any], expected: int | None = None
    ) -> bool:
        """Replace the spec of a study.

        Args:
            study: The study's id.
            spec: The new spec.
            expected: Replace it only if nobody has replaced it since this revision of the study,
                as of which the caller knows it; None to replace it whatever it is.

        Returns:
            Whether it was replaced.
        """

    @abstractmethod
    def delete_study(self, study: int) -> None:
        """Remove a study and its trials. Workers that still run it get StudyNotFoundError."""

    @abstractmethod
    def add_trials(
        self,
        study: int,
        rows: Sequence[TrialRow],
        expected: int | None = None,
        call: str | None = None,
    ) -> tuple[int, int]:
        """Append trials; their numbers are given here, whatever the rows say.

        Args:
            study: The study's id.
            rows: Waiting, running or finished trials, with their reports.
            expected: Add them only if the study has this many trials, otherwise add nothing.
            call: A name for this call, at most 64 characters. When a call is made again that has
                added trials under this name, it adds nothing, whatever `expected` says, and returns
                the number of the first of them.

        Returns:
            The number of the first, and the study's revision; (-1, revision) when `expected` was
            wrong.
        """

    @abstractmethod
    def claim(
        self,
        study: int,
        number: int,
        worker: str,
        *,
        turn: Turn | None = None,
        token: int | None = None,
        checkpoints: tuple[dict[str, Any], ...] = (),
    ) -> tuple[TrialRow | None, int]:
        """Claim a trial for a worker: one that waits, or one whose lease has expired.

        With `turn`, claim a trial that is paused. A trial that was offered again `max_retries`
        times becomes FAILED instead.

        Args:
            study: The study's id.
            number: The trial's.
            worker: The worker's name.
            turn: The turn by which a paused trial is resumed; its times are set here.
            token: The token that the trial had when the caller decided to claim it. Where it has
                another one by now, another worker was quicker, and it is not claimed. None for any.
            checkpoints: With `turn`, references to add to the trial's own: to the checkpoint of
                another trial, whose copy it becomes.

        Returns:
            The trial, RUNNING under a new token and lease, with its reports, or None; and the
            study's revision.
        """

    @abstractmethod
    def extend(self, study: int, tokens: Mapping[int, int]) -> None:
        """Prolong the leases of running trials.

        Args:
            study: The study's id.
            tokens: The tokens of trials by their number. Trials with another token are left as
                they are.
        """

    @abstractmethod
    def report(
        self,
        study: int,
        number: int,
        token: int,
        step: float,
        value: ReportValue,
        checkpoints: tuple[dict[str, Any], ...] | None,
        params: dict[str, Any],
    ) -> int:
        """Add an intermediate value to a running trial, and prolong its lease.

        Args:
            study: The study's id.
            number: The trial's.
            token: The trial's token.
            step: How far it was trained.
            value: The value, or one for each of several objectives.
            checkpoints: References to checkpoints, in place of its own; None to leave them.
            params: Its params, in place of those before; empty to leave them.

        Returns:
            The study's revision.

        Raises:
            LeaseLostError: The token is not the latest.
        """

    def report_all(self, study: int, reports: Sequence[HeldReport]) -> tuple[int, list[int]]:
        """Add an intermediate value to each of several running trials, as `report` does.

        One transaction where the storage overrides this; else one a trial.

        Args:
            study: The study's id.
            reports: At most one a trial.

        Returns:
            The study's revision; and the numbers of trials whose token is not the latest, of which
            nothing is stored.
        """
        revision = -1
        lost = []
        for r in reports:
            try:
                revision = self.report(
                    study, r.number, r.token, r.step, r.value, r.checkpoints, r.params
                )
            except LeaseLostError:
                lost.append(r.number)
        return revision, lost

    @abstractmethod
    def finish(self, study: int, row: TrialRow) -> int:
        """End a trial, or its turn.

        All of `row` is stored but its reports, turns and retries. The retries of a trial that is
        paused count from zero again, as it has made progress. Where the result is stored already,
        nothing changes. A trial that failed because its workers were silent takes the result of the
        last of them.

        Args:
            study: The study's id.
            row: The trial, under the token that its worker holds.

        Returns:
            The study's revision.

        Raises:
            LeaseLostError: The token is not the latest, or the trial is over with another result.
        """

    def turn_over(
        self,
        study: int,
        row: TrialRow | None,
        offers: Sequence[TrialRow],
        since: int,
    ) -> TurnedOver:
        """End a trial as `finish` does, begin the next, and read what is new.

        A worker's whole way from one trial to the next: most storages go it in one transaction, and
        no lock is held while messages travel. Where others begin trials meanwhile, the offer for
        the number that is next then is taken. None is begun where there is no offer for that, or
        where what is new asks for more than a proposal: the spec was replaced, or a trial waits.

        A call that is repeated, as its answer was lost, begins no other: what is new then holds the
        offer that it has begun, known by the worker and the time of its start.

        Args:
            study: The study's id.
            row: The trial that ends, under the token that its worker holds; None for none.
            offers: Running trials for numbers that follow on each other, the first for the number
                of trials that the caller knows.
            since: The revision as of which the caller knows the study.

        Raises:
            LeaseLostError: As in `finish`; then none is begun.
        """
        if row is not None:
            self.finish(study, row)
        others = self.changes(study, since)
        if (taken := find_begun(offers, others)) is not None:
            return TurnedOver(taken, others.revision, others)
        offer = choose_offer(offers, others)
        if offer is not None:
            begun, revision = self.add_trials(study, [offer], offer.number)
            known = revision if revision == others.revision + 1 else others.revision
            if begun >= 0:
                return TurnedOver(begun, known, others)
        return TurnedOver(None, others.revision, others)

    def finish_all(self, study: int, rows: Sequence[TrialRow]) -> tuple[int, list[int]]:
        """End several trials, or their turns, as `finish` does.

        One transaction where the storage overrides this; else one a trial.

        Args:
            study: The study's id.
            rows: The trials, under the tokens that their worker holds.

        Returns:
            The study's revision; and the numbers of trials whose end is refused, as their token is
            not the latest, or they are over with another result.
        """
        revision = -1
        lost = []
        for row in rows:
            try:
                revision = self.finish(study, row)
            except LeaseLostError:
                lost.append(row.number)
        return revision, lost

    @abstractmethod
    def release(self, study: int, number: int, token: int, retried: bool) -> int:
        """Release a running trial, to be claimed by anyone.

        Args:
            study: The study's id.
            number: The trial's.
            token: The trial's token.
            retried: Whether its worker died, which counts as a retry.

        Returns:
            The study's revision.

        Raises:
            LeaseLostError: The token is not the latest.
        """

    @abstractmethod
    def retry(self, study: int, number: int, token: int) -> None:
        """Offer a failed trial again: it waits, and goes on from its last checkpoint.

        See `transitions.retry` for what becomes of it.

        Args:
            study: The study's id.
            number: The trial's.
            token: The token that the trial had when the caller decided to retry it.

        Raises:
            TrialError: It has not failed, or somebody else has retried it.
        """

    @abstractmethod
    def changes(self, study: int, since: int) -> Changes:
        """Return what is new since a revision; 0 for everything.

        Raises:
            StudyNotFoundError: The study was deleted.
        """

    def read_all(self, study: int, take: Callable[[Sequence[TrialRow]], None]) -> Changes:
        """Return all that `changes(study, 0)` does, its trials not in a list but in blocks.

        So a large study need not be in memory as rows.

        Args:
            study: The study's id.
            take: Called with trials that follow on each other by number, again from the first where
                the reading was interrupted and begins anew.

        Raises:
            StudyNotFoundError: The study was deleted.
        """
        everything = self.changes(study, 0)
        take(everything.rows)
        return replace(everything, rows=())

    def page_of_changes(self, study: int, since: int) -> Changes:
        """Return what is new since a revision up to some later one; see `paging`.

        Pages that follow each other, until the last one, have what `changes` returns. A trial or
        report that changes meanwhile stands in a later one, again.

        Raises:
            StudyNotFoundError: The study was deleted.
        """
        return self.changes(study, since)

    def stamp(self) -> Hashable:
        """Return what is another one after a write, at the cost of a look at a file.

        Now and then two writes have the same, so that who waits for changes reads them once in a
        while all the same. None where only reading tells.
        """
        return None

    @abstractmethod
    def rows(self, study: int, numbers: Sequence[int] | None = None) -> list[TrialRow]:
        """Return trials with their reports.

        Args:
            study: The study's id.
            numbers: Which trials, in this order; None for all, by number.

        Raises:
            StudyNotFoundError: The study was deleted.
            TrialError: It has no trial of one of these numbers.
        """

    def salvage(self, study: int, number: int) -> tuple[TrialRow | None, int]:
        """Return what can be read of a trial in a damaged storage.

        Args:
            study: The study's id.
            number: The trial's.

        Returns:
            The trial with those of its reports that are whole, None where it is damaged itself; and
            the number of its reports that are damaged.
        """
        try:
            [row] = self.rows(study, [number])
        except (StorageDamagedError, TrialError):
            return None, 0
        return row, 0

    def upgrade(self) -> tuple[int, int]:
        """Convert what is stored to the schema that this version of luthier reads.

        No worker may use the storage meanwhile.

        Returns:
            The number of the schema it had, and of the one it has.
        """
        return SCHEMA, SCHEMA

    def persist(self) -> None:  # noqa: B027  (most have done so when a verb returns)
        """Wait until what was written so far survives a loss of power."""

    def close_soon(self, within_s: float) -> None:  # noqa: B027  (most do not wait)
        """Wait for an absent server no longer than this from now on, as the process is to end.

        Args:
            within_s: After how many seconds no further attempt is made.
        """

    def close(self) -> None:  # noqa: B027  (not all hold something open)
        """Close files and connections; the next verb opens them again."""


def find_begun(offers: Sequence[TrialRow], news: Changes) -> int | None:
    """Return the number of the offer that an earlier attempt has begun; None for none.

    Args:
        offers: As in `choose_offer`.
        news: As in `choose_offer`.
    """
    first = offers[0].number if offers else 0
    for row in news.rows:
        is_begun = (row.state, row.token) == (State.RUNNING, 1)
        if is_begun and 0 <= row.number - first < len(offers):
            offer = offers[row.number - first]
            if (offer.worker, offer.started_s) == (row.worker, row.started_s):
                return row.number
    return None


def choose_offer(offers: Sequence[TrialRow], news: Changes) -> TrialRow | None:
    """Return the offer that is begun after some news, as `Storage.turn_over` says; None for none.

    Args:
        offers: Running trials for numbers that follow on each other.
        news: All that is new since the caller made them.
    """
    if news.spec is not None or any(row.state == State.WAITING for row in news.rows):
        return None
    known = offers[0].number if offers else 0
    n_new = sum(row.number >= known for row in news.rows)
    return offers[n_new] if n_new < len(offers) else None


def with_reports(everything: Changes) -> list[TrialRow]:
    """Return the trials of a study with their reports, from all its changes."""
    reports: dict[int, list[tuple[float, ReportValue]]] = {}
    for r in everything.reports:
        reports.setdefault(r.number, []).append((r.step, r.value))
    return [
        replace(row, reports=tuple(sorted(reports.get(row.number, ())))) for row in everything.rows
    ]


def without_logs(records: Iterable[StudyRecord]) -> list[StudyRecord]:
    """Return the studies among the records of a storage, which may hold logs of events too."""
    return [record for record in records if LOG not in record.spec]


def worker_name() -> str:
    """Return a name for this process that no other worker has."""
    return f"{platform.node()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def no_study(name: str, names: Sequence[str], place: str = "") -> StudyNotFoundError:
    """Return the error of a study that a storage does not have; `names` are some that it has."""
    near = find_closest(name, names)
    hint = f"did you mean {near!r}? " if near else ""
    return StudyNotFoundError(f"no study {name!r}{place}; {hint}there are {list(names)}")


def require_complete_copy(record: StudyRecord) -> None:
    """Refuse a study whose copying is under way or was cut off.

    Raises:
        StudyError: It is such a study.
    """
    if source := record.spec.get(COPYING):
        raise StudyError(
            f"study {record.name!r} is half a copy, from {hide_passwords(str(source))}; wait for "
            "its end, or copy it again if that was cut off: luthier storage copy"
        )
