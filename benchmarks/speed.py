"""The cost of the engine itself: luthier beside Optuna, with an objective that costs nothing.

    make bench                                # everything, a quarter of an hour
    python -m benchmarks.speed --only tpe     # the rows whose name contains "tpe"
    python -m benchmarks.speed --save         # also writes results/speed-<date>.json

Each row prints milliseconds a trial (or seconds) of both and their ratio. Ratios travel between
machines, times do not.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import luthier
from benchmarks.common.peers import import_optuna, optuna_sampler
from benchmarks.common.results import describe_run, save_results
from benchmarks.common.tables import Comparison, comparison_head
from benchmarks.common.timing import Timer, wall_ms
from benchmarks.common.workers import rate, run_together

Objective = Callable[[Any], float]

N_WORKERS = 8
TRIALS_OF_EACH = 250


def sphere(d: int) -> Objective:
    """An objective of d numbers that costs next to nothing."""
    names = [f"x{i}" for i in range(d)]
    return lambda trial: sum((trial.suggest_float(name, 0, 1) - 0.3) ** 2 for name in names)


# -- beside Optuna -------------------------------------------------------------------------------


def luthier_ms(sampler: str, d: int, n: int, storage: str | None = None) -> float:
    """Milliseconds of one of luthier's trials."""
    study = luthier.create_study(storage=storage, sampler=sampler, seed=0)
    if sampler == "gp":  # imports are no part of a trial
        import scipy.linalg
        import scipy.optimize  # noqa: F401
    return wall_ms(lambda: study.optimize(sphere(d), n_trials=n, progress=False)) / n


def optuna_ms(sampler: str, d: int, n: int, storage: str | None = None) -> float:
    """Milliseconds of one of Optuna's trials."""
    study = import_optuna().create_study(storage=storage, sampler=optuna_sampler(sampler, seed=0))
    return wall_ms(lambda: study.optimize(sphere(d), n_trials=n)) / n


def both(sampler: str, d: int, n: int) -> tuple[float, float]:
    """Milliseconds a trial of luthier and of Optuna, in memory."""
    return luthier_ms(sampler, d, n), optuna_ms(sampler, d, n)


def sqlite(n: int = 500) -> tuple[float, float]:
    """Milliseconds a trial of both, with a SQLite file each."""
    with tempfile.TemporaryDirectory() as folder:
        mine = luthier_ms("random", 5, n, f"sqlite:///{folder}/luthier.db")
        return mine, optuna_ms("random", 5, n, f"sqlite:///{folder}/optuna.db")


def measure_start_up(code: str, peer: str) -> tuple[float, float]:
    """Milliseconds of two pieces of code, less those of an empty interpreter.

    Each is the best of 7 fresh interpreters. They find bytecode, as of packages that are installed.
    """
    best = dict.fromkeys(("pass", code, peer), float("inf"))
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        for _ in range(7):
            for line in best:
                command = [sys.executable, "-c", line]
                call = partial(subprocess.run, command, check=True, capture_output=True, env=env)
                best[line] = min(best[line], wall_ms(call))
    bare, mine, theirs = best.values()
    return mine - bare, theirs - bare


# -- luthier alone -------------------------------------------------------------------------------


def flat() -> tuple[float, float]:
    """Milliseconds of TPE's trials around the 5,000th and around the 500th."""
    study = luthier.create_study(sampler="tpe", seed=0)
    spans = []
    for n_before in (400, 4400):
        study.optimize(sphere(5), n_trials=n_before, progress=False)
        spans.append(wall_ms(lambda: study.optimize(sphere(5), n_trials=200, progress=False)) / 200)
    early, late = spans
    return late, early


def cube(d: int) -> luthier.Space:
    """A space of d numbers between 0 and 1."""
    return luthier.Space({f"x{i}": luthier.Float(0, 1) for i in range(d)})


def tree() -> luthier.Space:
    """Ten parameters: three models with three of their own each."""
    params: dict[str, Any] = {"model": ["a", "b", "c"]}
    for m in params["model"]:
        params[f"{m}.rate"] = luthier.Float(1e-4, 1, scale="log", when={"model": m})
        params[f"{m}.depth"] = luthier.Int(1, 12, when={"model": m})
        params[f"{m}.share"] = luthier.Float(0, 1, when={"model": m})
    return luthier.Space(params)


