"""Costs of a storage's verbs, of proposals and of connections, measured on this machine."""

from __future__ import annotations

import contextlib
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from typing import Any

import psutil
from msgspec import structs

import luthier
from benchmarks.common.servers import server_folder, start_servers
from benchmarks.common.service import Client, Service
from benchmarks.common.timing import MS, Timer, cpu_ms, total_cpu_s, wall_ms
from benchmarks.common.workers import rate, run_together
from benchmarks.scaling.lock_timer import LockTimer
from benchmarks.scaling.tables import SAMPLERS, SIZES
from luthier.storages import SQL, from_url
from luthier.trial import State, TrialRow

SPACE = {f"x{i}": luthier.Float(0, 1) for i in range(5)}
SPEC = {"directions": ["minimize"], "seed": 0, "space": {}}
WORKER = "node-0123:12345:0123abcd"
N_RUNS = 3  # the least of each figure counts: other work on the machine only adds
N_ROWS = 10_000  # rows of one read

Costs = dict[str, dict[str, Any]]  # by verb


def measure() -> dict[str, Any]:
    """All costs: the constants of the simulation."""
    found: dict[str, Any] = {"storages": {}, "real": {}}
    storages = found["storages"]
    with server_folder() as folder:
        print("sqlite", flush=True)
        urls = [f"sqlite:///{folder}/{i}.db" for i in range(N_RUNS)]
        storages["sqlite"] = least([measure_storage(url, None, None) for url in urls])

        for kind, server in start_servers():
            print(kind, flush=True)
            pid = server.process.pid
            runs = [measure_storage(server.fresh(), pid, server.port) for _ in range(N_RUNS)]
            storages[kind] = least(runs)
            real = [real_run(server.fresh()) for _ in range(N_RUNS)]
            found["real"][kind] = max(real, key=lambda run: run["trials_per_s"])
            if kind == "postgresql":
                found["connection_mb"] = connection_mb(server)

        print("http", flush=True)
        with Service(f"sqlite:///{folder}/http.db") as service:
            storages["http"] = measure_storage(service.storage_url, service.pid, service.port)
        storages["ask/tell"] = measure_asking()
    print("proposals", flush=True)
    found["propose_ms"] = measure_proposals()
    return found


def least(runs: list[Costs]) -> Costs:
    """The least of each figure."""
    first = runs[0]
    return {verb: {k: min(run[verb][k] for run in runs) for k in first[verb]} for verb in first}


# -- verbs of a storage --------------------------------------------------------------------------


def measure_storage(url: str, pid: int | None, port: int | None, n: int = 400) -> Costs:
    """Costs of each verb.

    Args:
        url: Of an empty storage.
        pid: The server's process; None where this process does the server's work.
        port: The server's; None where there is none.
        n: Calls of each verb.

    Returns:
        By verb: `ms`, `least_ms` and `cpu_ms` of a call; `lock_ms` and whether it `locks`; `trips`,
        round trips of a call, and `locked_trips`, those while it holds the lock. `changes` has the
        cost of a row as well.
    """
    storage = open_storage(url)
    costs = time_verbs(storage, pid, n)
    large, since = add_large_study(storage)
    costs["changes"] |= time_rows(storage, large, since, pid)
    costs["changes"]["row_bytes"] = 0.0
    storage.close()
    if port is not None:
        count_trips(costs, url, port, large, since)
    return costs


def open_storage(url: str) -> Any:
    """The storage itself, without the wrapper that tries again while a server is away."""
    storage = from_url(url)
    return getattr(storage, "inner", storage)


def row(state: State = State.RUNNING, i: int = 0) -> TrialRow:
    """A trial of 5 parameters."""
    done = state == State.COMPLETE
    return TrialRow(
        number=-1,
        state=state,
        params={f"x{k}": (i * (k + 3) % 1009) / 1009 for k in range(5)},
        values=((i * 7919 % 100_003) / 100_003,) if done else None,
        started_s=1.7e9 + i,
        finished_s=1.7e9 + i + 60 if done else None,
        worker=WORKER,
    )


