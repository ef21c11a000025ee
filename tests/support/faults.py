"""Faults that a study must survive.

Real servers, real worker processes, things that go wrong at random moments.

After each run every trial that was acknowledged is there exactly once with the value that was told,
no trial is left running without a lease or blamed for what went wrong, no worker has ended early,
and the study has completed its budget.
`tests/integration/test_faults.py` runs each fault briefly, `make soak` many of them at random.
"""

from __future__ import annotations

import contextlib
import os
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from tests.support import servers

from luthier.storages import from_url
from luthier.trial.record import State, TrialRow

WORKER = textwrap.dedent("""
    import logging, os, sys, time
    import luthier, numpy
    from luthier.stopping import Budget

    url, n_trials, name, jump = sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4])
    logging.basicConfig(level=logging.WARNING, format=f"{name} %(asctime)s %(message)s")
    if jump:  # this machine's clock is set by so much, again and again
        right, began = time.time, time.monotonic()
        time.time = lambda: right() + jump * (int((time.monotonic() - began) / 0.7) % 3 - 1)

    def note(file, *what):
        fd = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(fd, (" ".join(map(str, what)) + "\\n").encode())
        os.fsync(fd)
        os.close(fd)

    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        weights = numpy.zeros(400) if trial.checkpoint is None else trial.checkpoint["weights"]
        assert (weights == trial.step).all(), (weights[0], trial.step)
        for step in range(int(trial.step) + 1, 4):
            time.sleep(0.01)
            weights = weights + 1
            trial.report(x + step, step, checkpoint={"weights": weights})
        return x

    def told(study, row):
        note("acknowledged", row.number, row.state.name, repr(row.value))

    study = luthier.create_study("s", url, sampler="Random", load_if_exists=True)
    study.optimize(objective, callbacks=[told], progress=False, stop=Budget(n_trials=n_trials))
    note("ended", name)
""")
OPTIONS = {"lease_s": "2", "max_retries": "50", "reconnect_s": "90"}