def bowl(space: luthier.Space, params: dict[str, Any]) -> float:
    """A loss with one minimum in every model, not equally deep."""
    import numpy as np

    x = space.encode(params)[0]
    return float(np.nansum((x - 0.3) ** 2))


def study_with_trials(space: luthier.Space, sampler: str, n: int) -> luthier.Study:
    """A study with n random trials that are complete."""
    import numpy as np

    study = luthier.create_study(space=space, sampler=sampler, seed=0)
    study.add_trials(
        luthier.TrialRow(
            number=-1, state=luthier.State.COMPLETE, params=params, values=(bowl(space, params),)
        )
        for params in space.decode(space.sample(np.random.default_rng(0), n))
    )
    return study


def proposal(sampler: str, space: luthier.Space, n: int) -> tuple[float, float]:
    """Milliseconds of a proposal after n trials: the median of 15, and the first.

    The first one imports, and fits without an earlier model.
    """
    study = study_with_trials(space, sampler, n)
    spans = []
    for _ in range(15):
        with Timer() as timer:
            trial = study.ask()
        spans.append(timer.wall_ms)
        study.tell(trial, bowl(space, trial.params))
    return statistics.median(spans), spans[0]


def batch(sampler: str, space: luthier.Space, n: int, size: int) -> tuple[float, float]:
    """Seconds of proposing several points at once, and how many of them are like another."""
    import numpy as np

    study = study_with_trials(space, sampler, n)
    with Timer() as timer:
        X = study.sampler.sample(space, study.history, size, np.random.default_rng(0))
    return timer.wall_s, float(size - len(np.unique(X.round(6), axis=0)))


