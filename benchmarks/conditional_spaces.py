"""Search in spaces whose choices switch parameters on: luthier beside Optuna's TPE.

    python -m benchmarks.conditional_spaces --runs runs.jsonl --yahpo FOLDER    # 20 minutes
    python -m benchmarks.conditional_spaces --runs runs.jsonl                   # trees alone
    python -m benchmarks.conditional_spaces --runs runs.jsonl --yahpo FOLDER --save

It can be stopped at any time: runs that stand in the file are not run again.

Tasks are XGBoost on 20 recorded data sets, where three boosters share most parameters, and two deep
trees of choices, where each node has numbers of its own, so that a trial has an eighth to a fifth
of all parameters. A figure is the mean loss above the least, in units of the median loss of random
points above it. The least is 0 for a tree; for a data set it is the best of any run and of 5,000
random points. Seed s moves the best point of a tree, and is the sampler's seed as well. All
samplers have default settings.

`--yahpo` needs onnxruntime, and a folder with the scenario rbv2_xgboost as in the repository
slds-lmu/yahpo_data (Apache-2.0), beside a file `memory_tasks.json` that names the data sets.

Source: Pfisterer 2022 (YAHPO Gym).
"""

from __future__ import annotations

import argparse
import functools
import itertools
import json
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from benchmarks.common.peers import import_optuna, optuna_sampler
from benchmarks.common.results import describe_run, save_results
from benchmarks.common.runs import Run, run_missing
from benchmarks.common.tables import markdown
from benchmarks.common.yahpo import Surrogate
from luthier import Categorical, Float, Int, Space, create_study

SAMPLERS = ["default", "gp", "tpe", "optuna-tpe"]
MARKS = (30, 50, 100)
N_DATA_SETS = 20
TREES = {"tree of 16 leaves": (2, 4, 1), "tree of 27 leaves": (3, 3, 2)}  # choices, depth, numbers
KEY = ("sampler", "task", "seed")
SCENARIO = "rbv2_xgboost"


class Tree:
    """A tree of choices whose nodes have numbers.

    The loss is a sum over the nodes of a path: how bad the choice is, which matters less the deeper
    it is made, and a quadratic of the numbers in which neighbours on the path act together.

    Args:
        n_choices: Of each node above the leaves.
        depth: Choices on a path.
        n_numbers: Of each node.
        seed: Draws the best choices and numbers.

    Attributes:
        space: All nodes.
        least: 0.
        unit: Median loss of random points.
    """

    def __init__(self, n_choices: int, depth: int, n_numbers: int, seed: int) -> None:
        draws = np.random.default_rng([seed, n_choices, depth])
        params: dict[str, Categorical | Float] = {}
        self._nodes: dict[str, tuple[Any, Any, Any]] = {}
        self._n_numbers = n_numbers
        paths = (p for k in range(depth + 1) for p in itertools.product(range(n_choices), repeat=k))
        for path in paths:
            name = _node(path)
            when = {_node(path[:-1]): path[-1]} if path else None
            for j in range(n_numbers):
                params[f"{name}x{j}"] = Float(0, 1, when=when)
            if len(path) < depth:
                params[name] = Categorical(tuple(range(n_choices)), when=when)
            worse = draws.permutation(n_choices) * 0.3 / (1 + len(path))
            numbers = draws.uniform(0.1, 0.9, n_numbers), draws.uniform(0.5, 1.5, n_numbers)
            self._nodes[name] = (worse, *numbers)
        self.space = Space(params)
        self.least = 0.0
        points = self.space.decode(self.space.sample(np.random.default_rng(7), 1000))
        self.unit = float(np.median([self.loss(p) for p in points]))

    def loss(self, params: dict[str, Any]) -> float:
        """Return the loss of some params."""
        path: tuple[int, ...] = ()
        choices = 0.0
        away: list[float] = []
        while True:
            name = _node(path)
            worse, best, weights = self._nodes[name]
            x = np.array([params[f"{name}x{j}"] for j in range(self._n_numbers)])
            away.extend(weights * (x - best))
            if name not in params:
                z = np.array(away)
                return float(choices + z @ z + 0.8 * (z[1:] @ z[:-1]))
            choices += worse[params[name]]
            path = (*path, params[name])


def _node(path: tuple[int, ...]) -> str:
    return "n" + "".join(map(str, path))


class DataSet:
    """One recorded data set; attributes as of `Tree`."""

    def __init__(self, surrogate: Surrogate, instance: str) -> None:
        self.space = surrogate.space
        self.least, median = surrogate.scale(instance)
        self.unit = median - self.least
        self._surrogate = surrogate
        self._instance = instance

    def loss(self, params: dict[str, Any]) -> float:
        """Return the loss of some params."""
        return float(self._surrogate.evaluate(self._instance, [params])[0])


