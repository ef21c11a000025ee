"""How fast is the service? Workers that ask and tell over HTTP, on this machine, the studies in SQLite.

    python benchmarks/service.py                  # half a minute
    python benchmarks/service.py --clients 16 --seconds 10 --save      # also writes
    results/service-<date>.json

The service runs in a process of its own, the workers as threads of another (or of several, with
--processes), each with one connection that it keeps. A worker asks for a trial and tells its value
at once, so that nothing but the service is measured. Three kinds of load:

- random: /v1/.../ask and /tell, the sampler Random: what a request costs.
- tpe: the same with TPE in a study that holds `--trials` trials already: what a proposal costs.
- storage: `luthier.load_study(..., storage="http://...").optimize` in as many processes as
  `--workers`, which propose for themselves and use the service as their storage.

Milliseconds are those that a worker waits for its answer: median, 99 of 100, and the longest.
"""

from __future__ import annotations

import argparse
import datetime
import http.client
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

for v in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(v, "1")

import numpy as np
import psutil

import luthier
from luthier import Float, Int

HERE = Path(__file__).parent
TOKEN = "benchmark-" * 3
SPACE = {
    "x": Float(-5, 5),
    "y": Float(-5, 5),
    "lr": Float(1e-5, 1, scale="log"),
    "k": Int(1, 64),
    "c": ["a", "b", "c"],
}
SERVE = (
    "import sys; from luthier.server import serve; serve(sys.argv[1], port=0, token=sys.argv[2])"
)
HEAD = "{:10s} {:>8s} {:>8s} {:>8s} | {:>8s} {:>8s} {:>8s} | {:>8s} {:>8s} {:>8s}".format(
    "load", "trials", "per s", "cpu ms", "ask p50", "p99", "max ms", "tell p50", "p99", "max ms"
)
LINE = "{:10s} {:8d} {:8.0f} {:8.2f} | {:8.1f} {:8.1f} {:8.1f} | {:8.1f} {:8.1f} {:8.1f}"


def value(params: dict[str, Any]) -> float:
    """The objective: cheap, and not flat."""
    return float(
        params["x"] ** 2 + params["y"] ** 2 + np.log10(params["lr"]) ** 2 + params["k"] / 64
    )


def work(port: int, study: int, seconds: float, found: list[tuple[str, float]]) -> None:
    """One worker."""
    line = http.client.HTTPConnection("127.0.0.1", port)
    head = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}

    def post(kind: str, path: str, body: Any) -> Any:
        begin = time.perf_counter()
        line.request("POST", f"/v1/studies/{study}/{path}", json.dumps(body), head)
        answer = line.getresponse()
        data = answer.read()
        found.append((kind, 1e3 * (time.perf_counter() - begin)))
        assert answer.status == 200, data
        return json.loads(data)

    until = time.monotonic() + seconds
    while time.monotonic() < until:
        asked = post("ask", "ask", {})
        told = {"token": asked["token"], "value": value(asked["params"])}
        post("tell", f"trials/{asked['number']}/tell", told)
    line.close()


def clients(port: int, study: int, n: int, seconds: float) -> list[tuple[str, float]]:
    """As many workers, in threads of this process."""
    found: list[tuple[str, float]] = []
    threads = [threading.Thread(target=work, args=(port, study, seconds, found)) for _ in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return found


class Service:
    """A service in a process of its own."""

    def __init__(self, url: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVE, url, TOKEN],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline().rpartition(":")[2])

    def cpu_s(self) -> float:
        """What it has computed so far."""
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()


def elsewhere(*args: object) -> list[Any]:
    """What this script, run in another process with these arguments, printed as JSON."""
    done = subprocess.run(
        [sys.executable, __file__, *map(str, args)], capture_output=True, text=True, check=True
    )
    return list(json.loads(done.stdout))


