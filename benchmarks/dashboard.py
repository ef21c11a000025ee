"""The dashboard in a real browser, beside optuna-dashboard on the same trials.

    python -m benchmarks.dashboard                          # all of it: 20 minutes
    python -m benchmarks.dashboard views idle --save        # some parts; saves the figures
    python -m benchmarks.dashboard peer --peer .venv-optuna/bin/python

Trials have ten parameters and one value. A view counts as shown when the browser comes to rest:
when all its processes together have used less than a tenth of a second in the last one. Times are
processor seconds of all processes of the browser, or of the service. Opening any page costs the
browser some, as it starts a process; `net` is without what an address without content costs. Parts:

- views: the first answer of the service about a study, and what it costs to make; then the first
  view of a study, its summary; its history after that on the same page; and its history as the
  first view.
- peer: the same of optuna-dashboard, which is given its storage in memory.
- idle: what the service uses in a minute while a tab is open and nothing changes.
- live: 20 trials a second: how long until a trial is on the screen, and long frames.
- tabs: how many trials workers run while 20 and 50 tabs of one browser are open, all of them seen,
  against none. Trials sleep, so that the processors are not full; Chromium gets what the others
  leave of them, as it would be on another machine.

The peer is run by another Python, so that its packages need not be installed beside luthier's.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil

import luthier
from benchmarks.common.results import describe_run, save_results
from benchmarks.common.service import TOKEN, Client, Service
from luthier import Float, State, TrialRow

PARTS = ("views", "peer", "idle", "live", "tabs")
N_PARAMS = 10
SIZES = (100, 1_000, 10_000, 100_000)
PEER_SIZES = (1_000, 10_000)
IDLE_SIZES = (1_000, 10_000, 100_000)
RATE = 20  # trials a second
N_TABS = (20, 50)
N_TURNS = 3
N_WORKERS = 4
TRIAL_S = 0.1

_REST_S = 1.0  # the browser is at rest when it uses little for so long
_REST_CPU_S = 0.1
_LONGEST_S = 120.0
_DRAWN = "main:not([aria-busy]) h1"  # once a view of the page is there
_PEER_DRAWN = ".main-svg"  # and the first figure of the peer


# -- studies --------------------------------------------------------------------------------------


def draw_trials(n: int) -> tuple[list[dict[str, float]], list[float]]:
    """Params and values of n trials, the same at each call."""
    X = np.random.default_rng(0).random((n, N_PARAMS))
    values = ((X - 0.3) ** 2).sum(axis=1)
    return [{f"p{j}": float(x) for j, x in enumerate(row)} for row in X], values.tolist()


def make_study(folder: Path, n: int) -> str:
    """A study of n trials in an SQLite file; its URL."""
    url = f"sqlite:///{folder}/{n}.db"
    space = {f"p{j}": Float(0, 1) for j in range(N_PARAMS)}
    study = luthier.create_study("bench", url, space=space, sampler="random")
    params, values = draw_trials(n)
    now = time.time()
    rows = (
        TrialRow(
            number=-1,
            state=State.COMPLETE,
            params=p,
            values=(v,),
            started_s=now + i,
            finished_s=now + i + 1,
        )
        for i, (p, v) in enumerate(zip(params, values, strict=True))
    )
    block: list[TrialRow] = []
    for row in rows:
        block.append(row)
        if len(block) == 5000:
            study.add_trials(block)
            block = []
    if block:
        study.add_trials(block)
    study.storage.close()
    return url


# -- the browser ----------------------------------------------------------------------------------


class Browser:
    """A Chromium, with what it uses.

    Args:
        playwright: From `sync_playwright`.
    """

    def __init__(self, playwright: Any) -> None:
        self._browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        family = psutil.Process().children(recursive=True)
        self._roots = [p for p in family if "chrom" in p.name()]
        self._used: dict[int, float] = {}
        self.page = self._browser.new_page(viewport={"width": 1280, "height": 900})
        self.n_bytes = 0
        session = self.page.context.new_cdp_session(self.page)
        session.send("Network.enable")
        session.on("Network.loadingFinished", self._count)

    def _count(self, event: dict[str, Any]) -> None:
        self.n_bytes += int(event["encodedDataLength"])

    def processes(self) -> list[psutil.Process]:
        """All processes of the browser that live."""
        found: dict[int, psutil.Process] = {}
        for root in self._roots:
            with contextlib.suppress(psutil.Error):
                for p in (root, *root.children(recursive=True)):
                    found[p.pid] = p
        return list(found.values())

    def cpu_s(self) -> float:
        """Processor seconds of all of them."""
        for p in self.processes():  # one that has ended is remembered
            with contextlib.suppress(psutil.Error):
                times = p.cpu_times()
                self._used[p.pid] = times.user + times.system
        return sum(self._used.values())

    def tab_mb(self) -> float:
        """Memory of the largest process, that of the tab, which it shares with nobody; in MB."""
        sizes = [0.0]
        for p in self.processes():
            with contextlib.suppress(psutil.Error):
                if "--type=renderer" in p.cmdline():
                    sizes.append(p.memory_full_info().uss / 1e6)
        return max(sizes)

    def heap_mb(self) -> float:
        """Memory of what the page's scripts hold on to, in MB."""
        session = self.page.context.new_cdp_session(self.page)
        session.send("HeapProfiler.collectGarbage")
        used = float(session.send("Runtime.getHeapUsage")["usedSize"])
        session.detach()
        return used / 1e6

    def open_tabs(self, n: int, url: str) -> Any:
        """Open an address in so many other tabs; their context."""
        session = self.page.context.storage_state()
        context = self._browser.new_context(storage_state=session)
        for _ in range(n):
            page = context.new_page()
            page.goto(url, timeout=1000 * _LONGEST_S)
            page.locator(_DRAWN).first.wait_for(state="attached", timeout=1000 * _LONGEST_S)
        return context

    def give_way(self) -> None:
        """Leave the processors to other programs, whenever these want them."""
        for p in self.processes():
            with contextlib.suppress(psutil.Error):
                p.nice(19)

    def open(self, url: str, drawn: str = "body", asked: str | None = None) -> dict[str, float]:
        """Open an address, and wait until it is drawn and the browser at rest.

        Args:
            url: The address.
            drawn: What is there once it is drawn, as a selector.
            asked: Part of the address of an answer that has to have come before.
        """
        cpu_s, n_bytes, began_s = self.cpu_s(), self.n_bytes, time.perf_counter()
        with contextlib.ExitStack() as waiting:
            if asked is not None:
                answer = waiting.enter_context(
                    self.page.expect_response(
                        lambda response: asked in response.url, timeout=1000 * _LONGEST_S
                    )
                )
            self.page.goto(url, wait_until="commit", timeout=1000 * _LONGEST_S)
        if asked is not None:
            answer.value.finished()
        self.page.locator(drawn).first.wait_for(state="attached", timeout=1000 * _LONGEST_S)
        last_s = self.cpu_s()
        while time.perf_counter() < began_s + _LONGEST_S:
            self.page.wait_for_timeout(1000 * _REST_S)
            now_s = self.cpu_s()
            if now_s - last_s < _REST_CPU_S:
                break
            last_s = now_s
        return {
            "browser_cpu_s": round(self.cpu_s() - cpu_s, 2),
            "kb": round((self.n_bytes - n_bytes) / 1e3, 1),
            "nodes": self.page.evaluate("document.querySelectorAll('*').length"),
            "tab_mb": round(self.tab_mb()),
        }

    def close(self) -> None:
        """End it."""
        self._browser.close()


