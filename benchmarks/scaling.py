"""What limits 1,000 and 10,000 workers? Costs of every verb, measured here, and a simulation of fleets made of them.

    python benchmarks/scaling.py                     # simulates with the costs that were last
    saved, some minutes
    python benchmarks/scaling.py --measure --save    # measures them first; writes
    results/scaling-<date>.json
    python benchmarks/scaling.py --tables            # only prints what was saved, as
    docs/scaling.md has it

Costs are CPU time of the server's processes where possible: that of others on the machine is not in
it. How long a writer keeps the others of its study waiting (`lock`) is wall time, the median.

The simulation is a closed network of queues. A worker trains, writes its result, reads what is new,
proposes, writes its next trial, trains. Servers have cores, which all requests share, first come
first served; of a study's writers one holds the lock. Training times are lognormal, the first ones
begun before the first moment, and the first half of all events is left out. A row that changed
twice between two looks is counted twice. Networks add `rtt_s` to each round trip.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import heapq
import http.client
import itertools
import json
import multiprocessing
import os
import platform
import socket
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

for v in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(v, "1")
HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]

import numpy as np
from msgspec import structs

import luthier
from luthier.trial.record import State, TrialRow

RESULTS = HERE / "results"
STORAGES = ["sqlite", "postgresql", "mysql", "redis", "http", "ask/tell"]
VERBS = ["add_trials", "conflict", "claim", "report", "finish", "extend", "changes"]
WORKERS = [1, 10, 100, 1000, 10_000]
TRIALS_S = [1.0, 10.0, 60.0, 600.0, 3600.0]
SAMPLERS = ["Random", "TPE", "GP"]
SIZES = [100, 1000, 10_000]
MS = 1e3
_RUNS = 3  # of which the least is taken
_MOST = 60  # times the events that were asked for

Costs = dict[str, dict[str, float]]  # of a storage, by verb

# -- queues
# ----------------------------------------------------------------------------------------------

Process = Generator[float | None, None, None]


class Clock:
    """Virtual time. A process yields the seconds that it sleeps, or None where somebody else wakes it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.current: Process
        self._events: list[tuple[float, int, Process]] = []
        self._order = itertools.count()

    def wake(self, process: Process, in_s: float = 0.0) -> None:
        heapq.heappush(self._events, (self.now + in_s, next(self._order), process))

    def run(self, n_events: int) -> None:
        for _ in range(n_events):
            self.now, _, self.current = heapq.heappop(self._events)
            sleep_s = next(self.current)
            if sleep_s is not None:
                self.wake(self.current, sleep_s)


class Queue:
    """So many can be served at a time; who comes first is served first.

    Attributes:
        busy_s: Seconds of service, by what for.
    """

    def __init__(self, clock: Clock, n: int) -> None:
        self.clock = clock
        self.n = n
        self.free = n
        self.waiting: deque[Process] = deque()
        self.busy_s: Counter[str] = Counter()

    def enter(self) -> Iterator[None]:
        if self.free:
            self.free -= 1
        else:
            self.waiting.append(self.clock.current)
            yield None

    def leave(self) -> None:
        if self.waiting:
            self.clock.wake(self.waiting.popleft())
        else:
            self.free += 1

    def serve(self, seconds: float, what: str) -> Iterator[float | None]:
        yield from self.enter()
        yield seconds
        self.busy_s[what] += seconds
        self.leave()