_OPEN = """
import resource, sys, time
import luthier
begin = time.perf_counter()
study = luthier.load_study("big", sys.argv[1], sampler=sys.argv[2])
study.ask()
print(time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def opening(sampler: str) -> tuple[float, float]:
    """Seconds and megabytes of opening 100,000 trials x 10 parameters in SQLite and asking once."""
    import numpy as np

    rng = np.random.default_rng(0)
    names = [f"x{i}" for i in range(10)]
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/big.db"
        space = {name: luthier.Float(0, 1) for name in names}
        study = luthier.create_study("big", url, space=space, seed=0)
        for _ in range(10):
            study.add_trials(
                luthier.TrialRow(
                    number=-1,
                    state=luthier.State.COMPLETE,
                    params=dict(zip(names, u, strict=True)),
                    values=(sum(u),),
                    started_s=1e9,
                    finished_s=1e9 + 1,
                )
                for u in rng.random((10_000, 10)).tolist()
            )
        argv = [sys.executable, "-c", _OPEN, url, sampler]
        out = subprocess.run(argv, capture_output=True, text=True, check=True)
    seconds, megabytes = map(float, out.stdout.split())
    return seconds, megabytes


def join_study(url: str, n: int) -> Callable[[], object]:
    """The work of one process: n trials of a study that others work on as well."""
    study = luthier.load_study("many", url, sampler="random")
    return lambda: study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=n, progress=False)


def processes() -> tuple[float, float]:
    """Trials a second of 8 processes that share a SQLite file, and the number lost or doubled."""
    n = N_WORKERS * TRIALS_OF_EACH
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/many.db"
        luthier.create_study("many", url, seed=0)
        spans = run_together(N_WORKERS, join_study, url, TRIALS_OF_EACH)
        trials = luthier.load_study("many", url).trials
    n_complete = sum(t.state == luthier.State.COMPLETE for t in trials)
    return rate(n, spans), float(abs(n - n_complete) + abs(n - len(trials)))


# -- rows ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BesideOptuna:
    """A row with a figure of luthier and one of Optuna.

    Attributes:
        name: As README.md has it.
        measure: Returns both figures.
        unit: Of both.
        at_least: How many times quicker luthier must be.
    """

    name: str
    measure: Callable[[], tuple[float, float]]
    unit: str
    at_least: float


@dataclass(frozen=True)
class Alone:
    """A row with two figures of luthier.

    Attributes:
        name: Of the row.
        measure: Returns the figures.
        text: A format for them, with the bounds that they must keep.
    """

    name: str
    measure: Callable[[], tuple[float, float]]
    text: str


BESIDE_OPTUNA = [
    BesideOptuna(
        "import luthier", partial(measure_start_up, "import luthier", "import optuna"), "ms", 4
    ),
    BesideOptuna(
        "import luthier, and create_study on first use",
        partial(
            measure_start_up,
            "import luthier; luthier.create_study()",
            "import optuna; optuna.create_study()",
        ),
        "ms",
        1,
    ),
    BesideOptuna(
        "random, 5 floats, 10,000 trials, memory", partial(both, "random", 5, 10_000), "ms/trial", 3
    ),
    BesideOptuna(
        "tpe, 5 floats, 1,000 trials, memory", partial(both, "tpe", 5, 1000), "ms/trial", 12
    ),
    BesideOptuna(
        "tpe, 20 floats, 1,000 trials, memory", partial(both, "tpe", 20, 1000), "ms/trial", 12
    ),
    BesideOptuna(
        "tpe, 5 floats, 5,000 trials, memory", partial(both, "tpe", 5, 5000), "ms/trial", 30
    ),
    BesideOptuna("gp, 5 floats, 100 trials, memory", partial(both, "gp", 5, 100), "ms/trial", 10),
    BesideOptuna("random, SQLite file, 500 trials", sqlite, "ms/trial", 25),
]
ALONE = [
    Alone("tpe, 5 floats: trial 5,000, and trial 500", flat, "ms {:.3f} and {:.3f}, at most twice"),
    Alone(
        "gp proposal, n = 100, d = 7",
        lambda: proposal("gp", cube(7), 100),
        "ms {:.1f}, the first {:.1f}; at most 25",
    ),
    Alone(
        "gp proposal, n = 500, d = 20",
        lambda: proposal("gp", cube(20), 500),
        "ms {:.1f}, the first {:.1f}; at most 150",
    ),
    Alone(
        "gp batch of 16, n = 100, d = 7",
        lambda: batch("gp", cube(7), 100, 16),
        "s {:.2f}, alike {:.0f}; at most 0.5, none",
    ),
    Alone(
        "forest proposal, n = 500, 10 conditional",
        lambda: proposal("forest", tree(), 500),
        "ms {:.1f}, the first {:.1f}; at most 60",
    ),
    Alone(
        "opening 100,000 x 10 in SQLite and asking TPE",
        lambda: opening("tpe"),
        "s {:.2f}, MB {:.0f}; at most 3 s, 500 MB",
    ),
    Alone(
        "8 processes on one SQLite file, 2,000 trials",
        processes,
        "trials/s {:.0f}, lost or doubled {:.0f}; at least 500, none",
    ),
]


def main() -> None:
    """Measure the rows that were asked for, print them and save them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="rows whose name contains this")
    parser.add_argument(
        "--save", action="store_true", help="write the figures to benchmarks/results"
    )
    args = parser.parse_args()
    wanted = args.only.lower()

    head = describe_run("optuna", "numpy")
    versions = ", ".join(
        f"{name} {version or 'missing'}" for name, version in head["versions"].items()
    )
    print(f"Python {platform.python_version()}, {versions}")
    figures: dict[str, Any] = {}

    print(comparison_head())
    for row in BESIDE_OPTUNA:
        if wanted in row.name.lower():
            comparison = Comparison(row.name, *row.measure(), row.unit, row.at_least)
            figures[row.name] = comparison.as_dict()
            print(comparison, flush=True)

    for alone in ALONE:
        if wanted in alone.name.lower():
            first, second = alone.measure()
            figures[alone.name] = {"luthier": [first, second], "text": alone.text}
            print(f"{alone.name:48s} {alone.text.format(first, second)}", flush=True)

    if args.save:
        print(save_results("speed", head, "figures", figures))


if __name__ == "__main__":
    main()
