"""What does a server cost? luthier beside Optuna on the same PostgreSQL, MariaDB and Redis, the objective free.

    make servers
    python benchmarks/many_machines.py                    # everything, some minutes
    python benchmarks/many_machines.py --only postgresql --save

The servers are started in a temporary folder with their default settings (every commit is on disk
before it is acknowledged; Redis with appendfsync=always). Both libraries run against the same
server process, one after the other.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

for v in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(v, "1")
HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

import luthier
import servers

N_JOIN = 100_000


def objective(trial: Any) -> float:
    return float(sum((trial.suggest_float(f"x{i}", 0, 1) - 0.3) ** 2 for i in range(5)))


def optuna_storage(url: str) -> Any:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if url.startswith("redis"):
        from optuna.storages.journal import JournalRedisBackend

        return optuna.storages.JournalStorage(JournalRedisBackend(url))
    driver = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}
    scheme, rest = url.split("://")
    return optuna.storages.RDBStorage(f"{driver[scheme]}://{rest}")


def run_ours(url: str, n: int) -> None:
    luthier.load_study("s", url, sampler="Random").optimize(objective, n_trials=n, progress=False)


def run_theirs(url: str, n: int) -> None:
    import optuna

    study = optuna.load_study(
        study_name="s", storage=optuna_storage(url), sampler=optuna.samplers.RandomSampler()
    )
    study.optimize(objective, n_trials=n)


RUN = {"luthier": run_ours, "optuna": run_theirs}


def create(which: str, url: str) -> None:
    if which == "luthier":
        luthier.create_study("s", url).storage.close()
    else:
        import optuna

        optuna.create_study(study_name="s", storage=optuna_storage(url))


def numbers(which: str, url: str) -> list[int]:
    """Of the trials that are complete."""
    if which == "luthier":
        return [t.number for t in luthier.load_study("s", url).trials if t.state.name == "COMPLETE"]
    import optuna

    study = optuna.load_study(study_name="s", storage=optuna_storage(url))
    return [t.number for t in study.trials if t.state.name == "COMPLETE"]


def worker(which: str, url: str, n: int, ready: Any, times: Any) -> None:
    RUN[which](url, 2)  # imports, connections
    ready.wait()
    began = time.time()
    RUN[which](url, n)
    times.put((began, time.time()))


def rate(which: str, url: str, n_trials: int, n_workers: int) -> float:
    """Trials a second, from the first worker's beginning to the last one's end."""
    create(which, url)
    spawn = multiprocessing.get_context("spawn")
    ready, times = spawn.Barrier(n_workers), spawn.Queue()
    each = n_trials // n_workers
    processes = [
        spawn.Process(target=worker, args=(which, url, each, ready, times))
        for _ in range(n_workers)
    ]
    for p in processes:
        p.start()
    spans = [times.get() for _ in processes]
    for p in processes:
        p.join()
    found = Counter(numbers(which, url))
    assert max(found.values()) == 1
    assert len(found) == n_workers * (each + 2), f"{len(found)} trials of {n_workers * (each + 2)}"
    return n_trials / (max(end for _, end in spans) - min(begin for begin, _ in spans))


JOIN = """
import resource, sys, time
import luthier
study_name, url = sys.argv[1:]
began = time.perf_counter()
study = luthier.load_study(study_name, url)
trial = study.ask()
joined = time.perf_counter() - began
study.tell(trial, 1.0)
print(joined, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def join(url: str) -> dict[str, Any]:
    """How long it takes to join a study of 100,000 trials and to ask for the next, and how much memory."""
    from luthier.trial.record import State, TrialRow

    study = luthier.create_study(
        "large", url, space={f"x{i}": luthier.Float(0, 1) for i in range(5)}
    )
    rows = [
        TrialRow(
            number=-1,
            state=State.COMPLETE,
            params={f"x{k}": (i * (k + 3) % 1009) / 1009 for k in range(5)},
            values=((i * 7919 % 100_003) / 100_003,),
            started_s=float(i),
            finished_s=float(i + 1),
            worker="host:1:abc",
        )
        for i in range(10_000)
    ]
    for _ in range(N_JOIN // len(rows)):
        study.add_trials(rows)
    study.storage.close()
    out = subprocess.run(
        [sys.executable, "-c", JOIN, "large", url], capture_output=True, text=True, check=True
    )
    seconds, megabytes = map(float, out.stdout.split())
    return {"seconds": seconds, "megabytes": megabytes, "at most": [5.0, 300.0]}


ROWS: list[tuple[str, str, int, int, float | None]] = [
    ("postgresql, random, 500 trials, one worker", "postgresql", 500, 1, 8),
    ("postgresql, random, 2,000 trials, 8 workers", "postgresql", 2_000, 8, 8),
    ("mysql, random, 500 trials, one worker", "mysql", 500, 1, None),
    ("mysql, random, 2,000 trials, 8 workers", "mysql", 2_000, 8, None),
    ("redis, random, 500 trials, one worker", "redis", 500, 1, 5),
    ("redis, random, 2,000 trials, 8 workers", "redis", 2_000, 8, None),
]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="rows whose name contains this")
    parser.add_argument(
        "--save", action="store_true", help="write the figures to benchmarks/results"
    )
    args = parser.parse_args()
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        os.environ[servers.RUN] = folder
        for kind, made in servers.KINDS.items():
            with made() as server:
                for name, of, n_trials, n_workers, at_least in ROWS:
                    if of != kind or args.only not in name:
                        continue
                    ours, theirs = (
                        rate(w, server.fresh(), n_trials, n_workers) for w in ("luthier", "optuna")
                    )
                    ratio = ours / theirs
                    wanted = "" if at_least is None else f"  (at least {at_least:g})"
                    print(
                        f"{name:46s} {ours:8.1f} and {theirs:6.1f} trials/s: {ratio:5.1f} "
                        f"times{wanted}",
                        flush=True,
                    )
                    figures[name] = {
                        "luthier": ours,
                        "optuna": theirs,
                        "unit": "trials/s",
                        "ratio": ratio,
                        "at least": at_least,
                    }
                name = f"{kind}, joining a study of {N_JOIN:,} trials"
                if args.only in name:
                    figures[name] = join(server.fresh())
                    print(
                        f"{name:46s} {figures[name]['seconds']:.2f} s, "
                        f"{figures[name]['megabytes']:.0f} MB",
                        flush=True,
                    )
        name = f"sqlite, joining a study of {N_JOIN:,} trials"
        if args.only in name:
            figures[name] = join(f"sqlite:///{folder}/join.db")
            print(
                f"{name:46s} {figures[name]['seconds']:.2f} s, {figures[name]['megabytes']:.0f} MB",
                flush=True,
            )
    if args.save:
        versions = {
            name: importlib.metadata.version(name) for name in ("luthier", "optuna", "numpy")
        }
        path = HERE / "results" / f"many-machines-{datetime.date.today()}.json"
        path.write_text(
            json.dumps({"python": sys.version.split()[0], **versions, "figures": figures}, indent=1)
            + "\n"
        )


if __name__ == "__main__":
    main()