# -- fleets
# ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fleet:
    """Workers, and what they do.

    Attributes:
        storage: One of STORAGES.
        workers: How many trials run at a time.
        trial_s: Mean training time.
        sigma: Of its logarithm.
        jobs: Trials of one process, which has one connection and one history.
        studies: Over which the workers are spread.
        reports: Of each trial, after each of which it reads what is new.
        propose_s: Time of a proposal: the worker's, or the service's with ask/tell.
        lease_s: Of which a process prolongs its leases every third.
        rtt_s: Of the network.
        cores: Of the storage's server; Redis and the service have one.
        local_s: CPU seconds of the worker's own in a trial, where it shares the cores.
        looks: Whether workers read what others did (all do; it shows what not doing so would gain).
        row_share: Share of the changed rows that is read (all are; likewise).
        expects: Whether a proposal is made again when another worker was quicker (all are;
            likewise).
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
    """A fleet at work."""

    def __init__(self, fleet: Fleet, costs: Costs, seed: int = 0) -> None:
        self.fleet = fleet
        self.costs = costs
        self.clock = Clock()
        self.rng = np.random.default_rng(seed)
        single = fleet.storage in ("redis", "http", "ask/tell")
        self.cores = Queue(self.clock, 1 if single else fleet.cores)
        self.locks = [
            Queue(self.clock, 1) for _ in range(1 if fleet.storage == "sqlite" else fleet.studies)
        ]
        self.changed = [0.0] * fleet.studies
        self.begun = [0] * fleet.studies
        self.bytes = 0.0
        self.waited: list[float] = []
        n = -(-fleet.workers // fleet.jobs)
        for i in range(n):
            study = i % fleet.studies
            seen = [0.0]
            loop = Queue(self.clock, 1)
            for _ in range(min(fleet.jobs, fleet.workers - i * fleet.jobs)):
                self.clock.wake(self.worker(study, loop, seen))
            if fleet.storage != "ask/tell":
                self.clock.wake(self.heart(study))
        if fleet.storage == "ask/tell":  # each worker beats for its own trial
            for i in range(fleet.workers):
                self.clock.wake(self.heart(i % fleet.studies))

    def worker(self, study: int, loop: Queue, seen: list[float]) -> Process:
        f, clock = self.fleet, self.clock
        mu = np.log(f.trial_s) - f.sigma**2 / 2
        whole_s = float(
            self.rng.lognormal(mu + f.sigma**2, f.sigma)
        )  # long ones are more likely to run at a moment
        past = float(self.rng.random())
        per_s = f.workers / f.studies * (2 + f.reports) / f.trial_s
        seen[0] = min(seen[0], -per_s * whole_s * past / f.jobs / (1 + f.reports))
        train_s = whole_s * (1 - past)
        while True:
            waited_s = 0.0
            for _ in range(f.reports):
                yield train_s / (f.reports + 1)
                since = clock.now
                yield from self.write(study, "report")
                if f.storage != "ask/tell":
                    yield from self.look(study, seen)
                waited_s += clock.now - since
            yield train_s / (f.reports + 1)
            since = clock.now
            yield from loop.enter()
            yield from self.turn(study, seen)
            loop.leave()
            self.waited.append(waited_s + clock.now - since)
            train_s = float(self.rng.lognormal(mu, f.sigma))

    def turn(self, study: int, seen: list[float]) -> Iterator[float | None]:
        """Between two trials."""
        f = self.fleet
        if f.storage == "ask/tell":
            yield from self.write(study, "tell")
            yield from self.write(study, "ask", f.propose_s)
            return
        if f.local_s:
            yield from self.cores.serve(f.local_s, "workers")
        yield from self.write(study, "finish")
        yield from self.look(study, seen)
        expected = self.begun[study]
        yield f.propose_s
        if not f.expects:
            yield from self.write(study, "add_trials")
        elif not (yield from self.write(study, "add_trials", expected=expected)):
            yield from self.look(study, seen)
            yield f.propose_s
            yield from self.write(study, "add_trials")

    def write(
        self, study: int, verb: str, more_s: float = 0.0, expected: int | None = None
    ) -> Iterator[Any]:
        """A verb that others of the study wait for; whether it found as many trials as expected."""
        f = self.fleet
        cost = self.costs[verb]
        lock = self.locks[study % len(self.locks)]
        what, locks = "leases" if verb == "extend" else "writes", cost["locks"]
        yield (cost["trips"] - cost["locked_trips"]) * f.rtt_s
        if not locks:
            yield from self.cores.serve(cost["cpu_ms"] / MS + more_s, what)
        else:
            yield from lock.enter()
            since = self.clock.now
            if expected not in (None, self.begun[study]):
                cost = self.costs["conflict"]
            cpu_s = min(cost["cpu_ms"], cost["lock_ms"]) / MS
            yield from self.cores.serve(cpu_s, what)
            yield cost["lock_ms"] / MS - cpu_s + cost["locked_trips"] * f.rtt_s
            lock.busy_s[what] += self.clock.now - since
        fits = expected in (None, self.begun[study])
        if fits and verb != "extend":
            self.begun[study] += verb in ("add_trials", "ask")
            self.changed[study] += 1
        if locks:
            lock.leave()
            rest_s = max(cost["cpu_ms"] - cost["lock_ms"], 0) / MS
            if rest_s:
                yield from self.cores.serve(rest_s, what)
        return fits

    def look(self, study: int, seen: list[float]) -> Iterator[float | None]:
        """Reads what is new."""
        f, cost = self.fleet, self.costs["changes"]
        n = (self.changed[study] - seen[0]) * f.row_share
        if f.looks:
            seen[0] = self.changed[study]
            yield cost["trips"] * f.rtt_s
            yield from self.cores.serve((cost["cpu_ms"] + n * cost["row_cpu_ms"]) / MS, "reads")
            self.bytes += n * cost["row_bytes"]
            yield n * cost["row_worker_ms"] / MS

    def heart(self, study: int) -> Process:
        every_s = self.fleet.lease_s / 3
        yield float(self.rng.random()) * every_s
        while True:
            yield from self.write(study, "extend")
            yield every_s

    def run(self, n_events: int = 50_000) -> dict[str, float]:
        """The figures of so many events, after as many.

        Where something is overloaded, each worker ends a trial.
        """
        for _ in range(2):
            self.bytes = 0.0
            since = self.clock.now
            self.waited.clear()
            for queue in (self.cores, *self.locks):
                queue.busy_s.clear()
            for _ in range(_MOST):
                self.clock.run(n_events)
                busy = self._busy(self.clock.now - since)
                if len(self.waited) >= self.fleet.workers or max(busy["lock"], busy["cores"]) < 0.8:
                    break
        spent_s = self.clock.now - since
        f = self.fleet
        n = len(self.waited)
        return {
            "trials_per_s": n / spent_s,
            "efficiency": n / spent_s * f.trial_s / f.workers
            if max(busy["lock"], busy["cores"]) > 0.8
            else f.trial_s
            / (
                f.trial_s + float(np.mean(self.waited))
            ),  # which varies less than how many there are
            "wait_p99_s": float(np.percentile(self.waited, 99)),
            **busy,
            "mb_per_s": self.bytes / spent_s / 1e6,
        }

    def _busy(self, spent_s: float) -> dict[str, float]:
        """Shares of the time: of the lock (the mean of several), of all cores, and of them by what for."""
        kinds = {
            k: self.cores.busy_s[k] / spent_s / self.cores.n for k in ("writes", "leases", "reads")
        }
        lock = sum(sum(q.busy_s.values()) for q in self.locks) / spent_s / len(self.locks)
        return {
            "lock": lock,
            "cores": sum(self.cores.busy_s.values()) / spent_s / self.cores.n,
            **kinds,
        }


def simulate(
    fleet: Fleet, constants: dict[str, Any], n_events: int = 50_000, seed: int = 0
) -> dict[str, float]:
    """Trials a second, the share of their time that workers train, how busy the lock and the cores are, and waits."""
    return Simulation(fleet, constants["storages"][fleet.storage], seed).run(n_events)


def bound(fleet: Fleet, constants: dict[str, Any]) -> dict[str, float]:
    """On paper: how many workers one study's lock, and the cores, can serve at most."""
    cost, f = constants["storages"][fleet.storage], fleet
    if f.storage == "ask/tell":
        service_s = (cost["ask"]["cpu_ms"] + cost["tell"]["cpu_ms"]) / MS + f.propose_s
        return {"cores": f.trial_s / service_s}
    verbs = [cost["finish"], cost["add_trials"], *[cost["report"]] * f.reports]
    lock_s = sum(c["lock_ms"] / MS + c["locked_trips"] * f.rtt_s for c in verbs if c["locks"])
    cores = 1 if f.storage in ("redis", "http") else f.cores
    row_s = (
        (2 + f.reports)
        * cost["changes"]["row_cpu_ms"]
        / MS
        * f.row_share
        * f.looks
        / f.jobs
        / f.studies
    )
    each_s = (
        sum(c["cpu_ms"] for c in verbs) / MS
        + (1 + f.reports) * cost["changes"]["cpu_ms"] / MS * f.looks
    )
    each_s += f.trial_s * 3 / f.lease_s * cost["extend"]["cpu_ms"] / MS / f.jobs
    most = cores * f.trial_s  # W each_s + W^2 row_s = cores · trial_s
    root = np.sqrt(each_s**2 + 4 * row_s * most)
    by_cores = 2 * most / max(each_s + root, 1e-12)
    return {"cores": float(by_cores)} | ({"lock": f.trial_s * f.studies / lock_s} if lock_s else {})


