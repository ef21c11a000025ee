"""The speed of the service: workers that ask and tell over HTTP, studies in SQLite.

    python -m benchmarks.service                                      # half a minute
    python -m benchmarks.service --clients 16 --seconds 10 --save     # also saves the figures

The service runs in a process of its own, the workers as tasks of another (or of several, with
--processes), each with one connection, over which it sends as little as HTTP allows: the machine
that is measured serves the workers as well. A worker asks for a trial and tells its value at once,
so that nothing but the service is measured. These are the kinds of load:

- random: /v1/.../ask and /tell, the sampler Random: what a request costs.
- tpe: the same with TPE in a study that holds `--trials` trials already: what a proposal costs.
- random-next, tpe-next: each tell asks for the next trial too, so that a trial is one request.
- storage: `luthier.load_study(..., storage="http://...").optimize` in as many processes as
  `--workers`, which propose for themselves and use the service as their storage.

Milliseconds are those that a worker waits for its answer: median, 99 of 100, and the longest.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

import luthier
from benchmarks.common.results import ROOT, describe_run, save_results
from benchmarks.common.service import TOKEN, Service
from benchmarks.common.timing import MS, Timer
from benchmarks.common.workers import run_together
from luthier import Float, Int

SPACE = {
    "x": Float(-5, 5),
    "y": Float(-5, 5),
    "lr": Float(1e-5, 1, scale="log"),
    "k": Int(1, 64),
    "c": ["a", "b", "c"],
}
COLUMNS = ["trials", "per_s", "cpu_ms"]
COLUMNS += [f"{verb}_{what}" for verb in ("ask", "tell") for what in ("p50", "p99", "max")]

Wait = tuple[str, float]  # a verb, and the milliseconds that its answer took


def value(params: dict[str, Any]) -> float:
    """The objective: cheap, and not flat."""
    distance = params["x"] ** 2 + params["y"] ** 2
    return float(distance + np.log10(params["lr"]) ** 2 + params["k"] / 64)


# -- ask and tell --------------------------------------------------------------------------------


class Connection:
    """One connection to a study of a service.

    Args:
        reader: What the service sends.
        writer: What it is sent.
        port: Where it listens.
        study: The study's id.
    """

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, study: int
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._path = f"POST /v1/studies/{study}"
        self._head = (
            f"HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {TOKEN}\r\n"
            "Content-Type: application/json\r\nContent-Length:"
        )

    async def post(self, path: str, body: Any) -> Any:
        """Send a request to the study and return the answer.

        Raises:
            RuntimeError: The service refused it.
        """
        data = json.dumps(body)
        request = f"{self._path}/{path} {self._head} {len(data)}\r\n\r\n{data}"
        self._writer.write(request.encode())
        head = await self._reader.readuntil(b"\r\n\r\n")
        n_bytes = int(head.lower().partition(b"content-length:")[2].split()[0])
        answer = await self._reader.readexactly(n_bytes)
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"{path}: expected 200, got {head.decode()}{answer.decode()}")
        return json.loads(answer)


async def ask_and_tell(port: int, study: int, seconds: float, has_next: bool) -> list[Wait]:
    """Ask for trials and tell their values over one connection for some seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    client = Connection(reader, writer, port, study)
    waits: list[Wait] = []
    asked = None
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        if asked is None:
            with Timer() as timer:
                asked = await client.post("ask", {})
            waits.append(("ask", timer.wall_ms))

        answer = {"token": asked["token"], "value": value(asked["params"])}
        if has_next:
            answer["ask"] = {}
        with Timer() as timer:
            told = await client.post(f"trials/{asked['number']}/tell", answer)
        waits.append(("tell", timer.wall_ms))
        asked = told.get("next")
    writer.close()
    return waits


async def run_clients(port: int, study: int, n: int, seconds: float, has_next: bool) -> list[Wait]:
    """Run n workers as tasks of this process."""
    tasks = [ask_and_tell(port, study, seconds, has_next) for _ in range(n)]
    return [wait for waits in await asyncio.gather(*tasks) for wait in waits]


def run_clients_elsewhere(
    port: int, study: int, n: int, seconds: float, has_next: bool
) -> list[Wait]:
    """Run n workers in another process, with an interpreter lock of its own."""
    numbers = map(str, (port, study, n, seconds, int(has_next)))
    argv = [sys.executable, "-m", "benchmarks.service", "--client", *numbers]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=ROOT)
    return [(verb, ms) for verb, ms in json.loads(done.stdout)]


