"""How well does it search? luthier beside Optuna's samplers on the BBOB functions f1 to f20, few trials each.

    python benchmarks/bbob.py --runs runs.jsonl                           # all samplers, hours: it
    can be stopped
    python benchmarks/bbob.py --runs runs.jsonl --samplers luthier,tpe    # runs that the file has
    are skipped
    python benchmarks/bbob.py --report peers.jsonl,runs.jsonl --save      # also writes
    results/bbob-<date>.json

Samplers are `luthier` (the default), any of luthier's by its name (`tpe`, `gp`, `cmaes` ...), and
Optuna's `optuna-gp`, `optuna-cma`, `optuna-tpe`, all with default settings. The domain is [-5,
5]^d. Seed s searches instance s + 1 of a function with the sampler's seed s. A run's gap is its
best value less the function's minimum, at least 1e-8 (what the suite itself calls solved). Its time
is processor time less that of the function, so other work on the machine does not count. Runs go
seed by seed: what there is after any time compares samplers on like problems.

Source: Hansen 2021, COCO; the functions are those of Hansen 2009.
"""

from __future__ import annotations

import argparse
import datetime
import functools
import itertools
import json
import os
import platform
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import fmean, median
from typing import Any

for v in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(v, "1")

HERE = Path(__file__).parent
MARKS = (50, 100, 200)
SOLVED = 1e-8
KEY = ("sampler", "function", "d", "seed", "trials")
Run = dict[str, Any]
Objective = Callable[[list[float]], float]


def ours(sampler: str, f: Objective, d: int, n: int, seed: int) -> str:
    """Searches with luthier; returns its version."""
    import luthier

    names = [f"x{i}" for i in range(d)]
    space = {name: luthier.Float(-5, 5) for name in names}
    study = luthier.create_study(
        space=space, sampler=None if sampler == "luthier" else sampler, seed=seed
    )
    study.optimize(
        lambda trial: f([trial.params[name] for name in names]), n_trials=n, progress=False
    )
    return f"luthier {luthier.__version__}"


def theirs(sampler: str, f: Objective, d: int, n: int, seed: int) -> str:
    """Searches with Optuna; returns its version."""
    import warnings

    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    if sampler == "optuna-gp":
        import torch

        torch.set_num_threads(1)
    make = {
        "optuna-gp": optuna.samplers.GPSampler,
        "optuna-cma": optuna.samplers.CmaEsSampler,
        "optuna-tpe": optuna.samplers.TPESampler,
    }[sampler]
    study = optuna.create_study(sampler=make(seed=seed))
    study.optimize(
        lambda trial: f([trial.suggest_float(f"x{i}", -5, 5) for i in range(d)]), n_trials=n
    )
    return f"optuna {optuna.__version__}"


def search(sampler: str, f: Objective, d: int, n: int, seed: int) -> str:
    return (theirs if sampler.startswith("optuna-") else ours)(sampler, f, d, n, seed)


@functools.cache
def warm(sampler: str) -> None:
    """Lets a sampler import what it needs, which is not part of a search."""
    search(sampler, sum, 2, 12, 0)


def run(sampler: str, function: int, d: int, seed: int, trials: int) -> Run:
    """One search: `gap` and `seconds` after as many trials as each mark says."""
    import cocoex

    problem = cocoex.BareProblem("bbob", function, d, seed + 1)
    best = float("inf")
    spent = 0.0
    count = 0
    begin = 0.0
    gap: dict[str, float] = {}
    seconds: dict[str, float] = {}

    def f(x: list[float]) -> float:
        nonlocal best, spent, count
        entered = time.process_time()
        value = float(problem(x))
        best, count = min(best, value), count + 1
        if count in (*MARKS, trials):
            gap[str(count)] = max(best - problem.best_value(), SOLVED)
            seconds[str(count)] = round(entered - begin - spent, 4)
        spent += time.process_time() - entered
        return value

    warm(sampler)
    begin = time.process_time()
    version = search(sampler, f, d, trials, seed)
    values = (sampler, function, d, seed, trials)
    return {
        **dict(zip(KEY, values, strict=True)),
        "gap": gap,
        "seconds": seconds,
        "version": version,
    }


def load(files: Iterable[Path]) -> list[Run]:
    """Runs of all files; of the same run twice the later one."""
    runs = [
        json.loads(line)
        for file in files
        if file.exists()
        for line in file.read_text().splitlines()
    ]
    return list({tuple(r[k] for k in KEY): r for r in runs}.values())


def ranks(values: list[float]) -> list[float]:
    """1 for the smallest; ties share the mean of their ranks."""
    return [sum(w < v for w in values) + (sum(w == v for w in values) + 1) / 2 for v in values]


