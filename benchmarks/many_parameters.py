"""Search among many parameters of which few matter: luthier beside Optuna's samplers.

    python -m benchmarks.many_parameters --runs runs.jsonl            # all, in half an hour
    python -m benchmarks.many_parameters --runs runs.jsonl --samplers default,optuna-tpe
    python -m benchmarks.many_parameters --runs runs.jsonl --save     # writes the table

It can be stopped at any time: runs that stand in the file are not run again.

Of 100 numbers, five matter. Which ones, and where the loss is least, differs from seed to seed;
seed s is the sampler's seed as well. A figure is the mean over functions and seeds of the best loss
so far, in units of the median loss of random points; the least loss is 0. Trials take no time, so
the default hands over from its Gaussian process to CMA-ES on the way. All samplers have default
settings.

Source: none.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

import luthier
from benchmarks.common.peers import import_optuna, optuna_sampler
from benchmarks.common.results import describe_run, save_results
from benchmarks.common.runs import Run, run_missing
from benchmarks.common.tables import markdown

SAMPLERS = ["default", "tpe", "optuna-tpe", "optuna-cma", "random"]
MARKS = (50, 100, 200, 300)
N_MATTER = 5
KEY = ("sampler", "function", "d", "seed")
Array = NDArray[np.float64]
Function = Callable[[Array], float]


def sphere(z: Array) -> float:
    """All five matter alike, and apart from each other."""
    return float(z @ z)


def ellipsoid(z: Array) -> float:
    """The last matters a hundred times as much as the first."""
    return float(10 ** np.linspace(0, 2, len(z)) @ z**2)


def rosenbrock(z: Array) -> float:
    """A bent valley."""
    u = 1 + 2 * z
    return float((100 * (u[1:] - u[:-1] ** 2) ** 2 + (1 - u[:-1]) ** 2).sum())


def pairs(z: Array) -> float:
    """Two pairs of which only a sum or a difference matters much, and a kink."""
    narrow = 3 * (z[0] + z[1]) ** 2 + (2 * z[2] - z[3]) ** 2
    return float(narrow + abs(z[4]) + 0.2 * z @ z)


FUNCTIONS: dict[str, Function] = {f.__name__: f for f in (sphere, ellipsoid, rosenbrock, pairs)}


class Problem:
    """A function of a few of d numbers.

    Args:
        function: Its name.
        d: How many numbers there are.
        seed: Draws which ones matter, and the best point.

    Attributes:
        unit: Median loss of random points.
    """

    def __init__(self, function: str, d: int, seed: int) -> None:
        draws = np.random.default_rng([seed, d, list(FUNCTIONS).index(function)])
        self._function = FUNCTIONS[function]
        self._matter = [f"x{i}" for i in draws.choice(d, N_MATTER, replace=False)]
        self._best = draws.uniform(0.15, 0.85, N_MATTER)
        points = draws.random((2000, N_MATTER))
        self.unit = float(np.median([self._function(x - self._best) for x in points]))

    def loss(self, params: dict[str, float]) -> float:
        """Return the loss of some params, in units of the median one."""
        x = np.array([params[name] for name in self._matter])
        return self._function(x - self._best) / self.unit


def run(sampler: str, function: str, d: int, seed: int) -> Run:
    """One study: the best `loss` after as many trials as each mark says."""
    problem = Problem(function, d, seed)
    names = [f"x{i}" for i in range(d)]
    losses: list[float] = []

    def objective(trial: Any) -> float:
        loss = problem.loss({name: trial.suggest_float(name, 0, 1) for name in names})
        losses.append(loss)
        return loss

    library, _, name = sampler.rpartition("-")
    if library == "optuna":
        peer = import_optuna().create_study(sampler=optuna_sampler(name, seed))
        peer.optimize(objective, n_trials=MARKS[-1])
    else:
        study = luthier.create_study(
            space={name: luthier.Float(0, 1) for name in names},
            sampler=None if name == "default" else name,
            seed=seed,
        )
        study.optimize(objective, n_trials=MARKS[-1], progress=False)
    return {"loss": {str(m): float(f"{min(losses[:m]):.4g}") for m in MARKS}}


def main() -> None:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=Path, required=True, help="file of runs")
    parser.add_argument("--samplers", default=",".join(SAMPLERS), help="with commas")
    parser.add_argument("--parameters", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=3, help="how many")
    parser.add_argument("--save", action="store_true", help="write the table to benchmarks/results")
    args = parser.parse_args()

    samplers = args.samplers.split(",")
    problems = itertools.product(range(args.seeds), FUNCTIONS)
    keys = [(s, f, args.parameters, seed) for seed, f in problems for s in samplers]
    runs = run_missing(args.runs, KEY, keys, run)
    table: dict[str, dict[str, float]] = {}
    for s in samplers:
        own = [found["loss"] for found in runs if found["sampler"] == s]
        table[s] = {str(m): float(f"{fmean(loss[str(m)] for loss in own):.3g}") for m in MARKS}
    print(markdown(["", *map(str, MARKS)], [[s, *map(str, r.values())] for s, r in table.items()]))
    if args.save:
        head = describe_run(
            "optuna", "cmaes", samplers=samplers, seeds=args.seeds, parameters=args.parameters
        )
        print(save_results("many-parameters", head, "loss", {"mean": table, "runs": runs}))


if __name__ == "__main__":
    main()
