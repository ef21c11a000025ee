"""Code for other libraries with its imports switched: how good its search is, and what it costs.

    python -m benchmarks.switched search --tasks FOLDER             # luthier behind each library
    python -m benchmarks.switched search --tasks FOLDER --originals # the libraries themselves too
    python -m benchmarks.switched cost --save                       # processor time a trial of both

The same lines run twice, as users of Optuna, Hyperopt and scikit-optimize write them: on
`luthier.compat` and on the library. FOLDER holds a module `tasks` whose `load_all()` returns tasks
with `name`, `space` (dicts with `name`, `type`, `low`, `high`, `log`, `choices`),
`evaluate(params, rng)` and `regret(params)`, which is 0 for the best params and 1 for the median
random ones; and, if it is there, `peers.json` with what was recorded on the same tasks.

`search` prints the mean regret of the best trial so far after 10 to 100 trials. `cost` prints
milliseconds of processor time a trial, the median of runs that alternate.

Source: none.
"""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.common.results import describe_run, save_results
from benchmarks.common.tables import Comparison, comparison_head, markdown, rounded

MARKS = (10, 20, 30, 50, 75, 100)
Params = dict[str, Any]
Objective = Callable[[Params], float]
Search = Callable[[str, Sequence[Params], Objective, int, int], None]


def optuna_search(sampler: str | None, **settings: Any) -> Search:
    """A search in Optuna's words, by one of its samplers; None for its own choice."""

    def search(
        package: str, space: Sequence[Params], objective: Objective, n: int, seed: int
    ) -> None:
        optuna = importlib.import_module(package)
        optuna.logging.set_verbosity(optuna.logging.ERROR)

        def suggested(trial: Any) -> float:
            params = {}
            for p in space:
                if p["type"] == "cat":
                    params[p["name"]] = trial.suggest_categorical(p["name"], p["choices"])
                    continue
                suggest = trial.suggest_int if p["type"] == "int" else trial.suggest_float
                log = bool(p.get("log"))
                params[p["name"]] = suggest(p["name"], p["low"], p["high"], log=log)
            return objective(params)

        made = None
        if sampler is not None:
            made = getattr(optuna.samplers, sampler)(seed=seed, **settings)
        optuna.create_study(sampler=made).optimize(suggested, n_trials=n)

    return search


def hyperopt_search(algorithm: str) -> Search:
    """A search by `fmin` of Hyperopt."""

    def search(
        package: str, space: Sequence[Params], objective: Objective, n: int, seed: int
    ) -> None:
        hyperopt = importlib.import_module(package)
        hp = hyperopt.hp

        def dimension(p: Params) -> Any:
            name, low, high = p["name"], p.get("low", 0), p.get("high", 1)
            if p["type"] == "cat":
                return hp.choice(name, p["choices"])
            if p["type"] == "int" and p.get("log"):
                bounds = np.log(low - 0.5), np.log(high + 0.5)
                return hyperopt.pyll.scope.int(hp.qloguniform(name, *bounds, 1))
            if p["type"] == "int":
                return hp.uniformint(name, low, high)
            if p.get("log"):
                return hp.loguniform(name, np.log(low), np.log(high))
            return hp.uniform(name, low, high)

        def suggested(point: Params) -> float:
            return objective({p["name"]: _within(p, point[p["name"]]) for p in space})

        hyperopt.fmin(
            suggested,
            {p["name"]: dimension(p) for p in space},
            algo=getattr(hyperopt, algorithm).suggest,
            max_evals=n,
            trials=hyperopt.Trials(),
            rstate=np.random.default_rng(seed),
            show_progressbar=False,
            verbose=False,
        )

    return search


def _within(p: Params, value: Any) -> Any:
    """A value within its bounds, which exp of log may leave by a rounding."""
    return value if p["type"] == "cat" else type(p["low"])(min(max(value, p["low"]), p["high"]))


def skopt_search(minimize: str) -> Search:
    """A search by one of scikit-optimize's functions."""

    def search(
        package: str, space: Sequence[Params], objective: Objective, n: int, seed: int
    ) -> None:
        skopt = importlib.import_module(package)
        kinds = skopt.space

        def dimension(p: Params) -> Any:
            if p["type"] == "cat":
                return kinds.Categorical(p["choices"], name=p["name"])
            kind = kinds.Integer if p["type"] == "int" else kinds.Real
            prior = "log-uniform" if p.get("log") else "uniform"
            return kind(p["low"], p["high"], prior, name=p["name"])

        names = [p["name"] for p in space]

        def suggested(x: Sequence[Any]) -> float:
            return objective(dict(zip(names, x, strict=True)))

        getattr(skopt, minimize)(suggested, [*map(dimension, space)], n_calls=n, random_state=seed)

    return search


