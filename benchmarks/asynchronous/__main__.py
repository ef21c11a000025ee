"""The command line of this benchmark."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

import luthier
from benchmarks import asynchronous
from benchmarks.asynchronous.curve_table import CurveTable
from benchmarks.asynchronous.simulator import MAX_EPOCHS, Run, simulate
from benchmarks.common.results import describe_run, save_results
from luthier import schedulers

DEFAULT = ["asha", "asha-stopping", "hyperband", "pbt", "freezethaw"]
WORKERS = [1, 2, 4, 8, 16, 32, 64, 100, 128, 256, 500]
POPULATION = 64
MIN_EPOCHS = 1000  # epochs of a simulation are at least these, ...
EPOCHS_OF_EACH = 10  # ... and so many for each worker
MAX_STUDIES = 20  # until one reaches the target

COLUMNS = [
    "target_s",
    "reached",
    "efficiency",
    "idle",
    "most idle",
    "epochs",
    "ask_ms",
    "report_ms",
]
HEAD = "workers  seconds  reached  efficiency    idle  most idle   epochs  ask ms  report ms"
LINE = "{:7d} {:8.0f} {:8.0%} {:11.2f} {:7.1%} {:10.1%} {:8.0f} {:7.3f} {:10.3f}"


def make_schedulers(n_epochs: int) -> dict[str, Callable[[], Any]]:
    """A function that makes each scheduler."""
    return {
        "none": lambda: None,
        "asha": partial(schedulers.ASHA, max_resource=n_epochs),
        "asha-stopping": partial(schedulers.ASHA, max_resource=n_epochs, mode="stopping"),
        "hyperband": partial(schedulers.Hyperband, max_resource=n_epochs),
        "pbt": partial(
            schedulers.PBT, population_size=POPULATION, interval=3, max_resource=n_epochs
        ),
        "freezethaw": partial(schedulers.FreezeThaw, max_resource=n_epochs),
    }


def measure(
    table: CurveTable, scheduler: str, n_workers: int, args: argparse.Namespace
) -> dict[str, float]:
    """The figures of a row, over seeds."""
    runs: list[Run] = []
    targets_s = []
    for seed in range(args.seeds):
        found, target_s = reach(table, scheduler, n_workers, seed, args)
        runs += found
        targets_s.append(target_s)
    return {
        "target_s": float(np.mean(targets_s)),
        "reached": float(np.isfinite(targets_s).mean()),
        "epochs": sum(run.epochs for run in runs) / args.seeds,
        "idle": float(np.mean([run.idle.mean() for run in runs])),
        "most idle": float(max(run.idle.max() for run in runs)),
        "ask_ms": float(np.mean(np.concatenate([run.asks_ms for run in runs]))),
        "report_ms": float(np.mean(np.concatenate([run.reports_ms for run in runs]))),
    }


def reach(
    table: CurveTable, scheduler: str, n_workers: int, seed: int, args: argparse.Namespace
) -> tuple[list[Run], float]:
    """Simulate studies until one reaches the target; return the runs, and when that was."""
    epochs = max(MIN_EPOCHS, EPOCHS_OF_EACH * n_workers)
    runs: list[Run] = []
    spent_s = 0.0
    for attempt in range(MAX_STUDIES):
        study = luthier.create_study(
            space=table.space,
            sampler=args.sampler,
            scheduler=make_schedulers(table.n_epochs)[scheduler](),
            seed=seed + 1000 * attempt,
        )
        target = table.error_at(args.target)
        run = simulate(study, table, n_workers, epochs, target=target, startup_s=args.startup)
        runs.append(run)
        if run.target_s < np.inf or run.epochs >= MAX_EPOCHS:
            break
        spent_s += run.end_s
    return runs, spent_s + run.target_s


def verdict(rows: Mapping[int, Mapping[str, float]]) -> str:
    """Up to how many workers more of them pay: an efficiency of at least a half."""
    stops = next((w for w, row in rows.items() if not row["efficiency"] >= 0.5), None)
    if stops is None:
        scales = f"scales to {max(rows)} workers and more"
    else:
        scales = f"stops scaling at {stops} workers"
    most = max(row["most idle"] for row in rows.values())
    return f"{scales}; the worker that idled most did so for {most:.1%}"


def main() -> None:
    """Simulate the schedulers that were asked for, print their rows and save them."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.asynchronous",
        description=asynchronous.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--schedulers", default="", help="separated by commas  [default: all but none]"
    )
    parser.add_argument(
        "--workers",
        type=lambda text: [int(w) for w in text.split(",")],
        default=WORKERS,
        help="separated by commas; efficiency is relative to the first",
    )
    parser.add_argument("--seeds", type=int, default=2, help="how many")
    parser.add_argument(
        "--sampler", default="Random", help="Random or TPE; others take longer than all the rest"
    )
    parser.add_argument("--target", type=float, default=0.06, help="regret to reach")
    parser.add_argument(
        "--startup", type=float, default=0.0, help="virtual seconds before each turn of a trial"
    )
    parser.add_argument(
        "--save", action="store_true", help="write the figures to benchmarks/results"
    )
    args = parser.parse_args()

    table = CurveTable.load()
    known = make_schedulers(table.n_epochs)
    names = args.schedulers.lower().split(",") if args.schedulers else DEFAULT
    if unknown := [name for name in names if name not in known]:
        parser.error(f"--schedulers: expected some of {', '.join(known)}, got {', '.join(unknown)}")
    head = describe_run(
        sampler=args.sampler, seeds=args.seeds, target=args.target, startup_s=args.startup
    )
    print(f"luthier {luthier.__version__}, sampler {args.sampler}, {args.seeds} seeds")
    print(f"target regret {args.target:g}")

    found: dict[str, Any] = {}
    for name in names:
        print(f"\n{name}\n{HEAD}", flush=True)
        rows: dict[int, dict[str, float]] = {}
        for w in args.workers:
            rows[w] = measure(table, name, w, args)
            first_s = rows[args.workers[0]]["target_s"]
            rows[w]["efficiency"] = first_s * args.workers[0] / (rows[w]["target_s"] * w)
            print(LINE.format(w, *(rows[w][key] for key in COLUMNS)), flush=True)
        print(verdict(rows))
        found[name] = rows
        if args.save:
            save_results("asynchronous", head, "schedulers", found)


if __name__ == "__main__":
    main()
