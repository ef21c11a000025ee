"""What a study's workers are doing, as data.

Small records, in JSON's types, made from rows by pure functions.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from ..numerics.pareto import non_dominated
from ..storages import Storage
from ..storages.base import StudyRecord
from ..storages.transitions import lease_expired
from ..trial.record import State, TrialRow
from ..validation import default_names

_ERRORS = 5  # how many of the latest failures are told


class Held(msgspec.Struct, frozen=True):
    """A trial that runs.

    Attributes:
        number: The trial's.
        worker: Who holds it.
        since_s: For how long it has run, in seconds.
        step: The last step it reported; None where it reported nothing.
        lease_left_s: In how many seconds its lease ends; negative where it has.
        retries: How often it was offered again because its worker died.
        stuck_s: For how long it has had no lease: its worker is dead, hangs, or cannot reach the
            storage; else None.
        next: What becomes of it then; else None.
    """

    number: int
    worker: str
    since_s: float | None
    step: float | None
    lease_left_s: float
    retries: int
    stuck_s: float | None = None
    next: str | None = None


class Worker(msgspec.Struct, frozen=True):
    """One process that runs, or has run, trials.

    Attributes:
        name: As it calls itself, "host:pid:" and a random part.
        host: The machine; the whole name where it has no such form.
        pid: Its process there.
        running: The trials it holds.
        lease_left_s: In how many seconds the first of its leases ends; None where it holds no
            trial.
        heard_s: How long ago it was last heard of: it prolongs its leases while it lives.
        finished: How many trials it brought to an end, failed ones too.
        failed: How many of them failed.
        mean_duration_s: How long they took, on average.
    """

    name: str
    host: str
    pid: int | None
    running: list[Held]
    lease_left_s: float | None
    heard_s: float | None
    finished: int
    failed: int
    mean_duration_s: float | None


class Failure(msgspec.Struct, frozen=True):
    """A trial that failed: its error's first line, and how long ago it ended."""

    number: int
    error: str
    ago_s: float | None
    worker: str


class Rates(msgspec.Struct, frozen=True):
    """How many trials end in a minute.

    Of the last one, of the last ten, and from the first to the last.
    """

    last_minute: float
    last_ten_minutes: float
    overall: float | None


class Best(msgspec.Struct, frozen=True):
    """The best complete trial of those that break no constraint."""

    number: int
    value: float


class Overview(msgspec.Struct, frozen=True):
    """A study at one moment.

    Attributes:
        study: Its name.
        objectives: What is sought, by name.
        directions: Where better values lie.
        time_s: The moment, by the storage's clock, in seconds since 1970.
        counts: Number of trials by state.
        feasible: How many complete trials break no constraint; None where no trial told of any.
        best: None where nothing is complete and feasible, or there are several objectives.
        front: With several objectives, how many of these trials no other beats in all of them; else
            None.
        rates: How fast it goes.
        retries: How often trials were offered again because a worker died.
        failures: The latest, the last first.
        workers: Those who hold stuck trials first, then those who hold any, then those heard of
            last.
    """

    study: str
    objectives: list[str]
    directions: list[str]
    time_s: float
    counts: dict[str, int]
    feasible: int | None
    best: Best | None
    front: int | None
    rates: Rates
    retries: int
    failures: list[Failure]
    workers: list[Worker]

    @property
    def stuck(self) -> list[Held]:
        """The trials without a lease."""
        return [
            held for worker in self.workers for held in worker.running if held.stuck_s is not None
        ]


def overview(
    name: str,
    directions: Sequence[str],
    rows: Iterable[TrialRow],
    now: float,
    lease_s: float,
    max_retries: int,
    objectives: Sequence[str] | None = None,
) -> Overview:
    """A study, from all its trials.

    Args:
        name: Its name.
        directions: "minimize" or "maximize", one an objective.
        rows: All trials; of those that run, as they are now, with their reports.
        now: The storage's clock.
        lease_s: How long its workers may be silent, in seconds.
        max_retries: How often a trial is offered again.
        objectives: Names of what is sought; None where it has none.
    """
    rows, m = list(rows), len(directions)
    counts, over = Counter(r.state for r in rows), [r for r in rows if r.state >= State.COMPLETE]
    failed = sorted((r for r in over if r.error), key=lambda r: r.finished_s or 0.0)[-_ERRORS:]
    complete = [r for r in over if r.state == State.COMPLETE and r.values and r.confirms is None]
    feasible = [r for r in complete if r.feasible]
    return Overview(
        name,
        list(objectives or default_names(m)),
        list(directions),
        now,
        {s.name.lower(): counts[s] for s in State},
        len(feasible) if any(r.constraints for r in rows) else None,
        _best(feasible, directions) if m == 1 else None,
        _front(feasible, directions) if m > 1 else None,
        _rates(over, now),
        sum(r.retries for r in rows),
        [
            Failure(r.number, (r.error or "").split("\n", 1)[0], _ago(now, r.finished_s), _whose(r))
            for r in reversed(failed)
        ],
        _workers(rows, now, lease_s, max_retries),
    )