@contextlib.contextmanager
def open_browser() -> Iterator[Browser]:
    """A browser that has drawn an empty page, so that its start does not count."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = Browser(playwright)
        browser.open("data:text/html,<p>rest")
        try:
            yield browser
        finally:
            browser.close()


def log_in(browser: Browser, port: int) -> str:
    """Log in to the page with an empty view, and return its root."""
    root = f"http://127.0.0.1:{port}/"
    browser.page.goto(f"{root}#t={TOKEN}")
    browser.page.locator("h1", has_text="Studies").wait_for()
    browser.open("data:text/html,<p>rest")
    return root


# -- parts ----------------------------------------------------------------------------------------


def measure_views(folder: Path, sizes: tuple[int, ...]) -> dict[str, Any]:
    """The first view of studies of some sizes, and their history."""
    found: dict[str, Any] = {}
    for n in sizes:
        with Service(make_study(folder, n)) as service, open_browser() as browser:
            wait_for_rest(service)
            empty_mb, cpu_s = server_mb(service.pid), service.cpu_s()
            Client(service.port, 1).get_page("summary")
            first = {"server_cpu_s": round(service.cpu_s() - cpu_s, 2)}
            found[f"first summary {n}"] = first
            print(f"first summary {n}: {first}", flush=True)
            root = log_in(browser, service.port)
            wait_for_rest(service)
            empty = browser.open(f"{root}health")  # what a process of the browser costs
            browser.open("data:text/html,<p>rest")
            for view, title in (
                ("summary", "summary"),
                ("history", "history after the summary"),
                ("history", "history"),
            ):
                if title == "history":
                    browser.open("data:text/html,<p>rest")
                cpu_s = service.cpu_s()
                row = browser.open(f"{root}#/s/1/{view}", _DRAWN)
                start_s = 0.0 if title.startswith("history after") else empty["browser_cpu_s"]
                row["net_browser_cpu_s"] = round(row["browser_cpu_s"] - start_s, 2)
                row["server_cpu_s"] = round(service.cpu_s() - cpu_s, 2)
                row["server_mb"] = round(server_mb(service.pid) - empty_mb)
                found[f"{title} {n}"] = row
                print(f"{title} {n}: {row}", flush=True)
    return found


def wait_for_rest(service: Service) -> None:
    """Wait until a service uses little for a while."""
    now_s, last_s = service.cpu_s(), -np.inf
    while now_s - last_s > _REST_CPU_S / 2:
        time.sleep(2 * _REST_S)
        now_s, last_s = service.cpu_s(), now_s


def server_mb(pid: int) -> float:
    """Memory of a service and its processes, in MB."""
    process = psutil.Process(pid)
    family = (process, *process.children(recursive=True))
    return float(sum(p.memory_full_info().uss for p in family) / 1e6)


_PEER = """
import sys, socket
import numpy as np, optuna, optuna_dashboard
from wsgiref.simple_server import make_server
optuna.logging.set_verbosity(optuna.logging.ERROR)
n, d = int(sys.argv[1]), int(sys.argv[2])
X = np.random.default_rng(0).random((n, d))
y = ((X - 0.3) ** 2).sum(axis=1)
storage = optuna.storages.InMemoryStorage()
study = optuna.create_study(study_name="bench", storage=storage)
dist = {f"p{j}": optuna.distributions.FloatDistribution(0, 1) for j in range(d)}
study.add_trials([optuna.trial.create_trial(
    params={f"p{j}": float(v) for j, v in enumerate(row)}, distributions=dist, value=float(t))
    for row, t in zip(X, y)])
