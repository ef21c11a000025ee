"""Fleets of workers, simulated with measured costs, and their bounds on paper."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.common.timing import MS
from benchmarks.scaling.queues import Clock, Process, Queue, Steps

STORAGES = ["sqlite", "postgresql", "mysql", "redis", "http", "ask/tell"]
ONE_CORE = ("redis", "http", "ask/tell")  # servers that use one core, however many there are
VERBS = ["add_trials", "conflict", "claim", "report", "finish", "extend", "changes"]

_BUSY = 0.8  # from this share of the time on, a lock or the cores count as overloaded
_MAX_ROUNDS = 60  # rounds of `n_events` events, where something is overloaded

Costs = dict[str, dict[str, float]]  # of a storage, by verb


@dataclass(frozen=True)
class Fleet:
    """Workers, and what they do.

    Attributes:
        storage: One of STORAGES.
        workers: How many trials run at a time.
        trial_s: Mean training time.
        sigma: Standard deviation of its logarithm.
        jobs: Trials of one process, which has one connection and one history.
        studies: Over which the workers are spread.
        reports: Of each trial, after each of which it reads what is new.
        propose_s: Time of a proposal: the worker's, or the service's with ask/tell.
        lease_s: A process prolongs its leases three times in this time.
        rtt_s: Round trip of the network.
        cores: Of the storage's server; Redis and the service use one.
        local_s: Processor seconds of the worker's own in a trial, where it shares the server's
            cores.
        looks: False if workers did not read what others did; all do, and it shows what that costs.
        row_share: Share of the changed rows that is read; 1 is what luthier does.
        expects: False if no proposal were made again when another worker was quicker; all are.
    """

    storage: str
    workers: int
    trial_s: float
    sigma: float = 0.5
    jobs: int = 1
    studies: int = 1
    reports: int = 0
    propose_s: float = 0.0
    lease_s: float = 60.0
    rtt_s: float = 0.0005
    cores: int = 8
    local_s: float = 0.0
    looks: bool = True
    row_share: float = 1.0
    expects: bool = True


class Simulation:
    """A fleet at work on a virtual clock.

    Args:
        fleet: Who works.
        costs: Of its storage's verbs.
        seed: Of the training times.
    """

    def __init__(self, fleet: Fleet, costs: Costs, seed: int = 0) -> None:
        self._fleet = fleet
        self._costs = costs
        self._rng = np.random.default_rng(seed)

        self._clock = Clock()
        self._cores = Queue(self._clock, 1 if fleet.storage in ONE_CORE else fleet.cores)
        n_locks = 1 if fleet.storage == "sqlite" else fleet.studies  # SQLite's lock is the file's
        self._locks = [Queue(self._clock, 1) for _ in range(n_locks)]

        self._n_changes = [0.0] * fleet.studies
        self._n_begun = [0] * fleet.studies
        self._bytes = 0.0
        self._waits_s: list[float] = []
        self._start()

    def run(self, n_events: int = 50_000) -> dict[str, float]:
        """Return the figures of so many events, after as many that do not count.

        Where something is overloaded it goes on until as many trials ended as there are workers.
        """
        for _ in range(2):
            since = self._clock.now
            self._forget()
            for _ in range(_MAX_ROUNDS):
                self._clock.run(n_events)
                busy = self._busy(self._clock.now - since)
                calm = max(busy["lock"], busy["cores"]) < _BUSY
                if calm or len(self._waits_s) >= self._fleet.workers:
                    break

        spent_s = self._clock.now - since
        trials_per_s = len(self._waits_s) / spent_s
        trial_s = self._fleet.trial_s
        if max(busy["lock"], busy["cores"]) > _BUSY:
            efficiency = trials_per_s * trial_s / self._fleet.workers
        else:  # the mean wait varies less than the number of trials
            efficiency = trial_s / (trial_s + float(np.mean(self._waits_s)))
        return {
            "trials_per_s": trials_per_s,
            "efficiency": efficiency,
            "wait_p99_s": float(np.percentile(self._waits_s, 99)),
            **busy,
            "mb_per_s": self._bytes / spent_s / 1e6,
        }

    def _start(self) -> None:
        """Put every worker and every lease on the clock."""
        fleet = self._fleet
        n_processes = -(-fleet.workers // fleet.jobs)
        for i in range(n_processes):
            study = i % fleet.studies
            n_seen = [0.0]
            loop = Queue(self._clock, 1)
            for _ in range(min(fleet.jobs, fleet.workers - i * fleet.jobs)):
                self._clock.wake(self._worker(study, loop, n_seen))
            if fleet.storage != "ask/tell":
                self._clock.wake(self._leases(study))
        if fleet.storage == "ask/tell":  # each worker prolongs the lease of its own trial
            for i in range(fleet.workers):
                self._clock.wake(self._leases(i % fleet.studies))

    def _worker(self, study: int, loop: Queue, n_seen: list[float]) -> Process:
        """Train, report, end the trial and begin the next one, for ever."""
        fleet, clock = self._fleet, self._clock
        mu = np.log(fleet.trial_s) - fleet.sigma**2 / 2

        # The first trial began before the first moment; long trials are more likely to run then.
        whole_s = float(self._rng.lognormal(mu + fleet.sigma**2, fleet.sigma))
        past = float(self._rng.random())
        changes_per_s = fleet.workers / fleet.studies * (2 + fleet.reports) / fleet.trial_s
        n_missed = changes_per_s * whole_s * past / fleet.jobs / (1 + fleet.reports)
        n_seen[0] = min(n_seen[0], -n_missed)
        train_s = whole_s * (1 - past)

        while True:
            waited_s = 0.0
            for _ in range(fleet.reports):
                yield train_s / (fleet.reports + 1)
                since = clock.now
                yield from self._write(study, "report")
                if fleet.storage != "ask/tell":
                    yield from self._read(study, n_seen)
                waited_s += clock.now - since
            yield train_s / (fleet.reports + 1)

            since = clock.now
            yield from loop.enter()
            yield from self._turn(study, n_seen)
            loop.leave()
            self._waits_s.append(waited_s + clock.now - since)
            train_s = float(self._rng.lognormal(mu, fleet.sigma))

    def _turn(self, study: int, n_seen: list[float]) -> Steps:
        """Do what stands between two trials."""
        fleet = self._fleet
        if fleet.storage == "ask/tell":
            yield from self._write(study, "tell")
            yield from self._write(study, "ask", fleet.propose_s)
            return

        if fleet.local_s:
            yield from self._cores.serve(fleet.local_s, "workers")
        yield from self._write(study, "finish")
        yield from self._read(study, n_seen)
        expected = self._n_begun[study]
        yield fleet.propose_s
        if not fleet.expects:
            yield from self._write(study, "add_trials")
        elif not (yield from self._write(study, "add_trials", expected=expected)):
            yield from self._read(study, n_seen)
            yield fleet.propose_s
            yield from self._write(study, "add_trials")

    def _write(
        self, study: int, verb: str, more_s: float = 0.0, expected: int | None = None
    ) -> Generator[float | None, None, bool]:
        """Call a verb that writes; False if there were not as many trials as expected."""
        cost = self._costs[verb]
        lock = self._locks[study % len(self._locks)]
        purpose = "leases" if verb == "extend" else "writes"
        locks = cost["locks"]

        yield (cost["trips"] - cost["locked_trips"]) * self._fleet.rtt_s
        if not locks:
            yield from self._cores.serve(cost["cpu_ms"] / MS + more_s, purpose)
        else:
            yield from lock.enter()
            since = self._clock.now
            if expected not in (None, self._n_begun[study]):
                cost = self._costs["conflict"]
            cpu_s = min(cost["cpu_ms"], cost["lock_ms"]) / MS
            yield from self._cores.serve(cpu_s, purpose)
            yield cost["lock_ms"] / MS - cpu_s + cost["locked_trips"] * self._fleet.rtt_s
            lock.busy_s[purpose] += self._clock.now - since

        fits = expected in (None, self._n_begun[study])
        if fits and verb != "extend":
            self._n_begun[study] += verb in ("add_trials", "ask")
            self._n_changes[study] += 1

        if locks:
            lock.leave()
            rest_s = max(cost["cpu_ms"] - cost["lock_ms"], 0) / MS
            if rest_s:
                yield from self._cores.serve(rest_s, purpose)
        return fits

    def _read(self, study: int, n_seen: list[float]) -> Steps:
        """Read what is new."""
        fleet = self._fleet
        if not fleet.looks:
            return
        cost = self._costs["changes"]
        n = (self._n_changes[study] - n_seen[0]) * fleet.row_share
        n_seen[0] = self._n_changes[study]
        yield cost["trips"] * fleet.rtt_s
        yield from self._cores.serve((cost["cpu_ms"] + n * cost["row_cpu_ms"]) / MS, "reads")
        self._bytes += n * cost["row_bytes"]
        yield n * cost["row_worker_ms"] / MS

    def _leases(self, study: int) -> Process:
        """Prolong leases three times in `lease_s`, for ever."""
        every_s = self._fleet.lease_s / 3
        yield float(self._rng.random()) * every_s
        while True:
            yield from self._write(study, "extend")
            yield every_s

    def _forget(self) -> None:
        """Set all counters to 0."""
        self._bytes = 0.0
        self._waits_s.clear()
        for queue in (self._cores, *self._locks):
            queue.busy_s.clear()

    def _busy(self, spent_s: float) -> dict[str, float]:
        """Shares of the time: the lock (mean of several), all cores, the cores by purpose."""
        locked_s = sum(sum(lock.busy_s.values()) for lock in self._locks)
        core_s = spent_s * self._cores.n
        return {
            "lock": locked_s / spent_s / len(self._locks),
            "cores": sum(self._cores.busy_s.values()) / core_s,
            **{k: self._cores.busy_s[k] / core_s for k in ("writes", "leases", "reads")},
        }


def simulate(
    fleet: Fleet, constants: dict[str, Any], n_events: int = 50_000, seed: int = 0
) -> dict[str, float]:
    """Return a fleet's throughput, efficiency, waits, and how busy the lock and the cores are.

    Args:
        fleet: Who works.
        constants: Measured costs: `storages`, by name.
        n_events: How many events count.
        seed: Of the training times.

    Returns:
        `trials_per_s`; `efficiency`, the share of their time that workers train; `wait_p99_s`;
        `lock`, `cores`, `writes`, `leases` and `reads`, shares of the time; and `mb_per_s`, what is
        read.
    """
    return Simulation(fleet, constants["storages"][fleet.storage], seed).run(n_events)


def bound(fleet: Fleet, constants: dict[str, Any]) -> dict[str, float]:
    """Return, on paper, how many workers the cores and one study's lock can serve at most."""
    cost = constants["storages"][fleet.storage]
    if fleet.storage == "ask/tell":
        service_s = (cost["ask"]["cpu_ms"] + cost["tell"]["cpu_ms"]) / MS + fleet.propose_s
        return {"cores": fleet.trial_s / service_s}

    # Core seconds of a trial: each_s of its own, and row_s for every worker whose changes it reads.
    n_reads = (1 + fleet.reports) * fleet.looks
    writes = [cost["finish"], cost["add_trials"], *[cost["report"]] * fleet.reports]
    n_rows = (2 + fleet.reports) * fleet.row_share * fleet.looks / fleet.jobs / fleet.studies
    row_s = n_rows * cost["changes"]["row_cpu_ms"] / MS
    each_s = sum(write["cpu_ms"] for write in writes) / MS
    each_s += n_reads * cost["changes"]["cpu_ms"] / MS
    each_s += fleet.trial_s * 3 / fleet.lease_s * cost["extend"]["cpu_ms"] / MS / fleet.jobs

    # W workers fill the cores where W each_s + W^2 row_s = cores * trial_s; the positive root.
    available_s = fleet.trial_s * (1 if fleet.storage in ONE_CORE else fleet.cores)
    root = np.sqrt(each_s**2 + 4 * row_s * available_s)
    bounds = {"cores": float(2 * available_s / max(each_s + root, 1e-12))}

    lock_s = sum(
        write["lock_ms"] / MS + write["locked_trips"] * fleet.rtt_s
        for write in writes
        if write["locks"]
    )
    if lock_s:
        bounds["lock"] = fleet.trial_s * fleet.studies / lock_s
    return bounds
