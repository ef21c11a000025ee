"""What memory of earlier tasks is worth, and what it costs where it misleads.

    python -m benchmarks.transfer --data yahpo --tasks memory_tasks.json --runs runs.jsonl
    python -m benchmarks.transfer --report runs.jsonl --save
    python -m benchmarks.transfer --cost --save       # a proposal with 20 tasks of 100 rows

Each task of a family is searched as if it were new, with the others as its past: 20 of them, each a
study of 40 trials. `--data` is the folder with the families of `benchmarks.common.yahpo`, `--tasks`
the file that names the instances of each. It can be stopped at any time: runs that stand in the
file are not run again.

Methods: `none` (luthier without memory), `luthier`, and other ways to use the same past, written in
`benchmarks.common.transfer_peers`: `portfolio`, `rgpe`, `tst`, `box`, `pibo`, `quantile`. All share
luthier's Gaussian process. Pasts: `good`; `anti`, all losses turned round; `permuted`, losses of
each task shuffled; `other`, another family's tasks with parameters mapped by their position;
`junk`, 1,000 tasks of ten random rows with random losses. `workers` is the good past with 16 trials
at once.

Regret is 0 at the best configuration that a random pool or any run has found, and 1 at the median
of the pool. It is the mean over targets and seeds. Differences are paired, by target and seed: to
`none`, and to `luthier` with the same past; their standard errors are those of the targets, each
with the mean of its seeds. The regrets of all runs are saved, so that any other pair can be formed.
"""

from __future__ import annotations

import argparse
import functools
import json
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import luthier
from benchmarks.common.results import describe_run, save_results
from benchmarks.common.tables import markdown
from benchmarks.common.transfer_peers import Peer, narrow, with_prior
from benchmarks.common.yahpo import Array, Surrogate
from luthier.samplers import Sampler
from luthier.transfer import Task, task_of_study

N_TASKS = 20
N_ROWS = 40
N_JUNK = 1_000
N_WORKERS = 16
MAX_COST = 100  # trials until which the cost of a proposal is measured
MARKS = (1, 3, 5, 10, 20, 30)
JUDGED = (10, 20, 30)  # trials after which bad memory must have cost nothing
BAD = ("anti", "permuted", "other", "junk")
MOST = 0.03  # regret above that without memory which counts as nothing
PEERS = ("portfolio", "rgpe", "tst", "quantile")
METHODS = ("none", "luthier", *PEERS, "box", "pibo")
PASTS = ("good", "anti", "permuted", "other", "junk", "workers")
KEY = ("family", "instance", "seed", "method", "past")
Run = dict[str, Any]


