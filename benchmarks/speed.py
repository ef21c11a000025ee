"""How much does the engine itself cost? luthier beside Optuna in the same run, the objective free.

    make bench                                  # everything, a quarter of an hour
    python benchmarks/speed.py --only tpe       # the rows whose name contains "tpe"
    python benchmarks/speed.py --save           # also writes them to
    benchmarks/results/speed-<date>.json

Each row prints milliseconds a trial (or seconds) of both and their ratio. Ratios travel between
machines, times do not.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import multiprocessing
import multiprocessing.synchronize
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

for v in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(v, "1")

import luthier

HERE = Path(__file__).parent
Objective = Callable[[object], float]


def sphere(d: int) -> Objective:
    names = [f"x{i}" for i in range(d)]
    return lambda trial: sum((trial.suggest_float(name, 0, 1) - 0.3) ** 2 for name in names)  # type: ignore[attr-defined]


def ours(sampler: str, d: int, n: int, storage: str | None = None) -> float:
    """Milliseconds a trial."""
    study = luthier.create_study(storage=storage, sampler=sampler, seed=0)
    if sampler == "GP":
        import scipy.linalg
        import scipy.optimize  # noqa: F401
    begin = time.perf_counter()
    study.optimize(sphere(d), n_trials=n, progress=False)
    return 1e3 * (time.perf_counter() - begin) / n


def theirs(sampler: str, d: int, n: int, storage: str | None = None) -> float:
    """Milliseconds a trial of Optuna's."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if sampler == "GP":
        import torch

        torch.set_num_threads(1)
    samplers = optuna.samplers
    make = {"Random": samplers.RandomSampler, "TPE": samplers.TPESampler, "GP": samplers.GPSampler}[
        sampler
    ]
    study = optuna.create_study(storage=storage, sampler=make(seed=0))
    begin = time.perf_counter()
    study.optimize(sphere(d), n_trials=n)
    return 1e3 * (time.perf_counter() - begin) / n


def both(sampler: str, d: int, n: int) -> tuple[float, float]:
    return ours(sampler, d, n), theirs(sampler, d, n)


def imports(mine: str) -> tuple[float, float]:
    """Milliseconds of `import`, the best of several fresh interpreters in turn, less that of a bare one."""
    best = dict.fromkeys(("pass", mine, "import optuna"), float("inf"))
    for _ in range(7):
        for code in best:
            begin = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            best[code] = min(best[code], 1e3 * (time.perf_counter() - begin))
    bare, ours, theirs = best.values()
    return ours - bare, theirs - bare


def sqlite() -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        return ours("Random", 5, 500, f"sqlite:///{folder}/a.db"), theirs(
            "Random", 5, 500, f"sqlite:///{folder}/b.db"
        )


def flat() -> tuple[float, float]:
    """Milliseconds of TPE's trials around the 500th and the 5,000th."""
    study = luthier.create_study(sampler="TPE", seed=0)
    spans = []
    for skip in (400, 4400):
        study.optimize(sphere(5), n_trials=skip, progress=False)
        begin = time.perf_counter()
        study.optimize(sphere(5), n_trials=200, progress=False)
        spans.append(1e3 * (time.perf_counter() - begin) / 200)
    return spans[1], spans[0]


def cube(d: int) -> luthier.Space:
    return luthier.Space({f"x{i}": luthier.Float(0, 1) for i in range(d)})


def tree() -> luthier.Space:
    """Ten parameters: three models with three of their own each."""
    params: dict[str, Any] = {"model": ["a", "b", "c"]}
    for m in params["model"]:
        params[f"{m}.rate"] = luthier.Float(1e-4, 1, scale="log", when={"model": m})
        params[f"{m}.depth"] = luthier.Int(1, 12, when={"model": m})
        params[f"{m}.share"] = luthier.Float(0, 1, when={"model": m})
    return luthier.Space(params)


def loss(space: luthier.Space, params: dict[str, Any]) -> float:
    """A bowl in every model, not equally deep."""
    import numpy as np

    x = space.encode(params)[0]
    return float(np.nansum((x - 0.3) ** 2))


def begun(space: luthier.Space, sampler: str, n: int) -> luthier.Study:
    """A study with n random trials."""
    import numpy as np

    study = luthier.create_study(space=space, sampler=sampler, seed=0)
    study.add_trials(
        luthier.TrialRow(
            number=-1, state=luthier.State.COMPLETE, params=p, values=(loss(space, p),)
        )
        for p in space.decode(space.sample(np.random.default_rng(0), n))
    )
    return study


def proposal(sampler: str, space: luthier.Space, n: int) -> tuple[float, float]:
    """Milliseconds of a proposal, the objective told after each.

    The median from trial n on, and the first, cold.
    """
    study, spans = begun(space, sampler, n), []
    for _ in range(15):
        begin = time.perf_counter()
        trial = study.ask()
        spans.append(1e3 * (time.perf_counter() - begin))
        study.tell(trial, loss(space, trial.params))
    return statistics.median(spans), spans[0]


def batch(sampler: str, space: luthier.Space, n: int, size: int) -> tuple[float, float]:
    """Seconds of proposing several points at once, and how many of them are like another."""
    import numpy as np

    study = begun(space, sampler, n)
    begin = time.perf_counter()
    X = study.sampler.sample(space, study.history, size, np.random.default_rng(0))
    seconds = time.perf_counter() - begin
    return seconds, float(size - len(np.unique(X.round(6), axis=0)))


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

    rng, names = np.random.default_rng(0), [f"x{i}" for i in range(10)]
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/big.db"
        study = luthier.create_study(
            "big", url, space={n: luthier.Float(0, 1) for n in names}, seed=0
        )
        for _ in range(10):
            U = rng.random((10_000, 10))
            study.add_trials(
                luthier.TrialRow(
                    number=-1,
                    state=luthier.State.COMPLETE,
                    params=dict(zip(names, u, strict=True)),
                    values=(sum(u),),
                    started_s=1e9,
                    finished_s=1e9 + 1,
                )
                for u in U.tolist()
            )
        out = subprocess.run(
            [sys.executable, "-c", _OPEN, url, sampler], capture_output=True, text=True, check=True
        )
    seconds, megabytes = map(float, out.stdout.split())
    return seconds, megabytes