def summary(runs: list[Run], samplers: list[str], trials: int) -> dict[str, Any]:
    """Mean ranks over the problems that every sampler has searched, and median milliseconds a trial.

    Returns:
        `problems`, how many those are, and `samplers`: for each `rank`, by column of the table, and
        `ms`.
    """
    problems: dict[tuple[int, int, int], dict[str, Run]] = {}
    for r in runs:
        if r["trials"] == trials and r["sampler"] in samplers:
            problems.setdefault((r["function"], r["d"], r["seed"]), {})[r["sampler"]] = r
    shared = {key: found for key, found in problems.items() if len(found) == len(samplers)}
    rows: dict[str, Any] = {s: {"rank": {}, "ms": None} for s in samplers}
    end = str(trials)
    dims = sorted({d for _, d, _ in shared})
    columns = [("all", end, dims), *((f"d={d}", end, [d]) for d in dims)]
    columns += [(f"at {m}", str(m), dims) for m in MARKS if m < trials]
    for name, mark, among in columns:
        scores = [
            ranks([found[s]["gap"][mark] for s in samplers])
            for (_, d, _), found in shared.items()
            if d in among
        ]
        for s, of_sampler in zip(samplers, zip(*scores, strict=True), strict=False):
            rows[s]["rank"][name] = round(fmean(of_sampler), 3)
    for s in samplers:
        if times := [1e3 * found[s]["seconds"][end] / trials for found in shared.values()]:
            rows[s]["ms"] = round(median(times), 3)
    return {"problems": len(shared), "samplers": rows}


def show(found: dict[str, Any]) -> None:
    rows = found["samplers"]
    columns = list(next(iter(rows.values()))["rank"])
    print(f"mean rank over {found['problems']} problems; 1 is best")
    print(f"{'':14s}" + "".join(f"{c:>8s}" for c in columns) + f"{'ms/trial':>10s}")
    for name, row in sorted(rows.items(), key=lambda kv: kv[1]["rank"].get("all", 0.0)):
        print(
            f"{name:14s}"
            + "".join(f"{row['rank'][c]:8.2f}" for c in columns)
            + f"{row['ms'] or 0:10.2f}"
        )


def span(text: str) -> list[int]:
    """The numbers of "1-3,8"."""
    ends = [part.split("-") for part in text.split(",")]
    return [i for e in ends for i in range(int(e[0]), int(e[-1]) + 1)]


def main() -> None:
    a = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    a.add_argument(
        "--samplers",
        default="",
        help="with commas  [default: all four, or those that the report has]",
    )
    a.add_argument("--functions", type=span, default=span("1-20"))
    a.add_argument("--dims", type=span, default=[3, 5, 10])
    a.add_argument("--trials", type=int, default=200)
    a.add_argument("--seeds", type=int, default=3, help="how many")
    a.add_argument("--runs", type=Path, help="where runs are kept, one a line")
    a.add_argument(
        "--report", default="", help="only print the table of these files of runs, with commas"
    )
    a.add_argument("--save", action="store_true", help="write the table to benchmarks/results")
    args = a.parse_args()
    files = [Path(f) for f in args.report.split(",") if f]
    samplers = (
        args.samplers.split(",") if args.samplers else ["luthier", "tpe", "optuna-gp", "optuna-cma"]
    )
    if not files:
        if args.runs is None:
            a.error("--runs says where runs are kept; or --report which to print")
        files = [args.runs]
        args.runs.parent.mkdir(parents=True, exist_ok=True)
        have = {tuple(r[k] for k in KEY) for r in load(files)}
        for seed, function, d, sampler in itertools.product(
            range(args.seeds), args.functions, args.dims, samplers
        ):
            if (sampler, function, d, seed, args.trials) not in have:
                done = run(sampler, function, d, seed, args.trials)
                with args.runs.open("a") as out:
                    out.write(json.dumps(done) + "\n")
                gap, seconds = done["gap"][str(args.trials)], done["seconds"][str(args.trials)]
                print(
                    f"{sampler:12s} f{function} d={d} seed {seed}: {gap:.3g}, {seconds:.1f} s",
                    flush=True,
                )
    runs = load(files)
    if args.report and not args.samplers:
        samplers = sorted({r["sampler"] for r in runs})
    runs = [
        r
        for r in runs
        if r["function"] in args.functions and r["d"] in args.dims and r["seed"] < args.seeds
    ]
    found = summary(runs, samplers, args.trials)
    show(found)
    if args.save:
        versions = sorted({r["version"] for r in runs if r["sampler"] in samplers})
        head = {
            "date": str(datetime.date.today()),
            "python": platform.python_version(),
            "versions": versions,
        }
        out = HERE / "results" / f"bbob-{datetime.date.today()}.json"
        out.parent.mkdir(exist_ok=True)
        settings = {
            "functions": args.functions,
            "dims": args.dims,
            "trials": args.trials,
            "seeds": args.seeds,
        }
        out.write_text(json.dumps({**head, **settings, **found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