def verbs(storage: Any, n: int) -> Iterator[tuple[str, Callable[[int], Any]]]:
    """Each verb by its name, to be called n times with 0, 1, 2, ..., in this order."""
    study = storage.create_study(f"s{n}", SPEC).id
    yield "add_trials", lambda i: storage.add_trials(study, [row(i=i)], i, f"{study}-{i}")
    yield "conflict", lambda i: storage.add_trials(study, [row(i=i)], 0, f"{study}-c{i}")
    yield "extend", lambda i: storage.extend(study, {i: 1})
    yield "report", lambda i: storage.report(study, i, 1, 1.0, 0.5, None, {})

    done = [structs.replace(row(State.COMPLETE, i), number=i, token=1) for i in range(n)]
    yield "finish", lambda i: storage.finish(study, done[i])

    revision = storage.changes(study, 0).revision
    yield "changes", lambda i: storage.changes(study, revision - 1)  # one row

    storage.add_trials(study, [row(State.WAITING, i) for i in range(n)])
    yield "claim", lambda i: storage.claim(study, n + i, WORKER)


def time_verbs(storage: Any, pid: int | None, n: int) -> Costs:
    """Milliseconds of each verb."""
    locks = LockTimer(storage)
    costs: Costs = {}
    for name, verb in verbs(storage, n):
        locks.held.clear()
        before_s = total_cpu_s(pid)
        walls_ms = [wall_ms(partial(verb, i)) for i in range(n)]
        costs[name] = {
            "ms": median(walls_ms),
            "least_ms": min(walls_ms),
            "cpu_ms": MS * (total_cpu_s(pid) - before_s) / n,
            "lock_ms": MS * locks.seconds(),
            "locks": bool(locks.held),
            "trips": 0,
            "locked_trips": 0,
        }
    return costs


def add_large_study(storage: Any) -> tuple[int, int]:
    """Add a study; its id, and the revision since which it has N_ROWS new rows."""
    study = storage.create_study("large", SPEC).id
    _, since = storage.add_trials(study, [row(State.COMPLETE, i) for i in range(10)])
    storage.add_trials(study, [row(State.COMPLETE, i) for i in range(N_ROWS)])
    return study, since


def time_rows(
    storage: Any, study: int, since: int, pid: int | None, n: int = 20
) -> dict[str, float]:
    """Milliseconds of processor time that a row costs the server, and the worker that reads it."""
    before_s = total_cpu_s(pid)
    own_ms = cpu_ms(lambda: [storage.changes(study, since) for _ in range(n)])
    server_s = total_cpu_s(pid) - before_s

    rows = [structs.replace(r, number=i) for i, r in enumerate(storage.changes(study, since).rows)]
    history = luthier.create_study(space=SPACE).history
    put_ms = cpu_ms(lambda: history.put(rows))
    read_ms = 0.0 if pid is None else own_ms / n  # without a server, the reader is the server
    return {
        "row_cpu_ms": MS * server_s / n / N_ROWS,
        "row_worker_ms": (read_ms + put_ms) / N_ROWS,
    }


def count_trips(costs: Costs, url: str, port: int, large: int, since: int, n: int = 9) -> None:
    """Add the round trips of each verb, and the bytes of a row, to its costs."""
    wire = Wire(port)
    storage = open_storage(url.replace(f":{port}", f":{wire.port}"))
    locks = LockTimer(storage, lambda: wire.trips)
    for name, verb in verbs(storage, n):
        locks.held.clear()
        before = wire.trips
        for i in range(n):
            verb(i)
        costs[name]["trips"] = round((wire.trips - before) / n)
        costs[name]["locked_trips"] = locks.trips()

    before = wire.bytes
    storage.changes(large, since)
    costs["changes"]["row_bytes"] = (wire.bytes - before) / N_ROWS
    storage.close()


class Wire:
    """Stands between a storage and its server, and counts.

    Args:
        port: The server's.

    Attributes:
        port: Where the storage connects.
        trips: Round trips so far.
        bytes: Sent by the server so far.
    """

    def __init__(self, port: int) -> None:
        self.trips = 0
        self.bytes = 0
        self._target = port
        self._asks = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            server = socket.create_connection(("127.0.0.1", self._target))
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for ends in ((client, server, True), (server, client, False)):
                threading.Thread(target=self._carry, args=ends, daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, asks: bool) -> None:
        """Pass bytes on; a request after an answer begins a round trip."""
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                self.trips += asks and not self._asks
                self.bytes += 0 if asks else len(data)
                self._asks = asks
                sink.sendall(data)
        sink.close()