def load_by_asking(args: argparse.Namespace, load: str) -> dict[str, float]:
    """The row of workers in other processes; with TPE, the study holds some trials before."""
    sampler, _, what = load.partition("-")
    n_before = args.trials if sampler == "tpe" else 0
    has_next = what == "next"
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/s.db"
        study = luthier.create_study("s", url, space=SPACE, sampler="random", seed=0)
        if n_before:
            study.optimize(lambda t: value(t.params), n_trials=n_before, progress=False)
        record = study.storage.study("s")
        study.storage.update_study(record.id, {**record.spec, "sampler": sampler})

        with Service(url) as service:
            run_clients_elsewhere(
                service.port, record.id, 2, 1.0, has_next
            )  # it opens the study and imports
            before_s = service.cpu_s()
            n = args.clients // args.processes
            with ThreadPoolExecutor(args.processes) as pool:
                arguments = (service.port, record.id, n, args.seconds, has_next)
                futures = [
                    pool.submit(run_clients_elsewhere, *arguments) for _ in range(args.processes)
                ]
                waits = [wait for future in futures for wait in future.result()]
            cpu_s = service.cpu_s() - before_s
    return summary(waits, args.seconds, cpu_s)


def summary(waits: Sequence[Wait], seconds: float, cpu_s: float) -> dict[str, float]:
    """Rates, and quantiles of the waits in milliseconds."""
    n_trials = sum(verb == "tell" for verb, _ in waits)
    row = {"per_s": n_trials / seconds, "cpu_ms": MS * cpu_s / n_trials}
    for verb in ("ask", "tell"):
        ms = np.array([wait_ms for v, wait_ms in waits if v == verb])
        row[f"{verb}_p50"] = float(np.median(ms))
        row[f"{verb}_p99"] = float(np.percentile(ms, 99))
        row[f"{verb}_max"] = float(ms.max())
    return {"trials": n_trials, **{key: round(x, 2) for key, x in row.items()}}


# -- as a storage --------------------------------------------------------------------------------


def optimize_for(url: str, seconds: float) -> Callable[[], object]:
    """The work of one process: trials of a study in the service, for some seconds."""
    study = luthier.load_study("s", url, sampler="random")

    def work() -> None:
        study.optimize(lambda t: value(t.params), timeout_s=seconds, progress=False)
        study.storage.close()

    return work


def load_as_storage(args: argparse.Namespace) -> dict[str, float]:
    """The row of processes that optimise one study, with the service as its storage."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Service(f"sqlite:///{folder}/s.db") as service,
    ):
        url = service.storage_url
        study = luthier.create_study("s", url, space=SPACE, sampler="random", seed=0)
        before_s = service.cpu_s()
        run_together(args.workers, optimize_for, url, args.seconds)
        n = len(study.trials)
        cpu_s = service.cpu_s() - before_s
        study.storage.close()
    return {
        "trials": n,
        "per_s": round(n / args.seconds, 2),
        "cpu_ms": round(MS * cpu_s / n, 2),
    }


# -- command line --------------------------------------------------------------------------------


def show(load: str, row: dict[str, float]) -> None:
    """Print a row; "-" where a load has no such figure."""
    cells = (f"{row[key]:10.1f}" if key in row else f"{'-':>10s}" for key in COLUMNS)
    print(f"{load:10s}{''.join(cells)}", flush=True)


def main() -> None:
    """Measure the loads that were asked for, print them and save them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clients", type=int, default=16, help="workers that ask and tell")
    parser.add_argument("--processes", type=int, default=1, help="processes that they run in")
    parser.add_argument("--workers", type=int, default=4, help="processes that use it as a storage")
    parser.add_argument(
        "--trials", type=int, default=1000, help="trials of the study of TPE before the start"
    )
    parser.add_argument("--seconds", type=float, default=5.0, help="length of each load")
    parser.add_argument(
        "--loads", default="random,tpe,random-next,tpe-next,storage", help="separated by commas"
    )
    parser.add_argument(
        "--save", action="store_true", help="write the figures to benchmarks/results"
    )
    parser.add_argument("--client", nargs=5, type=float, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.client:
        port, study, n, seconds, has_next = args.client
        work = run_clients(int(port), int(study), int(n), seconds, bool(has_next))
        print(json.dumps(asyncio.run(work)))
        return

    settings = {key: getattr(args, key) for key in ("clients", "workers", "trials", "seconds")}
    head = describe_run("starlette", "uvicorn", **settings)
    print(f"luthier {luthier.__version__}, {args.clients} clients in {args.processes} process(es)")
    print(f"{'load':10s}{''.join(f'{name:>10s}' for name in COLUMNS)}")
    rows: dict[str, Any] = {}
    for load in args.loads.split(","):
        if load == "storage":
            rows[load] = load_as_storage(args)
        else:
            rows[load] = load_by_asking(args, load)
        show(load, rows[load])
    if args.save:
        print(save_results("service", head, "loads", rows))


if __name__ == "__main__":
    main()
