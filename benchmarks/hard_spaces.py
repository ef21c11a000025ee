"""Spaces in which a model easily becomes random search: luthier beside Optuna's samplers.

    python -m benchmarks.hard_spaces                                  # the table, in half an hour
    python -m benchmarks.hard_spaces --samplers default,tpe,optuna-tpe --seeds 3
    python -m benchmarks.hard_spaces --save

Optima lie on a bound or just inside one, there is one parameter, steps are fine, ranges depend on
another parameter, choices are many, or trials fail for a while. A figure is the median over seeds
of log10 of the best loss, whose minimum is 0; losses below 1e-9 count as 1e-9. Seed s moves the
optimum and is the sampler's seed. All samplers have default settings, and run in the same process.

Source: none.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

import luthier
from benchmarks.common.peers import import_optuna, optuna_sampler
from benchmarks.common.results import describe_run, save_results
from benchmarks.common.tables import markdown

SAMPLERS = ["default", "tpe", "optuna-tpe", "optuna-gp"]
SOLVED = 1e-9
Draws = np.random.Generator
Task = Callable[[Any, Draws], float]


class OutageError(Exception):
    """A failure that says nothing of the params."""


def on_a_bound(trial: Any, draws: Draws) -> float:
    """One parameter, the best at its lower end."""
    return float(trial.suggest_float("x", 0, 1))


def inside_a_bound(trial: Any, draws: Draws) -> float:
    """One parameter, the best within 0.5 to 5 % of an end."""
    return float((trial.suggest_float("x", 0, 1) - draws.uniform(0.005, 0.05)) ** 2)


def one_log(trial: Any, draws: Draws) -> float:
    """One parameter on a log scale over seven decades."""
    x = math.log10(trial.suggest_float("x", 1e-6, 10, log=True))
    return float(((x - draws.uniform(-6, 1)) / 7) ** 2)


def fine_steps(trial: Any, draws: Draws) -> float:
    """One parameter of 10,001 steps."""
    return float(abs(trial.suggest_int("x", 0, 10_000) - int(draws.integers(10_001))) / 1e4)


def in_a_corner(trial: Any, draws: Draws) -> float:
    """Two parameters, the best in a corner."""
    return float(trial.suggest_float("x", 0, 1) + 1 - trial.suggest_float("y", 0, 1))


def below_another(trial: Any, draws: Draws) -> float:
    """A range that ends at another parameter."""
    best_y, best_x = np.sort(draws.random(2))
    x = trial.suggest_float("x", 0, 1)
    y = trial.suggest_float("y", 0, x)
    return float((x - best_x) ** 2 + (y - best_y) ** 2)


def scaled_by_another(trial: Any, draws: Draws) -> float:
    """A range of whole numbers whose width is ten times another parameter."""
    best_n = int(draws.integers(3, 20))
    best_k = int(draws.integers(10 * best_n))
    n = trial.suggest_int("n", 1, 20)
    k = trial.suggest_int("k", 0, 10 * n)
    return float(((n - best_n) / 20) ** 2 + ((k - best_k) / 100) ** 2)


def stepped_by_another(trial: Any, draws: Draws) -> float:
    """A range whose step is another parameter."""
    best_q = int(draws.integers(1, 9))
    best_h = best_q * int(draws.integers(1, 21))
    q = trial.suggest_int("q", 1, 8)
    h = trial.suggest_int("h", q, 20 * q, step=q)
    return float(((q - best_q) / 8) ** 2 + ((h - best_h) / 160) ** 2)


def many_choices(trial: Any, draws: Draws) -> float:
    """1,000 choices, a hundred of which are good, and a number."""
    good = draws.choice(1000, 100, replace=False)
    is_bad = trial.suggest_categorical("c", list(range(1000))) not in good
    return float(is_bad + (trial.suggest_float("x", 0, 1) - draws.random()) ** 2)


def after_an_outage(trial: Any, draws: Draws) -> float:
    """Two parameters, and trials 15 to 24 fail whatever they are."""
    best = draws.uniform(0.15, 0.85, 2)
    x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
    if 15 <= trial.number < 25:
        raise OutageError
    return float((x - best[0]) ** 2 + (y - best[1]) ** 2)


TASKS: list[Task] = [
    on_a_bound,
    inside_a_bound,
    one_log,
    fine_steps,
    in_a_corner,
    below_another,
    scaled_by_another,
    stepped_by_another,
    many_choices,
    after_an_outage,
]


def search(sampler: str, task: Task, seed: int, trials: int) -> float:
    """Best loss of one study."""

    def objective(trial: Any) -> float:
        return task(trial, np.random.default_rng([seed, TASKS.index(task)]))

    library, _, name = sampler.rpartition("-")
    if library == "optuna":
        peer = import_optuna().create_study(sampler=optuna_sampler(name, seed))
        peer.optimize(objective, n_trials=trials, catch=(OutageError,))
        return float(peer.best_value)
    method = None if name == "default" else name
    study = luthier.create_study(sampler=method, seed=seed)
    study.optimize(objective, n_trials=trials, catch=(OutageError,), progress=False)
    return float(study.best_value)


def measure(samplers: list[str], seeds: int, trials: int) -> dict[str, dict[str, float]]:
    """Median of log10 of the best loss, task by task and sampler by sampler; printed as found."""
    found: dict[str, dict[str, float]] = {}
    for task in TASKS:
        name = task.__name__.replace("_", " ")
        found[name] = {}
        for sampler in samplers:
            losses = [search(sampler, task, seed, trials) for seed in range(seeds)]
            found[name][sampler] = round(median(math.log10(max(v, SOLVED)) for v in losses), 2)
        print(name, found[name], flush=True)
    return found


def main() -> None:
    """Run all tasks and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--samplers", default=",".join(SAMPLERS), help="with commas")
    parser.add_argument("--seeds", type=int, default=5, help="how many")
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--save", action="store_true", help="write the table to benchmarks/results")
    args = parser.parse_args()

    samplers = args.samplers.split(",")
    found = measure(samplers, args.seeds, args.trials)
    print(markdown(["", *samplers], [[t, *map(str, row.values())] for t, row in found.items()]))
    if args.save:
        head = describe_run("optuna", samplers=samplers, seeds=args.seeds, trials=args.trials)
        print(save_results("hard-spaces", head, "tasks", found))


if __name__ == "__main__":
    main()
