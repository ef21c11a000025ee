"""The storage contract: what survives a crash. Every verb that writes is one transaction.

A study is addressed by an id that its storage gives out; trials by their number, 0, 1, 2, ...
without gaps. Each write to its trials raises the study's revision by one (`extend` does not: a
lease is no news), so that `changes(study, since)` can hand out what is new and nothing else.

A running trial belongs to whoever holds its token, for as long as the lease lasts. `extend`
prolongs leases; a trial whose lease has run out may be claimed by anyone, which changes the token.
`report`, `finish` and `release` compare the token and refuse (LeaseLostError) when it is not the
latest, so a trial is finished exactly once.

A verb may be called again by who does not know what became of it: `add_trials` recognises the
`call`, `finish` the result. The other verbs then say what would be said to anybody (see `Retrying`,
which knows what that means).
"""

from __future__ import annotations

import os
import platform
import re
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from ..errors import StudyError
from ..trial.record import ReportValue, TrialRow, Turn

SCHEMA = 3  # raised with every change of what storages hold; one with a larger number is refused
COPYING = "copying"  # key in the spec of a study that is being copied: from where
_SECRET = re.compile(r"pass|pwd|secret|token", re.IGNORECASE)


class StudyRecord(msgspec.Struct, frozen=True):
    """What is known of a study without its trials.

    Attributes:
        id: How the storage addresses it.
        name: How people do.
        spec: Directions, seed, space and notes, in JSON's types.
        created_s: When it was made, seconds since 1970.
        counts: Number of trials in each state, by `State`.
    """

    id: int
    name: str
    spec: dict[str, Any]
    created_s: float
    counts: dict[int, int] = {}

    @property
    def n_trials(self) -> int:
        """Number of trials, whatever their state."""
        return sum(self.counts.values())


class Report(msgspec.Struct, frozen=True):
    """One intermediate value."""

    number: int
    step: float
    value: ReportValue


class Changes(msgspec.Struct, frozen=True):
    """What is new since a revision.

    Attributes:
        revision: Pass this as `since` the next time.
        rows: Trials that were added or changed, by number, without their reports.
        reports: Reports that were added or changed, in that order.
    """

    revision: int
    rows: Sequence[TrialRow]
    reports: Sequence[Report]