SEARCHES: dict[str, tuple[str, Search]] = {
    "optuna, no sampler": ("optuna", optuna_search(None)),
    "optuna, RandomSampler": ("optuna", optuna_search("RandomSampler")),
    "optuna, TPESampler": ("optuna", optuna_search("TPESampler")),
    "optuna, GPSampler": ("optuna", optuna_search("GPSampler")),
    "hyperopt, rand.suggest": ("hyperopt", hyperopt_search("rand")),
    "hyperopt, tpe.suggest": ("hyperopt", hyperopt_search("tpe")),
    "skopt, gp_minimize": ("skopt", skopt_search("gp_minimize")),
    "skopt, forest_minimize": ("skopt", skopt_search("forest_minimize")),
}
COSTS = {
    "optuna, RandomSampler": (100, 1000),
    "optuna, no sampler": (100,),
    "optuna, TPESampler": (100, 300),
    "optuna, GPSampler": (50,),
    "hyperopt, rand.suggest": (100, 1000),
    "hyperopt, tpe.suggest": (100, 500),
    "skopt, gp_minimize": (30,),
    "skopt, forest_minimize": (30,),
}
FIVE = [{"name": f"x{i}", "type": "float", "low": -5.0, "high": 5.0} for i in range(5)]


def regrets(task: Any, package: str, search: Search, n: int, seed: int) -> list[float]:
    """Regret of the trial with the best observed loss, after each of `MARKS` trials."""
    rng = np.random.default_rng(1000 + seed)
    curve: list[float] = []
    best, regret = np.inf, np.nan

    def objective(params: Params) -> float:
        nonlocal best, regret
        loss = float(task.evaluate(params, rng))
        if loss < best:
            best, regret = loss, float(task.regret(params))
        curve.append(regret)
        return loss

    search(package, task.space, objective, n, seed)
    return [curve[mark - 1] for mark in MARKS if mark <= n]


def measure_search(options: argparse.Namespace) -> dict[str, Any]:
    """Return the mean regrets of each search, by its name and what it ran on."""
    sys.path.insert(0, str(options.tasks))
    chosen = [t for t in importlib.import_module("tasks").load_all() if options.only in t.name]
    rows: dict[str, Any] = {}
    for name in options.searches or SEARCHES:
        package, search = SEARCHES[name]
        places = [f"luthier.compat.{package}", *([package] if options.originals else [])]
        for place in places:
            by_task = {
                task.name: np.mean(
                    [regrets(task, place, search, options.trials, s) for s in range(options.seeds)],
                    axis=0,
                ).tolist()
                for task in chosen
            }
            key = name if place == package else f"{name} (switched)"
            rows[key] = {"mean": np.mean([*by_task.values()], axis=0).tolist(), "tasks": by_task}
            print(f"{key:40s}", *(f"{v:7.4f}" for v in rows[key]["mean"]), flush=True)
    return {**rows, **_recorded(options.tasks / "peers.json", [t.name for t in chosen])}


def _recorded(file: Path, names: Sequence[str]) -> dict[str, Any]:
    """The mean regrets that were recorded on all of these tasks."""
    if not file.exists():
        return {}
    rows = {}
    for name, row in json.loads(file.read_text(encoding="utf-8"))["trials"].items():
        if all(task in row["regret"] for task in names):
            means = [np.mean(row["regret"][task], axis=0) for task in names]
            rows[f"{name} (recorded)"] = {"mean": np.mean(means, axis=0).tolist()}
    return rows


def milliseconds(package: str, search: Search, n: int, seed: int) -> float:
    """Processor time of a trial of a parabola of five parameters."""
    began = time.process_time()
    search(package, FIVE, lambda params: sum(v * v for v in params.values()), n, seed)
    return 1e3 * (time.process_time() - began) / n


def measure_cost(options: argparse.Namespace) -> dict[str, Any]:
    """Return the cost of each search on luthier and on the library."""
    rows = {}
    print(comparison_head("original"))
    for name in options.searches or SEARCHES:
        package, search = SEARCHES[name]
        places = [f"luthier.compat.{package}", package]
        for place in places:
            search(place, FIVE, lambda params: 0.0, 12, 0)  # what is loaded on first use
        for n in COSTS[name]:
            times: dict[str, list[float]] = {place: [] for place in places}
            for seed in range(options.seeds):
                for place in places:
                    times[place].append(milliseconds(place, search, n, seed))
            ours, theirs = (median(times[place]) for place in places)
            row = Comparison(f"{name}, {n} trials", ours, theirs, "ms a trial", 5, "original")
            print(row, flush=True)
            rows[row.name] = row.as_dict()
    return rows


def main(args: Sequence[str] | None = None) -> None:
    """Measure one part, print it, and save it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=["search", "cost"])
    parser.add_argument("--tasks", type=Path, help="folder of the tasks")
    parser.add_argument("--only", default="", help="tasks whose name contains this")
    parser.add_argument("--searches", nargs="*", choices=[*SEARCHES], help="all by default")
    parser.add_argument("--originals", action="store_true", help="run the libraries themselves too")
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args(args)
    if options.part == "search" and options.tasks is None:
        parser.error("search needs --tasks FOLDER")
    warnings.simplefilter("ignore")
    logging.getLogger("luthier").setLevel(logging.ERROR)
    logging.getLogger("hyperopt").setLevel(logging.ERROR)

    head = describe_run(
        "optuna", "hyperopt", "scikit-optimize", seeds=options.seeds, trials=options.trials
    )
    measure = measure_search if options.part == "search" else measure_cost
    rows = measure(options)
    if options.part == "search":
        ranked = sorted(rows.items(), key=lambda row: row[1]["mean"][-1])
        table = [[name, *(f"{v:.3f}" for v in row["mean"])] for name, row in ranked]
        print(markdown(["", *map(str, MARKS)], table))
    if options.save:
        print(save_results("switched", head, options.part, rounded(rows)))


if __name__ == "__main__":
    main()