class Proxy:
    """Stands between workers and a server, and can cut the connections or slow them down."""

    def __init__(self, port: int) -> None:
        self.target = port
        self.delay_s = 0.0
        self.broken = False
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                ours, _ = self._listener.accept()
            except OSError:
                return
            try:
                if self.broken:
                    raise ConnectionRefusedError
                theirs = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                ours.close()
                continue
            self._pairs.add((ours, theirs))
            threading.Thread(target=self._carry, args=(ours, theirs), daemon=True).start()

    def _carry(self, ours: socket.socket, theirs: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            while True:
                for end in select.select([ours, theirs], [], [])[0]:
                    data = end.recv(65536)
                    if not data:
                        return self._drop(ours, theirs)
                    if end is ours and self.delay_s:
                        time.sleep(self.delay_s)
                    (theirs if end is ours else ours).sendall(data)
        return self._drop(ours, theirs)

    def _drop(self, *pair: socket.socket) -> None:
        self._pairs.discard(pair)  # type: ignore[arg-type]
        for end in pair:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def cut(self) -> None:
        """Breaks every connection, and refuses new ones."""
        self.broken = True
        for pair in list(self._pairs):
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def restore(self) -> None:
        self.broken = False

    def close(self) -> None:
        self._listener.close()
        self.cut()
        while self._pairs:  # each is closed by the thread that carries it
            time.sleep(0.01)


class Disk:
    """A small disk of its own for the files of one run, which can be full for a while.

    Only root may mount it, and only on Linux. Elsewhere it is a plain folder, and never full.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o755)
        self.mounted = False
        if sys.platform == "linux" and os.getuid() == 0:
            mount = ["mount", "-t", "tmpfs", "-o", "size=64m,mode=755", "tmpfs", str(folder)]
            self.mounted = subprocess.run(mount, capture_output=True).returncode == 0

    def fill(self) -> None:
        """Write until nothing fits any more."""
        with (self.folder / "filler").open("ab", buffering=0) as file:
            for size in (1_000_000, 4_096, 1):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(b"x" * size)

    def empty(self) -> None:
        (self.folder / "filler").unlink(missing_ok=True)

    def close(self) -> None:
        if self.mounted:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=True)


class Service(servers.Server):
    """`luthier serve` on a SQLite file."""

    name = "http"

    def command(self) -> list[str]:
        return [
            sys.executable,
            "-m",
            "luthier.cli",
            "serve",
            "--storage",
            f"sqlite:///{self.folder}/service.db?lease_s={OPTIONS['lease_s']}&max_retries={OPTIONS['max_retries']}",
            "--port",
            str(self.port),
            "--no-token",
            *self.options,
        ]

    def answers(self) -> bool:
        import urllib.request

        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}/health", timeout=5
            ) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    @staticmethod
    def _user() -> dict[str, object]:
        return {}  # luthier may be installed where nobody else gets

    def fresh(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class Files:
    """A folder for a SQLite file: what there is instead of a server."""

    name, port = "sqlite", 0

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fresh(self) -> str:
        return f"sqlite:///{self.folder}/a.db"

    def start(self) -> None:
        """Nothing to start."""

    stop = kill = start


KINDS: dict[str, Callable[..., object]] = {**servers.KINDS, "http": Service, "sqlite": Files}


class Run:
    """One study with workers, a server behind a proxy, and faults.

    Args:
        kind: Of the storage.
        folder: For the workers' notes.
        seed: Of the moments at which things go wrong.
    """

    def __init__(
        self, kind: str, folder: Path, seed: int, n_trials: int = 40, n_workers: int = 4
    ) -> None:
        self.kind = kind
        self.folder = folder
        self.rng = random.Random(seed)
        self.n_trials = n_trials
        self.n_workers = n_workers
        self.jump_s = 0.0
        self.count = Counter[str]()
        self.workers: list[subprocess.Popen[bytes]] = []
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "worker.py").write_text(WORKER)
        self.disk = Disk(folder / "disk")
        if kind == "sqlite":
            self.server = Files(self.disk.folder)
        elif kind == "http":
            self.server = Service(self.disk.folder / "service")
        else:
            self.server = KINDS[kind]()
        self.server.start()
        self.direct = self.server.fresh()
        self.proxy = None if kind == "sqlite" else Proxy(self.server.port)
        self.url = self._option(self.direct if self.proxy is None else self._at(self.proxy.port))

    def _at(self, port: int) -> str:
        parts = urlsplit(self.direct)
        user, at, _ = parts.netloc.rpartition("@")
        return urlunsplit(parts._replace(netloc=f"{user}{at}127.0.0.1:{port}"))

    def _option(self, url: str, **changed: str) -> str:
        known = ("lease_s", "max_retries") if self.kind == "sqlite" else (*OPTIONS, "checkpoints")
        options = {**OPTIONS, "checkpoints": str(self.disk.folder / "checkpoints"), **changed}
        return url + "?" + "&".join(f"{k}={options[k]}" for k in known)

    def begin(self) -> None:
        """Starts the missing workers."""
        ended = [w for w in self.workers if w.poll() is not None]
        assert all(w.returncode in (0, -signal.SIGKILL) for w in ended), "a worker has ended early"
        self.workers = [w for w in self.workers if w.poll() is None]
        while len(self.workers) < self.n_workers:
            self.count["workers"] += 1
            with (self.folder / "log").open("ab") as log:
                self.workers.append(
                    subprocess.Popen(
                        [
                            sys.executable,
                            "-W",
                            "error",
                            "worker.py",
                            self.url,
                            str(self.n_trials),
                            f"w{self.count['workers']}",
                            str(self.jump_s),
                        ],
                        cwd=self.folder,
                        stdout=log,
                        stderr=log,
                        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
                    )
                )

    def lines(self, file: str) -> list[list[str]]:
        path = self.folder / file
        text = path.read_text() if path.exists() else ""
        return [line.split() for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def wait(self, n_acknowledged: int, timeout_s: float = 300.0) -> None:
        """Until the workers have got so far."""
        until = time.monotonic() + timeout_s
        while len(self.lines("acknowledged")) < n_acknowledged and time.monotonic() < until:
            if all(w.poll() is not None for w in self.workers):
                return
            time.sleep(0.02)

    def nap(self, low_s: float, high_s: float) -> None:
        time.sleep(self.rng.uniform(low_s, high_s))

    def finish(self, timeout_s: float = 500.0) -> Counter[str]:
        """Lets the workers that are left come to the end, and checks what there is then."""
        try:
            self.begin()
            until = time.monotonic() + timeout_s
            self._wait_for_workers(until)
            self._take_over(until)
            return self._checked()
        finally:
            self.close()

    def _rows(self) -> list[TrialRow]:
        storage = from_url(self._option(self.direct))
        try:
            return storage.rows(storage.study("s").id)
        finally:
            storage.close()

    def _take_over(self, until: float) -> None:
        """Runs the trials of killed workers whose leases ended when no worker was left."""
        rows = self._rows()
        if not all(r.state.finished for r in rows):
            time.sleep(float(OPTIONS["lease_s"]))
            before = self.n_trials
            self.n_trials = len(rows)
            self.begin()
            self.n_trials = before
            self._wait_for_workers(until)

    def _wait_for_workers(self, until: float) -> None:
        for worker in self.workers:
            worker.wait(max(until - time.monotonic(), 0.1))
        codes = [w.returncode for w in self.workers]
        assert set(codes) <= {0, -signal.SIGKILL}, f"a worker has ended early: {codes}"

    def _checked(self) -> Counter[str]:
        rows = self._rows()
        told = Counter(tuple(line) for line in self.lines("acknowledged"))
        by_number = {str(r.number): r for r in rows}
        assert [r.number for r in rows] == list(range(len(rows)))
        assert max(told.values()) == 1, "a trial was acknowledged twice"
        assert len({number for number, *_ in told}) == len(told), (
            "a trial was acknowledged with two results"
        )
        for number, state, value in told:
            row = by_number[number]
            assert (row.state.name, repr(row.value)) == (state, value), (
                f"trial {number} is not what was acknowledged"
            )
        assert all(r.state.finished for r in rows), [r for r in rows if not r.state.finished]
        blamed = {r.number: r.error for r in rows if r.state == State.FAILED}
        assert not blamed, f"trials are blamed for what went wrong: {blamed}"
        complete = sum(r.state == State.COMPLETE for r in rows)
        assert complete >= self.n_trials, Counter(r.state.name for r in rows)
        assert all(
            [step for step, _ in r.reports] == [1.0, 2.0, 3.0]
            for r in rows
            if r.state == State.COMPLETE
        )
        self.count.update(
            trials=len(rows), acknowledged=len(told), retried=sum(r.retries > 0 for r in rows)
        )
        return self.count

    def close(self) -> None:
        for worker in self.workers:
            with contextlib.suppress(ProcessLookupError):
                worker.kill()
            worker.wait()
        if self.proxy is not None:
            self.proxy.close()
        self.server.kill()
        self.disk.close()


# -- faults: what happens to a run after its workers have begun
# ------------------------------------------------------


def worker_killed(run: Run) -> None:
    for _ in range(3):
        run.nap(0.05, 0.5)
        run.rng.choice(run.workers).kill()
        run.count["killed"] += 1
        run.nap(0.0, 0.2)
        run.begin()


def worker_hangs(run: Run) -> None:
    """Longer than its lease; then it goes on with a trial that others have taken."""
    run.nap(0.05, 0.3)
    worker = run.rng.choice(run.workers)
    worker.send_signal(signal.SIGSTOP)
    run.count["stopped"] += 1
    time.sleep(2.5 + run.rng.random())
    worker.send_signal(signal.SIGCONT)


def server_killed(run: Run) -> None:
    run.nap(0.05, 0.5)
    run.server.kill()
    run.nap(0.0, 0.5)
    run.server.start()
    run.count["servers killed"] += 1


def server_restarted(run: Run, away_s: tuple[float, float] = (0.1, 1.5)) -> None:
    run.nap(0.05, 0.5)
    run.server.stop()
    run.nap(*away_s)
    run.server.start()
    run.count["servers restarted"] += 1


def server_away_for_ten_seconds(run: Run) -> None:
    server_restarted(run, (10.0, 10.0))


def network_cut(run: Run) -> None:
    for _ in range(3):
        run.nap(0.05, 0.4)
        run.proxy.cut()
        run.nap(0.0, 0.8)
        run.proxy.restore()
        run.count["cuts"] += 1


def slow(run: Run) -> None:
    """Every message to the server takes 200 ms for a while."""
    run.proxy.delay_s = 0.2
    time.sleep(4.0)
    run.proxy.delay_s = 0.0
    run.count["slow"] += 1


def disk_full(run: Run) -> None:
    """Checkpoints, and the database where it is a file, cannot be written for a while."""
    run.nap(0.05, 0.4)
    if run.disk.mounted:
        run.disk.fill()
        run.nap(0.5, 2.5)
        run.disk.empty()
        run.count["disks full"] += 1


FAULTS: dict[str, tuple[Callable[[Run], None], frozenset[str]]] = {}
_SERVERS = frozenset({"postgresql", "mysql", "redis", "http"})
for _fault, _kinds in (
    (worker_killed, _SERVERS | {"sqlite"}),
    (worker_hangs, _SERVERS | {"sqlite"}),
    (server_killed, _SERVERS),
    (server_restarted, _SERVERS),
    (network_cut, _SERVERS),
    (slow, _SERVERS),
    (disk_full, _SERVERS | {"sqlite"}),
):
    FAULTS[_fault.__name__] = (_fault, _kinds)


def survive(
    kind: str,
    faults: list[Callable[[Run], None]],
    folder: Path,
    seed: int,
    n_trials: int = 40,
    n_workers: int = 4,
    jump_s: float = 0.0,
) -> Counter[str]:
    """Runs a study through faults, one after the other, and checks what is left of it."""
    run = Run(kind, folder, seed, n_trials, n_workers)
    run.jump_s = jump_s
    try:
        run.begin()
        run.wait(4)
        for fault in faults:
            fault(run)
            run.begin()
        counts = run.finish()
    except BaseException:
        run.close()
        log = folder / "log"
        sys.stderr.write(log.read_text()[-6000:] if log.exists() else "")
        raise
    shutil.rmtree(folder, ignore_errors=True)
    return counts
