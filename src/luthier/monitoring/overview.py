"""Overview of a study and its workers at one moment, made from rows by pure functions."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from ..history.leaders import find_leaders
from ..numerics.pareto import is_non_dominated
from ..storages import Storage
from ..storages.base import StudyRecord
from ..storages.settings import read_settings
from ..storages.transitions import lease_expired
from ..trial.record import State, TrialRow
from ..validation import default_names

_N_FAILURES = 5  # the latest that an overview lists
_N_STEPS = 40  # of the course of the best value


class RunningTrial(msgspec.Struct, frozen=True):
    """A trial that runs.

    Attributes:
        number: Number of the trial.
        worker: Name of its worker.
        since_s: How long it has run, in seconds.
        step: The last step that it reported; None where it reported nothing.
        lease_left_s: Seconds until its lease ends; negative after that.
        retries: How often it was offered again because its worker died.
        stuck_s: How long it has had no lease, in seconds; None where it has one. Without a lease,
            its worker is dead, hangs, or cannot reach the storage.
        next: What happens to a trial without a lease; None where it has one.
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
    """A process that runs trials, or has run some.

    Attributes:
        name: Its name: "host:pid:" and a random part.
        host: Its machine; the whole name where that has another form.
        pid: Its process there.
        running: The trials that it runs.
        lease_left_s: Seconds until the first of its leases ends; None where it runs no trial.
        heard_s: Seconds since it was last heard; a worker that lives extends its leases.
        finished: How many of its trials ended, failed ones too.
        failed: How many of them failed.
        mean_duration_s: How long they took on average, in seconds.
    """

    name: str
    host: str
    pid: int | None
    running: list[RunningTrial]
    lease_left_s: float | None
    heard_s: float | None
    finished: int
    failed: int
    mean_duration_s: float | None


class Failure(msgspec.Struct, frozen=True):
    """A trial that failed: the first line of its error, and how long ago it ended."""

    number: int
    error: str
    ago_s: float | None
    worker: str


class Rates(msgspec.Struct, frozen=True):
    """Trials that ended in a minute: in the last one, in the last ten, and in all."""

    last_minute: float
    last_ten_minutes: float
    overall: float | None


class Best(msgspec.Struct, frozen=True):
    """The best of the complete trials that break no constraint."""

    number: int
    value: float


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """A study at one moment.

    Attributes:
        study: Name of the study.
        objectives: Names of the objectives.
        directions: "minimize" or "maximize", one an objective.
        time_s: The moment by the storage's clock, in seconds since 1970.
        counts: Number of trials by state.
        feasible: How many complete trials break no constraint; None where no trial has any.
        best: The best trial; None where none is complete and feasible, or with several objectives.
        progress: With one objective, the best value after equal parts of the trials, at most 40,
            from the first that has one.
        front: With several objectives, how many of these trials no other beats in all of them; else
            None.
        rates: How many trials end in a minute.
        retries: How often trials were offered again because a worker died.
        failures: The latest failures, the last first.
        workers: Workers with stuck trials first, then those with running trials, then the others,
            by when they were last heard.
    """

    study: str
    objectives: list[str]
    directions: list[str]
    time_s: float
    counts: dict[str, int]
    feasible: int | None
    best: Best | None
    progress: list[float]
    front: int | None
    rates: Rates
    retries: int
    failures: list[Failure]
    workers: list[Worker]

    @property
    def stuck(self) -> list[RunningTrial]:
        """The trials without a lease."""
        return [
            trial
            for worker in self.workers
            for trial in worker.running
            if trial.stuck_s is not None
        ]


