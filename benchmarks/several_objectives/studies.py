"""Studies of luthier and of Optuna on a problem, and the records of them.

A sampler is named by its library and its method, as in "luthier:gp" and "optuna:tpe".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import luthier
from benchmarks.common.peers import import_optuna, optuna_sampler
from benchmarks.common.results import latest_results
from benchmarks.common.timing import Timer
from benchmarks.several_objectives.problems import Array, Params, Problem, problem
from luthier import Categorical, Float, Int

PEERS = ["optuna:tpe", "optuna:gp", "optuna:nsga2"]

# By problem, sampler and seed: the score after so many trials, and "seconds" of processor time.
Runs = dict[str, dict[str, dict[int, dict[str, float]]]]


def create_luthier_study(method: str, seed: int, problem: Problem) -> luthier.Study:
    """A study of luthier's on a problem."""
    objectives = ["minimize"] * problem.n_objectives
    return luthier.create_study(
        space=problem.space, sampler=method, objectives=objectives, seed=seed
    )


def create_optuna_study(method: str, seed: int, n_objectives: int) -> Any:
    """A study of Optuna's, its sampler with default settings and one thread."""
    directions = ["minimize"] * n_objectives
    sampler = optuna_sampler(method, seed)
    return import_optuna().create_study(sampler=sampler, directions=directions)


def suggest_all(trial: Any, space: luthier.Space) -> dict[str, Any]:
    """The params that a trial of Optuna's gets in a space."""
    params: dict[str, Any] = {}
    for name, d in space.params.items():
        if isinstance(d, Categorical):
            params[name] = trial.suggest_categorical(name, list(d.choices))
        elif isinstance(d, Int):
            params[name] = trial.suggest_int(name, d.low, d.high)
        elif isinstance(d, Float):
            params[name] = trial.suggest_float(name, d.low, d.high)
    return params


def run(name: str, sampler: str, seed: int) -> dict[str, float]:
    """The scores of a study, and the seconds of processor time that it took."""
    p = problem(name)
    library, method = sampler.split(":")
    n = p.counts[-1]
    losses = np.zeros((n, p.n_objectives))
    feasible = np.zeros(n, dtype=bool)

    def objective(trial: Any) -> list[float]:
        params = trial.params if library == "luthier" else suggest_all(trial, p.space)
        constraints = p.constraints(params)
        for constraint, value in constraints.items():
            trial.set_constraint(constraint, value)
        losses[trial.number] = p.losses(params)
        feasible[trial.number] = all(value <= 0 for value in constraints.values())
        return [float(x) for x in losses[trial.number]]

    options: dict[str, Any] = {}
    if library == "luthier":
        study: Any = create_luthier_study(method, seed, p)
        options["progress"] = False
    else:
        study = create_optuna_study(method, seed, p.n_objectives)
    with Timer() as timer:
        study.optimize(objective, n_trials=n, **options)

    scores = {str(count): p.score(losses[:count][feasible[:count]]) for count in p.counts}
    return {**scores, "seconds": timer.cpu_s}


# -- times ---------------------------------------------------------------------------------------


def proposals_ms(sampler: str, name: str, n: int, repeats: int) -> list[float]:
    """Milliseconds (processor time, one thread) of several proposals after n random trials."""
    p = problem(name)
    library, method = sampler.split(":")
    rows = p.space.decode(p.space.sample(np.random.default_rng(0), n))
    if library == "luthier":
        return _luthier_proposals_ms(method, name, rows, repeats)
    return _optuna_proposals_ms(method, name, rows, repeats)


def _luthier_proposals_ms(
    method: str, name: str, rows: Sequence[Params], repeats: int
) -> list[float]:
    p = problem(name)
    study = create_luthier_study(method, 0, p)
    study.add_trials(
        luthier.TrialRow(
            number=-1,
            state=luthier.State.COMPLETE,
            params=dict(params),
            values=tuple(p.losses(params).tolist()),
        )
        for params in rows
    )
    spans = []
    for _ in range(repeats):
        with Timer() as timer:
            trial = study.ask()
        spans.append(timer.cpu_ms)
        study.tell(trial, p.losses(trial.params).tolist())
    return spans


def _optuna_proposals_ms(
    method: str, name: str, rows: Sequence[Params], repeats: int
) -> list[float]:
    optuna = import_optuna()
    p = problem(name)
    study = create_optuna_study(method, 0, p.n_objectives)
    ranges = {
        key: optuna.distributions.FloatDistribution(d.low, d.high)
        for key, d in p.space.params.items()
        if isinstance(d, Float)
    }
    study.add_trials(
        [
            optuna.trial.create_trial(
                params=dict(params), distributions=ranges, values=p.losses(params).tolist()
            )
            for params in rows
        ]
    )
    spans = []
    for _ in range(repeats):
        with Timer() as timer:
            trial = study.ask()
            params = suggest_all(trial, p.space)
        spans.append(timer.cpu_ms)
        study.tell(trial, p.losses(params).tolist())
    return spans


# -- records -------------------------------------------------------------------------------------


def read_runs(file: Path) -> Runs:
    """Runs of a results file; none if there is no such file."""
    if not file.exists():
        return {}
    runs: Runs = {}
    for name, samplers in json.loads(file.read_text(encoding="utf-8"))["runs"].items():
        for sampler, columns in samplers.items():
            lines = zip(*columns.values(), strict=True)
            rows = [dict(zip(columns, line, strict=True)) for line in lines]
            runs.setdefault(name, {})[sampler] = {int(row.pop("seed")): row for row in rows}
    return runs


def known_runs(logs: Sequence[Path]) -> Runs:
    """Runs on record: the peers' of the last results file, and all of the logs.

    Of a run that stands in several logs, the first log counts.
    """
    runs: Runs = {}
    file = latest_results("several-objectives")
    for name, samplers in read_runs(file).items() if file else ():
        runs[name] = {s: found for s, found in samplers.items() if s in PEERS}
    for log in reversed(logs):
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        for row in map(json.loads, lines):
            name, sampler, seed = (row.pop(key) for key in ("problem", "sampler", "seed"))
            runs.setdefault(name, {}).setdefault(sampler, {})[seed] = row
    return runs


def run_missing(
    runs: Runs,
    samplers: Iterable[str],
    names: Sequence[str],
    seeds: Sequence[int],
    log: Path | None,
) -> None:
    """Run what is not on record: a seed of all problems, then the next seed, the next sampler."""
    for sampler, seed, name in ((s, i, n) for s in samplers for i in seeds for n in names):
        found = runs.setdefault(name, {}).setdefault(sampler, {})
        if seed in found:
            continue
        found[seed] = run(name, sampler, seed)
        if log is not None:
            row = {"problem": name, "sampler": sampler, "seed": seed, **found[seed]}
            with log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")


def paired(
    runs: Runs, name: str, samplers: tuple[str, str], seeds: Iterable[int], column: str
) -> Array:
    """A column of two samplers, (n, 2), at the seeds on record of both."""
    first, second = (runs.get(name, {}).get(sampler, {}) for sampler in samplers)
    shared = [seed for seed in seeds if seed in first and seed in second]
    pairs = [(first[seed][column], second[seed][column]) for seed in shared]
    return np.array(pairs).reshape(-1, 2)
