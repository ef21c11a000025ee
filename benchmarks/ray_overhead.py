"""The cost of a trial on a Ray cluster that is up: luthier's executor beside Ray Tune.

    python -m benchmarks.ray_overhead                  # 100 trials, two at a time
    python -m benchmarks.ray_overhead --trials 300
    python -m benchmarks.ray_overhead --save           # also writes results/ray-<date>.json

Needs ray[tune]. Both search at random, and objectives cost nothing, so that only the overhead is
seen. Ratios travel between machines, times do not.
"""

from __future__ import annotations

import argparse
import logging
import os
import tempfile
from typing import Any

os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # Ray reads it when it is imported

import ray
from ray import tune

import luthier
from benchmarks.common.results import describe_run, save_results
from benchmarks.common.tables import Comparison, comparison_head
from benchmarks.common.timing import Timer

N_JOBS = 2


def loss(x: float, y: float) -> float:
    """The objective."""
    return (x - 0.3) ** 2 + (y - 0.7) ** 2


def luthier_s(n: int, storage: str | None = None, n_reports: int = 0) -> float:
    """Seconds that n trials of luthier take, the actors' start included."""

    def objective(trial: luthier.Trial) -> float:
        value = loss(trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1))
        for step in range(n_reports):
            trial.report(value, step)
        return value

    study = luthier.create_study(storage=storage, sampler="random", seed=0)
    with Timer() as timer:
        study.optimize(objective, n_trials=n, n_jobs=N_JOBS, executor="ray", progress=False)
    n_complete = sum(row.state == luthier.State.COMPLETE for row in study.trials)
    if n_complete != n:
        raise RuntimeError(f"expected {n} complete trials of luthier, got {n_complete}")
    return timer.wall_s


def tune_s(n: int) -> float:
    """Seconds that n trials of Ray Tune take."""

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
        with Timer() as timer:
            results = tuner.fit()
    if len(results) != n or results.errors:
        raise RuntimeError(f"expected {n} trials of Ray Tune, got {len(results)}: {results.errors}")
    return timer.wall_s


def measure(n: int, folder: str) -> list[Comparison]:
    """The rows of n trials."""
    peer_s = tune_s(n)
    mine = {
        f"{n} trials, memory": luthier_s(n),
        f"{n} trials, sqlite": luthier_s(n, f"sqlite:///{folder}/{n}.db"),
        f"{n} trials, sqlite, 10 reports": luthier_s(n, f"sqlite:///{folder}/{n}-reports.db", 10),
    }
    return [Comparison(name, s, peer_s, "s", peer_name="ray tune") for name, s in mine.items()]


def main() -> None:
    """Measure, print the rows and save them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, nargs="+", default=[100], help="one or more numbers")
    parser.add_argument(
        "--save", action="store_true", help="write the figures to benchmarks/results"
    )
    args = parser.parse_args()

    head = describe_run("ray", jobs=N_JOBS)
    logging.getLogger("luthier").setLevel(logging.ERROR)
    ray.init(num_cpus=4, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    ray.get(ray.remote(loss).remote(0.0, 0.0))  # the first worker process is up
    figures: dict[str, Any] = {}
    print(comparison_head("ray tune"))
    with tempfile.TemporaryDirectory() as folder:
        for n in args.trials:
            for comparison in measure(n, folder):
                figures[comparison.name] = comparison.as_dict()
                print(comparison, flush=True)
    ray.shutdown()
    if args.save:
        print(save_results("ray", head, "figures", figures))


if __name__ == "__main__":
    main()
