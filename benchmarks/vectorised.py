"""Trials a second of small networks: a batch in one step, beside one network after the other.

    python -m benchmarks.vectorised                    # 64 networks of 10,000 weights
    python -m benchmarks.vectorised --rows 16 --repeats 5
    python -m benchmarks.vectorised --save             # also writes results/vectorised-<date>.json

Needs torch. Both sides are studies in memory that train a network of one hidden layer on the digits
of scikit-learn with AdamW, the same params, weights and order of rows; one by one it is a plain
`nn.Module` with `torch.optim.AdamW`. The two take turns, and medians of processor time are printed,
as other work on the machine does not count there; on more threads than one it says little.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn.functional import cross_entropy

import luthier
from benchmarks.common.results import describe_run, save_results
from benchmarks.common.tables import Comparison, comparison_head
from benchmarks.common.timing import Timer
from luthier.integrations.packing import Pack
from luthier.integrations.pytorch import seed_all
from luthier.integrations.torch_func import Networks

WIDTH = 134  # of the hidden layer: 64 * 134 + 134 + 134 * 10 + 10 = 10,060 weights
N_TRAIN = 1_280
SPACE = luthier.Space(
    {
        "lr": luthier.Float(1e-4, 1e-2, scale="log"),
        "weight_decay": luthier.Float(1e-5, 1e-1, scale="log"),
    }
)
PLAIN = "one by one"

digits = load_digits()
X = torch.tensor(digits.data / 16, dtype=torch.float32)
y = torch.tensor(digits.target)
X_valid, y_valid = X[N_TRAIN:], y[N_TRAIN:]


def build(trial: luthier.Trial) -> nn.Module:
    """The network of a trial."""
    seed_all(trial)
    return nn.Sequential(nn.Linear(64, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 10))


def one_by_one(n_epochs: int, n_rows: int) -> Callable[[luthier.Trial], float]:
    """An objective of one trial, that sees n_rows of data a step."""

    def objective(trial: luthier.Trial) -> float:
        network = build(trial)
        optimizer = torch.optim.AdamW(
            network.parameters(), trial.params["lr"], weight_decay=trial.params["weight_decay"]
        )
        for _ in range(n_epochs):
            for rows in torch.arange(N_TRAIN).split(n_rows):
                optimizer.zero_grad()
                cross_entropy(network(X[rows]), y[rows]).backward()
                optimizer.step()
        with torch.no_grad():
            return float(cross_entropy(network(X_valid), y_valid))

    return objective


def together(n_epochs: int, n_rows: int, pack: Pack) -> Callable[[luthier.TrialBatch], Any]:
    """The same objective of a batch."""

    def objective(trials: luthier.TrialBatch) -> Any:
        networks = Networks(trials, build, cross_entropy, pack=pack)
        for _ in range(n_epochs):
            for rows in torch.arange(N_TRAIN).split(n_rows):
                networks.train(X[rows], y[rows], **trials.params)
        return networks.evaluate(X_valid, y_valid)

    return objective


def run(objective: Any, n: int, params: list[dict[str, Any]], batch: int | None) -> tuple[Any, Any]:
    """Run a study of these params; return the losses (n,) and the CPU seconds that it took."""
    study = luthier.create_study(space=SPACE, sampler="random", seed=0)
    for row in params:
        study.enqueue(row)
    with Timer() as timer:
        study.optimize(objective, n_trials=n, batch=batch, progress=False)
    return np.array([row.values[0] for row in study.trials if row.values]), timer.cpu_s


def measure(n: int, n_epochs: int, n_rows: int, repeats: int) -> tuple[list[Comparison], float]:
    """The rows of n trials, and the largest relative difference of a loss."""
    params = SPACE.decode(SPACE.sample(np.random.default_rng(0), n))
    packs: dict[str, Pack] = {"all": None, "auto": "auto"}
    taken: dict[str, list[float]] = {PLAIN: [], **{name: [] for name in packs}}
    difference = 0.0
    for _ in range(repeats):
        expected, seconds = run(one_by_one(n_epochs, n_rows), n, params, None)
        taken[PLAIN].append(seconds)
        for name, pack in packs.items():
            found, seconds = run(together(n_epochs, n_rows, pack), n, params, n)
            taken[name].append(seconds)
            difference = max(difference, float(np.max(np.abs(found / expected - 1))))
    plain = n / median(taken[PLAIN])
    rows = [
        Comparison(
            f"{n} networks, {n_rows} rows of data a step, pack {name}",
            n / median(taken[name]),
            plain,
            "trials a CPU second",
            at_least=4.0,
            peer_name=PLAIN,
            more_is_better=True,
        )
        for name in packs
    ]
    return rows, difference


def main() -> None:
    """Measure, print the rows and save them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=64, help="networks at once")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--data", type=int, nargs="+", default=[16, 32], help="rows a step")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch")
    parser.add_argument(
        "--save", action="store_true", help="write the figures to benchmarks/results"
    )
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    logging.getLogger("luthier").setLevel(logging.ERROR)
    head = describe_run("torch", threads=args.threads, epochs=args.epochs, repeats=args.repeats)
    run(one_by_one(1, 128), 1, [], None)  # libraries are loaded
    run(together(1, 128, None), 2, [], 2)
    figures: dict[str, Any] = {}
    print(comparison_head(PLAIN))
    for n_rows in args.data:
        rows, difference = measure(args.rows, args.epochs, n_rows, args.repeats)
        for row in rows:
            figures[row.name] = row.as_dict() | {"largest relative difference": difference}
            print(row, flush=True)
        print(f"  largest relative difference of a loss: {difference:.1e}")
    if args.save:
        print(save_results("vectorised", head, "figures", figures))


if __name__ == "__main__":
    main()