def _join(url: str, n: int, gate: multiprocessing.synchronize.Barrier) -> None:
    study = luthier.load_study("many", url, sampler="Random")
    gate.wait()
    study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=n, progress=False)


def processes() -> tuple[float, float]:
    """Trials a second of 8 processes that share a SQLite file, and how many trials were lost or doubled."""
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/many.db"
        luthier.create_study("many", url, seed=0)
        gate = spawn.Barrier(9)
        workers = [spawn.Process(target=_join, args=(url, 250, gate)) for _ in range(8)]
        for w in workers:
            w.start()
        gate.wait()
        begin = time.perf_counter()
        for w in workers:
            w.join()
        seconds = time.perf_counter() - begin
        trials = luthier.load_study("many", url).trials
    assert all(w.exitcode == 0 for w in workers), "a worker failed"
    complete = [t for t in trials if t.state == luthier.State.COMPLETE]
    return len(trials) / seconds, float(abs(2000 - len(complete)) + abs(2000 - len(trials)))


# name, what it returns, unit, Optuna's or the bound's heading, at least (a ratio) or at most (a
# bound)
ROWS: list[tuple[str, Callable[[], tuple[float, float]], str, float]] = [
    ("import luthier", lambda: imports("import luthier"), "ms", 4),
    (
        "import luthier, and create_study on first use",
        lambda: imports("import luthier; luthier.create_study"),
        "ms",
        1,
    ),
    ("random, 5 floats, 10,000 trials, memory", lambda: both("Random", 5, 10_000), "ms/trial", 3),
    ("tpe, 5 floats, 1,000 trials, memory", lambda: both("TPE", 5, 1000), "ms/trial", 12),
    ("tpe, 20 floats, 1,000 trials, memory", lambda: both("TPE", 20, 1000), "ms/trial", 12),
    ("tpe, 5 floats, 5,000 trials, memory", lambda: both("TPE", 5, 5000), "ms/trial", 30),
    ("gp, 5 floats, 100 trials, memory", lambda: both("GP", 5, 100), "ms/trial", 10),
    ("random, SQLite file, 500 trials", sqlite, "ms/trial", 25),
]
OWN: list[tuple[str, Callable[[], tuple[float, float]], str]] = [
    ("tpe, 5 floats: trial 5,000, and trial 500", flat, "ms {:.3f} and {:.3f}, at most twice"),
    (
        "gp proposal, n = 100, d = 7",
        lambda: proposal("GP", cube(7), 100),
        "ms {:.1f}, the first {:.1f}; at most 25",
    ),
    (
        "gp proposal, n = 500, d = 20",
        lambda: proposal("GP", cube(20), 500),
        "ms {:.1f}, the first {:.1f}; at most 150",
    ),
    (
        "gp batch of 16, n = 100, d = 7",
        lambda: batch("GP", cube(7), 100, 16),
        "s {:.2f}, alike {:.0f}; at most 0.5, none",
    ),
    (
        "forest proposal, n = 500, 10 conditional",
        lambda: proposal("Forest", tree(), 500),
        "ms {:.1f}, the first {:.1f}; at most 60",
    ),
    (
        "opening 100,000 x 10 in SQLite and asking TPE",
        lambda: opening("TPE"),
        "s {:.2f}, MB {:.0f}; at most 3 s, 500 MB",
    ),
    (
        "8 processes on one SQLite file, 2,000 trials",
        processes,
        "trials/s {:.0f}, lost or doubled {:.0f}; at least 500, none",
    ),
]


def main() -> None:
    a = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    a.add_argument("--only", default="", help="rows whose name contains this")
    a.add_argument("--save", action="store_true", help="write the figures to benchmarks/results")
    args = a.parse_args()
    versions = {"luthier": luthier.__version__}
    versions |= {p: importlib.metadata.version(p) for p in ("optuna", "numpy")}
    print(
        f"Python {platform.python_version()}, " + ", ".join(f"{k} {v}" for k, v in versions.items())
    )
    print(f"{'':48s} {'luthier':>10s} {'optuna':>10s} {'ratio':>8s}  at least")
    figures = {}
    for name, measure, unit, least in ROWS:
        if args.only.lower() in name.lower():
            mine, peer = measure()
            figures[name] = {
                "luthier": mine,
                "optuna": peer,
                "unit": unit,
                "ratio": peer / mine,
                "at least": least,
            }
            print(
                f"{name:48s} {mine:10.3f} {peer:10.3f} {peer / mine:8.1f}  {least:g}  ({unit})",
                flush=True,
            )
    for name, measure, text in OWN:
        if args.only.lower() in name.lower():
            first, second = measure()
            figures[name] = {"luthier": [first, second], "text": text}
            print(f"{name:48s} {text.format(first, second)}", flush=True)
    if args.save:
        out = HERE / "results" / f"speed-{datetime.date.today()}.json"
        out.parent.mkdir(exist_ok=True)
        head = {"python": platform.python_version(), **versions}
        known = json.loads(out.read_text()) if out.exists() else {}
        if known.items() >= head.items():  # rows measured earlier in the day
            figures = {**known["figures"], **figures}
        out.write_text(json.dumps({**head, "figures": figures}, indent=1) + "\n")


if __name__ == "__main__":
    main()