# -- the rest ------------------------------------------------------------------------------------


def measure_asking(n: int = 400) -> Costs:
    """Costs of the service's own routes for workers, without proposals."""
    costs: Costs = {}
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/s.db"
        study = luthier.create_study("s", url, space=SPACE, sampler="random", seed=0)
        record = study.storage.study("s")
        study.storage.update_study(record.id, {**record.spec, "sampler": "random"})
        with Service(url) as service:
            client = Client(service.port, record.id)

            def post(trial: dict[str, Any], verb: str, **body: Any) -> None:
                path = f"trials/{trial['number']}/{verb}"
                client.post(path, {"token": trial["token"], **body})

            trials: list[dict[str, Any]] = []
            calls: dict[str, Callable[[int], Any]] = {
                "ask": lambda i: trials.append(client.post("ask", {})),
                "extend": lambda i: post(trials[i], "heartbeat"),
                "report": lambda i: post(trials[i], "report", step=1, value=1),
                "tell": lambda i: post(trials[i], "tell", value=0.5),
            }
            for name, call in calls.items():
                before_s = service.cpu_s()
                walls_ms = [wall_ms(partial(call, i)) for i in range(n)]
                costs[name] = {
                    "ms": median(walls_ms),
                    "least_ms": min(walls_ms),
                    "cpu_ms": MS * (service.cpu_s() - before_s) / n,
                    "lock_ms": 0.0,
                    "locks": False,
                    "trips": 1,
                    "locked_trips": 0,
                }
            client.close()
    return costs


def measure_proposals() -> dict[str, dict[str, float]]:
    """Processor milliseconds of a proposal in 5 dimensions, by sampler and number of trials."""
    out: dict[str, dict[str, float]] = {}
    for sampler in SAMPLERS:
        out[sampler] = {}
        for size in SIZES:
            study = luthier.create_study(space=SPACE, sampler=sampler, seed=0)
            study.add_trials([row(State.COMPLETE, i) for i in range(size)])
            times_ms: list[float] = []
            end_s = time.monotonic() + 10
            while len(times_ms) < 3 or (time.monotonic() < end_s and len(times_ms) < 30):
                with Timer() as timer:
                    trial = study.ask()
                times_ms.append(timer.cpu_ms)
                study.tell(trial, 0.5)
            out[sampler][str(size)] = median(times_ms)
    return out


def connection_mb(server: Any, n: int = 20) -> float:
    """Megabytes of PostgreSQL's own memory that one more worker takes."""
    url = server.fresh()
    storages = [SQL(url) for _ in range(n)]
    before = {p.pid for p in psutil.Process(server.process.pid).children()}
    study = storages[0].create_study("s", {}).id
    for storage in storages:
        storage.add_trials(study, [row()])
        storage.changes(study, 0)

    backends = [p for p in psutil.Process(server.process.pid).children() if p.pid not in before]
    ours = [p for p in backends if "luthier" in " ".join(p.cmdline())]
    used_mb = [p.memory_full_info().uss / 2**20 for p in ours]
    for storage in storages:
        storage.close()
    return float(median(used_mb))


def optimize(url: str, n: int, trial_s: float) -> Callable[[], object]:
    """The work of one process: n trials of a study in a server."""
    study = luthier.load_study("s", url, sampler="Random")

    def objective(trial: luthier.Trial) -> float:
        time.sleep(trial_s)
        return trial.suggest_float("x0", 0, 1)

    study.optimize(objective, n_trials=2, progress=False)  # imports and connections
    return lambda: study.optimize(objective, n_trials=n, progress=False)


def real_run(url: str, workers: int = 4, n: int = 150, trial_s: float = 0.02) -> dict[str, float]:
    """Rates of real processes on a real server, all on this machine."""
    luthier.create_study("s", url, space=SPACE).storage.close()
    spans = run_together(workers, optimize, url, n, trial_s)
    return {
        "workers": workers,
        "trial_s": trial_s,
        "trials_per_s": rate(workers * n, spans),
        "worker_cpu_ms": MS * sum(span.cpu_s for span in spans) / (workers * n),
    }