def suggest(trial: Any, space: Space) -> dict[str, Any]:
    """Return params that a trial of Optuna has for a space, in words of its own."""
    params: dict[str, Any] = {}
    for name, p in space.params.items():
        if any(params.get(parent) not in allowed for parent, allowed in (p.when or {}).items()):
            continue
        if isinstance(p, Categorical):
            params[name] = trial.suggest_categorical(name, list(p.choices))
        elif isinstance(p, Int):
            params[name] = trial.suggest_int(name, p.low, p.high, log=p.scale == "log")
        elif isinstance(p, Float):
            params[name] = trial.suggest_float(name, p.low, p.high, log=p.scale == "log")
    return params


def search(sampler: str, task: Tree | DataSet, seed: int) -> Run:
    """One study: the best `loss` after as many trials as each mark says."""
    losses: list[float] = []

    def tell(params: dict[str, Any]) -> float:
        losses.append((task.loss(params) - task.least) / task.unit)
        return losses[-1]

    library, _, name = sampler.rpartition("-")
    if library == "optuna":
        peer = import_optuna().create_study(sampler=optuna_sampler(name, seed))
        peer.optimize(lambda trial: tell(suggest(trial, task.space)), n_trials=MARKS[-1])
    else:
        method = None if name == "default" else name
        study = create_study(space=task.space, sampler=method, seed=seed)
        study.optimize(lambda t: tell(t.params), n_trials=MARKS[-1], progress=False)
    return {"loss": {str(m): float(f"{min(losses[:m]):.5g}") for m in MARKS}}


def name_family(task: str) -> str:
    """Return the row of the table that a task counts in."""
    return task if task in TREES else "XGBoost"


def tabulate(runs: list[Run], samplers: list[str]) -> dict[str, dict[str, dict[str, float]]]:
    """Return the mean loss above the least, by family, sampler and mark."""
    least: dict[str, float] = {}
    for found in runs:
        low = 0.0 if found["task"] in TREES else found["loss"][str(MARKS[-1])]
        least[found["task"]] = min(least.get(found["task"], 0.0), low)

    def mean(family: str, sampler: str, mark: int) -> float:
        own = [r for r in runs if r["sampler"] == sampler and name_family(r["task"]) == family]
        lows = [least[r["task"]] for r in own]
        losses = [r["loss"][str(mark)] for r in own]
        return round(fmean((v - low) / (1 - low) for v, low in zip(losses, lows, strict=True)), 4)

    families = dict.fromkeys(name_family(found["task"]) for found in runs)
    return {f: {s: {str(m): mean(f, s, m) for m in MARKS} for s in samplers} for f in families}


def main() -> None:
    """Run what is missing and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=Path, required=True, help="file of runs")
    parser.add_argument("--yahpo", type=Path, help="folder of the surrogates")
    parser.add_argument("--samplers", default=",".join(SAMPLERS), help="with commas")
    parser.add_argument("--seeds", type=int, default=5, help="of the trees; a data set has one")
    parser.add_argument(
        "--save", action="store_true", help="write the tables to benchmarks/results"
    )
    args = parser.parse_args()

    instances: list[str] = []
    if args.yahpo:
        surrogate = Surrogate(args.yahpo / SCENARIO)
        described = json.loads((args.yahpo.parent / "memory_tasks.json").read_text())
        instances = described[SCENARIO]["instances"][:N_DATA_SETS]

    @functools.cache
    def make(task: str, seed: int) -> Tree | DataSet:
        return Tree(*TREES[task], seed) if task in TREES else DataSet(surrogate, task)

    samplers = args.samplers.split(",")
    tasks = [(task, seed) for seed in range(args.seeds) for task in TREES]
    tasks += [(instance, 0) for instance in instances]
    keys = [(sampler, *task) for task in tasks for sampler in samplers]
    runs = run_missing(
        args.runs, KEY, keys, lambda s, task, seed: search(s, make(task, seed), seed)
    )
    table = tabulate(runs, samplers)
    for family, rows in table.items():
        body = [[s, *map(str, row.values())] for s, row in rows.items()]
        print(f"\n{family}\n" + markdown(["", *map(str, MARKS)], body))
    if args.save:
        head = describe_run("optuna", samplers=samplers, seeds=args.seeds, data_sets=instances)
        print(save_results("conditional-spaces", head, "loss", {"mean": table, "runs": runs}))


if __name__ == "__main__":
    main()