def asked_and_told(args: argparse.Namespace, sampler: str, n: int) -> dict[str, Any]:
    """Workers in another process, and a study that holds n trials before."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/s.db"
        study = luthier.create_study("s", url, space=SPACE, sampler="random", seed=0)
        if n:
            study.optimize(lambda t: value(t.params), n_trials=n)
        spec = {**study._spec, "sampler": sampler}
        study.storage.update_study(study._id, spec)
        with Service(url) as service:
            elsewhere(
                "--client", service.port, study._id, 2, 1.0
            )  # it opens the study, and imports what it needs
            before_s = service.cpu_s()
            per = args.clients // args.processes
            results: list[list[Any]] = []
            threads = [
                threading.Thread(
                    target=lambda: results.append(
                        elsewhere("--client", service.port, study._id, per, args.seconds)
                    )
                )
                for _ in range(args.processes)
            ]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            cpu_s = service.cpu_s() - before_s
    found = [r for result in results for r in result]
    asks, tells = (np.array([ms for kind, ms in found if kind == k]) for k in ("ask", "tell"))
    row: dict[str, Any] = {
        "trials": 0,
        "per_s": len(tells) / args.seconds,
        "cpu_ms": 1e3 * cpu_s / len(tells),
    }
    for name, ms in (("ask", asks), ("tell", tells)):
        row |= {
            f"{name}_p50": np.median(ms),
            f"{name}_p99": np.percentile(ms, 99),
            f"{name}_max": ms.max(),
        }
    return {k: round(float(v), 2) for k, v in row.items()} | {"trials": len(tells)}


def stored(args: argparse.Namespace) -> dict[str, Any]:
    """Processes that optimise one study, and the service as its storage."""
    with tempfile.TemporaryDirectory() as folder, Service(f"sqlite:///{folder}/s.db") as service:
        url = f"http://{TOKEN}@127.0.0.1:{service.port}"
        study = luthier.create_study("s", url, space=SPACE, sampler="random", seed=0)
        threads = [
            threading.Thread(target=elsewhere, args=("--optimize", url, args.seconds))
            for _ in range(args.workers)
        ]
        before_s = service.cpu_s()
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        n, cpu_s = len(study.trials), service.cpu_s() - before_s
        study.storage.close()
    return {"trials": n, "per_s": round(n / args.seconds, 2), "cpu_ms": round(1e3 * cpu_s / n, 2)}


def main() -> None:
    a = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    a.add_argument("--clients", type=int, default=16, help="workers that ask and tell")
    a.add_argument("--processes", type=int, default=1, help="in which they are")
    a.add_argument("--workers", type=int, default=4, help="processes that use it as a storage")
    a.add_argument(
        "--trials",
        type=int,
        default=1000,
        help="in the study that TPE proposes for, before the start",
    )
    a.add_argument("--seconds", type=float, default=5.0, help="of each load")
    a.add_argument("--loads", default="random,tpe,storage", help="with commas")
    a.add_argument("--save", action="store_true", help="write the figures to benchmarks/results")
    a.add_argument("--client", nargs=4, type=float, help=argparse.SUPPRESS)
    a.add_argument("--optimize", nargs=2, help=argparse.SUPPRESS)
    args = a.parse_args()
    if args.client:
        port, study, n, seconds = args.client
        print(json.dumps(clients(int(port), int(study), int(n), seconds)))
        return
    if args.optimize:
        study = luthier.load_study("s", args.optimize[0], sampler="random")
        study.optimize(lambda t: value(t.params), timeout_s=float(args.optimize[1]), progress=False)
        study.storage.close()
        print("[]")
        return
    print(
        f"luthier {luthier.__version__}, {args.clients} clients in {args.processes} "
        f"process(es)\n{HEAD}"
    )
    rows: dict[str, dict[str, Any]] = {}
    for load in args.loads.split(","):
        if load == "storage":
            rows[load] = stored(args)
            print(
                "{:10s} {trials:8d} {per_s:8.0f} {cpu_ms:8.2f} | {} processes".format(
                    load, args.workers, **rows[load]
                )
            )
        else:
            row = rows[load] = asked_and_told(args, load, args.trials if load == "tpe" else 0)
            print(LINE.format(load, *row.values()), flush=True)
    if args.save:
        out = HERE / "results" / f"service-{datetime.date.today()}.json"
        head = {
            "date": str(datetime.date.today()),
            "python": platform.python_version(),
            "luthier": luthier.__version__,
        }
        head |= {
            "clients": args.clients,
            "workers": args.workers,
            "trials": args.trials,
            "seconds": args.seconds,
        }
        out.write_text(json.dumps({**head, "loads": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