class Storage(ABC):
    """Where studies live.

    Args:
        lease_s: How long a worker may be silent before its trials are offered again, in seconds.
        max_retries: How often a trial is offered again before it counts as failed.

    Attributes:
        shared: Whether other processes may write to it.
        url: How another process reaches it; None when it cannot. It may hold a password: see
            `hide_password`.
        folder: Where studies keep their checkpoints, in a folder each: a path or a URL; None for a
            temporary one.
    """

    shared: bool = True
    url: str | None = None
    folder: str | None = None

    def __init__(self, lease_s: float = 60.0, max_retries: int = 2) -> None:
        if not lease_s > 0:
            raise ValueError(f"lease_s must be > 0 seconds, got {lease_s!r}")
        if max_retries < 0:
            raise ValueError(f"max_retries must be >= 0, got {max_retries!r}")
        self.lease_s = float(lease_s)
        self.max_retries = int(max_retries)

    def now(self) -> float:
        """The clock that leases are measured by, in seconds since 1970.

        That of the server, where there is one.
        """
        return time.time()

    @abstractmethod
    def create_study(self, name: str, spec: Mapping[str, Any]) -> StudyRecord:
        """Adds a study.

        Raises:
            StudyExistsError: The name is taken.
        """

    @abstractmethod
    def study(self, name: str) -> StudyRecord:
        """Looks a study up.

        Raises:
            StudyNotFoundError: There is none of that name.
        """

    @abstractmethod
    def studies(self) -> list[StudyRecord]:
        """All studies, the oldest first."""

    @abstractmethod
    def update_study(self, study: int, spec: Mapping[str, Any]) -> None:
        """Replaces the spec of a study."""

    @abstractmethod
    def delete_study(self, study: int) -> None:
        """Removes a study and its trials. Whoever still works on it gets StudyNotFoundError."""

    @abstractmethod
    def add_trials(
        self,
        study: int,
        rows: Sequence[TrialRow],
        expected: int | None = None,
        call: str | None = None,
    ) -> tuple[int, int]:
        """Appends trials; their numbers are given here, whatever the rows say.

        Args:
            study: The study's id.
            rows: Waiting, running or finished trials, with their reports.
            expected: Add them only if the study has this many trials, otherwise add nothing.
            call: A name for this call, at most 64 characters. A call whose name has added trials
                adds nothing when it is made again, whatever `expected` says, and answers with the
                number of the first of them.

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
        """Claims a trial for a worker: one that waits, or one whose lease has expired.

        With `turn` a trial that is paused. A trial that was offered again `max_retries` times
        becomes FAILED instead.

        Args:
            study: The study's id.
            number: The trial's.
            worker: The worker's name.
            turn: The turn by which a paused trial is resumed.
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
        """Prolongs the leases of running trials, number -> token.

        Those that were lost are left as they are.
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
        """Adds an intermediate value and, where not None, replaces the references to checkpoints.

        Prolongs the lease.

        Returns:
            The study's revision.

        Raises:
            LeaseLostError: The token is not the latest.
        """

    @abstractmethod
    def finish(self, study: int, row: TrialRow) -> int:
        """Ends a trial, or its turn.

        Takes all of `row` but reports, turns and retries, if `row.token` is the latest.

        A trial that is paused has got somewhere: its retries count from zero again. ReportValue again what
        is stored already, it changes nothing and agrees.

        Returns:
            The study's revision.

        Raises:
            LeaseLostError: The token is not the latest, or the trial is over with another result.
        """

    @abstractmethod
    def release(self, study: int, number: int, token: int, retried: bool) -> int:
        """Gives a running trial back, to be claimed by anyone.

        Its worker stops, or died if `retried`.

        Returns:
            The study's revision.

        Raises:
            LeaseLostError: The token is not the latest.
        """

    @abstractmethod
    def changes(self, study: int, since: int) -> Changes:
        """What is new since a revision; 0 for everything.

        Raises:
            StudyNotFoundError: The study was deleted.
        """

    @abstractmethod
    def rows(self, study: int, numbers: Sequence[int] | None = None) -> list[TrialRow]:
        """Trials with their reports, by number; all of them, or the ones asked for."""

    def upgrade(self) -> tuple[int, int]:
        """Brings what is stored to the form that this version of luthier reads.

        Nobody else may be at work.

        Returns:
            The number of the schema it had, and of the one it has.
        """
        return SCHEMA, SCHEMA

    def close_soon(self, within_s: float) -> None:  # noqa: B027  (most do not wait)
        """From now on waits for an absent server no longer than this, as the process is to end.

        Args:
            within_s: In how many seconds the last attempt is made.
        """

    def close(self) -> None:  # noqa: B027  (most have nothing to let go of)
        """Lets go of files and connections; the next verb opens them again."""


def hide_password(url: str) -> str:
    """A URL as people may see it: without its password or token, whatever stands in these."""
    scheme, mark, rest = url.partition("://")
    place, question, query = rest.partition("?")
    if "@" in query and "@" not in place:  # a question mark within the password
        place = rest
        question = ""
        query = ""
    user, at, host = place.rpartition("@")
    name, colon, _ = user.partition(":")
    if mark and at:
        is_token = scheme.endswith(("http", "https"))
        place = f"***@{host}" if is_token else f"{name}{':***' if colon else ''}@{host}"
    options = [option.partition("=") for option in query.split("&")]
    query = "&".join(f"{k}{eq}{'***' if _SECRET.search(k) else v}" for k, eq, v in options)
    return f"{scheme}{mark}{place}{question}{query}"


def worker_name() -> str:
    """Who this process is, as other workers see it."""
    return f"{platform.node()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def require_complete_copy(record: StudyRecord) -> None:
    """Refuse a study whose copying is under way or was cut off.

    Raises:
        StudyError: It is such a study.
    """
    if source := record.spec.get(COPYING):
        raise StudyError(
            f"study {record.name!r} is half a copy, from {source}; wait for its end, or copy it "
            "again if that was cut off: luthier storage copy"
        )