app = optuna_dashboard.wsgi(storage)
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIServer, WSGIRequestHandler
class Server(ThreadingMixIn, WSGIServer): daemon_threads = True
class Quiet(WSGIRequestHandler):
    def log_message(self, *args): pass
server = make_server("127.0.0.1", 0, app, Server, Quiet)
print(server.server_port, flush=True)
server.serve_forever()
"""


@contextlib.contextmanager
def run_peer(python: str, n: int) -> Iterator[tuple[int, psutil.Process]]:
    """optuna-dashboard with n trials; its port and its process."""
    process = subprocess.Popen(
        [python, "-c", _PEER, str(n), str(N_PARAMS)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise SystemExit(f"optuna-dashboard does not start with {python}; see --peer")
    try:
        yield int(line), psutil.Process(process.pid)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def measure_peer(python: str, idle_s: float) -> dict[str, Any]:
    """optuna-dashboard: its first view, and what it uses while nothing changes."""
    found: dict[str, Any] = {}
    for n in PEER_SIZES:
        with run_peer(python, n) as (port, process), open_browser() as browser:
            empty = browser.open(f"http://127.0.0.1:{port}/nothing")
            browser.open("data:text/html,<p>rest")
            before_s = sum(process.cpu_times()[:2])
            row = browser.open(
                f"http://127.0.0.1:{port}/dashboard/studies/0",
                _PEER_DRAWN,
                "/api/studies/0?after=0",
            )
            row["net_browser_cpu_s"] = round(row["browser_cpu_s"] - empty["browser_cpu_s"], 2)
            after_s = sum(process.cpu_times()[:2])
            row["server_cpu_s"] = round(after_s - before_s, 2)
            browser.page.wait_for_timeout(1000 * idle_s)
            row["idle_server_cpu_s"] = round(
                (sum(process.cpu_times()[:2]) - after_s) * 60 / idle_s, 3
            )
            found[f"optuna-dashboard {n}"] = row
            print(f"optuna-dashboard {n}: {row}", flush=True)
    return found


def measure_idle(folder: Path, sizes: tuple[int, ...], idle_s: float) -> dict[str, Any]:
    """What the service uses in a minute with an open tab, while nothing changes."""
    found: dict[str, Any] = {}
    for n in sizes:
        with Service(make_study(folder, n)) as service, open_browser() as browser:
            root = log_in(browser, service.port)
            browser.open(f"{root}#/s/1/summary", _DRAWN)
            wait_for_rest(service)  # which analyses what its summary says
            server_s, browser_s = service.cpu_s(), browser.cpu_s()
            browser.page.wait_for_timeout(1000 * idle_s)
            row = {
                "idle_server_cpu_s": round((service.cpu_s() - server_s) * 60 / idle_s, 3),
                "idle_browser_cpu_s": round((browser.cpu_s() - browser_s) * 60 / idle_s, 3),
            }
            found[f"idle {n}"] = row
            print(f"idle {n}: {row}", flush=True)
    return found


_WATCH = """() => {
  window.seen = [];
  window.long = [];
  new PerformanceObserver((list) => window.long.push(...list.getEntries().map((e) => e.duration)))
    .observe({entryTypes: ["longtask"]});
  const look = () => {
    const main = document.getElementById("main");
    const titles = [...main.querySelectorAll("h2")].map((h2) => h2.textContent);
    const said = titles.map((title) => title.match(/^(\\d+) trials$/)).find(Boolean)
      || main.textContent.match(/of (\\d+) trials/);
    const n = said ? Number(said[1]) : 0;
    const last = window.seen.at(-1);
    if (n && (!last || last[1] !== n)) window.seen.push([Date.now() / 1000, n]);
  };
  new MutationObserver(look).observe(document.getElementById("main"),
    {childList: true, subtree: true, characterData: true, attributes: true});
  look();
}"""


def measure_live(folder: Path, live_s: float) -> dict[str, Any]:
    """Trials that end at a steady rate: when they are on the screen, and how long frames are."""
    found: dict[str, Any] = {}
    for n, view in ((1_000, "summary"), (10_000, "summary"), (10_000, "history")):
        url = make_study(folder / view, n)
        with Service(url) as service, open_browser() as browser:
            root = log_in(browser, service.port)
            browser.open(f"{root}#/s/1/{view}", _DRAWN)
            browser.page.evaluate(_WATCH)
            before_mb, heap_mb = browser.tab_mb(), browser.heap_mb()
            cpu_s, server_s = browser.cpu_s(), service.cpu_s()
            told: dict[int, float] = {}
            writer = threading.Thread(target=_tell, args=(url, live_s, told))
            writer.start()
            while writer.is_alive():
                browser.page.wait_for_timeout(500)
            browser.page.wait_for_timeout(6000)
            seen = browser.page.evaluate("window.seen")
            longest = browser.page.evaluate("Math.max(0, ...window.long)")
            delays = [
                next((t for t, shown in seen if shown > number), np.inf) - at
                for number, at in told.items()
            ]
            row = {
                "trials": len(told),
                "delay_p50_s": round(float(np.median(delays)), 2),
                "delay_max_s": round(float(np.max(delays)), 2),
                "longest_frame_ms": round(longest),
                "tab_mb_before": round(before_mb),
                "tab_mb_after": round(browser.tab_mb()),
                "heap_mb_before": round(heap_mb, 1),
                "heap_mb_after": round(browser.heap_mb(), 1),
                "browser_cpu_share": round((browser.cpu_s() - cpu_s) / live_s, 3),
                "server_cpu_share": round((service.cpu_s() - server_s) / live_s, 3),
            }
            found[f"live {view} {n}"] = row
            print(f"live {view} {n}: {row}", flush=True)
    return found


def _tell(url: str, live_s: float, told: dict[int, float]) -> None:
    """End trials at a steady rate; note when each was stored."""
    study = luthier.load_study("bench", url)
    begin = time.monotonic()
    for i in range(int(live_s * RATE)):
        time.sleep(max(0.0, begin + i / RATE - time.monotonic()))
        trial = study.ask()
        study.tell(trial, 1.0 + 1 / (i + 1))
        told[trial.number] = time.time()


_WORKER = """
import sys, time
import luthier
url, seconds, trial_s = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
def objective(trial):
    time.sleep(trial_s)
    return trial.params["p0"]
