"""The storage contract in SQL: one set of tables and statements for every database."""

from __future__ import annotations

import contextlib
import itertools
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from ..errors import LeaseLostError, StudyExistsError, StudyNotFoundError
from ..trial.record import ReportValue, State, TrialRow, Turn
from . import transitions
from .base import Changes, HeldReport, StudyRecord, TurnedOver, choose_offer, find_begun
from .checksums import checksum_report, checksum_study, checksum_trial
from .codec import encode_body, to_json, value_to_column
from .relational_reader import SELECT_HEAD, RelationalReader, Transaction

_UPDATE_SPEC = "UPDATE luthier_studies SET spec = ?, checksum = ?, spec_revision = ? WHERE id = ?"

_INSERT_STUDY = """
INSERT INTO luthier_studies (name, title, spec, created_s, checksum) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (name) DO NOTHING RETURNING id
"""
_RAISE_REVISION = """
UPDATE luthier_studies SET revision = revision + 1, n_trials = n_trials + ?
WHERE id = ? RETURNING revision, n_trials
"""
_RAISE_REVISION_IF = """
UPDATE luthier_studies SET revision = revision + 1, n_trials = n_trials + ?
WHERE id = ? AND n_trials = ? RETURNING revision, n_trials
"""
_LOWER_REVISION = """
UPDATE luthier_studies SET revision = revision - 1, n_trials = n_trials - ? WHERE id = ?
"""
_COUNT_TRIAL = "UPDATE luthier_studies SET n_trials = n_trials + 1 WHERE id = ? AND n_trials = ?"
_UPDATE_TRIAL = """
UPDATE luthier_trials
SET revision = ?, state = ?, token = ?, lease_s = ?, retries = ?, body = ?, checksum = ?
WHERE study = ? AND number = ?
"""
_INSERT_TRIAL = "INSERT INTO luthier_trials VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_EXTEND_LEASE = """
UPDATE luthier_trials SET lease_s = ?
WHERE study = ? AND number = ? AND token = ? AND state = 1
"""


class Relational(RelationalReader):
    """Studies in tables; a subclass connects to a database.

    Every verb that raises a study's revision does so before it reads anything else: that locks the
    study's row, so that writers of one study come one after the other, and always in the same
    order. The clock is read before that.
    """

    _UPSERT_REPORT = """
    INSERT INTO luthier_reports VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (study, number, step)
    DO UPDATE SET value = excluded.value, revision = excluded.revision,
    checksum = excluded.checksum
    """

    @abstractmethod
    def _write(self) -> contextlib.AbstractContextManager[Transaction]:
        """Begin a transaction that may write; it commits at the end, and rolls back on an error."""

    def _column(self, value: ReportValue) -> float | str:
        """Return a reported value as the tables hold it."""
        return value_to_column(value)

    def _insert_study(self, db: Transaction, record: tuple[Any, ...]) -> int | None:
        """Add a study and return its id; None if its name is taken."""
        found = db.execute(_INSERT_STUDY, record).fetchone()
        return None if found is None else int(found[0])

    def _raise_revision(
        self, db: Transaction, study: int, n_new: int = 0, expected: int | None = None
    ) -> tuple[int, int] | None:
        """Raise the revision of a study, which locks it.

        Args:
            db: The transaction.
            study: The study's id.
            n_new: How many trials are added.
            expected: Do so only if the study has this many trials.

        Returns:
            The revision, and how many trials there are now; None where nothing was done.
        """
        if expected is None:
            found = db.execute(_RAISE_REVISION, (n_new, study)).fetchone()
        else:
            found = db.execute(_RAISE_REVISION_IF, (n_new, study, expected)).fetchone()
        return None if found is None else (int(found[0]), int(found[1]))

    def _lock_study(self, db: Transaction, study: int) -> int:
        """Raise the revision of a study, which locks it, and return the revision.

        Raises:
            StudyNotFoundError: The study was deleted.
        """
        raised = self._raise_revision(db, study)
        if raised is None:
            raise StudyNotFoundError("the study was deleted")
        return raised[0]

    @staticmethod
    def _lower_revision(db: Transaction, study: int, revision: int, n_new: int = 0) -> int:
        """Undo `_raise_revision`, as there is nothing to write, and return the revision then."""
        db.execute(_LOWER_REVISION, (n_new, study))
        return revision - 1

    # -- studies

    def create_study(self, name: str, spec: Mapping[str, Any]) -> StudyRecord:
        now = self.now()
        key, title = self._study_key(name)
        with self._write() as db:
            text = to_json(spec)
            columns = (key, title, text, now)
            study = self._insert_study(db, (*columns, checksum_study(*columns)))
        if study is None:
            raise StudyExistsError(
                f"study {name!r} exists in {self}; load it, or pass load_if_exists=True"
            )
        return StudyRecord(study, name, dict(spec), now)

    def update_study(
        self, study: int, spec: Mapping[str, Any], expected: int | None = None
    ) -> bool:
        with self._write() as db:
            revision = self._lock_study(db, study)
            key, title, created_s, replaced = db.execute(SELECT_HEAD, (study,)).fetchone()
            if expected is not None and int(replaced) > expected:
                self._lower_revision(db, study, revision)
                return False
            text = to_json(spec)
            checksum = checksum_study(key, title, text, created_s)
            db.execute(_UPDATE_SPEC, (text, checksum, revision, study))
        return True

    def delete_study(self, study: int) -> None:
        with self._write() as db:
            self._lock_study(db, study)
            for table, column in (("reports", "study"), ("trials", "study"), ("studies", "id")):
                db.execute(f"DELETE FROM luthier_{table} WHERE {column} = ?", (study,))

    # -- trials

    def add_trials(
        self,
        study: int,
        rows: Sequence[TrialRow],
        expected: int | None = None,
        call: str | None = None,
    ) -> tuple[int, int]:
        # Before the lock, so that nobody has to wait for it.
        bodies = [encode_body(row) for row in rows]
        until = self.now() + self.lease_s
        with self._write() as db:
            raised = self._raise_revision(db, study, len(rows), expected)

            # A study that has as many trials as expected has not seen this call.
            if call is not None and (raised is None or expected is None):
                first = self._find_call(db, study, call)
                if first is not None:
                    if raised is not None:
                        self._lower_revision(db, study, raised[0], len(rows))
                    return first, self._read_revision(db, study)
            if raised is None:
                return -1, self._read_revision(db, study)

            revision, n_trials = raised
            first = n_trials - len(rows)
            trials: list[tuple[Any, ...]] = []
            reports: list[tuple[Any, ...]] = []
            for number, row, body in zip(itertools.count(first), rows, bodies):
                request = call if number == first else None
                trials.append(self._trial(study, number, row, body, revision, until, request))
                reports += [self._report(study, number, *r, revision) for r in row.reports]
            db.executemany(_INSERT_TRIAL, trials)
            if reports:
                db.executemany(self._UPSERT_REPORT, reports)
        return first, revision

    @staticmethod
    def _trial(
        study: int,
        number: int,
        row: TrialRow,
        body: str,
        revision: int,
        until: float,
        request: str | None,
    ) -> tuple[Any, ...]:
        """Return a trial that is added as the tables hold it."""
        token, lease_s = transitions.first_lease(row.state, until)
        state = int(row.state)
        checksum = checksum_trial(study, number, state, token, row.retries, body)
        columns = (revision, state, token, lease_s, row.retries, body, request, checksum)
        return study, number, *columns

    def _report(
        self, study: int, number: int, step: float, value: ReportValue, revision: int
    ) -> tuple[Any, ...]:
        """Return a report as the tables hold it."""
        column = self._column(value)
        checksum = checksum_report(study, number, step, column)
        return study, number, step, column, revision, checksum

    @staticmethod
    def _find_call(db: Transaction, study: int, call: str) -> int | None:
        """Return the first trial that a call has added, if it has added any."""
        query = "SELECT number FROM luthier_trials WHERE study = ? AND request = ?"
        found = db.execute(query, (study, call)).fetchone()
        return None if found is None else int(found[0])

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
        now = self.now()
        with self._write() as db:
            revision = self._lock_study(db, study)
            row = transitions.claim(
                self._read_trial(db, study, number),
                worker,
                now,
                self.lease_s,
                self.max_retries,
                turn,
                token,
                checkpoints,
            )
            if row is None:
                return None, self._lower_revision(db, study, revision)
            self._update_trial(db, study, row, revision)
            if row.state != State.RUNNING:
                return None, revision
            reports = self._read_reports(db, study, [number]).get(number, ())
        return replace(row, reports=tuple(reports)), revision

    def extend(self, study: int, tokens: Mapping[int, int]) -> None:
        until = self.now() + self.lease_s
        with self._write() as db:
            self._read_revision(db, study)
            db.executemany(
                _EXTEND_LEASE,
                [(until, study, number, token) for number, token in sorted(tokens.items())],
            )

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
        until = self.now() + self.lease_s
        held = HeldReport(number, token, step, value, checkpoints, params)
        with self._write() as db:
            revision = self._lock_study(db, study)
            self._add_report(db, study, held, until, revision)
        return revision

    def report_all(self, study: int, reports: Sequence[HeldReport]) -> tuple[int, list[int]]:
        until = self.now() + self.lease_s
        lost = []
        with self._write() as db:
            revision = self._lock_study(db, study)
            for held in reports:
                try:
                    self._add_report(db, study, held, until, revision)
                except LeaseLostError:
                    lost.append(held.number)
            if len(lost) == len(reports):
                revision = self._lower_revision(db, study, revision)
        return revision, lost

    def _add_report(
        self, db: Transaction, study: int, held: HeldReport, until: float, revision: int
    ) -> None:
        """Write a report and the lease, and what else of its trial has changed."""
        number = held.number
        row = self._read_held_trial(db, study, number, held.token)
        report = self._report(study, number, held.step, held.value, revision)
        db.execute(self._UPSERT_REPORT, report)
        row, changed = transitions.report(row, until, held.checkpoints, held.params)
        if changed:
            self._update_trial(db, study, row, revision)
        else:
            db.execute(_EXTEND_LEASE, (until, study, number, held.token))

    def finish(self, study: int, row: TrialRow) -> int:
        with self._write() as db:
            revision = self._lock_study(db, study)
            if not self._end_trial(db, study, row, revision):
                return self._lower_revision(db, study, revision)
        return revision

    def turn_over(
        self,
        study: int,
        row: TrialRow | None,
        offers: Sequence[TrialRow],
        since: int,
    ) -> TurnedOver:
        until = self.now() + self.lease_s
        with self._write() as db:
            revision = self._lock_study(db, study)
            ended = row and transitions.finish(row, self._read_trial(db, study, row.number))
            if ended is not None:
                self._update_trial(db, study, ended, revision)
            others = Changes(revision - 1, (), ())
            if revision > since + 1:  # else nobody else has written
                others = self._read_changes(db, study, since, revision - 1)

            begun = find_begun(offers, others) if others.rows else None
            offer = choose_offer(offers, others) if begun is None else None
            if offer is not None and db.execute(_COUNT_TRIAL, (study, offer.number)).rowcount:
                begun = offer.number
                body = encode_body(offer)
                added = self._trial(study, begun, offer, body, revision, until, None)
                db.execute(_INSERT_TRIAL, added)
            elif ended is None:
                revision = self._lower_revision(db, study, revision)
        return TurnedOver(begun, revision, others)

    def finish_all(self, study: int, rows: Sequence[TrialRow]) -> tuple[int, list[int]]:
        lost = []
        n_ended = 0
        with self._write() as db:
            revision = self._lock_study(db, study)
            for row in rows:
                try:
                    n_ended += self._end_trial(db, study, row, revision)
                except LeaseLostError:
                    lost.append(row.number)
            if not n_ended:
                revision = self._lower_revision(db, study, revision)
        return revision, lost

    def _end_trial(self, db: Transaction, study: int, row: TrialRow, revision: int) -> bool:
        """Write the end of a trial; whether there was anything to write."""
        ended = transitions.finish(row, self._read_trial(db, study, row.number))
        if ended is not None:
            self._update_trial(db, study, ended, revision)
        return ended is not None

    def release(self, study: int, number: int, token: int, retried: bool) -> int:
        now = self.now()
        with self._write() as db:
            revision = self._lock_study(db, study)
            row = self._read_held_trial(db, study, number, token)
            row = transitions.release(row, retried, self.max_retries, now)
            self._update_trial(db, study, row, revision)
        return revision

    def retry(self, study: int, number: int, token: int) -> None:
        with self._write() as db:
            revision = self._lock_study(db, study)
            row = transitions.retry(self._read_trial(db, study, number), token)
            self._update_trial(db, study, row, revision)

    def _read_held_trial(self, db: Transaction, study: int, number: int, token: int) -> TrialRow:
        """Return a trial without its reports, if a worker with this token holds it."""
        row = self._read_trial(db, study, number)
        transitions.require_token(row, token)
        return row

    @staticmethod
    def _update_trial(db: Transaction, study: int, row: TrialRow, revision: int) -> None:
        body = encode_body(row)
        state = int(row.state)
        checksum = checksum_trial(study, row.number, state, row.token, row.retries, body)
        columns = (revision, state, row.token, row.lease_s, row.retries, body, checksum)
        db.execute(_UPDATE_TRIAL, (*columns, study, row.number))