def make_overview(
    name: str,
    directions: Sequence[str],
    rows: Iterable[TrialRow],
    now: float,
    lease_s: float,
    max_retries: int,
    objectives: Sequence[str] | None = None,
) -> Overview:
    """Make the overview of a study from all its trials.

    Args:
        name: Name of the study.
        directions: "minimize" or "maximize", one an objective.
        rows: All trials; running ones as they are now, with their reports.
        now: The storage's clock, in seconds since 1970.
        lease_s: How long a worker may be silent, in seconds.
        max_retries: How often a trial is offered again.
        objectives: Names of the objectives; None where they have none.
    """
    rows = list(rows)
    n_objectives = len(directions)
    counts = Counter(row.state for row in rows)
    ended = [row for row in rows if row.state.finished]
    complete = [
        row for row in ended if row.state == State.COMPLETE and row.values and row.confirms is None
    ]
    feasible = [row for row in complete if row.feasible]
    return Overview(
        study=name,
        objectives=list(objectives or default_names(n_objectives)),
        directions=list(directions),
        time_s=now,
        counts={state.name.lower(): counts[state] for state in State},
        feasible=len(feasible) if any(row.constraints for row in rows) else None,
        best=_find_best(feasible, directions) if n_objectives == 1 else None,
        progress=_follow_best(feasible, directions, len(rows)) if n_objectives == 1 else [],
        front=_count_front(feasible, directions) if n_objectives > 1 else None,
        rates=_rates(ended, now),
        retries=sum(row.retries for row in rows),
        failures=_latest_failures(ended, now),
        workers=_workers(rows, now, lease_s, max_retries),
    )


def _find_best(feasible: Sequence[TrialRow], directions: Sequence[str]) -> Best | None:
    sign = -1.0 if directions[0] == "maximize" else 1.0
    values = {row.number: row.values[0] for row in feasible if row.values}
    losses = sign * np.array([*values.values()]).reshape(-1, 1)
    leaders = find_leaders(np.array([*values], dtype=np.int64), losses).tolist()
    return Best(leaders[0], values[leaders[0]]) if leaders else None


def _follow_best(feasible: Sequence[TrialRow], directions: Sequence[str], n: int) -> list[float]:
    """The best value at equal distances, from the first trial that has one to the last of n."""
    known = [(r.number, r.values[0]) for r in feasible if r.values and not math.isnan(r.values[0])]
    if not known:
        return []
    number, value = np.array(sorted(known)).T
    follow = np.maximum if directions[0] == "maximize" else np.minimum
    best = follow.accumulate(value)
    last = max(float(number[-1]), n - 1.0)
    n_steps = min(_N_STEPS, int(last - number[0]) + 1)
    at = np.searchsorted(number, np.linspace(number[0], last, n_steps), side="right") - 1
    steps: list[float] = best[at].tolist()
    return steps


def _count_front(feasible: Sequence[TrialRow], directions: Sequence[str]) -> int:
    signs = np.array([-1.0 if d == "maximize" else 1.0 for d in directions])
    values = [r.values for r in feasible if r.values and len(r.values) == len(directions)]
    return int(is_non_dominated(np.array(values) * signs).sum()) if values else 0


def _rates(ended: Sequence[TrialRow], now: float) -> Rates:
    starts_s = [row.started_s for row in ended if row.started_s is not None]
    ends_s = [row.finished_s for row in ended if row.finished_s is not None]
    span_s = max(ends_s, default=0.0) - min(starts_s, default=0.0)
    return Rates(
        last_minute=float(sum(t > now - 60 for t in ends_s)),
        last_ten_minutes=sum(t > now - 600 for t in ends_s) / 10,
        overall=60 * len(ends_s) / span_s if ends_s and span_s > 0 else None,
    )


def _latest_failures(ended: Sequence[TrialRow], now: float) -> list[Failure]:
    failed = sorted((row for row in ended if row.error), key=lambda row: row.finished_s or 0.0)
    return [
        Failure(
            number=row.number,
            error=(row.error or "").split("\n", 1)[0],
            ago_s=_ago(now, row.finished_s),
            worker=_worker_name(row),
        )
        for row in reversed(failed[-_N_FAILURES:])
    ]


def _workers(
    rows: Sequence[TrialRow], now: float, lease_s: float, max_retries: int
) -> list[Worker]:
    by_name: dict[str, list[TrialRow]] = {}
    for row in rows:
        name = _worker_name(row)
        if row.state == State.RUNNING or (row.state.finished and name):
            by_name.setdefault(name, []).append(row)
    workers = [_worker(name, own, now, lease_s, max_retries) for name, own in by_name.items()]
    return sorted(workers, key=_sort_key)


