"""What a trial costs on a Ray cluster that is up.

Luthier's executor beside Ray Tune's own random search.

    python benchmarks/ray_overhead.py                    # 100 trials, two at a time; needs
    ray[tune]
    python benchmarks/ray_overhead.py --trials 300
    python benchmarks/ray_overhead.py --save             # also writes to
    benchmarks/results/ray-<date>.json

Objectives are free, so all that is seen is overhead. Ratios travel between machines, times do not.
"""

from __future__ import annotations

import argparse
import datetime
import json
import logging
import os
import platform
import tempfile
import time
from pathlib import Path
from typing import Any

for v in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(v, "1")
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

import ray

import luthier

HERE = Path(__file__).parent
N_JOBS = 2


def loss(x: float, y: float) -> float:
    return (x - 0.3) ** 2 + (y - 0.7) ** 2


def ours(n: int, storage: str | None, n_reports: int) -> float:
    """Seconds that n trials take, actors' start included."""

    def objective(trial: luthier.Trial) -> float:
        value = loss(trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1))
        for step in range(n_reports):
            trial.report(value, step)
        return value

    study = luthier.create_study(storage=storage, sampler="Random", seed=0)
    begin = time.perf_counter()
    study.optimize(objective, n_trials=n, n_jobs=N_JOBS, executor="ray", progress=False)
    took_s = time.perf_counter() - begin
    assert len(study.trials) == n
    assert all(row.state == luthier.State.COMPLETE for row in study.trials)
    return took_s


def theirs(n: int) -> float:
    """Seconds that Ray Tune takes for n trials."""
    from ray import tune

    def trainable(params: dict[str, float]) -> None:
        tune.report({"loss": loss(params["x"], params["y"])})

    with tempfile.TemporaryDirectory() as folder:
        tuner = tune.Tuner(
            trainable,
            param_space={"x": tune.uniform(0, 1), "y": tune.uniform(0, 1)},
            tune_config=tune.TuneConfig(
                metric="loss", mode="min", num_samples=n, max_concurrent_trials=N_JOBS
            ),
            run_config=tune.RunConfig(storage_path=folder, verbose=0),
        )
        begin = time.perf_counter()
        results = tuner.fit()
        took_s = time.perf_counter() - begin
    assert len(results) == n
    assert not results.errors
    return took_s


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, nargs="+", default=[100])
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    logging.getLogger("luthier").setLevel(logging.ERROR)
    ray.init(num_cpus=4, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    ray.get(ray.remote(loss).remote(0.0, 0.0))  # the first worker process is up
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for n in options.trials:
            mine = {
                "memory": ours(n, None, 0),
                "sqlite": ours(n, f"sqlite:///{folder}/{n}.db", 0),
                "sqlite, 10 reports": ours(n, f"sqlite:///{folder}/{n}-reports.db", 10),
            }
            tune_s = theirs(n)
            for storage, took_s in mine.items():
                rows.append(
                    {"trials": n, "storage": storage, "luthier_s": took_s, "tune_s": tune_s}
                )
                print(
                    f"{n} trials, {storage:<20} luthier {took_s:7.2f} s   Ray Tune {tune_s:7.2f} s "
                    "  "
                    f"{tune_s / took_s:6.1f} times faster",
                    flush=True,
                )
    ray.shutdown()
    if options.save:
        date = datetime.date.today().isoformat()
        found = {
            "date": date,
            "python": platform.python_version(),
            "versions": [f"luthier {luthier.__version__}", f"ray {ray.__version__}"],
            "jobs": N_JOBS,
            "rows": [
                {
                    **row,
                    "luthier_s": round(row["luthier_s"], 3),
                    "tune_s": round(row["tune_s"], 3),
                    "ratio": round(row["tune_s"] / row["luthier_s"], 1),
                }
                for row in rows
            ],
        }
        (HERE / "results" / f"ray-{date}.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
