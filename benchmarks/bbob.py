"""The quality of the search: luthier beside Optuna's samplers on the BBOB functions f1 to f20.

    python -m benchmarks.bbob --runs runs.jsonl                         # all; takes hours
    python -m benchmarks.bbob --runs runs.jsonl --samplers luthier,tpe  # the others are left out
    python -m benchmarks.bbob --report peers.jsonl,runs.jsonl --save    # writes the table

It can be stopped at any time: runs that stand in the file are not run again. `--save` writes
benchmarks/results/bbob-<date>.json.

Samplers are `luthier` (the default), any of luthier's by its name (`tpe`, `gp`, `cmaes` ...), and
Optuna's `optuna-gp`, `optuna-cma`, `optuna-tpe`, all with default settings. The domain is [-5,
5]^d. Seed s searches instance s + 1 of a function with the sampler's seed s. A run's gap is its
best value less the function's minimum, at least 1e-8 (what the suite itself calls solved). Its time
is processor time less that of the function, so other work on the machine does not count. Runs go
seed by seed, so that samplers can be compared on the same problems before all runs are done.

Source: Hansen 2021, COCO; the functions are those of Hansen 2009.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import fmean, median
from typing import Any

import luthier
from benchmarks.common.peers import import_optuna, optuna_sampler
from benchmarks.common.results import describe_run, save_results
from benchmarks.common.timing import MS

DEFAULT = ["luthier", "tpe", "optuna-gp", "optuna-cma"]
MARKS = (50, 100, 200)
SOLVED = 1e-8
KEY = ("sampler", "function", "d", "seed", "trials")
Run = dict[str, Any]
Objective = Callable[[list[float]], float]


def search_with_luthier(sampler: str, f: Objective, d: int, n: int, seed: int) -> str:
    """Run a study of luthier; return its version."""
    names = [f"x{i}" for i in range(d)]
    study = luthier.create_study(
        space={name: luthier.Float(-5, 5) for name in names},
        sampler=None if sampler == "luthier" else sampler,
        seed=seed,
    )

    def objective(trial: luthier.Trial) -> float:
        return f([trial.params[name] for name in names])

    study.optimize(objective, n_trials=n, progress=False)
    return f"luthier {luthier.__version__}"


def search_with_optuna(sampler: str, f: Objective, d: int, n: int, seed: int) -> str:
    """Run a study of Optuna; return its version."""
    optuna = import_optuna()
    study = optuna.create_study(sampler=optuna_sampler(sampler, seed))

    def objective(trial: Any) -> float:
        return f([trial.suggest_float(f"x{i}", -5, 5) for i in range(d)])

    study.optimize(objective, n_trials=n)
    return f"optuna {optuna.__version__}"


def search(sampler: str, f: Objective, d: int, n: int, seed: int) -> str:
    """Run a study of n trials in d dimensions; return the library and its version."""
    library, _, method = sampler.rpartition("-")
    if library == "optuna":
        return search_with_optuna(method, f, d, n, seed)
    return search_with_luthier(sampler, f, d, n, seed)


@functools.cache
def warm_up(sampler: str) -> None:
    """Let a sampler import what it needs, which is no part of a search."""
    search(sampler, sum, 2, 12, 0)


def run(sampler: str, function: int, d: int, seed: int, trials: int) -> Run:
    """One search: `gap` and `seconds` after as many trials as each mark says."""
    import cocoex

    problem = cocoex.BareProblem("bbob", function, d, seed + 1)
    best = float("inf")
    spent_s = 0.0  # in the function
    count = 0
    gap: dict[str, float] = {}
    seconds: dict[str, float] = {}

    def f(x: list[float]) -> float:
        nonlocal best, spent_s, count
        entered_s = time.process_time()
        value = float(problem(x))
        best = min(best, value)
        count += 1
        if count in (*MARKS, trials):
            gap[str(count)] = max(best - problem.best_value(), SOLVED)
            seconds[str(count)] = round(entered_s - begin_s - spent_s, 4)
        spent_s += time.process_time() - entered_s
        return value

    warm_up(sampler)
    begin_s = time.process_time()
    version = search(sampler, f, d, trials, seed)
    values = (sampler, function, d, seed, trials)
    return {
        **dict(zip(KEY, values, strict=True)),
        "gap": gap,
        "seconds": seconds,
        "version": version,
    }


def load(files: Iterable[Path]) -> list[Run]:
    """Runs of all files; of a run that stands there twice, the later one."""
    lines = [
        line
        for file in files
        if file.exists()
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    runs = [json.loads(line) for line in lines]
    return list({tuple(run[key] for key in KEY): run for run in runs}.values())


def ranks(values: list[float]) -> list[float]:
    """1 for the smallest; ties share the mean of their ranks."""
    return [sum(w < v for w in values) + (sum(w == v for w in values) + 1) / 2 for v in values]


def summary(runs: list[Run], samplers: list[str], trials: int) -> dict[str, Any]:
    """Mean ranks over the problems that all samplers have searched, and median times of a trial.

    Returns:
        `problems`, their number, and `samplers`: for each `rank`, by column of the table, and `ms`.
    """
    problems: dict[tuple[int, int, int], dict[str, Run]] = {}
    for r in runs:
        if r["trials"] == trials and r["sampler"] in samplers:
            problems.setdefault((r["function"], r["d"], r["seed"]), {})[r["sampler"]] = r
    shared = {key: found for key, found in problems.items() if len(found) == len(samplers)}

    # A column: its name, after how many trials, and in which dimensions.
    end = str(trials)
    dims = sorted({d for _, d, _ in shared})
    columns = [("all", end, dims), *((f"d={d}", end, [d]) for d in dims)]
    columns += [(f"at {mark}", str(mark), dims) for mark in MARKS if mark < trials]

    rows: dict[str, Any] = {sampler: {"rank": {}, "ms": None} for sampler in samplers}
    for name, mark, among in columns:
        scores = [
            ranks([found[sampler]["gap"][mark] for sampler in samplers])
            for (_, d, _), found in shared.items()
            if d in among
        ]
        for sampler, of_sampler in zip(samplers, zip(*scores, strict=True), strict=False):
            rows[sampler]["rank"][name] = round(fmean(of_sampler), 3)
    for sampler in samplers:
        times_ms = [MS * found[sampler]["seconds"][end] / trials for found in shared.values()]
        if times_ms:
            rows[sampler]["ms"] = round(median(times_ms), 3)
    return {"problems": len(shared), "samplers": rows}


def show(found: dict[str, Any]) -> None:
    """Print a summary, the best sampler first."""
    rows = found["samplers"]
    columns = list(next(iter(rows.values()))["rank"])
    print(f"mean rank over {found['problems']} problems; 1 is best")
    print(f"{'':14s}" + "".join(f"{c:>8s}" for c in columns) + f"{'ms/trial':>10s}")
    for name, row in sorted(rows.items(), key=lambda item: item[1]["rank"].get("all", 0.0)):
        cells = "".join(f"{row['rank'][c]:8.2f}" for c in columns)
        print(f"{name:14s}{cells}{row['ms'] or 0:10.2f}")


def read_numbers(text: str) -> list[int]:
    """The numbers of "1-3,8"."""
    ends = [part.split("-") for part in text.split(",")]
    return [i for e in ends for i in range(int(e[0]), int(e[-1]) + 1)]


def run_missing(args: argparse.Namespace, samplers: list[str]) -> None:
    """Run what is not in the file of runs, and append it there."""
    args.runs.parent.mkdir(parents=True, exist_ok=True)
    known = {tuple(run[key] for key in KEY) for run in load([args.runs])}
    grid = itertools.product(range(args.seeds), args.functions, args.dims, samplers)
    for seed, function, d, sampler in grid:
        if (sampler, function, d, seed, args.trials) in known:
            continue
        done = run(sampler, function, d, seed, args.trials)
        with args.runs.open("a", encoding="utf-8") as out:
            out.write(json.dumps(done) + "\n")
        gap = done["gap"][str(args.trials)]
        seconds = done["seconds"][str(args.trials)]
        print(
            f"{sampler:12s} f{function} d={d} seed {seed}: {gap:.3g}, {seconds:.1f} s", flush=True
        )


def read_arguments() -> argparse.Namespace:
    """The arguments of the command line; either `runs` or `report` is there."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--samplers",
        type=functools.partial(str.split, sep=","),
        help=f"with commas  [default: {','.join(DEFAULT)}, or those of the report]",
    )
    parser.add_argument("--functions", type=read_numbers, default=read_numbers("1-20"))
    parser.add_argument("--dims", type=read_numbers, default=[3, 5, 10])
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=3, help="how many")
    parser.add_argument("--runs", type=Path, help="the file of runs, one a line")
    parser.add_argument(
        "--report",
        type=lambda text: [Path(file) for file in text.split(",")],
        help="only print the table of these files of runs, with commas",
    )
    parser.add_argument("--save", action="store_true", help="write the table to benchmarks/results")
    args = parser.parse_args()
    if not args.report and args.runs is None:
        parser.error("expected --runs FILE, where runs are added, or --report FILES")
    return args


def main() -> None:
    """Run what is missing, print the table and save it."""
    args = read_arguments()
    if not args.report:
        run_missing(args, args.samplers or DEFAULT)
    runs = [
        run
        for run in load(args.report or [args.runs])
        if run["function"] in args.functions and run["d"] in args.dims and run["seed"] < args.seeds
    ]
    samplers = args.samplers or DEFAULT
    if args.report and not args.samplers:
        samplers = sorted({run["sampler"] for run in runs})

    found = summary(runs, samplers, args.trials)
    show(found)
    if args.save:
        settings = {key: getattr(args, key) for key in ("functions", "dims", "trials", "seeds")}
        head = describe_run("optuna", "coco-experiment", **settings)
        head["versions"] = sorted({r["version"] for r in runs if r["sampler"] in samplers})
        head["problems"] = found["problems"]
        print(save_results("bbob", head, "samplers", found["samplers"]))


if __name__ == "__main__":
    main()