def _worker_name(row: TrialRow) -> str:
    """The worker of a trial; the service appends the key of a request to it."""
    return row.worker.partition("#")[0]


def _sort_key(worker: Worker) -> tuple[bool, bool, float, str]:
    has_no_stuck = all(trial.stuck_s is None for trial in worker.running)
    heard_s = math.inf if worker.heard_s is None else worker.heard_s
    return has_no_stuck, not worker.running, heard_s, worker.name


def _worker(
    name: str, rows: Sequence[TrialRow], now: float, lease_s: float, max_retries: int
) -> Worker:
    running = [
        _running_trial(row, now, lease_s, max_retries) for row in rows if row.state == State.RUNNING
    ]
    ended = [row for row in rows if row.state.finished]
    # A worker is heard when it takes a lease or extends it, and when it ends a trial.
    heard_s = [now - lease_s + trial.lease_left_s for trial in running]
    heard_s += [row.finished_s for row in ended if row.finished_s is not None]
    durations_s = [row.duration_s for row in ended if row.duration_s is not None]

    host, pid = name, ""
    if name.count(":") >= 2:
        host, pid, _ = name.rsplit(":", 2)
    return Worker(
        name=name,
        host=host,
        pid=int(pid) if pid.isdecimal() else None,
        running=running,
        lease_left_s=min((trial.lease_left_s for trial in running), default=None),
        heard_s=_ago(now, max(heard_s, default=None)),
        finished=len(ended),
        failed=sum(row.state == State.FAILED for row in ended),
        mean_duration_s=sum(durations_s) / len(durations_s) if durations_s else None,
    )


def _running_trial(row: TrialRow, now: float, lease_s: float, max_retries: int) -> RunningTrial:
    is_stuck = lease_expired(row.lease_s, now, lease_s)
    what_next = None
    if is_stuck and row.retries < max_retries:
        retry = f"retry {row.retries + 1} of {max_retries}"
        what_next = f"offered again when a worker is free ({retry})"
    elif is_stuck:
        what_next = f"failed when a worker looks (after {row.retries} of {max_retries} retries)"
    return RunningTrial(
        number=row.number,
        worker=_worker_name(row),
        since_s=_ago(now, row.started_s),
        step=row.reports[-1][0] if row.reports else None,
        lease_left_s=row.lease_s - now,
        retries=row.retries,
        stuck_s=max(now - row.lease_s, 0.0) if is_stuck else None,
        next=what_next,
    )


def _ago(now: float, moment: float | None) -> float | None:
    """Seconds since a moment, at least 0."""
    return None if moment is None else max(now - moment, 0.0)


class Follower:
    """Reader of a study that changes: it reads only what is new, and the trials that run.

    Args:
        storage: Where the study is stored.
        record: The study.

    Raises:
        StorageDamagedError: The settings of the study cannot be read.
    """

    def __init__(self, storage: Storage, record: StudyRecord) -> None:
        self._storage = storage
        self._record = record
        self._settings = read_settings(record)
        self._rows: dict[int, TrialRow] = {}
        self._running: set[int] = set()
        self._revision = 0

    def look(self) -> Overview:
        """Read the study as it is now.

        Raises:
            StudyNotFoundError: It was deleted.
        """
        storage = self._storage
        study = self._record
        changes = storage.changes(study.id, self._revision)
        self._put(changes.rows)
        self._revision = changes.revision
        if self._running:  # an extended lease is no change
            self._put(storage.rows(study.id, sorted(self._running)))
        return make_overview(
            name=study.name,
            directions=self._settings.directions,
            rows=self._rows.values(),
            now=storage.now(),
            lease_s=storage.lease_s,
            max_retries=storage.max_retries,
            objectives=self._settings.names,
        )

    def _put(self, rows: Iterable[TrialRow]) -> None:
        for row in rows:
            self._rows[row.number] = row
            if row.state == State.RUNNING:
                self._running.add(row.number)
            else:
                self._running.discard(row.number)