study = luthier.load_study("bench", url)
n = []
study.optimize(objective, timeout_s=seconds, callbacks=[lambda s, r: n.append(1)], progress=False)
print(len(n))
"""


def measure_tabs(folder: Path, seconds: float) -> dict[str, Any]:
    """Trials that workers run while tabs are open, against none, in turns."""
    found: dict[int, list[dict[str, float]]] = {n: [] for n in (0, *N_TABS)}
    url = make_study(folder, 1_000)
    with Service(url) as service, open_browser() as browser:
        root = log_in(browser, service.port)
        for n in [*found] * N_TURNS:
            context = browser.open_tabs(n, f"{root}#/s/1/summary")
            browser.give_way()
            server_s, browser_s = service.cpu_s(), browser.cpu_s()
            row = {
                "trials": _run_workers(url, seconds),
                "server_cpu_share": round((service.cpu_s() - server_s) / seconds, 3),
                "browser_cpu_share": round((browser.cpu_s() - browser_s) / seconds, 3),
                "streams": read_metric(service.port, "luthier_event_streams"),
            }
            context.close()
            found[n].append(row)
            print(f"{n} tabs: {row}", flush=True)
    medians = {
        n: {key: float(np.median([row[key] for row in rows])) for key in rows[0]}
        for n, rows in found.items()
    }
    rows = {
        f"tabs {n}": {**row, "kept": round(row["trials"] / medians[0]["trials"], 3)}
        for n, row in medians.items()
    }
    print(f"tabs: {rows}", flush=True)
    return rows


def read_metric(port: int, name: str) -> float:
    """One of the service's metrics."""
    ask = urllib.request.Request(
        f"http://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}
    )
    with urllib.request.urlopen(ask) as answer:
        lines = answer.read().decode().splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith(f"{name} "))


