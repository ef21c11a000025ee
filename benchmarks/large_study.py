"""A study of a million trials: how long it takes to open it, one proposal, and the memory.

    python -m benchmarks.large_study                       # some minutes, most of them to write it
    python -m benchmarks.large_study --trials 100000 --save

The study has five numbers and one objective and lives in a SQLite file. A fresh process opens it,
which reads all trials, and proposes with TPE. Seconds are those on the clock and of the processor:
on a machine that does nothing else they are nearly the same.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from typing import Any

import numpy as np

import luthier
from benchmarks.common.results import describe_run, save_results
from luthier.trial import State, TrialRow

PARAMS = [f"x{i}" for i in range(5)]
BLOCK = 20_000  # trials that are written at a time
N_PROPOSALS = 20
AT_MOST = {"opening_s": 10.0, "proposal_ms": 20.0, "memory_mb": 1000.0}

_OPEN = """
import json, resource, statistics, sys, time
import luthier

def measure(work):
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    result = work()
    return result, time.perf_counter() - wall_s, time.process_time() - cpu_s

url, n = sys.argv[1:]
opened = measure(lambda: luthier.load_study("large", url, sampler="tpe"))
study, opening_s, opening_cpu_s = opened
waits = []
for _ in range(int(n)):
    trial, *seconds = measure(study.ask)
    study.tell(trial, 1.0)
    waits.append(seconds)
wall, cpu = (statistics.median(column) for column in zip(*waits))
print(json.dumps({
    "opening_s": opening_s,
    "opening_cpu_s": opening_cpu_s,
    "proposal_ms": 1000 * wall,
    "proposal_cpu_ms": 1000 * cpu,
    "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
"""


def write_study(url: str, n: int) -> None:
    """Write a study of n complete trials, drawn at random."""
    space = {name: luthier.Float(0, 1) for name in PARAMS}
    study = luthier.create_study("large", url, space=space, sampler="tpe", seed=0)
    rng = np.random.default_rng(0)
    for first in range(0, n, BLOCK):
        points = rng.random((min(BLOCK, n - first), len(PARAMS)))
        losses = ((points - 0.3) ** 2).sum(axis=1).tolist()
        study.storage.add_trials(
            study.engine.id,
            [
                TrialRow(
                    number=-1,
                    state=State.COMPLETE,
                    params=dict(zip(PARAMS, point, strict=True)),
                    values=(loss,),
                    started_s=float(i),
                    finished_s=float(i + 1),
                    worker="host:1:abc",
                )
                for i, (point, loss) in enumerate(zip(points.tolist(), losses, strict=True), first)
            ],
        )
    study.storage.close()


def open_study(url: str) -> dict[str, Any]:
    """The figures of a fresh process that opens the study and proposes."""
    argv = [sys.executable, "-c", _OPEN, url, str(N_PROPOSALS)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    return {name: round(x, 2) for name, x in json.loads(done.stdout).items()}


def main() -> None:
    """Write a study, open it, print the figures and save them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=1_000_000, help="trials of the study")
    parser.add_argument(
        "--save", action="store_true", help="write the figures to benchmarks/results"
    )
    args = parser.parse_args()

    head = describe_run("numpy", trials=args.trials)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/large.db"
        began_s = time.perf_counter()
        write_study(url, args.trials)
        print(f"{args.trials:,} trials written in {time.perf_counter() - began_s:.0f} s")
        figures = open_study(url)
    for name, x in figures.items():
        bound = f"  (at most {AT_MOST[name]:g})" if name in AT_MOST else ""
        print(f"{name:18s}{x:10.2f}{bound}", flush=True)
    if args.save:
        print(save_results("large-study", head, "figures", figures))


if __name__ == "__main__":
    main()
