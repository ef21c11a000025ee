"""Hostile clients: whoever has the token, and sends what costs much, makes no sense, or both.

Usage: python -m tests.support.hostile [SECONDS] [SEED]

Requests come from a grammar. While they are sent, a witness looks whether it is served; in the end
the service is told to end. Counts are printed, and every request that the service failed on.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from luthier import samplers, schedulers

TOKEN = "hostile-clients-have-it"
NUMBERS = [0, 1, -1, 2, 0.5, 1e-300, 1e300, -1e308, 1e308, 2**53, 2**63, 2**64, 10**30, 10**4000]
TEXTS = [
    "",
    " ",
    "x",
    "x0",
    "\x00",
    "é",
    "\ud800",
    "nan",
    "inf",
    "-inf",
    "$int",
    "a" * 2000,
    "=1",
    "#",
]
CONSTRAINTS = [
    "x0 < 0 or x1 > 9",
    "exp(exp(x0)) < 1",
    "x0 ** x0 ** x0 > 0",
    "x0 / x1 < 1e308",
    "x0 == 'a' or x0 in ('a', 'b', 'c')",
    "not (x0 < 1 and x1 < 1)",
    "x0.__class__",
    "(lambda: x0)()",
    "-" * 900 + "x0 < 3",
    "(" * 90 + "x0" + ")" * 90 + " < 3",
    "x0 % x1 == x0 // x1",
    " + ".join(f"x{i}" for i in range(100)) + " < 0",
]


class Grammar:
    """Requests that are mostly near to what the service expects.

    Args:
        rng: Chooses them.

    Attributes:
        newest: The newest study that there is.
    """

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.newest = 2

    def request(self) -> tuple[str, str, bytes | None]:
        """Method, path and body of a request."""
        kinds = [self._create] * 4 + [self._ask] * 6 + [self._tell] * 3 + [self._report] * 2
        kinds += [self._enqueue, self._choose, self._look, self._delete, self._verb, self._verb]
        method, path, body = self.rng.choice(kinds)()
        if body is None:
            return method, path, None
        data = json.dumps(body).encode()
        if self.rng.random() < 0.02:  # cut, doubled or nested
            data = self.rng.choice([data[:-1], data + data, b"[" * 5000, b'{"a":' * 900 + data])
        return method, path, data

    def _create(self) -> tuple[str, str, Any]:
        body: dict[str, Any] = {"space": self.space(), "sampler": self._name(samplers)}
        if self.rng.random() < 0.5:
            body["scheduler"] = self._name(schedulers)
        if self.rng.random() < 0.4:
            body["objectives"] = ["minimize"] * self.rng.choice([1, 2, 3, 8, 20, 21, 100])
        return "POST", "/v1/studies", self._spoil(body)

    def _name(self, package: Any) -> Any:
        return self.rng.choice([*package.__all__, *TEXTS[:4], None]) or "auto"

    def space(self) -> Any:
        """A space, often with too much of something."""
        rng = self.rng
        n = rng.choice([1, 1, 2, 2, 3, 3, 5, 5, 20, 200, 1000, 1500])
        params: dict[str, Any] = {f"x{i}": self._parameter(i, n) for i in range(n)}
        if rng.random() < 0.3:
            params[rng.choice(TEXTS)] = self._parameter(0, 1)
        if rng.random() < 0.6:
            return params
        n_constraints = rng.choice([1, 2, 20, 100, 200])
        return {"params": params, "constraints": rng.choices(CONSTRAINTS, k=n_constraints)}

    def _parameter(self, i: int, n: int) -> Any:
        rng = self.rng
        most = 10_000 if n < 5 else 50 if n < 100 else 2
        kind = rng.randrange(8)
        if kind < 3:
            low, high = sorted([rng.uniform(-5, 5), rng.uniform(-5, 5)])
            described: dict[str, Any] = {"type": "float", "low": low, "high": high}
        elif kind < 5:
            described = {"type": "int", "low": 0, "high": rng.choice([1, 9, 10**6, 2**53])}
        elif kind < 7:
            k = rng.choice([1, 2, most // 2, most])
            described = {"choices": rng.choices([*range(k), "a", None, True, 1.0], k=k)}
            if rng.random() < 0.8:
                described = {"choices": [*range(max(k, 1))]}
        else:
            keys = ("low", "high", "step")
            described = {"type": "float"} | {key: rng.choice(NUMBERS) for key in keys}
        if i and rng.random() < 0.2:
            described["when"] = {f"x{i - 1}": rng.choice([0, [0, 1], [*range(20)], "a", None])}
        if rng.random() < 0.1:
            extra = {"scale": rng.choice(["log", "reverse_log", "?"]), "prior": self._value(2)}
            described |= rng.choice([extra, {"default": self._value(1)}, {"prior": [0, 1e-300]}])
        return described

    def _ask(self) -> tuple[str, str, Any]:
        return "POST", f"{self._study()}/ask", self._spoil({"worker": "w"})

    def _tell(self) -> tuple[str, str, Any]:
        number = self.rng.choice([0, 1, 2, 3, 5, 8, 2**53])
        body = {"token": 1, "values": self._values(), "tags": {"t": self._value(3)}}
        if self.rng.random() < 0.3:
            body |= {"constraints": {"c": self._value(0)}, "cost": self.rng.choice(NUMBERS)}
        return "POST", f"{self._study()}/trials/{number}/tell", self._spoil(body)

    def _report(self) -> tuple[str, str, Any]:
        number = self.rng.choice([0, 1, 2, 3, 5, 8])
        step = self.rng.choice([*NUMBERS, 1, 2, 3])
        body = {
            "token": 1,
            "step": step,
            "values": self._values(),
            "checkpoint": {"a": self._value(3)},
        }
        return "POST", f"{self._study()}/trials/{number}/report", self._spoil(body)

    def _enqueue(self) -> tuple[str, str, Any]:
        return "POST", f"{self._study()}/enqueue", self._spoil({"params": {"x0": self._value(2)}})

    def _choose(self) -> tuple[str, str, Any]:
        way = self.rng.choice([{"knee": True}, {"rule": "value < 1, then smallest value_0"}])
        weights = {"weights": {"value": self.rng.choice(NUMBERS), "x": 1}}
        return "POST", f"{self._study()}/choose", self._spoil(self.rng.choice([way, weights]))

    def _look(self) -> tuple[str, str, Any]:
        tails = ["", "/best", "/trials?limit=1000", "/trials?since=9e9", "/trials?limit=-1"]
        return "GET", self._study() + self.rng.choice(tails), None

    def _delete(self) -> tuple[str, str, Any]:
        return ("DELETE" if self.rng.random() < 0.1 else "GET"), self._study(), None

    def _verb(self) -> tuple[str, str, Any]:
        study = self._id()
        space = {"params": self.space(), "constraints": []}
        spec = {"directions": ["minimize"], "seed": 1, "space": space, "declared": True}
        spec |= {"sampler": self._name(samplers), "scheduler": self._name(schedulers)}
        values = [self._value(0) for _ in range(self.rng.choice([0, 1, 2, 3]))]
        row = {"number": 0, "state": self.rng.choice([0, 2, 3, 4, 5, 9]), "values": values}
        row |= {"params": {"x0": self._value(1)}, "tags": {"t": self._value(2)}, "worker": "w"}
        if self.rng.random() < 0.3:
            turn = {"step": self.rng.choice(NUMBERS), "params": {}, "source": -5}
            value = json.dumps({"$int": "0x" + "f" * 9999})
            row |= {"turns": [turn], "checkpoints": [{"step": 1, "value": value}]}
        verbs: list[tuple[str, Any]] = [
            ("create_study", {"name": f"n{self.rng.random()}", "spec": self._spoil(spec)}),
            ("update_study", {"study": study, "spec": self._spoil(spec)}),
            ("add_trials", {"study": study, "rows": [self._spoil(row)]}),
            ("rows", {"study": study, "numbers": [0] * self.rng.choice([1, 1500])}),
            ("changes", {"study": study, "since": self.rng.choice([0, 5])}),
            ("finish", {"study": study, "row": self._spoil(row | {"token": 1})}),
            ("claim", {"study": study, "number": self.rng.randrange(5), "worker": "w"}),
        ]
        verb, body = self.rng.choice(verbs)
        return "POST", f"/v1/storage/{verb}", body

    def _study(self) -> str:
        return f"/v1/studies/{self._id()}"

    def _id(self) -> int:
        return self.rng.randint(max(2, self.newest - 8), self.newest)  # the first is the witness's

    def _values(self) -> Any:
        m = self.rng.choice([1, 1, 1, 2, 3, 20])
        numbers = [*NUMBERS[:7], "nan", "inf", 0.1, 0.2]
        return [self.rng.choice(numbers) for _ in range(m)]

    def _value(self, depth: int) -> Any:
        """Any JSON, so many levels deep."""
        rng = self.rng
        if depth and rng.random() < 0.4:
            inner = [self._value(depth - 1) for _ in range(rng.choice([0, 1, 3]))]
            return rng.choice([inner, {t: self._value(depth - 1) for t in TEXTS[:5]}])
        if rng.random() < 0.005:
            return rng.choice(["x" * 10**5, "x" * 3 * 10**6, [0] * 10**5])
        return rng.choice([*NUMBERS, *TEXTS, None, True])

    def _spoil(self, body: dict[str, Any]) -> Any:
        """Now and then one field is left out, or is something else."""
        if self.rng.random() < 0.15:
            name = self.rng.choice([*body, "other"])
            return {k: v for k, v in body.items() if k != name} | (
                {name: self._value(2)} if self.rng.random() < 0.7 else {}
            )
        return body


class Outcome(NamedTuple):
    """What hostile clients have come to.

    Attributes:
        statuses: How often they were answered with each status; "none" for no answer.
        failures: The requests that the service failed on.
        witness: How often the witness was answered with each status.
        longest_s: The longest that the witness has waited to read, in seconds.
        longest_ask_s: The longest that it has waited for a trial of its own study.
        most_mb: The most memory that the service's own process has used.
        most_worker_mb: The most memory that one of its worker processes has used.
        exit_s: How long the service took to end.
        log_tracebacks: Tracebacks in the service's log.
    """

    statuses: Counter[str]
    failures: list[str]
    witness: Counter[str]
    longest_s: float
    longest_ask_s: float
    most_mb: float
    most_worker_mb: float
    exit_s: float
    log_tracebacks: int


class _Attack:
    """Clients, and who watches them.

    Args:
        port: The service's.
        process: The service.
    """

    def __init__(self, port: int, process: psutil.Process) -> None:
        self.port = port
        self.process = process
        self.stopped = threading.Event()
        self.ending = threading.Event()
        self.statuses: Counter[str] = Counter()
        self.witness: Counter[str] = Counter()
        self.failures: list[str] = []
        self.longest_s = 0.0
        self.longest_ask_s = 0.0
        self.most_mb = 0.0
        self.most_worker_mb = 0.0

    def send(self, method: str, path: str, body: bytes | None, timeout_s: float) -> int:
        """The status of an answer; 0 for none."""
        return self._exchange(method, path, body, timeout_s)[0]

    def _exchange(
        self, method: str, path: str, body: bytes | None, timeout_s: float
    ) -> tuple[int, bytes]:
        head = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        with contextlib.closing(line):
            try:
                line.request(method, path, body, head)
                answer = line.getresponse()
                return answer.status, answer.read()
            except (OSError, http.client.HTTPException):
                return 0, b""

    def be_hostile(self, grammar: Grammar) -> None:
        """Send requests until the time is over."""
        while not self.stopped.is_set():
            method, path, body = grammar.request()
            timeout_s = grammar.rng.choice([0.5, 20, 90])
            status, content = self._exchange(method, path, body, timeout_s)
            if status == 201:
                grammar.newest = json.loads(content)["id"]
            self.statuses[str(status or "none")] += 1
            if status == 500:
                self.failures.append(f"{method} {path} {(body or b'')[:2000]!r}")

    def watch(self) -> None:
        """Read, and work on a study, as an honest client does."""
        space = (
            b'{"space": {"x": {"low": 0.0, "high": 1.0}}, "name": "honest", "sampler": "random"}'
        )
        assert self.send("POST", "/v1/studies", space, 60) == 201
        while not self.ending.wait(0.2):
            began_s = time.monotonic()
            self.witness[f"read {self.send('GET', '/v1/studies?name=honest', None, 60)}"] += 1
            self.longest_s = max(self.longest_s, time.monotonic() - began_s)
            began_s = time.monotonic()
            self.witness[f"ask {self.send('POST', '/v1/studies/1/ask', b'{}', 60)}"] += 1
            self.longest_ask_s = max(self.longest_ask_s, time.monotonic() - began_s)
            self._look_at_memory()

    def _look_at_memory(self) -> None:
        with contextlib.suppress(psutil.Error):
            self.most_mb = max(self.most_mb, self.process.memory_info().rss / 2**20)
            for child in self.process.children():
                used_mb = child.memory_info().rss / 2**20
                self.most_worker_mb = max(self.most_worker_mb, used_mb)


def attack(folder: Path, seconds: float, seed: int, n_clients: int = 8) -> Outcome:
    """Let hostile clients at a service for some seconds.

    Args:
        folder: Where the service keeps its files.
        seconds: For how long.
        seed: Chooses what they send.
        n_clients: How many there are at a time.
    """
    (folder / "token").write_text(TOKEN)
    (folder / "token").chmod(0o600)
    argv = [sys.executable, "-m", "luthier.cli", "serve", "--port", "0"]
    argv += ["--storage", f"sqlite:///{folder}/s.db", "--token-file", str(folder / "token")]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=log, text=True)
    assert process.stdout is not None
    port = int(process.stdout.readline().rpartition(":")[2])
    found = _Attack(port, psutil.Process(process.pid))
    grammars = [Grammar(random.Random(f"{seed} {i}")) for i in range(n_clients)]
    threads = [threading.Thread(target=found.watch, daemon=True)]
    threads[0].start()
    while not found.witness and threads[0].is_alive():  # its study is the first
        time.sleep(0.05)
    threads += [threading.Thread(target=found.be_hostile, args=(g,), daemon=True) for g in grammars]
    try:
        for thread in threads[1:]:
            thread.start()
        found.ending.wait(seconds)
        found.ending.set()
        threads[0].join(100)
        children = psutil.Process(process.pid).children()
        began_s = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        psutil.wait_procs(children, 10)
        exit_s = time.monotonic() - began_s
    finally:
        found.ending.set()
        found.stopped.set()
        process.kill()
        process.wait()
        process.stdout.close()
    for thread in threads:
        thread.join(100)
    return Outcome(
        found.statuses,
        found.failures,
        found.witness,
        found.longest_s,
        found.longest_ask_s,
        found.most_mb,
        found.most_worker_mb,
        exit_s,
        (folder / "log").read_text().count("Traceback"),
    )


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3600.0
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    with tempfile.TemporaryDirectory(prefix="luthier-hostile-") as folder:
        outcome = attack(Path(folder), seconds, seed)
        log = (Path(folder) / "log").read_text()
    for name, value in outcome._asdict().items():
        sys.stdout.write(f"{name}: {value}\n")
    for line in [line for line in log.splitlines() if '"level": "error"' in line][:20]:
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