# -- costs
# ----------------------------------------------------------------------------------------------

SPACE = {f"x{i}": luthier.Float(0, 1) for i in range(5)}


def row(state: State = State.RUNNING, i: int = 0) -> TrialRow:
    done = state == State.COMPLETE
    return TrialRow(
        number=-1,
        state=state,
        params={f"x{k}": (i * (k + 3) % 1009) / 1009 for k in range(5)},
        started_s=1.7e9 + i,
        values=((i * 7919 % 100_003) / 100_003,) if done else None,
        finished_s=1.7e9 + i + 60 if done else None,
        worker="node-0123:12345:0123abcd",
    )


class Wire:
    """Stands between a storage and its server, and counts round trips and bytes."""

    def __init__(self, port: int) -> None:
        self.target = port
        self.trips = 0
        self.bytes = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._asks = False
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            ours, _ = self._listener.accept()
            theirs = socket.create_connection(("127.0.0.1", self.target))
            for end in (ours, theirs):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._carry, args=(ours, theirs, True), daemon=True).start()
            threading.Thread(target=self._carry, args=(theirs, ours, False), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, asks: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                self.trips += asks and not self._asks
                self.bytes += 0 if asks else len(data)
                self._asks = asks
                sink.sendall(data)
        sink.close()


def cpu_s(pid: int | None) -> float:
    """What a server's processes have computed so far; ours where there is none."""
    import psutil

    if pid is None:
        return time.process_time()
    top = psutil.Process(pid)
    times = [p.cpu_times() for p in (top, *top.children(recursive=True))]
    return float(sum(t.user + t.system for t in times))


def timed(storage: Any, wire: Wire | None = None) -> list[tuple[float, int]]:
    """Notes how long each write keeps others waiting, and with how many round trips.

    In a list that grows.
    """
    noted: list[tuple[float, int]] = []
    began: list[tuple[float, int]] = []
    if not hasattr(storage, "_raised"):
        return noted
    # SQLite's lock is the file's
    raised = storage._raised
    write = storage._write
    whole = hasattr(storage, "path")

    def now() -> tuple[float, int]:
        return time.perf_counter(), wire.trips if wire else 0

    def raise_it(*args: Any) -> Any:
        found = raised(*args)
        if found is None and storage._returns:  # PostgreSQL locks no row that does not fit
            noted.append((0.0, 0))
        else:
            began.append(now())
        return found

    @contextlib.contextmanager
    def write_it() -> Iterator[Any]:
        began.clear()
        with write() as db:
            if whole:
                began.append(now())
            yield db
        if began:
            (end_s, end), (begin_s, begin) = now(), began[0]
            noted.append((end_s - begin_s, end - begin))

    def glance(statement: str, args: Any) -> Any:
        began_s = time.perf_counter()
        found = look(statement, args)
        if statement.lstrip().startswith(
            "WITH"
        ):  # PostgreSQL's writes of one statement: the server alone has the lock
            noted.append((max(time.perf_counter() - began_s - trip_s, 0.0) if found else 0.0, 0))
        return found

    storage._write = write_it
    if not whole:
        look = storage._glance
        times = []
        for _ in range(100):
            began_s = time.perf_counter()
            look("SELECT 1", ())
            times.append(time.perf_counter() - began_s)
        trip_s = median(times)
        storage._raised = raise_it
        storage._glance = glance
    return noted


SPEC = {"directions": ["minimize"], "seed": 0, "space": {}}


def opened(url: str) -> Any:
    import luthier.storages as storages

    found = storages.from_url(url)
    return found.inner if isinstance(found, storages.Patient) else found


def verbs(storage: Any, n: int) -> Iterator[tuple[str, Callable[[int], Any]]]:
    """Each verb by its name, to be called n times with 0, 1, 2, ..., in this order."""
    study = storage.create_study(f"s{n}", SPEC).id
    yield "add_trials", lambda i: storage.add_trials(study, [row(i=i)], i, f"{study}-{i}")
    yield "conflict", lambda i: storage.add_trials(study, [row(i=i)], 0, f"{study}-c{i}")
    yield "extend", lambda i: storage.extend(study, {i: 1})
    yield "report", lambda i: storage.report(study, i, 1, 1.0, 0.5, None, {})
    yield (
        "finish",
        lambda i: storage.finish(study, structs.replace(row(State.COMPLETE, i), number=i, token=1)),
    )
    revision = storage.changes(study, 0).revision
    yield "changes", lambda i: storage.changes(study, revision - 1)  # one row
    storage.add_trials(study, [row(State.WAITING, i) for i in range(n)])
    yield "claim", lambda i: storage.claim(study, n + i, "node-0123:12345:0123abcd")


def measure_storage(url: str, pid: int | None, port: int | None, n: int = 400) -> dict[str, Any]:
    """Costs of each verb."""
    storage = opened(url)
    noted = timed(storage)
    out: dict[str, Any] = {}
    for name, verb in verbs(storage, n):
        noted.clear()
        before, walls = cpu_s(pid), []
        for i in range(n):
            began = time.perf_counter()
            verb(i)
            walls.append(MS * (time.perf_counter() - began))
        out[name] = {
            "ms": median(walls),
            "least_ms": min(walls),
            "cpu_ms": MS * (cpu_s(pid) - before) / n,
            "lock_ms": MS * median([s for s, _ in noted]) if noted else 0.0,
            "locks": bool(noted),
            "trips": 0,
            "locked_trips": 0,
        }
    many, times = 10_000, 20
    large = storage.create_study("large", SPEC).id
    _, since = storage.add_trials(large, [row(State.COMPLETE, i) for i in range(10)])
    storage.add_trials(large, [row(State.COMPLETE, i) for i in range(many)])
    before, own = cpu_s(pid), time.process_time()
    for _ in range(times):
        found = storage.changes(large, since)
    read_s = (
        0.0 if pid is None else (time.process_time() - own) / times
    )  # without a server, the reader is the server
    out["changes"]["row_cpu_ms"] = MS * (cpu_s(pid) - before) / times / many
    history, own = luthier.create_study(space=SPACE).history, time.process_time()
    history.put([structs.replace(r, number=i) for i, r in enumerate(found.rows)])
    out["changes"]["row_worker_ms"] = MS * (read_s + time.process_time() - own) / many
    out["changes"]["row_bytes"] = 0.0
    storage.close()
    if port is not None:
        wire = Wire(port)
        storage = opened(url.replace(f":{port}", f":{wire.port}"))
        noted, n = timed(storage, wire), 9
        for name, verb in verbs(storage, n):
            noted.clear()
            before = wire.trips
            for i in range(n):
                verb(i)
            out[name]["trips"] = round((wire.trips - before) / n)
            out[name]["locked_trips"] = median([t for _, t in noted]) if noted else 0
        before = wire.bytes
        storage.changes(large, since)
        out["changes"]["row_bytes"] = (wire.bytes - before) / many
        storage.close()
    return out


def measure_asked(n: int = 400) -> dict[str, Any]:
    """Costs of the service's own routes for workers, without proposals."""
    import service

    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/s.db"
        study = luthier.create_study("s", url, space=SPACE, sampler="random", seed=0)
        study.storage.update_study(study._id, {**study._spec, "sampler": "random"})
        with service.Service(url) as running:
            line = http.client.HTTPConnection("127.0.0.1", running.port)
            head = {"Authorization": f"Bearer {service.TOKEN}", "Content-Type": "application/json"}

            def post(path: str, body: Any) -> Any:
                line.request("POST", f"/v1/studies/{study._id}/{path}", json.dumps(body), head)
                return json.loads(line.getresponse().read())

            calls: dict[str, Callable[[dict[str, Any]], Any]] = {
                "ask": lambda _: asked.append(post("ask", {})),
                "extend": lambda t: post(f"trials/{t['number']}/heartbeat", {"token": t["token"]}),
                "report": lambda t: post(
                    f"trials/{t['number']}/report", {"token": t["token"], "step": 1, "value": 1}
                ),
                "tell": lambda t: post(
                    f"trials/{t['number']}/tell", {"token": t["token"], "value": 0.5}
                ),
            }
            asked: list[dict[str, Any]] = []
            out = {}
            for name, call in calls.items():
                before, walls = cpu_s(running.process.pid), []
                for t in list(asked) or [{}] * n:
                    began = time.perf_counter()
                    call(t)
                    walls.append(MS * (time.perf_counter() - began))
                spent = MS * (cpu_s(running.process.pid) - before) / n
                out[name] = {
                    "ms": median(walls),
                    "least_ms": min(walls),
                    "cpu_ms": spent,
                    "lock_ms": 0.0,
                    "locks": False,
                    "trips": 1,
                    "locked_trips": 0,
                }
            line.close()
    return out


def measure_proposals() -> dict[str, dict[str, float]]:
    """CPU milliseconds of a proposal in 5 dimensions, by sampler and number of trials."""
    out: dict[str, dict[str, float]] = {}
    for sampler in SAMPLERS:
        out[sampler] = {}
        for size in SIZES:
            study = luthier.create_study(space=SPACE, sampler=sampler, seed=0)
            study.add_trials([row(State.COMPLETE, i) for i in range(size)])
            times: list[float] = []
            until = time.monotonic() + 10
            while len(times) < 3 or (time.monotonic() < until and len(times) < 30):
                began = time.process_time()
                trial = study.ask()
                times.append(MS * (time.process_time() - began))
                study.tell(trial, 0.5)
            out[sampler][str(size)] = median(times)
    return out


def connection_mb(server: Any) -> float:
    """Memory of PostgreSQL's own that one more worker takes."""
    import psutil

    from luthier.storages import SQL

    url = server.fresh()
    storages = [SQL(url) for _ in range(20)]
    before = {p.pid for p in psutil.Process(server.process.pid).children()}
    study = storages[0].create_study("s", {}).id
    for s in storages:
        s.add_trials(study, [row()])
        s.changes(study, 0)
    backends = [p for p in psutil.Process(server.process.pid).children() if p.pid not in before]
    used = [
        p.memory_full_info().uss / 2**20 for p in backends if "luthier" in " ".join(p.cmdline())
    ]
    for s in storages:
        s.close()
    return float(median(used))


def optimise(url: str, n: int, trial_s: float, ready: Any, out: Any) -> None:
    study = luthier.load_study("s", url, sampler="Random")
    study.optimize(lambda t: t.suggest_float("x0", 0, 1), n_trials=2, progress=False)
    ready.wait()
    began, own = time.time(), time.process_time()
    study.optimize(
        lambda t: time.sleep(trial_s) or t.suggest_float("x0", 0, 1), n_trials=n, progress=False
    )
    out.put((began, time.time(), time.process_time() - own))
    study.storage.close()


def real_run(url: str, workers: int = 4, n: int = 150, trial_s: float = 0.02) -> dict[str, float]:
    """Real processes on a real server, all on this machine."""
    luthier.create_study("s", url, space=SPACE).storage.close()
    spawn = multiprocessing.get_context("spawn")
    ready, out = spawn.Barrier(workers), spawn.Queue()
    processes = [
        spawn.Process(target=optimise, args=(url, n, trial_s, ready, out)) for _ in range(workers)
    ]
    for p in processes:
        p.start()
    spans = [out.get() for _ in processes]
    for p in processes:
        p.join()
    per_s = workers * n / (max(e for _, e, _ in spans) - min(b for b, _, _ in spans))
    own_ms = MS * sum(own for *_, own in spans) / (workers * n)
    return {"workers": workers, "trial_s": trial_s, "trials_per_s": per_s, "worker_cpu_ms": own_ms}


def least(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Of each figure the least: other work on the machine only adds."""
    return {verb: {k: min(r[verb][k] for r in runs) for k in runs[0][verb]} for verb in runs[0]}


def measure() -> dict[str, Any]:
    import servers
    import service

    found: dict[str, Any] = {"storages": {}, "real": {}}
    with tempfile.TemporaryDirectory() as folder:
        os.environ[servers.RUN] = folder
        print("sqlite", flush=True)
        found["storages"]["sqlite"] = least(
            [measure_storage(f"sqlite:///{folder}/{i}.db", None, None) for i in range(_RUNS)]
        )
        for kind, made in servers.KINDS.items():
            print(kind, flush=True)
            with made() as server:
                pid = server.process.pid
                found["storages"][kind] = least(
                    [measure_storage(server.fresh(), pid, server.port) for _ in range(_RUNS)]
                )
                found["real"][kind] = max(
                    (real_run(server.fresh()) for _ in range(3)), key=lambda r: r["trials_per_s"]
                )
                if kind == "postgresql":
                    found["connection_mb"] = connection_mb(server)
        print("http", flush=True)
        with service.Service(f"sqlite:///{folder}/h.db") as running:
            url = f"http://{service.TOKEN}@127.0.0.1:{running.port}"
            found["storages"]["http"] = measure_storage(url, running.process.pid, running.port)
        found["storages"]["ask/tell"] = measure_asked()
    print("proposals", flush=True)
    found["propose_ms"] = measure_proposals()
    return found


# -- tables
# ----------------------------------------------------------------------------------------------


def fleets(constants: dict[str, Any]) -> dict[str, list[list[Fleet]]]:
    """What is simulated, by table, in groups.

    The first of a group is what the others are compared with.
    """
    tpe, random, gp = (constants["propose_ms"][s]["1000"] / MS for s in ("TPE", "Random", "GP"))
    sizes = [
        (s, w, t) for w in WORKERS for s in STORAGES if s != "sqlite" or w <= 100 for t in TRIALS_S
    ]
    short = Fleet("postgresql", 1000, 1.0, propose_s=tpe)
    steps = Fleet("postgresql", 1000, 60.0, propose_s=tpe, reports=50)
    many = Fleet("postgresql", 10_000, 10.0, propose_s=tpe)
    long = Fleet("postgresql", 10_000, 60.0, propose_s=tpe)
    service = Fleet("ask/tell", 10_000, 60.0, propose_s=tpe)
    remedies = [
        [
            f,
            replace(f, rtt_s=0.0),
            replace(f, storage="redis"),
            replace(f, jobs=16),
            replace(f, studies=10),
            replace(f, storage="ask/tell"),
        ]
        for f in (short, many, long)
    ]
    remedies[1].append(replace(many, studies=10, jobs=16))
    remedies += [
        [steps, replace(steps, reports=10), replace(steps, studies=10)],
        [
            service,
            replace(service, lease_s=600.0),
            replace(service, propose_s=random),
            replace(service, propose_s=gp),
        ],
    ]
    gains = [
        [
            f,
            replace(f, expects=False),
            replace(f, row_share=0.5),
            replace(f, looks=False),
            replace(f, looks=False, expects=False),
        ]
        for f in (short, many, replace(long, storage="redis"), replace(long, storage="http"))
    ]
    return {
        "grid": [[Fleet(s, w, t, propose_s=tpe) for s, w, t in sizes]],
        "remedies": remedies,
        "gains": gains,
    }


def simulate_all(constants: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {name: [] for name in ("grid", "remedies", "gains")}
    for name, groups in fleets(constants).items():
        for group in groups:
            out[name].append([])
            for fleet in group:
                figures = simulate(fleet, constants)
                out[name][-1].append({**asdict(fleet), **figures, "paper": bound(fleet, constants)})
                print(
                    f"{name:9s} {fleet.storage:10s} {fleet.workers:6d} workers {fleet.trial_s:5g} "
                    "s "
                    f"{figures['efficiency']:7.1%}",
                    flush=True,
                )
    out["real"] = {}
    for kind, run in constants["real"].items():
        fleet = Fleet(
            kind,
            run["workers"],
            run["trial_s"],
            sigma=1e-6,
            rtt_s=0.0,
            local_s=run["worker_cpu_ms"] / MS,
            cores=os.cpu_count() or 1,
        )
        out["real"][kind] = simulate(fleet, constants, 20_000)
    return out


def table(head: list[str], rows: list[list[str]]) -> str:
    line = "|" + "|".join(["---", *["---:"] * (len(head) - 1)]) + "|"
    return "\n".join([f"| {' | '.join(head)} |", line, *(f"| {' | '.join(r)} |" for r in rows)])


def rounded(x: Any) -> Any:
    """To four digits, wherever there are numbers."""
    if isinstance(x, dict):
        return {k: rounded(v) for k, v in x.items()}
    return (
        [rounded(v) for v in x]
        if isinstance(x, list)
        else float(f"{x:.4g}")
        if type(x) is float
        else x
    )


def share(x: float) -> str:
    return "< 1 %" if x < 0.01 else f"{int(100 * x)} %"  # down: what is not all is not 100 %


def figure(x: float) -> str:
    return f"{x:,.0f}" if x >= 100 else f"{x:.3g}"


def differs(fleet: dict[str, Any], base: dict[str, Any]) -> str:
    """What sets a fleet apart from another, in words."""
    words = {
        "storage": fleet["storage"],
        "jobs": f"{fleet['jobs']} trials a process",
        "studies": f"{fleet['studies']} studies",
        "reports": f"{fleet['reports']} reports",
        "lease_s": f"leases of {fleet['lease_s']:g} s",
        "rtt_s": "round trips take no time",
        "propose_s": f"proposals of {MS * fleet['propose_s']:.2g} ms",
        "looks": "nobody reads",
        "expects": "nobody proposes twice",
        "row_share": "half of the rows read",
    }
    if fleet is base:
        reports = f", {base['reports']} reports" if base["reports"] else ""
        return f"**{base['workers']:,} workers, {base['trial_s']:g} s{reports}, {base['storage']}**"
    return ", ".join(word for key, word in words.items() if fleet[key] != base[key])


def compared(groups: list[list[dict[str, Any]]]) -> str:
    head = [
        "",
        "trials a second",
        "training",
        "lock busy",
        "cores busy",
        "99 of 100 wait less than, s",
    ]
    return table(
        head,
        [
            [
                differs(f, group[0]),
                figure(f["trials_per_s"]),
                share(f["efficiency"]),
                share(f["lock"]),
                share(f["cores"]),
                figure(f["wait_p99_s"]),
            ]
            for group in groups
            for f in group
        ],
    )


def tables(found: dict[str, Any]) -> dict[str, str]:
    """What was saved, as docs/scaling.md has it."""
    constants, runs = found["constants"], found["simulated"]
    out, verbs = {}, ["add_trials", "finish", "report", "extend", "changes"]
    kinds = [s for s in STORAGES if s != "ask/tell"]
    of = constants["storages"]
    out["cpu"] = table(
        ["server's CPU, ms", *kinds],
        [[f"`{v}`", *(f"{of[k][v]['cpu_ms']:.2f}" for k in kinds)] for v in verbs]
        + [
            [
                "each further row of `changes`",
                *(f"{of[k]['changes']['row_cpu_ms']:.4f}" for k in kinds),
            ]
        ]
        + [["the worker's, a row", *(f"{of[k]['changes']['row_worker_ms']:.4f}" for k in kinds)]]
        + [["bytes of a row", *(f"{of[k]['changes']['row_bytes']:.0f}" for k in kinds)]],
    )

    def lock(cost: dict[str, float]) -> str:
        return f"{cost['lock_ms']:.2f}" if cost["locks"] else "-"

    out["lock"] = table(
        ["lock held, ms (round trips meanwhile, of all)", *kinds],
        [
            [
                f"`{v}`",
                *(
                    f"{lock(of[k][v])} ({of[k][v]['locked_trips']:g} of {of[k][v]['trips']:g})"
                    for k in kinds
                ),
            ]
            for v in verbs
        ],
    )
    out["propose"] = table(
        ["a proposal, ms of CPU", *(f"{n:,} trials" for n in SIZES)],
        [[s, *(figure(constants["propose_ms"][s][str(n)]) for n in SIZES)] for s in SAMPLERS],
    )
    grid = {(r["workers"], r["storage"], r["trial_s"]): r for r in runs["grid"][0]}
    out["efficiency"] = table(
        ["workers", "storage", *(f"{t:,.0f} s" for t in TRIALS_S)],
        [
            [f"{w:,}", s, *(share(grid[w, s, t]["efficiency"]) for t in TRIALS_S)]
            for w in WORKERS[2:]
            for s in STORAGES
            if (w, s, TRIALS_S[0]) in grid
        ],
    )
    out["limits"] = table(
        [
            "PostgreSQL",
            "trials a second",
            "lock busy",
            "writes",
            "leases",
            "reads",
            "MB/s read",
            "lock's bound",
            "cores' bound",
        ],
        [
            [
                f"{w:,} workers, {t:,.0f} s",
                figure(r["trials_per_s"]),
                *(share(r[k]) for k in ("lock", "writes", "leases", "reads")),
                *map(figure, (r["mb_per_s"], r["paper"]["lock"], r["paper"]["cores"])),
            ]
            for w in WORKERS[3:]
            for t in TRIALS_S
            for r in [grid[w, "postgresql", t]]
        ],
    )
    out["remedies"] = compared(runs["remedies"])
    out["asked"] = table(
        ["the service's CPU, ms", "`ask`", "`tell`", "`report`", "`heartbeat`"],
        [
            [
                "without a proposal",
                *(
                    f"{of['ask/tell'][v]['cpu_ms']:.2f}"
                    for v in ("ask", "tell", "report", "extend")
                ),
            ]
        ],
    )
    mb = constants["connection_mb"]
    out["connections"] = table(
        ["PostgreSQL's memory", "1 worker", *(f"{w:,} workers" for w in WORKERS[2:])],
        [["MB of its own", *(figure(w * mb) for w in (1, *WORKERS[2:]))]],
    )
    out["real"] = table(
        ["4 processes, 20 ms a trial", "measured, trials a second", "simulated"],
        [
            [k, figure(r["trials_per_s"]), figure(runs["real"][k]["trials_per_s"])]
            for k, r in constants["real"].items()
        ],
    )
    return out


def main() -> None:
    a = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    a.add_argument("--measure", action="store_true", help="measure the costs first")
    a.add_argument("--tables", action="store_true", help="only print what was saved")
    a.add_argument("--save", action="store_true", help="write the figures to benchmarks/results")
    args = a.parse_args()
    saved = sorted(RESULTS.glob("scaling-*.json"))
    found = json.loads(saved[-1].read_text()) if saved else {}
    if not args.tables:
        if args.measure or not found:
            found = {
                "date": str(datetime.date.today()),
                "python": platform.python_version(),
                "luthier": luthier.__version__,
                "cores": os.cpu_count(),
                "load": os.getloadavg()[0],
                "constants": measure(),
            }
        found = rounded(found)
        found["simulated"] = simulate_all(found["constants"])
        if args.save:
            (RESULTS / f"scaling-{found['date']}.json").write_text(
                json.dumps(rounded(found)) + "\n"
            )
    for name, text in tables(found).items():
        print(f"\n{name}\n\n{text}")


if __name__ == "__main__":
    main()