class Pasts:
    """What the other tasks of a family have found out.

    Args:
        data: Folder of the families.
        instances: Of each family.
        file: Where studies of the past are kept.
    """

    def __init__(self, data: Path, instances: dict[str, Sequence[str]], file: Path) -> None:
        self._data = data
        self._instances = instances
        self._file = file
        self._known: dict[tuple[str, str], Task] = {}
        if file.exists():
            for line in file.read_text().splitlines():
                family, instance, described = json.loads(line)
                self._known[family, instance] = Task.from_json(described)

    @functools.cache  # noqa: B019  (there is one, to the end)
    def surrogate(self, family: str) -> Surrogate:
        """The family's tasks."""
        return Surrogate(self._data / family)

    def task(self, family: str, instance: str) -> Task:
        """What a study of one instance has found out; it is run once."""
        key = family, instance
        if key not in self._known:
            s = self.surrogate(family)
            study = luthier.create_study(
                f"{family} {instance}", space=s.space, sampler="gp", seed=int(instance) % 1000
            )
            study.optimize(
                lambda t: float(s.evaluate(instance, [t.params])[0]), N_ROWS, progress=False
            )
            self._known[key] = task_of_study(study, family=family)
            with self._file.open("a") as f:
                f.write(json.dumps([family, instance, self._known[key].to_json()]) + "\n")
        return self._known[key]

    def of(self, family: str, instance: str, seed: int, past: str) -> list[Task]:
        """The past of one target."""
        rng = np.random.default_rng([int(instance), seed])
        if past == "junk":
            return [self._make_junk(family, i, rng) for i in range(N_JUNK)]
        source = family
        if past == "other":
            source = next(f for f in self._instances if f != family)
        others = [i for i in self._instances[source] if (source, i) != (family, instance)]
        chosen = rng.permutation(len(others))[:N_TASKS]
        tasks = [self.task(source, others[k]) for k in chosen]
        match past:
            case "anti":
                return [t.replace(losses=-t.losses) for t in tasks]
            case "permuted":
                return [t.replace(losses=t.losses[rng.permutation(t.n)]) for t in tasks]
            case "other":
                return [self._by_position(t, family, rng) for t in tasks]
            case _:
                return tasks

    def _make_junk(self, family: str, i: int, rng: np.random.Generator) -> Task:
        space = self.surrogate(family).space
        X = space.sample(rng, 10)
        return Task(name=f"junk {i}", space=space, X=X, losses=rng.standard_normal((10, 1)))

    def _by_position(self, task: Task, family: str, rng: np.random.Generator) -> Task:
        """A task of another family whose columns stand for those at their place here."""
        space = self.surrogate(family).space
        U = task.space.to_cube(task.X, rng)
        U = np.hstack([U] * (space.d // U.shape[1] + 1))[:, : space.d]
        return task.replace(space=space, X=space.place(U))


def search(s: Surrogate, instance: str, method: str, tasks: list[Task], seed: int, n: int) -> Array:
    """Return the losses of a study of n trials."""
    space, memory = s.space, None
    sampler: Sampler = luthier.samplers.GP()
    if method == "luthier":
        memory = tasks
    elif method in PEERS:
        sampler = Peer(method, tasks)
    elif method in ("box", "pibo"):
        space = (narrow if method == "box" else with_prior)(space, tasks)
    study = luthier.create_study(space=space, sampler=sampler, seed=seed, memory=memory)
    study.optimize(lambda t: float(s.evaluate(instance, [t.params])[0]), n, progress=False)
    return study.history.losses[:, 0]


def search_at_once(s: Surrogate, instance: str, tasks: list[Task] | None, seed: int) -> Array:
    """Return the losses of 32 trials, 16 of which always run at once, as they end."""
    study = luthier.create_study(space=s.space, seed=seed, memory=tasks)
    study.engine.history.update_info(budget=2 * N_WORKERS)
    waiting = [study.ask() for _ in range(N_WORKERS)]
    losses = []
    while waiting:
        trial = waiting.pop(0)
        losses.append(float(s.evaluate(instance, [trial.params])[0]))
        study.tell(trial, losses[-1])
        if len(losses) + len(waiting) < 2 * N_WORKERS:
            waiting.append(study.ask())
    return np.array(losses)


def plan(arguments: argparse.Namespace, instances: dict[str, Sequence[str]]) -> Iterable[Run]:
    """The runs, target by target, so that methods can be compared before all are done."""
    for k in range(arguments.targets):
        for seed in range(arguments.seeds):
            for family in arguments.families:
                known = instances[family]
                if k >= len(known):
                    continue
                instance = known[k * max(len(known) // arguments.targets, 1)]
                head = {"family": family, "instance": instance, "seed": seed}
                for past in arguments.pasts:
                    for method in arguments.methods:
                        if past != "good" and method == "none":
                            continue
                        if past in ("junk", "workers") and method != "luthier":
                            continue
                        yield {**head, "method": method, "past": past}
                if "workers" in arguments.pasts:
                    yield {**head, "method": "none", "past": "workers"}


def run_all(arguments: argparse.Namespace) -> None:
    """Run what does not stand in the file yet."""
    instances = {
        family: known["instances"]
        for family, known in json.loads(arguments.tasks.read_text()).items()
    }
    pasts = Pasts(arguments.data, instances, arguments.runs.with_suffix(".past"))
    done = {tuple(r[k] for k in KEY) for r in read(arguments.runs)}
    for run in plan(arguments, instances):
        if tuple(run[k] for k in KEY) in done:
            continue
        family, instance, seed, method, past = (run[k] for k in KEY)
        s = pasts.surrogate(family)
        tasks = [] if method == "none" else pasts.of(family, instance, seed, past)
        start = time.process_time()
        if past == "workers":
            losses = search_at_once(s, instance, tasks or None, seed)
        else:
            losses = search(s, instance, method, tasks, seed, MARKS[-1])
        best, median = s.scale(instance)
        run |= {
            "losses": losses.tolist(),
            "best": best,
            "median": median,
            "cpu_s": round(time.process_time() - start, 2),
        }
        with arguments.runs.open("a") as f:
            f.write(json.dumps(run) + "\n")


def read(file: Path) -> list[Run]:
    """The runs of a file."""
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def curves(runs: Sequence[Run]) -> dict[tuple[str, str], dict[tuple[str, str, int], Array]]:
    """Regret of the best so far, by method and past, and then by target and seed."""
    best: dict[tuple[str, str], float] = {}
    for r in runs:
        target = r["family"], r["instance"]
        best[target] = min(best.get(target, np.inf), r["best"], *r["losses"])
    found: dict[tuple[str, str], dict[tuple[str, str, int], Array]] = {}
    for r in runs:
        low = best[r["family"], r["instance"]]
        reached = np.minimum.accumulate(r["losses"])
        regret = (reached - low) / max(r["median"] - low, 1e-12)
        by_target = found.setdefault((r["method"], r["past"]), {})
        by_target[r["family"], r["instance"], r["seed"]] = regret
    return found


def compare(
    found: dict[tuple[str, str, int], Array], other: dict[tuple[str, str, int], Array], k: int
) -> tuple[float, float]:
    """Return the mean paired difference of regrets after k trials, and its standard error."""
    by_target: dict[tuple[str, str], list[float]] = {}
    for target in found.keys() & other.keys():
        by_target.setdefault(target[:2], []).append(found[target][k - 1] - other[target][k - 1])
    d = np.array([np.mean(v) for v in by_target.values()])
    return float(d.mean()), float(d.std(ddof=1) / len(d) ** 0.5) if len(d) > 1 else np.nan


def report(runs: Sequence[Run]) -> dict[str, dict[str, Any]]:
    """Print tables, and return the rows: means, paired differences and their standard errors."""
    found = curves(runs)
    rows: dict[str, dict[str, Any]] = {}
    for (method, past), by_target in sorted(found.items(), key=lambda kv: (kv[0][1], kv[0][0])):
        none = found["none", "workers" if past == "workers" else "good"]
        own = found.get(("luthier", past), {})
        R = np.array([by_target[t] for t in by_target.keys() & none.keys()])
        N = np.array([none[t] for t in by_target.keys() & none.keys()])
        row: dict[str, Any] = {"targets": len({t[:2] for t in by_target}), "runs": len(R)}
        for k in [m for m in MARKS if m <= R.shape[1]]:
            row[f"@{k}"] = round(float(R[:, k - 1].mean()), 4)
            for name, other in (("none", none), ("luthier", own)):
                if by_target.keys() & other.keys():
                    mean, error = compare(by_target, other, k)
                    row[f"-{name} @{k}"], row[f"se {name} @{k}"] = round(mean, 4), round(error, 4)
        mean_curve, goal = R.mean(axis=0), N.mean(axis=0)
        for k in (20, 30):
            reached = np.flatnonzero(mean_curve <= goal[k - 1] + 1e-12)
            row[f"reaches none@{k}"] = int(reached[0]) + 1 if len(reached) else None
        rows[f"{past}/{method}"] = row
    show_rows(rows)
    return rows


def show_rows(rows: dict[str, dict[str, Any]]) -> None:
    """Print the means, the paired differences, and which methods hold with bad memory."""

    def difference(row: Run, name: str, k: int) -> str:
        return f"{row[f'-{name} @{k}']:+.3f} ({row[f'se {name} @{k}']:.3f})"

    shown = [
        [
            name,
            f"{row['targets']} / {row['runs']}",
            *(f"{row[f'@{k}']:.3f}" for k in MARKS),
            f"{row['reaches none@20']} / {row['reaches none@30']}",
        ]
        for name, row in rows.items()
    ]
    head = ["past / method", "targets / runs", *(f"@{k}" for k in MARKS), "reaches none@20/30"]
    print(markdown(head, shown), "\n")
    for other in ("none", "luthier"):
        known = {name: row for name, row in rows.items() if f"-{other} @5" in row}
        shown = [
            [name, *(difference(row, other, k) for k in (5, *JUDGED))]
            for name, row in known.items()
            if not name.endswith(f"/{other}")
        ]
        print(markdown([f"less {other}", *(f"@{k}" for k in (5, *JUDGED))], shown), "\n")

    shown = []
    for method in METHODS:
        pasts = {p: rows[f"{p}/{method}"] for p in BAD if f"{p}/{method}" in rows}
        worst = {p: max(row[f"-none @{k}"] for k in JUDGED) for p, row in pasts.items()}
        if worst:
            cells = [f"{worst[p]:+.3f}" if p in worst else "" for p in BAD]
            shown.append([method, *cells, "yes" if max(worst.values()) <= MOST else "no"])
    print(markdown(["most above none @10, 20, 30", *BAD, "holds"], shown))


def list_runs(runs: Sequence[Run]) -> dict[str, dict[str, list[float]]]:
    """Return the regrets of all runs after 1, 3, 5, 10, 20 and 30 trials."""
    return {
        f"{past}/{method}": {
            " ".join(map(str, target)): [round(float(c[k - 1]), 4) for k in MARKS]
            for target, c in sorted(by_target.items())
        }
        for (method, past), by_target in sorted(curves(runs).items())
    }


def measure_cost() -> dict[str, dict[str, float]]:
    """Return what a proposal costs with memory and without, ms of processor time, by parameters."""
    rows: dict[str, dict[str, float]] = {}
    for d in (5, 10):
        space = luthier.Space({f"x{j}": luthier.Float(0, 1) for j in range(d)})
        rng = np.random.default_rng(0)

        def bowl(X: Array) -> Array:
            return np.asarray(((X - 0.4) ** 2 * np.arange(1, X.shape[1] + 1)).sum(axis=1))

        tasks = []
        for t in range(N_TASKS):
            X = space.sample(rng, 100)
            losses = bowl(X) + 0.1 * X[:, t % d]
            tasks.append(Task(name=str(t), space=space, X=X, losses=losses[:, None]))
        X = space.sample(np.random.default_rng(1), MAX_COST)
        values, params = bowl(X), space.decode(X)
        row: dict[str, float] = {}
        for name, memory in (("plain", ()), ("memory", tuple(tasks))):
            history = luthier.History(space, ["minimize"])
            history.update_info(memory=memory)
            sampler = luthier.samplers.GP()
            times = []
            for n, (p, y) in enumerate(zip(params, values, strict=True)):
                state = luthier.State.COMPLETE
                trial = luthier.TrialRow(number=n, state=state, params=p, values=(float(y),))
                history.put([trial])
                start = time.process_time()
                sampler.sample(space, history, 1, np.random.default_rng(n))
                times.append(1e3 * (time.process_time() - start))
            row[f"{name}_ms"] = round(float(np.mean(times[10:])), 2)
            row[f"{name}_once_ms"] = round(float(times[0]), 1)
        row["ratio"] = round(row["memory_ms"] / row["plain_ms"], 2)
        rows[f"{d} parameters"] = row
        print(d, row)
    return rows


def main() -> None:
    """Run, or report."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, help="folder with the families")
    parser.add_argument("--tasks", type=Path, help="file that names their instances")
    parser.add_argument("--runs", type=Path, help="where runs are kept")
    parser.add_argument("--families", type=lambda v: v.split(","), default=["lcbench"])
    parser.add_argument("--methods", type=lambda v: v.split(","), default=list(METHODS))
    parser.add_argument("--pasts", type=lambda v: v.split(","), default=list(PASTS))
    parser.add_argument("--targets", type=int, default=12, help="of each family")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--report", type=Path, help="print the table of a file of runs")
    parser.add_argument("--save", action="store_true", help="keep it in benchmarks/results")
    parser.add_argument("--cost", action="store_true", help="measure the cost of a proposal")
    arguments = parser.parse_args()
    if arguments.cost:
        rows = measure_cost()
        if arguments.save:
            print(save_results("transfer", describe_run(), "cost", rows))
        return
    if arguments.report is None:
        run_all(arguments)
        return
    runs = read(arguments.report)
    table = report(runs)
    if arguments.save:
        save_results("transfer", describe_run(), "regret", table)
        print(save_results("transfer", describe_run(), "regrets of all runs", list_runs(runs)))


if __name__ == "__main__":
    main()