def _run_workers(url: str, seconds: float) -> int:
    """Let some workers run for a time, and return how many trials they ran."""
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", _WORKER, url, str(seconds), str(TRIAL_S)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(N_WORKERS)
    ]
    return sum(int(w.communicate()[0]) for w in workers)


def print_ratios(rows: dict[str, Any]) -> None:
    """How many times less luthier uses than the peer, at each size that both have."""
    for n in PEER_SIZES:
        peer, own = rows.get(f"optuna-dashboard {n}"), rows.get(f"summary {n}")
        if peer is None or own is None:
            continue
        history = rows[f"history after the summary {n}"]
        print(f"at {n} trials, optuna-dashboard uses")
        for key in ("browser_cpu_s", "net_browser_cpu_s", "kb", "server_cpu_s", "nodes"):
            own_both = own[key] + history[key] if key != "nodes" else max(own[key], history[key])
            print(
                f"  {peer[key] / max(own[key], 0.01):6.1f} times the {key} of the summary, "
                f"{peer[key] / max(own_both, 0.01):6.1f} times that of summary and history"
            )
        if (idle := rows.get(f"idle {n}")) is not None:
            print(
                f"  {peer['idle_server_cpu_s']} s of server a minute while nothing changes, "
                f"against {idle['idle_server_cpu_s']}"
            )


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--peer", default=sys.executable, help="Python with optuna-dashboard")
    parser.add_argument("--idle-s", type=float, default=60.0)
    parser.add_argument("--live-s", type=float, default=60.0)
    parser.add_argument("--tabs-s", type=float, default=15.0)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--save", action="store_true", help="save the figures")
    options = parser.parse_args()
    parts = options.parts or list(PARTS)
    if unknown := set(parts) - set(PARTS):
        parser.error(f"expected parts out of {', '.join(PARTS)}, got {', '.join(unknown)}")

    rows: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for part in parts:
            place = Path(folder, part)
            for inner in (place, place / "summary", place / "history"):
                inner.mkdir()
            match part:
                case "views":
                    rows |= measure_views(place, tuple(options.sizes))
                case "peer":
                    rows |= measure_peer(options.peer, options.idle_s)
                case "idle":
                    rows |= measure_idle(
                        place, tuple(n for n in IDLE_SIZES if n in options.sizes), options.idle_s
                    )
                case "live":
                    rows |= measure_live(place, options.live_s)
                case "tabs":
                    rows |= measure_tabs(place, options.tabs_s)
    print_ratios(rows)
    if options.save:
        head = describe_run("playwright", idle_s=options.idle_s, live_s=options.live_s)
        head["versions"] |= json.loads(
            subprocess.run(
                [
                    options.peer,
                    "-c",
                    "import importlib.metadata as m, json; "
                    "print(json.dumps({n: m.version(n) for n in ('optuna', 'optuna-dashboard')}))",
                ],
                capture_output=True,
                text=True,
                check="peer" in parts,
            ).stdout
            or "{}"
        )
        print(f"saved to {save_results('dashboard', head, 'results', rows)}")


if __name__ == "__main__":
    main()