def _best(feasible: Sequence[TrialRow], directions: Sequence[str]) -> Best | None:
    sign = -1.0 if directions[0] == "maximize" else 1.0
    valued = [
        (sign * r.values[0], r.number) for r in feasible if r.values and not math.isnan(r.values[0])
    ]
    if not valued:
        return None
    loss, number = min(valued)
    return Best(number, sign * loss)


def _front(feasible: Sequence[TrialRow], directions: Sequence[str]) -> int:
    signs = np.array([-1.0 if d == "maximize" else 1.0 for d in directions])
    values = [r.values for r in feasible if r.values and len(r.values) == len(directions)]
    return int(non_dominated(np.array(values) * signs).sum()) if values else 0


def _rates(over: Sequence[TrialRow], now: float) -> Rates:
    ends = [r.finished_s for r in over if r.finished_s is not None]
    span = max(ends, default=0.0) - min(
        (r.started_s for r in over if r.started_s is not None), default=0.0
    )
    return Rates(
        float(sum(t > now - 60 for t in ends)),
        sum(t > now - 600 for t in ends) / 10,
        60 * len(ends) / span if ends and span > 0 else None,
    )


def _workers(
    rows: Sequence[TrialRow], now: float, lease_s: float, max_retries: int
) -> list[Worker]:
    theirs: dict[str, list[TrialRow]] = {}
    for r in rows:
        if r.state == State.RUNNING or (r.state >= State.COMPLETE and _whose(r)):
            theirs.setdefault(_whose(r), []).append(r)
    found = [_worker(name, those, now, lease_s, max_retries) for name, those in theirs.items()]
    return sorted(found, key=_urgency)


def _whose(row: TrialRow) -> str:
    """The worker of a trial; the service adds the key of a request to its name."""
    return row.worker.partition("#")[0]


def _urgency(worker: Worker) -> tuple[bool, bool, float, str]:
    well = all(held.stuck_s is None for held in worker.running)
    return (
        well,
        not worker.running,
        math.inf if worker.heard_s is None else worker.heard_s,
        worker.name,
    )


def _worker(
    name: str, rows: Sequence[TrialRow], now: float, lease_s: float, max_retries: int
) -> Worker:
    running = [_held(r, now, lease_s, max_retries) for r in rows if r.state == State.RUNNING]
    over = [r for r in rows if r.state >= State.COMPLETE]
    heard = [now - lease_s + h.lease_left_s for h in running] + [
        r.finished_s for r in over if r.finished_s is not None
    ]
    took = [r.duration_s for r in over if r.duration_s is not None]
    host, pid = name.rsplit(":", 2)[:2] if name.count(":") >= 2 else (name, "")
    return Worker(
        name,
        host,
        int(pid) if pid.isdecimal() else None,
        running,
        min((h.lease_left_s for h in running), default=None),
        _ago(now, max(heard, default=None)),
        len(over),
        sum(r.state == State.FAILED for r in over),
        sum(took) / len(took) if took else None,
    )


def _held(row: TrialRow, now: float, lease_s: float, max_retries: int) -> Held:
    stuck = lease_expired(row.lease_s, now, lease_s)
    then = None
    if stuck and row.retries < max_retries:
        then = f"offered again when a worker is free (retry {row.retries + 1} of {max_retries})"
    elif stuck:
        then = f"failed when a worker looks (after {row.retries} of {max_retries} retries)"
    return Held(
        row.number,
        _whose(row),
        _ago(now, row.started_s),
        row.reports[-1][0] if row.reports else None,
        row.lease_s - now,
        row.retries,
        max(now - row.lease_s, 0.0) if stuck else None,
        then,
    )


def _ago(now: float, moment: float | None) -> float | None:
    return None if moment is None else max(now - moment, 0.0)


class Follower:
    """Looks at a study again and again, and reads each time what is new, and the trials that run.

    Args:
        storage: Where it is.
        record: The study.
    """

    def __init__(self, storage: Storage, record: StudyRecord) -> None:
        self._storage = storage
        self._record = record
        self._rows: dict[int, TrialRow] = {}
        self._running: set[int] = set()
        self._revision = 0

    def look(self) -> Overview:
        """The study now.

        Raises:
            StudyNotFoundError: It was deleted.
        """
        storage, study = self._storage, self._record
        changes = storage.changes(study.id, self._revision)
        self._take(changes.rows)
        self._revision = changes.revision
        if self._running:  # a lease that is prolonged is no change
            self._take(storage.rows(study.id, sorted(self._running)))
        return overview(
            study.name,
            study.spec["directions"],
            self._rows.values(),
            storage.now(),
            storage.lease_s,
            storage.max_retries,
            study.spec.get("objectives"),
        )

    def _take(self, rows: Iterable[TrialRow]) -> None:
        for row in rows:
            self._rows[row.number] = row
            (self._running.add if row.state == State.RUNNING else self._running.discard)(row.number)
